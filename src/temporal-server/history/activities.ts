/**
 * Activities of a run: attempts, their four timeouts, heartbeats, cancellation, retries.
 *
 * 1. History shows an activity when it is scheduled and when it ends: the started event is written
 *    at the end, with the last attempt's number and the failure before it.
 * 2. `runnableActivities` counts those that a worker has or can get now; every change of phase goes
 *    through {@link put}, which keeps it right.
 */
import { alreadyCompleted, notFound } from '../errors.js';
import {
  duration,
  durationMs,
  enums,
  type Failure,
  int64,
  type Payloads,
  type temporal,
} from '../proto.js';
import type { Draft } from './draft.js';
import type { ActivityDue } from './effects.js';
import { activityTimeoutFailure, CommandError } from './failures.js';
import { decideRetry, retryPolicyProblem, withDefaults } from './retry.js';
import { type ActivityInfo, isOpen } from './state.js';
import { scheduleWorkflowTask } from './workflow-task.js';

const { TimeoutType, RetryState } = enums;

type ScheduleCommand = temporal.api.command.v1.IScheduleActivityTaskCommandAttributes;

/** Decides which activities are leases and the like, that do not count as work. */
export type IsBackground = (activity: {
  readonly activityType: string;
  readonly taskQueue: string;
}) => boolean;

const BAD_SCHEDULE =
  enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES;

/** Temporal's limit for things of one kind in flight. */
export const PENDING_LIMIT = 2000;

export interface ScheduleContext {
  readonly completedEventId: number;
  readonly userMetadata: temporal.api.sdk.v1.IUserMetadata | null | undefined;
  readonly isBackground: IsBackground;
}

/** The command ScheduleActivityTask. Gives the activity's scheduled event id. */
export function scheduleActivity(
  d: Draft,
  command: ScheduleCommand,
  context: ScheduleContext,
): number {
  const spans = checkSchedule(d, command);
  const retryPolicy = withDefaults(command.retryPolicy);
  const taskQueue = command.taskQueue?.name || d.info.taskQueue;
  const activityId = command.activityId ?? '';
  const activityType = command.activityType?.name ?? '';
  const scheduledEventId = d.append(
    'activityTaskScheduled',
    {
      activityId,
      activityType: { name: activityType },
      taskQueue: { name: taskQueue, kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
      header: command.header ?? null,
      input: command.input ?? null,
      scheduleToCloseTimeout: duration(spans.scheduleToCloseMs),
      scheduleToStartTimeout: duration(spans.scheduleToStartMs),
      startToCloseTimeout: duration(spans.startToCloseMs),
      heartbeatTimeout: duration(spans.heartbeatMs),
      workflowTaskCompletedEventId: int64(context.completedEventId),
      retryPolicy,
      useWorkflowBuildId: command.useWorkflowBuildId ?? false,
      priority: command.priority ?? null,
    },
    { userMetadata: context.userMetadata },
  );
  const activity: ActivityInfo = {
    ...spans,
    scheduledEventId,
    activityId,
    activityType,
    taskQueue,
    header: command.header ?? undefined,
    input: command.input ?? undefined,
    retryPolicy,
    priority: command.priority ?? undefined,
    scheduledAtMs: d.nowMs,
    attemptScheduledAtMs: d.nowMs,
    attempt: 1,
    phase: { kind: 'scheduled', stamp: d.nextStamp() },
    cancelRequestedEventId: 0,
    heartbeat: undefined,
    lastFailure: undefined,
    lastIdentity: '',
    lastBuildId: '',
    lastStartedAtMs: undefined,
    background: context.isBackground({ activityType, taskQueue }),
  };
  put(d, activity);
  d.activityIds.set(activityId, scheduledEventId);
  if (activity.scheduleToCloseMs > 0)
    d.arm(due(activity, 'scheduleToClose'), d.nowMs + activity.scheduleToCloseMs);
  offer(d, activity);
  return scheduledEventId;
}

interface Spans {
  readonly scheduleToStartMs: number;
  readonly scheduleToCloseMs: number;
  readonly startToCloseMs: number;
  readonly heartbeatMs: number;
}

/** The four timeouts as Temporal completes them; 0 is none. */
function checkSchedule(d: Draft, command: ScheduleCommand): Spans {
  const id = command.activityId ?? '';
  const type = command.activityType?.name ?? '';
  const bad = (what: string) => new CommandError(BAD_SCHEDULE, what);
  if (!id) throw bad(`ActivityId is not set on ScheduleActivityTaskCommand. ActivityType=${type}`);
  if (!type) throw bad(`ActivityType is not set on ScheduleActivityTaskCommand. ActivityId=${id}`);
  const problem = retryPolicyProblem(command.retryPolicy);
  if (problem) throw bad(`${problem} ActivityId=${id} ActivityType=${type}`);
  if (d.activityIds.has(id)) {
    throw new CommandError(
      enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_SCHEDULE_ACTIVITY_DUPLICATE_ID,
      '',
    );
  }
  if (d.activities.size >= PENDING_LIMIT) {
    throw new CommandError(
      enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_ACTIVITIES_LIMIT_EXCEEDED,
      `the number of pending activities, ${d.activities.size}, has reached the per-workflow limit of ${PENDING_LIMIT}`,
    );
  }
  const spans = completeSpans(command, d.info.runTimeoutMs);
  if (!spans)
    throw bad(
      `A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand. ActivityId=${id} ActivityType=${type}`,
    );
  return spans;
}

function completeSpans(command: ScheduleCommand, runTimeoutMs: number): Spans | undefined {
  const cap = (ms: number) =>
    runTimeoutMs > 0 && (ms === 0 || ms > runTimeoutMs) ? runTimeoutMs : ms;
  const given = {
    close: durationMs(command.scheduleToCloseTimeout),
    start: durationMs(command.scheduleToStartTimeout),
    run: durationMs(command.startToCloseTimeout),
    heartbeat: durationMs(command.heartbeatTimeout),
  };
  if (given.close === 0 && given.run === 0) return undefined;
  const close = cap(given.close);
  const within = (ms: number) => (ms === 0 || ms > close ? close : ms);
  const start = given.close > 0 ? within(given.start) : cap(given.start);
  const run = given.close > 0 ? within(given.run) : cap(given.run);
  return {
    scheduleToCloseMs: close,
    scheduleToStartMs: start,
    startToCloseMs: run,
    heartbeatMs: Math.min(given.heartbeat, run),
  };
}

function due(activity: ActivityInfo, what: ActivityDue) {
  return { kind: 'activity', scheduledEventId: activity.scheduledEventId, what } as const;
}

/** Replaces an activity's record and keeps count of those that are work. */
function put(d: Draft, activity: ActivityInfo): void {
  const before = d.activities.get(activity.scheduledEventId);
  d.info.runnableActivities += weight(activity) - (before ? weight(before) : 0);
  d.activities.set(activity.scheduledEventId, activity);
}

function weight(activity: ActivityInfo): number {
  return activity.background || activity.phase.kind === 'backoff' ? 0 : 1;
}

function remove(d: Draft, activity: ActivityInfo): void {
  d.info.runnableActivities -= weight(activity);
  d.activities.delete(activity.scheduledEventId);
  d.activityIds.delete(activity.activityId);
  for (const what of [
    'scheduleToStart',
    'scheduleToClose',
    'startToClose',
    'heartbeat',
    'retry',
  ] as const)
    d.disarm(due(activity, what));
}

function offer(d: Draft, activity: ActivityInfo): void {
  if (activity.phase.kind !== 'scheduled') return;
  const { scheduledEventId, taskQueue } = activity;
  d.effects.push({
    kind: 'activityTask',
    stamp: activity.phase.stamp,
    scheduledEventId,
    taskQueue,
  });
  if (activity.scheduleToStartMs > 0)
    d.arm(due(activity, 'scheduleToStart'), d.nowMs + activity.scheduleToStartMs);
}

/** A worker takes the activity; undefined when it is no longer there to take. */
export function startActivity(
  d: Draft,
  task: { readonly scheduledEventId: number; readonly stamp: number },
  request: { readonly requestId: string; readonly identity: string; readonly buildId: string },
): ActivityInfo | undefined {
  const activity = d.activities.get(task.scheduledEventId);
  if (activity?.phase.kind !== 'scheduled' || activity.phase.stamp !== task.stamp) return undefined;
  const started: ActivityInfo = {
    ...activity,
    phase: { kind: 'started', startedAtMs: d.nowMs, requestId: request.requestId },
    lastIdentity: request.identity,
    lastBuildId: request.buildId,
    lastStartedAtMs: d.nowMs,
  };
  put(d, started);
  d.disarm(due(activity, 'scheduleToStart'));
  if (activity.startToCloseMs > 0)
    d.arm(due(activity, 'startToClose'), d.nowMs + activity.startToCloseMs);
  armHeartbeat(d, started);
  return started;
}

function armHeartbeat(d: Draft, activity: ActivityInfo): void {
  if (activity.heartbeatMs > 0)
    d.arm(due(activity, 'heartbeat'), d.nowMs + activity.heartbeatMs, { skippable: false });
}

/** Which attempt of which activity an answer is about. */
export interface ActivityRef {
  readonly scheduledEventId: number;
  /** Left out when the activity is named by its id: then any attempt is meant. */
  readonly attempt?: number;
}

/** The started activity that `ref` names; NOT_FOUND when that attempt is not in progress. */
function startedActivity(d: Draft, ref: ActivityRef): ActivityInfo {
  if (!isOpen(d.info)) throw alreadyCompleted();
  const activity = d.activities.get(ref.scheduledEventId);
  const current = activity?.phase.kind === 'started';
  if (!activity || !current || (ref.attempt !== undefined && ref.attempt !== activity.attempt)) {
    throw notFound(
      'invalid activityID or activity already timed out or invoking workflow is completed',
    );
  }
  return activity;
}

/** The scheduled event of the activity with that id; NOT_FOUND without one. */
export function activityById(d: Draft, activityId: string): ActivityRef {
  if (!isOpen(d.info)) throw alreadyCompleted();
  const scheduledEventId = d.activityIds.get(activityId);
  if (scheduledEventId === undefined) throw notFound(`cannot find activity with ID ${activityId}`);
  return { scheduledEventId };
}

function appendStarted(d: Draft, activity: ActivityInfo): number {
  if (activity.phase.kind !== 'started') return 0;
  return d.appendOrBuffer('activityTaskStarted', {
    scheduledEventId: int64(activity.scheduledEventId),
    identity: activity.lastIdentity,
    requestId: activity.phase.requestId,
    attempt: activity.attempt,
    lastFailure: activity.lastFailure ?? null,
    ...(activity.lastBuildId && { workerVersion: { buildId: activity.lastBuildId } }),
  });
}

function references(d: Draft, activity: ActivityInfo) {
  const startedEventId = int64(appendStarted(d, activity));
  return { scheduledEventId: int64(activity.scheduledEventId), startedEventId };
}

export function completeActivity(
  d: Draft,
  ref: ActivityRef,
  answer: { readonly result: Payloads | undefined; readonly identity: string },
): void {
  const activity = startedActivity(d, ref);
  d.appendOrBuffer('activityTaskCompleted', {
    result: answer.result ?? null,
    ...references(d, activity),
    identity: answer.identity,
  });
  remove(d, activity);
  scheduleWorkflowTask(d);
}

export interface ActivityFailed {
  readonly failure: Failure | undefined;
  readonly identity: string;
  readonly lastHeartbeatDetails?: Payloads | undefined;
}

export function failActivity(d: Draft, ref: ActivityRef, answer: ActivityFailed): void {
  let activity = startedActivity(d, ref);
  if (answer.lastHeartbeatDetails) {
    activity = { ...activity, heartbeat: { details: answer.lastHeartbeatDetails, atMs: d.nowMs } };
    put(d, activity);
  }
  const retryState = tryAgain(d, activity, answer.failure);
  if (retryState === undefined) return;
  d.appendOrBuffer('activityTaskFailed', {
    failure: answer.failure ?? null,
    ...references(d, activity),
    identity: answer.identity,
    retryState,
  });
  remove(d, activity);
  scheduleWorkflowTask(d);
}

/** Puts the activity into backoff for its next attempt, or says why there is none. */
function tryAgain(
  d: Draft,
  activity: ActivityInfo,
  failure: Failure | undefined,
): number | undefined {
  if (activity.cancelRequestedEventId > 0) return RetryState.RETRY_STATE_CANCEL_REQUESTED;
  const decision = decideRetry({
    policy: activity.retryPolicy,
    attempt: activity.attempt,
    failure,
    nowMs: d.nowMs,
    expiresAtMs: expiresAtMs(activity),
  });
  if (decision.kind === 'stop') return decision.retryState;
  const untilMs = d.nowMs + decision.delayMs;
  put(d, {
    ...activity,
    attempt: activity.attempt + 1,
    phase: { kind: 'backoff', untilMs },
    lastFailure: failure,
  });
  d.disarm(due(activity, 'startToClose'));
  d.disarm(due(activity, 'heartbeat'));
  d.arm(due(activity, 'retry'), untilMs);
  return undefined;
}

function expiresAtMs(activity: ActivityInfo): number | undefined {
  return activity.scheduleToCloseMs > 0
    ? activity.scheduledAtMs + activity.scheduleToCloseMs
    : undefined;
}

/** The worker says that the activity ended because it was asked to. */
export function cancelActivity(
  d: Draft,
  ref: ActivityRef,
  answer: { readonly details: Payloads | undefined; readonly identity: string },
): void {
  const activity = startedActivity(d, ref);
  if (activity.cancelRequestedEventId === 0)
    throw notFound('cannot cancel activity: cancellation was not requested');
  appendCanceled(d, activity, answer.details, answer.identity);
  scheduleWorkflowTask(d);
}

function appendCanceled(
  d: Draft,
  activity: ActivityInfo,
  details: Payloads | undefined,
  identity: string,
): void {
  d.appendOrBuffer('activityTaskCanceled', {
    details: details ?? null,
    latestCancelRequestedEventId: int64(activity.cancelRequestedEventId),
    ...references(d, activity),
    identity,
  });
  remove(d, activity);
}

const NOT_STARTED: Payloads = {
  payloads: [
    {
      metadata: { encoding: new TextEncoder().encode('json/plain') },
      data: new TextEncoder().encode('"ACTIVITY_ID_NOT_STARTED"'),
    },
  ],
};

/**
 * The command RequestCancelActivityTask. An activity that no worker has is cancelled at once.
 *
 * @returns whether it was, so that the workflow needs another task
 */
export function requestCancelActivity(
  d: Draft,
  scheduledEventId: number,
  completedEventId: number,
  identity: string,
): boolean {
  const activity = d.activities.get(scheduledEventId);
  if (!activity && !hasBufferedEnd(d, scheduledEventId)) {
    throw new CommandError(
      enums.WorkflowTaskFailedCause
        .WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES,
      `invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: ${scheduledEventId}`,
    );
  }
  if (activity && activity.cancelRequestedEventId > 0) return false;
  const eventId = d.append('activityTaskCancelRequested', {
    scheduledEventId: int64(scheduledEventId),
    workflowTaskCompletedEventId: int64(completedEventId),
  });
  if (!activity) return false;
  const asked: ActivityInfo = { ...activity, cancelRequestedEventId: eventId };
  put(d, asked);
  if (asked.phase.kind === 'started') return false;
  appendCanceled(d, asked, NOT_STARTED, identity);
  return true;
}

function hasBufferedEnd(d: Draft, scheduledEventId: number): boolean {
  return d.info.buffered.some((event) => {
    const end =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    return Number(end?.scheduledEventId) === scheduledEventId;
  });
}

/** A heartbeat. True when the activity should stop because it was cancelled. */
export function heartbeatActivity(
  d: Draft,
  ref: ActivityRef,
  details: Payloads | undefined,
): boolean {
  const activity = startedActivity(d, ref);
  put(d, { ...activity, heartbeat: { details, atMs: d.nowMs } });
  armHeartbeat(d, activity);
  return activity.cancelRequestedEventId > 0;
}

/** One of an activity's timers is due. */
export function activityDue(d: Draft, scheduledEventId: number, what: ActivityDue): void {
  const activity = d.activities.get(scheduledEventId);
  if (!activity) return;
  switch (what) {
    case 'retry':
      if (activity.phase.kind === 'backoff') nextAttempt(d, activity);
      return;
    case 'scheduleToStart':
      if (activity.phase.kind === 'scheduled')
        timeOut(d, activity, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START);
      return;
    case 'scheduleToClose':
      timeOut(d, activity, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
      return;
    case 'startToClose':
      if (activity.phase.kind === 'started')
        timeOut(d, activity, TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE);
      return;
    case 'heartbeat':
      if (activity.phase.kind === 'started')
        timeOut(d, activity, TimeoutType.TIMEOUT_TYPE_HEARTBEAT);
  }
}

function nextAttempt(d: Draft, activity: ActivityInfo): void {
  const next: ActivityInfo = {
    ...activity,
    attemptScheduledAtMs: d.nowMs,
    phase: { kind: 'scheduled', stamp: d.nextStamp() },
  };
  put(d, next);
  offer(d, next);
}

function timeOut(d: Draft, activity: ActivityInfo, type: number): void {
  const details = activity.heartbeat?.details;
  let failure = activityTimeoutFailure(type, details);
  const retryState = tryAgain(d, activity, failure);
  if (retryState === undefined) return;
  if (retryState === RetryState.RETRY_STATE_TIMEOUT)
    failure = activityTimeoutFailure(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, details);
  if (activity.lastFailure) failure = { ...failure, cause: activity.lastFailure };
  d.appendOrBuffer('activityTaskTimedOut', { failure, ...references(d, activity), retryState });
  remove(d, activity);
  scheduleWorkflowTask(d);
}
