/**
 * Activities of a run: attempts, their four timeouts, heartbeats, cancellation, retries.
 *
 * History shows an activity when it is scheduled and when it ends: the started event is written
 * at the end, with the last attempt's number and the failure before it.
 */
import { alreadyCompleted, invalid, notFound } from '../errors.js';
import { enums, type Failure, int64, type Payloads } from '../proto.js';
import { due, offer, put, remove, timing } from './activity-record.js';
import type { Draft } from './draft.js';
import type { ActivityDue } from './effects.js';
import { activityTimeoutFailure, CommandError } from './failures.js';
import { decideRetry } from './retry.js';
import { type ActivityInfo, isOpen } from './state.js';
import { scheduleWorkflowTask } from './workflow-task.js';

const { TimeoutType, RetryState } = enums;

/** A worker takes the activity; undefined when it is no longer there to take. */
export function startActivity(
  d: Draft,
  task: { readonly scheduledEventId: number; readonly stamp: number },
  request: { readonly requestId: string; readonly identity: string },
): ActivityInfo | undefined {
  if (!isOpen(d.info)) return undefined;
  const activity = d.activities.get(task.scheduledEventId);
  if (activity?.phase.kind !== 'scheduled' || activity.phase.stamp !== task.stamp) return undefined;
  const started: ActivityInfo = {
    ...activity,
    phase: { kind: 'started', startedAtMs: d.nowMs, requestId: request.requestId },
    lastIdentity: request.identity,
  };
  put(d, started);
  d.disarm(due(activity, 'scheduleToStart'));
  if (activity.startToCloseMs > 0)
    d.arm(due(activity, 'startToClose'), d.nowMs + activity.startToCloseMs, timing(activity));
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

/**
 * The activity whose end is told. By its id one may be ended that no worker has: whoever ends it counts
 * as the one that took it.
 */
function endedActivity(
  d: Draft,
  ref: ActivityRef,
  { identity }: { readonly identity: string },
): ActivityInfo {
  const activity = d.activities.get(ref.scheduledEventId);
  if (ref.attempt !== undefined || !activity || activity.phase.kind === 'started')
    return startedActivity(d, ref);
  if (!isOpen(d.info)) throw alreadyCompleted();
  return {
    ...activity,
    phase: { kind: 'started', startedAtMs: d.nowMs, requestId: '' },
    lastIdentity: identity,
  };
}

/** The scheduled event of the activity with that id; NOT_FOUND without one. */
export function activityById(d: Draft, activityId: string): ActivityRef {
  if (!isOpen(d.info)) throw alreadyCompleted();
  const scheduledEventId = d.activityIds.get(activityId);
  if (scheduledEventId === undefined)
    throw notFound(
      `cannot find pending activity with ActivityID ${activityId}, check workflow execution history for more details`,
    );
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
  answer: {
    readonly result: Payloads | undefined;
    readonly identity: string;
    readonly buildId?: string;
  },
): void {
  const activity = { ...endedActivity(d, ref, answer), lastBuildId: answer.buildId ?? '' };
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
  readonly buildId?: string;
  readonly lastHeartbeatDetails?: Payloads | undefined;
}

export function failActivity(d: Draft, ref: ActivityRef, answer: ActivityFailed): void {
  let activity: ActivityInfo = {
    ...endedActivity(d, ref, answer),
    lastBuildId: answer.buildId ?? '',
  };
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
  // After a reset the attempt that has just failed does not count.
  const attempt = activity.reset ? 0 : activity.attempt;
  const decision = decideRetry({
    policy: activity.retryPolicy,
    attempt,
    failure,
    nowMs: d.nowMs,
    expiresAtMs: expiresAtMs(activity),
  });
  if (decision.kind === 'stop') return decision.retryState;
  const untilMs = d.nowMs + decision.delayMs;
  put(d, {
    ...activity,
    attempt: attempt + 1,
    phase: { kind: 'backoff', untilMs },
    lastFailure: failure,
    lastEndedAtMs: d.nowMs,
    heartbeat: activity.reset?.heartbeat ? undefined : activity.heartbeat,
    reset: undefined,
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
    throw invalid(
      'unable to mark activity as canceled without activity being request canceled first',
    );
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

/** What a worker is told with a heartbeat of its activity. */
export interface HeartbeatAnswer {
  /** It should stop: it was cancelled. */
  readonly cancelRequested: boolean;
  readonly activityPaused: boolean;
  readonly activityReset: boolean;
}

export function heartbeatActivity(
  d: Draft,
  ref: ActivityRef,
  details: Payloads | undefined,
): HeartbeatAnswer {
  const activity = startedActivity(d, ref);
  put(d, { ...activity, heartbeat: { details, atMs: d.nowMs } });
  armHeartbeat(d, activity);
  return {
    cancelRequested: activity.cancelRequestedEventId > 0,
    activityPaused: activity.paused !== undefined,
    activityReset: activity.reset !== undefined,
  };
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
      // The time to start ends no later: nobody took it.
      timeOut(
        d,
        activity,
        activity.phase.kind === 'scheduled' && activity.attempt === 1
          ? TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START
          : TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE,
      );
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
