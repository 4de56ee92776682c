/**
 * The workflow task of a run: scheduled, started, and ended by completion, failure or timeout.
 *
 * 1. A first attempt writes its events as it goes. Further attempts are transient: their scheduled
 *    and started events are shown to the worker and written only when one of them completes.
 * 2. New events while a transient task waits make it an ordinary one again.
 * 3. A sticky task that nobody takes in time goes back to the normal queue.
 * 4. A task for updates alone is speculative: not written either, and where its worker only rejects
 *    them it never is. The first event that comes makes it ordinary (see Draft). As Temporal's
 *    docs/architecture/speculative-workflow-task.md.
 */
import { notFound } from '../errors.js';
import { duration, enums, type Failure, int64, type temporal } from '../proto.js';
import type { Draft } from './draft.js';
import { noteBuild } from './reset-points.js';
import { isOpen, type RunInfo, type WorkflowTask } from './state.js';

type Started = Extract<WorkflowTask, { kind: 'started' }>;
type Scheduled = Extract<WorkflowTask, { kind: 'scheduled' }>;

/**
 * Where Temporal suggests to continue as new: by the id of the task's started event, by the size before it;
 * for updates, at 0.9 of the limit of a run.
 */
const SUGGEST_EVENTS = 4096;
const SUGGEST_BYTES = 4 * 1024 * 1024;
const SUGGEST_UPDATES = 1800;

/** Attempts after this one wait before they go out, so that a worker that always fails rests. */
const ATTEMPTS_AT_ONCE = 2;
const RETRY_PAUSE_MS = 500;
const MAX_RETRY_PAUSE_MS = 10_000;

/** How long a speculative task may wait on a normal queue, as Temporal has it. */
const SPECULATIVE_SCHEDULE_TO_START_MS = 5000;

/** A rejection does not drop a speculative task that shipped more events than this. */
const MAX_DROPPED_EVENTS = 10;

/**
 * Schedules a workflow task unless one is there already, or the run is closed.
 *
 * @param options - `speculative`: there is nothing but updates to be had with it
 */
export function scheduleWorkflowTask(
  d: Draft,
  options: { readonly speculative: boolean } = { speculative: false },
): void {
  if (d.info.workflowTask.kind !== 'none' || !isOpen(d.info)) return;
  const newEvents = d.flush();
  if (newEvents) d.info.workflowTaskAttempt = 1;
  const attempt = d.info.workflowTaskAttempt;
  if (attempt > ATTEMPTS_AT_ONCE) {
    const pauseMs = Math.min(RETRY_PAUSE_MS * 2 ** (attempt - 3), MAX_RETRY_PAUSE_MS);
    delayWorkflowTask(d, d.nowMs + pauseMs, { skippable: false });
    return;
  }
  dispatchWorkflowTask(d, options.speculative && !newEvents);
}

/** Keeps the next workflow task back until `atMs`. */
export function delayWorkflowTask(d: Draft, atMs: number, options: { skippable: boolean }): void {
  d.info.workflowTask = { kind: 'delayed', untilMs: atMs };
  d.arm({ kind: 'workflowTaskDelay' }, atMs, options);
}

/** The delay is over. */
export function endWorkflowTaskDelay(d: Draft): void {
  if (d.info.workflowTask.kind !== 'delayed' || !isOpen(d.info)) return;
  d.disarm({ kind: 'workflowTaskDelay' });
  d.info.workflowTask = { kind: 'none' };
  dispatchWorkflowTask(d);
}

/** Updates do not wait for a first task that is kept back: a speculative one comes before it. */
export function scheduleUpdateTask(d: Draft): void {
  if (d.info.workflowTask.kind === 'delayed') d.info.workflowTask = { kind: 'none' };
  scheduleWorkflowTask(d, { speculative: true });
}

function dispatchWorkflowTask(d: Draft, speculative = false): void {
  const attempt = d.info.workflowTaskAttempt;
  const written = attempt === 1 && !speculative;
  const scheduledEventId = written ? appendScheduled(d, attempt) : d.info.nextEventId;
  const task: Scheduled = {
    kind: 'scheduled',
    stamp: d.nextStamp(),
    scheduledEventId,
    attempt,
    scheduledAtMs: d.nowMs,
    sticky: d.info.sticky !== undefined,
    speculative,
  };
  d.info.workflowTask = task;
  offer(d, task);
}

function offer(d: Draft, task: Scheduled): void {
  const sticky = task.sticky ? d.info.sticky : undefined;
  const taskQueue = sticky?.name ?? d.info.taskQueue;
  d.effects.push({ kind: 'workflowTask', stamp: task.stamp, taskQueue, sticky: task.sticky });
  const limitMs = scheduleToStartMs(d.info, task);
  if (limitMs === undefined) return;
  const due = { kind: 'workflowTaskScheduleToStart', stamp: task.stamp } as const;
  d.arm(due, d.nowMs + limitMs, { skippable: false });
}

/** How long the task may wait for a worker; undefined for one that may wait for ever. */
export function scheduleToStartMs(info: RunInfo, task: Scheduled): number | undefined {
  const sticky = task.sticky ? info.sticky : undefined;
  return (
    sticky?.scheduleToStartMs ?? (task.speculative ? SPECULATIVE_SCHEDULE_TO_START_MS : undefined)
  );
}

/** Whether a task that is kept back may be skipped to: a pause after failures may not. */
export function isDelaySkippable(info: RunInfo): boolean {
  return info.workflowTaskAttempt <= ATTEMPTS_AT_ONCE;
}

/** The queue of the run's workflow tasks as events and polls name it. */
function queueOf(d: Draft): temporal.api.taskqueue.v1.ITaskQueue {
  if (!d.info.sticky)
    return { name: d.info.taskQueue, kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL };
  return {
    name: d.info.sticky.name,
    kind: enums.TaskQueueKind.TASK_QUEUE_KIND_STICKY,
    normalName: d.info.taskQueue,
  };
}

function scheduledAttributes(d: Draft, attempt: number) {
  return { taskQueue: queueOf(d), startToCloseTimeout: duration(d.info.taskTimeoutMs), attempt };
}

function appendScheduled(d: Draft, attempt: number, atMs = d.nowMs): number {
  return d.append('workflowTaskScheduled', scheduledAttributes(d, attempt), { atMs });
}

/** Not in history so far: a later attempt, or a speculative one. */
function isUnwritten(task: Scheduled | Started): boolean {
  return task.attempt > 1 || task.speculative;
}

/** Writes the events of a speculative task, which is an ordinary one from then on. */
export function writeSpeculativeTask(d: Draft): void {
  const task = d.info.workflowTask;
  if ((task.kind !== 'scheduled' && task.kind !== 'started') || !task.speculative) return;
  d.info.workflowTask = { ...task, speculative: false };
  // The run has begun: no first task is kept back any more.
  d.disarm({ kind: 'workflowTaskDelay' });
  appendScheduled(d, task.attempt, task.scheduledAtMs);
  if (task.kind === 'started') appendStarted(d, task);
}

/** A worker takes the task. False when the task is no longer there to take. */
export function startWorkflowTask(
  d: Draft,
  stamp: number,
  request: { readonly requestId: string; readonly identity: string; readonly buildId: string },
  historySizeBytes = d.info.historySizeBytes,
): boolean {
  let task = d.info.workflowTask;
  if (task.kind !== 'scheduled' || task.stamp !== stamp) return false;
  if (task.attempt > 1 && task.scheduledEventId !== d.info.nextEventId) {
    d.info.workflowTaskAttempt = 1;
    task = { ...task, attempt: 1, scheduledEventId: appendScheduled(d, 1) };
  }
  const updateCount = d.updates.size + d.completedUpdates.size;
  const started: Started = {
    ...task,
    kind: 'started',
    // A transient one follows its scheduled event; signals may come between those of a first attempt.
    startedEventId: isUnwritten(task) ? task.scheduledEventId + 1 : d.info.nextEventId,
    startedAtMs: d.nowMs,
    identity: request.identity,
    buildId: request.buildId,
    requestId: request.requestId,
    suggestContinueAsNew:
      d.info.nextEventId >= SUGGEST_EVENTS ||
      historySizeBytes >= SUGGEST_BYTES ||
      updateCount >= SUGGEST_UPDATES,
    historySizeBytes,
    updateCount,
  };
  if (!isUnwritten(task)) appendStarted(d, started);
  d.info.workflowTask = started;
  const due = { kind: 'workflowTaskStartToClose', stamp } as const;
  d.arm(due, d.nowMs + d.info.taskTimeoutMs, { skippable: false });
  return true;
}

function startedAttributes(task: Started) {
  return {
    scheduledEventId: int64(task.scheduledEventId),
    identity: task.identity,
    requestId: task.requestId,
    suggestContinueAsNew: task.suggestContinueAsNew,
    ...(task.suggestContinueAsNew && { suggestContinueAsNewReasons: suggestReasons(task) }),
    historySizeBytes: int64(task.historySizeBytes),
    ...(task.buildId && { workerVersion: { buildId: task.buildId } }),
  };
}

function suggestReasons(task: Started): number[] {
  const { SuggestContinueAsNewReason: Reason } = enums;
  return [
    ...(task.historySizeBytes >= SUGGEST_BYTES
      ? [Reason.SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE]
      : []),
    ...(task.startedEventId >= SUGGEST_EVENTS
      ? [Reason.SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS]
      : []),
    ...(task.updateCount >= SUGGEST_UPDATES
      ? [Reason.SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES]
      : []),
  ];
}

function appendStarted(d: Draft, task: Started): void {
  d.append('workflowTaskStarted', startedAttributes(task), { atMs: task.startedAtMs });
}

/** The events of a transient or speculative task, which its worker sees though they are not written. */
export function transientEvents(d: Draft): Uint8Array[] {
  const task = d.info.workflowTask;
  if (task.kind !== 'started' || !isUnwritten(task)) return [];
  const scheduled = scheduledAttributes(d, task.attempt);
  return [
    d.encodeUnwritten(
      task.scheduledEventId,
      'workflowTaskScheduled',
      scheduled,
      task.scheduledAtMs,
    ),
    d.encodeUnwritten(
      task.startedEventId,
      'workflowTaskStarted',
      startedAttributes(task),
      task.startedAtMs,
    ),
  ];
}

/** Which workflow task an answer is about. */
export interface WorkflowTaskRef {
  readonly stamp: number;
  readonly startedEventId: number;
}

/** The started task that `ref` names; NOT_FOUND when it is not the one in progress. */
export function startedTask(d: Draft, ref: WorkflowTaskRef): Started {
  const task = d.info.workflowTask;
  if (task.kind !== 'started' || task.stamp !== ref.stamp)
    throw notFound('Workflow task not found.');
  return task;
}

/** Writes the completion of the task, and gives its event id. Buffered events still wait. */
export function completeWorkflowTask(
  d: Draft,
  ref: WorkflowTaskRef,
  request: Pick<
    temporal.api.workflowservice.v1.IRespondWorkflowTaskCompletedRequest,
    'identity' | 'sdkMetadata' | 'meteringMetadata'
  >,
): number {
  const task = startedTask(d, ref);
  d.disarm({ kind: 'workflowTaskStartToClose', stamp: task.stamp });
  if (task.attempt > 1) {
    appendScheduled(d, task.attempt, task.scheduledAtMs);
    appendStarted(d, task);
  }
  const id = d.append('workflowTaskCompleted', {
    scheduledEventId: int64(task.scheduledEventId),
    startedEventId: int64(task.startedEventId),
    identity: request.identity ?? '',
    sdkMetadata: request.sdkMetadata ?? null,
    meteringMetadata: request.meteringMetadata ?? null,
    ...(task.buildId && { workerVersion: { buildId: task.buildId } }),
  });
  noteBuild(d, task.buildId, id, d.nowMs);
  d.info.lastCompletedStartedId = task.startedEventId;
  d.info.workflowTaskAttempt = 1;
  d.info.workflowTask = { kind: 'none' };
  return id;
}

/**
 * Drops a speculative task whose worker wrote nothing: history is as if it had never been. False
 * where it has to be completed like any other.
 *
 * @param canDropEvents - the worker does not mind to get the same events once more
 */
export function dropSpeculativeTask(
  d: Draft,
  ref: WorkflowTaskRef,
  canDropEvents: boolean,
): boolean {
  const task = startedTask(d, ref);
  if (!task.speculative) return false;
  // The task before this one ended with two events: started and completed.
  const shipped = d.info.nextEventId - d.info.lastCompletedStartedId - 2;
  if (shipped > (canDropEvents ? MAX_DROPPED_EVENTS : 0)) return false;
  d.disarm({ kind: 'workflowTaskStartToClose', stamp: task.stamp });
  d.info.workflowTask = { kind: 'none' };
  if (d.info.lastCompletedStartedId === 0) keepFirstTaskBack(d);
  return true;
}

/** The run has still not begun: its first task is due when it was before. */
function keepFirstTaskBack(d: Draft): void {
  const untilMs = d.info.executionAtMs;
  if (untilMs > d.nowMs) d.info.workflowTask = { kind: 'delayed', untilMs };
  else scheduleWorkflowTask(d);
}

/** Why a workflow task failed. */
export interface TaskFailure {
  /** A `WorkflowTaskFailedCause`. */
  readonly cause: number;
  readonly failure?: Failure | undefined;
  readonly identity: string;
  readonly binaryChecksum?: string;
}

/** Ends the started task as failed. What comes next is the caller's to schedule. */
export function failWorkflowTask(d: Draft, task: Started, failed: TaskFailure): void {
  if (task.attempt === 1) {
    d.append('workflowTaskFailed', {
      scheduledEventId: int64(task.scheduledEventId),
      startedEventId: int64(task.startedEventId),
      cause: failed.cause,
      failure: failed.failure ?? null,
      identity: failed.identity,
      binaryChecksum: failed.binaryChecksum ?? '',
    });
  }
  endAttempt(d, task);
}

function endAttempt(d: Draft, task: Started): void {
  d.disarm({ kind: 'workflowTaskStartToClose', stamp: task.stamp });
  d.info.workflowTask = { kind: 'none' };
  // What fails where a worker has the run in its cache is tried once more without that before it counts.
  d.info.workflowTaskAttempt = d.info.sticky ? 1 : task.attempt + 1;
  d.info.sticky = undefined;
  if (d.flush()) d.info.workflowTaskAttempt = 1;
}

/** The worker did not answer in time. */
export function timeOutWorkflowTask(d: Draft, stamp: number): void {
  const task = d.info.workflowTask;
  if (task.kind !== 'started' || task.stamp !== stamp) return;
  if (task.attempt === 1) {
    d.append('workflowTaskTimedOut', {
      scheduledEventId: int64(task.scheduledEventId),
      startedEventId: int64(task.startedEventId),
      timeoutType: enums.TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE,
    });
  }
  endAttempt(d, task);
  scheduleWorkflowTask(d);
}

/** Nobody took the sticky or speculative task in time: an ordinary one goes to the normal queue. */
export function timeOutStickyTask(d: Draft, stamp: number): void {
  const task = d.info.workflowTask;
  if (task.kind !== 'scheduled' || task.stamp !== stamp) return;
  if (task.attempt === 1) {
    d.append('workflowTaskTimedOut', {
      scheduledEventId: int64(task.scheduledEventId),
      timeoutType: enums.TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START,
    });
  }
  d.info.workflowTask = { kind: 'none' };
  d.info.sticky = undefined;
  scheduleWorkflowTask(d);
}

/** The sticky queue has no worker any more: the same task goes to the normal queue. */
export function unstick(d: Draft, stamp: number): void {
  const task = d.info.workflowTask;
  if (task.kind !== 'scheduled' || task.stamp !== stamp || !task.sticky) return;
  d.disarm({ kind: 'workflowTaskScheduleToStart', stamp });
  d.info.sticky = undefined;
  const normal: Scheduled = { ...task, sticky: false };
  d.info.workflowTask = normal;
  offer(d, normal);
}
