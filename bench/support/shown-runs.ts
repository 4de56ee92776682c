/** Changes of runs as far as lists show them: for stores that are filled without a server. */
import type { RunInfo, RunState } from '../../src/temporal-server/history/state.js';
import type { Change, RunChange } from '../../src/temporal-server/store.js';
import type { VisibilityRecord } from '../../src/temporal-server/visibility/record.js';

const KEPT_MS = 3_600_000;
const NOTHING = new Map<never, never>();
const NO_COLLECTIONS = {
  activities: NOTHING,
  timers: NOTHING,
  children: NOTHING,
  externals: NOTHING,
  signalRequests: NOTHING,
  updates: NOTHING,
  completedUpdates: NOTHING,
};

/** A change after which lists show the runs of one workflow id like this. */
export function showing(...records: readonly VisibilityRecord[]): Change {
  const { namespace = 'default', workflowId = '' } = records[0]?.key ?? {};
  return { namespace, workflowId, atMs: 0, runs: records.map(runOf) };
}

function runOf(visibility: VisibilityRecord): RunChange {
  const { key, startedAtMs, closedAtMs, memo, searchAttributes } = visibility;
  const info = { startedAtMs, closedAtMs, memo, searchAttributes, buffered: [] };
  return {
    state: { key, info: { ...info, closedAtMs: undefined } } as unknown as RunState,
    info: info as unknown as RunInfo,
    collections: NO_COLLECTIONS,
    events: [],
    effects: [],
    visibility,
    keepUntilMs: closedAtMs === undefined ? undefined : closedAtMs + KEPT_MS,
  };
}
