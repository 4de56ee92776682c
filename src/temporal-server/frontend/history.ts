/** GetWorkflowExecutionHistory: pages, long polls for new events, the close event alone. */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import { Draft } from '../history/draft.js';
import { isOpen } from '../history/state.js';
import { transientEvents } from '../history/workflow-task.js';
import { codec, enums, type temporal } from '../proto.js';
import { encodeToken, isPosition, pageToken } from '../tokens.js';
import { historyField, type Page, readPage, type TaskHistoryToken } from './poll-response.js';
import { executionIds, isRunId } from './requests.js';
import { patience } from './workflow-tasks.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type HistoryRequest = Request<'GetWorkflowExecutionHistoryRequest'>;
type ReverseRequest = Request<'GetWorkflowExecutionHistoryReverseRequest'>;

/** Where a page goes on. `until` bounds what a worker may see with its task. */
type HistoryToken = Partial<TaskHistoryToken> & { readonly runId: string; readonly next: number };

const MAX_PAGE_EVENTS = 256;
/** How long a call waits for new events, in real time; as Temporal's own. */
const LONG_POLL_MS = 20_000;

const responseCodec = codec<temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse>(
  'temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse',
);
const HISTORY_FIELD = 1;

export function historyMethods(engine: Engine): { [method: string]: Method } {
  return {
    GetWorkflowExecutionHistory: (request: HistoryRequest, call: Call) =>
      getHistory(engine, request, call),
    GetWorkflowExecutionHistoryReverse: (request: ReverseRequest) => getReverse(engine, request),
  };
}

function response(events: readonly Uint8Array[], token: HistoryToken | undefined): Uint8Array {
  const head = responseCodec.encode(token ? { nextPageToken: encodeToken(token) } : {}).finish();
  return Buffer.concat([head, ...historyField(HISTORY_FIELD, events)]);
}

function historyToken({
  nextPageToken,
}: HistoryRequest | ReverseRequest): HistoryToken | undefined {
  return pageToken<HistoryToken>(
    nextPageToken,
    ({ runId, next, until, transientStamp }) =>
      typeof runId === 'string' &&
      isRunId(runId) &&
      isPosition(next) &&
      (until === undefined || isPosition(until)) &&
      (transientStamp === undefined || isPosition(transientStamp)),
  );
}

function runOf(
  engine: Engine,
  request: HistoryRequest | ReverseRequest,
  token: HistoryToken | undefined,
): Run {
  engine.namespaces.get(request.namespace);
  const { workflowId, runId } = executionIds(request.execution);
  return engine.find(request.namespace, workflowId, token?.runId ?? runId);
}

function pageSize(request: HistoryRequest | ReverseRequest): number {
  const wanted = request.maximumPageSize > 0 ? request.maximumPageSize : MAX_PAGE_EVENTS;
  return Math.min(wanted, MAX_PAGE_EVENTS);
}

async function getHistory(
  engine: Engine,
  request: HistoryRequest,
  call: Call,
): Promise<Uint8Array> {
  const token = historyToken(request);
  const run = runOf(engine, request, token);
  const closeOnly =
    request.historyEventFilterType ===
    enums.HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT;
  if (closeOnly) return closeEvent(engine, run, request, call);
  return token?.until === undefined
    ? events(engine, run, request, call, token?.next ?? 1)
    : taskEvents(engine, run, token, pageSize(request));
}

/** The last event of a closed run; with `wait_new_event`, once it is closed. */
async function closeEvent(
  engine: Engine,
  run: Run,
  request: HistoryRequest,
  call: Call,
): Promise<Uint8Array> {
  if (isOpen(run.info) && request.waitNewEvent) await waitFor(run, call, () => !isOpen(run.info));
  const last = run.info.nextEventId - 1;
  if (!isOpen(run.info))
    return response(readPage(engine.store, run.key, last, last).events, undefined);
  return response([], request.waitNewEvent ? { runId: run.key.runId, next: last } : undefined);
}

async function events(
  engine: Engine,
  run: Run,
  request: HistoryRequest,
  call: Call,
  from: number,
): Promise<Uint8Array> {
  const follow = request.waitNewEvent;
  if (follow && from >= run.info.nextEventId && isOpen(run.info))
    await waitFor(run, call, () => from < run.info.nextEventId || !isOpen(run.info));
  const page = readPage(engine.store, run.key, from, run.info.nextEventId - 1, pageSize(request));
  const next = page.next ?? from + page.events.length;
  const more = page.next !== undefined || (follow && isOpen(run.info));
  return response(page.events, more ? { runId: run.key.runId, next } : undefined);
}

/** The rest of what came with a workflow task, its transient events at the end. */
function taskEvents(engine: Engine, run: Run, token: HistoryToken, size: number): Uint8Array {
  const page: Page = readPage(engine.store, run.key, token.next, token.until ?? 0, size);
  if (page.next !== undefined) return response(page.events, { ...token, next: page.next });
  const { workflowTask } = run.info;
  const transient =
    workflowTask.kind === 'started' && workflowTask.stamp === token.transientStamp
      ? transientEvents(new Draft(run.state, engine.inputs(run.aheadMs)))
      : [];
  return response([...page.events, ...transient], undefined);
}

async function waitFor(run: Run, call: Call, come: () => boolean): Promise<void> {
  await call.park<true>(patience(call, LONG_POLL_MS), (deliver) => {
    const watch = () => {
      if (come()) deliver(true);
    };
    run.watchers.add(watch);
    return () => run.watchers.delete(watch);
  });
}

function getReverse(engine: Engine, request: ReverseRequest): Uint8Array {
  const token = historyToken(request);
  const run = runOf(engine, request, token);
  const last = token?.next ?? run.info.nextEventId - 1;
  const first = Math.max(1, last - pageSize(request) + 1);
  const page = readPage(engine.store, run.key, first, last);
  // A page that is too large for a message keeps its older part: one by one from the newest.
  const complete = page.next === undefined;
  const shown = complete
    ? [...page.events].reverse()
    : readPage(engine.store, run.key, last, last).events;
  const next = complete ? first - 1 : last - 1;
  return response(shown, next >= 1 ? { runId: run.key.runId, next } : undefined);
}
