/** What must hold of each run by itself, its history and its state; the numbers are those of invariants.ts. */
import { isOpen } from '../../../src/temporal-server/history/state.js';
import {
  durationMs,
  enums,
  type HistoryEvent,
  Status,
  toNumber,
} from '../../../src/temporal-server/proto.js';
import { atMs, childEnd, type Told } from './told.js';

const { EventType: T } = enums;

const CLOSES: ReadonlySet<number> = new Set([
  T.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
  T.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
  T.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
  T.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
  T.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
  T.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
]);

/** What is wrong with a run: rules 1 to 3. */
export function* problemsOf({ state, events }: Told): Iterable<string> {
  const { info } = state;
  for (const [index, event] of events.entries())
    if (toNumber(event.eventId) !== index + 1)
      yield `event ${toNumber(event.eventId)} is in place ${index + 1}`;
  if (events[0]?.eventType !== T.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    yield 'its first event is not its start';
  const closes = events.filter((event) => CLOSES.has(event.eventType ?? 0));
  const shouldClose = isOpen(info) ? 0 : 1;
  if (closes.length !== shouldClose)
    yield `it has ${closes.length} close events and not ${shouldClose}`;
  if (shouldClose === 1 && closes[0] !== events.at(-1)) yield 'events come after its close';
  if (isOpen(info) !== (info.status === Status.WORKFLOW_EXECUTION_STATUS_RUNNING))
    yield `its status is ${info.status}`;
  yield* workflowTasks({ state, events });
  yield* begunAndEnded({ state, events });
  yield* early({ state, events });
}

function* workflowTasks({ state, events }: Told): Iterable<string> {
  let task: { scheduled: number; started: number } | undefined;
  for (const event of events) {
    const id = toNumber(event.eventId);
    const { workflowTaskStartedEventAttributes: started } = event;
    const end =
      event.workflowTaskCompletedEventAttributes ??
      event.workflowTaskFailedEventAttributes ??
      event.workflowTaskTimedOutEventAttributes;
    if (event.workflowTaskScheduledEventAttributes) {
      if (task) yield `workflow task ${id} is scheduled while ${task.scheduled} is there`;
      task = { scheduled: id, started: 0 };
    } else if (started) {
      if (!task || task.started > 0 || toNumber(started.scheduledEventId) !== task.scheduled)
        yield `workflow task started event ${id} has nothing to start`;
      if (task) task.started = id;
    } else if (end) {
      const refers = task && toNumber(end.scheduledEventId) === task.scheduled;
      if (!refers || toNumber(end.startedEventId) !== task?.started)
        yield `workflow task end ${id} does not end the task that is there`;
      task = undefined;
    }
  }
  const known = state.info.workflowTask;
  const there = known.kind === 'scheduled' || known.kind === 'started';
  if (!isOpen(state.info)) return;
  if (task && (!there || known.scheduledEventId !== task.scheduled))
    yield `its workflow task is ${known.kind}, and history has scheduled ${task.scheduled}`;
  if (!task && there && known.attempt === 1) yield `its workflow task is not in history`;
}

type Begun = 'activity' | 'timer' | 'child' | 'external';

interface Beginning {
  readonly kind: Begun;
  readonly id: number;
}

/** What an event begins, and what it ends. */
function roleOf(event: HistoryEvent): { begins?: Begun; ends?: Beginning } {
  const ended = (kind: Begun, id: unknown) => ({ ends: { kind, id: toNumber(id as number) } });
  if (event.activityTaskScheduledEventAttributes) return { begins: 'activity' };
  if (event.timerStartedEventAttributes) return { begins: 'timer' };
  if (event.startChildWorkflowExecutionInitiatedEventAttributes) return { begins: 'child' };
  const asks =
    event.signalExternalWorkflowExecutionInitiatedEventAttributes ??
    event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes;
  if (asks) return { begins: 'external' };
  const timer = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes;
  if (timer) return ended('timer', timer.startedEventId);
  const activity =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  if (activity) return ended('activity', activity.scheduledEventId);
  const child = childEnd(event) ?? event.startChildWorkflowExecutionFailedEventAttributes;
  if (child) return ended('child', child.initiatedEventId);
  const external =
    event.externalWorkflowExecutionSignaledEventAttributes ??
    event.signalExternalWorkflowExecutionFailedEventAttributes ??
    event.externalWorkflowExecutionCancelRequestedEventAttributes ??
    event.requestCancelExternalWorkflowExecutionFailedEventAttributes;
  return external ? ended('external', external.initiatedEventId) : {};
}

function* begunAndEnded({ state, events }: Told): Iterable<string> {
  const open = new Map<number, Begun>();
  const end = function* (event: HistoryEvent): Iterable<string> {
    const { ends } = roleOf(event);
    if (!ends) return;
    if (open.get(ends.id) !== ends.kind) yield `the ${ends.kind} of ${ends.id} ends out of turn`;
    open.delete(ends.id);
  };
  for (const event of events) {
    const { begins } = roleOf(event);
    if (begins) open.set(toNumber(event.eventId), begins);
    yield* end(event);
    const activity = event.activityTaskStartedEventAttributes;
    if (activity && open.get(toNumber(activity.scheduledEventId)) !== 'activity')
      yield `event ${toNumber(event.eventId)} starts an activity that is not there`;
  }
  if (!isOpen(state.info)) return;
  for (const event of state.info.buffered) yield* end(event);
  const pending = new Map<number, Begun>();
  for (const id of state.activities.keys()) pending.set(id, 'activity');
  for (const { startedEventId } of state.timers.values()) pending.set(startedEventId, 'timer');
  for (const id of state.children.keys()) pending.set(id, 'child');
  for (const id of state.externals.keys()) pending.set(id, 'external');
  for (const [id, kind] of open)
    if (pending.get(id) !== kind) yield `the ${kind} of ${id} is forgotten`;
  for (const [id, kind] of pending)
    if (open.get(id) !== kind) yield `the ${kind} of ${id} is pending, and over in history`;
}

function* early({ state, events }: Told): Iterable<string> {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const delayMs = durationMs(started?.firstWorkflowTaskBackoff);
  const first = events.find((event) => event.workflowTaskScheduledEventAttributes);
  const startMs = atMs(events[0]);
  // A signal that comes with the start, or a cancel request, begins the run at once.
  const hastened = events.some(
    (event) =>
      event.workflowExecutionSignaledEventAttributes ??
      event.workflowExecutionCancelRequestedEventAttributes,
  );
  if (first && !hastened && atMs(first) < startMs + delayMs)
    yield `its first task came ${startMs + delayMs - atMs(first)} ms early`;
  for (const event of [...events, ...state.info.buffered]) {
    const fired = event.timerFiredEventAttributes;
    if (fired) {
      const start = events[toNumber(fired.startedEventId) - 1];
      const dueMs =
        atMs(start) + durationMs(start?.timerStartedEventAttributes?.startToFireTimeout);
      if (atMs(event) < dueMs - ROUNDING_MS)
        yield `timer ${fired.timerId} fired ${dueMs - atMs(event)} ms early`;
    }
    if (event.workflowExecutionTimedOutEventAttributes) {
      const dueMs = startMs + durationMs(started?.workflowRunTimeout);
      if (atMs(event) < dueMs) yield `its timeout came ${dueMs - atMs(event)} ms early`;
    }
    yield* earlyTask(event, events, state.info.taskTimeoutMs);
  }
}

const ROUNDING_MS = 0.01;

function* earlyTask(
  event: HistoryEvent,
  events: readonly HistoryEvent[],
  timeoutMs: number,
): Iterable<string> {
  const task = event.workflowTaskTimedOutEventAttributes;
  if (!task || toNumber(task.startedEventId) === 0) return;
  const dueMs = atMs(events[toNumber(task.startedEventId) - 1]) + timeoutMs;
  if (atMs(event) < dueMs) yield `a workflow task timed out ${dueMs - atMs(event)} ms early`;
}
