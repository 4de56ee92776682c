/** Runs made of rules alone: no server, no clock, ids that count. */
import { Draft, type RuleInputs } from '../../../src/temporal-server/history/draft.js';
import {
  type StartSpec,
  scheduleFirstTask,
  startRun,
} from '../../../src/temporal-server/history/start.js';
import { codec, enums, type HistoryEvent } from '../../../src/temporal-server/proto.js';

const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');

export interface Bench {
  /** What `rule` did: the types of the events it wrote. */
  step(rule: (d: Draft) => void, atMs?: number): string[];
  readonly state: Draft['state'];
  /** The last draft, with its effects. */
  readonly last: () => Draft;
  readonly events: HistoryEvent[];
}

export function startedRun(overrides: Partial<StartSpec> = {}): Bench {
  let ids = 0;
  const newId = () => `id-${ids++}`;
  const inputs = (nowMs: number): RuleInputs => ({
    nowMs,
    newId,
    retentionMs: () => 86_400_000,
  });
  const spec: StartSpec = {
    key: { namespace: 'default', workflowId: 'w', runId: 'r' },
    namespaceId: 'n',
    workflowType: 't',
    taskQueue: 'q',
    input: undefined,
    header: undefined,
    memo: {},
    searchAttributes: {},
    executionTimeoutMs: 0,
    runTimeoutMs: 0,
    taskTimeoutMs: 10_000,
    retryPolicy: undefined,
    cronSchedule: '',
    attempt: 1,
    identity: 'spec',
    requestId: 'request',
    backoffMs: 0,
    ...overrides,
  };
  let last = startRun(spec, inputs(0));
  scheduleFirstTask(last);
  const events: HistoryEvent[] = [];
  const keep = () => {
    events.push(...last.events.map((event) => eventCodec.decode(event.bytes)));
    last.keep();
  };
  keep();
  return {
    step(rule, atMs = 0) {
      last = new Draft(last.state, inputs(atMs));
      rule(last);
      keep();
      return last.events.map((event) => typeName(event.type));
    },
    state: last.state,
    last: () => last,
    events,
  };
}

function typeName(type: number): string {
  return (enums.EventType[type] ?? '').replace('EVENT_TYPE_', '');
}
