/**
 * What a worker gets with a workflow task. The history in it is spliced from the stored bytes of
 * its events: nothing is decoded or encoded again, however long it is.
 */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import type { Task } from '../engine/task.js';
import type { RunKey } from '../history/state.js';
import type { Message } from '../history/updates.js';
import { codec, duration, enums, int64, type temporal, timestamp } from '../proto.js';
import type { Store } from '../store.js';
import { encodeToken, type QueryToken, type WorkflowTaskToken } from '../tokens.js';

type PollResponse = temporal.api.workflowservice.v1.IPollWorkflowTaskQueueResponse;

const pollCodec = codec<PollResponse>(
  'temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse',
);

/** A response stays well below the 4 MiB of a message; one event alone may have 2. */
const PAGE_BYTES = 1.5 * 1024 * 1024;

const HISTORY_FIELD_OF_POLL = 8;

/** Where a worker goes on to read, after the first page that came with its task. */
export interface TaskHistoryToken {
  readonly runId: string;
  readonly next: number;
  readonly until: number;
  /** The task whose transient events end the history. */
  readonly transientStamp?: number;
}

/** Events as bytes, and where to go on when they are not all. */
export interface Page {
  readonly events: readonly Uint8Array[];
  readonly next: number | undefined;
}

/** As many events as fit into a page, one at least. */
export function readPage(
  store: Store,
  key: RunKey,
  from: number,
  to: number,
  maxEvents = Number.POSITIVE_INFINITY,
): Page {
  const events: Uint8Array[] = [];
  let bytes = 0;
  for (const event of store.events(key, from, Math.min(to, from + maxEvents - 1))) {
    if (events.length > 0 && bytes + event.bytes.length > PAGE_BYTES)
      return { events, next: event.id };
    events.push(event.bytes);
    bytes += event.bytes.length;
  }
  const next = from + events.length;
  return { events, next: next <= to && events.length > 0 ? next : undefined };
}

/** A length-delimited field. */
function field(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [varint((number << 3) | 2), varint(length), ...parts];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return Uint8Array.from(bytes);
    }
    bytes.push((rest % 128) + 128);
  }
}

/** A `History` message as the field `number` of another. */
export function historyField(number: number, events: readonly Uint8Array[]): Uint8Array[] {
  return field(
    number,
    events.flatMap((event) => field(1, [event])),
  );
}

/** A message of one field that is itself encoded, after the bytes of the rest. */
export function withField(rest: Uint8Array, number: number, message: Uint8Array): Uint8Array {
  return Buffer.concat([rest, ...field(number, [message])]);
}

function queueOf(run: Run) {
  return { name: run.info.taskQueue, kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL };
}

export interface StartedTask {
  readonly run: Run;
  readonly transient: readonly Uint8Array[];
  /** The updates that come with it. */
  readonly messages: readonly Message[];
  /** It was taken from the sticky queue: the worker knows what went before. */
  readonly sticky: boolean;
}

/** The response for a workflow task that has been started. Queries that wait go along with it. */
export function workflowTaskResponse(engine: Engine, started: StartedTask): Uint8Array {
  const { run, transient, messages, sticky } = started;
  const { info, key } = run;
  const task = info.workflowTask;
  if (task.kind !== 'started')
    throw new Error(`the workflow task of ${key.workflowId} is not started`);
  const from = sticky && info.lastCompletedStartedId > 0 ? info.lastCompletedStartedId + 1 : 1;
  const until = transient.length > 0 ? task.scheduledEventId - 1 : task.startedEventId;
  const page = readPage(engine.store, key, from, until);
  const token: WorkflowTaskToken = {
    kind: 'workflow',
    workflowId: key.workflowId,
    runId: key.runId,
    stamp: task.stamp,
    startedEventId: task.startedEventId,
  };
  const head = pollCodec.encode({
    taskToken: encodeToken(token),
    workflowExecution: { workflowId: key.workflowId, runId: key.runId },
    workflowType: { name: info.workflowType },
    previousStartedEventId: int64(info.lastCompletedStartedId),
    startedEventId: int64(task.startedEventId),
    attempt: task.attempt,
    ...(page.next !== undefined && {
      nextPageToken: encodeToken(
        nextToken(key, page.next, until, transient.length > 0 ? task.stamp : 0),
      ),
    }),
    workflowExecutionTaskQueue: queueOf(run),
    scheduledTime: timestamp(task.scheduledAtMs),
    startedTime: timestamp(task.startedAtMs),
    queries: attachQueries(run),
    messages: [...messages],
  });
  const events = page.next === undefined ? [...page.events, ...transient] : page.events;
  return Buffer.concat([head.finish(), ...historyField(HISTORY_FIELD_OF_POLL, events)]);
}

function nextToken(
  key: RunKey,
  next: number,
  until: number,
  transientStamp: number,
): TaskHistoryToken {
  return { runId: key.runId, next, until, ...(transientStamp > 0 && { transientStamp }) };
}

function attachQueries(run: Run): { [id: string]: temporal.api.query.v1.IWorkflowQuery } {
  const queries: { [id: string]: temporal.api.query.v1.IWorkflowQuery } = {};
  for (const query of run.queries.values()) {
    if (query.state !== 'waiting') continue;
    query.state = 'attached';
    queries[query.id] = query.query;
  }
  return queries;
}

/** The response for a query that goes out by itself. */
export function queryTaskResponse(
  engine: Engine,
  task: Extract<Task, { kind: 'query' }>,
): Uint8Array {
  const { run, query } = task;
  const { info, key } = run;
  const sticky = task.queue.name === info.sticky?.name;
  const until = info.nextEventId - 1;
  const page: Page = sticky
    ? { events: [], next: undefined }
    : readPage(engine.store, key, 1, until);
  const head = pollCodec.encode({
    taskToken: encodeToken({ kind: 'query', queryId: query.id } satisfies QueryToken),
    workflowExecution: { workflowId: key.workflowId, runId: key.runId },
    workflowType: { name: info.workflowType },
    previousStartedEventId: int64(info.lastCompletedStartedId),
    attempt: 1,
    ...(page.next !== undefined && {
      nextPageToken: encodeToken(nextToken(key, page.next, until, 0)),
    }),
    workflowExecutionTaskQueue: queueOf(run),
    query: query.query,
  });
  return Buffer.concat([head.finish(), ...historyField(HISTORY_FIELD_OF_POLL, page.events)]);
}

type ActivityResponse = temporal.api.workflowservice.v1.IPollActivityTaskQueueResponse;

/** What a worker gets with an activity task. */
export function activityTaskResponse(run: Run, scheduledEventId: number): ActivityResponse {
  const activity = run.state.activities.get(scheduledEventId);
  if (activity?.phase.kind !== 'started')
    throw new Error(`activity ${scheduledEventId} of ${run.key.workflowId} is not started`);
  const { workflowId, runId, namespace } = run.key;
  return {
    taskToken: encodeToken({
      kind: 'activity',
      workflowId,
      runId,
      scheduledEventId,
      attempt: activity.attempt,
    }),
    workflowNamespace: namespace,
    workflowType: { name: run.info.workflowType },
    workflowExecution: { workflowId, runId },
    activityType: { name: activity.activityType },
    activityId: activity.activityId,
    header: activity.header ?? null,
    input: activity.input ?? null,
    heartbeatDetails: activity.heartbeat?.details ?? null,
    scheduledTime: timestamp(activity.scheduledAtMs),
    currentAttemptScheduledTime: timestamp(activity.attemptScheduledAtMs),
    startedTime: timestamp(activity.phase.startedAtMs),
    attempt: activity.attempt,
    scheduleToCloseTimeout: duration(activity.scheduleToCloseMs),
    startToCloseTimeout: duration(activity.startToCloseMs),
    heartbeatTimeout: duration(activity.heartbeatMs),
    retryPolicy: activity.retryPolicy,
    priority: activity.priority ?? null,
  };
}
