/**
 * What somebody does to a pending activity from outside: pause, unpause, reset, other options. None of
 * it is in history.
 *
 * 1. A worker that has a paused activity may go on with it, and is told with its heartbeats; its next
 *    attempt does not begin.
 * 2. A reset begins its attempts anew: at once, or when the worker that has it is done.
 */
import { alreadyCompleted, notFound } from '../errors.js';
import { due, offer, put, timing } from './activity-record.js';
import type { Draft } from './draft.js';
import { type ActivityInfo, type ActivityPause, isOpen } from './state.js';

/** Which of a run's pending activities are meant. */
export type ActivityChoice =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'all' };

/** The activities that are meant; NOT_FOUND when there is none. */
export function chosen(d: Draft, choice: ActivityChoice): ActivityInfo[] {
  if (!isOpen(d.info)) throw alreadyCompleted();
  const found = [...d.activities.values()].filter(
    (activity) =>
      choice.kind === 'all' ||
      (choice.kind === 'id'
        ? activity.activityId === choice.id
        : activity.activityType === choice.type),
  );
  if (found.length > 0 || choice.kind === 'all') return found;
  throw notFound(
    "Can't find pending activity with such ID. Invalid activityID or activity already completed",
  );
}

export function pauseActivity(d: Draft, activity: ActivityInfo, pause: ActivityPause): void {
  if (activity.paused) return;
  // The task that is out is one of an older stamp from now on.
  const phase =
    activity.phase.kind === 'scheduled'
      ? ({ kind: 'scheduled', stamp: d.nextStamp() } as const)
      : activity.phase;
  put(d, { ...activity, paused: pause, phase });
  d.disarm(due(activity, 'scheduleToStart'));
}

export interface Unpause {
  readonly resetAttempts: boolean;
  readonly resetHeartbeat: boolean;
  /** How much later than now the next attempt begins. */
  readonly delayMs: number;
}

export function unpauseActivity(d: Draft, activity: ActivityInfo, how: Unpause): void {
  if (!activity.paused) return;
  const unpaused: ActivityInfo = {
    ...activity,
    paused: undefined,
    attempt: how.resetAttempts ? 1 : activity.attempt,
    heartbeat: how.resetHeartbeat ? undefined : activity.heartbeat,
  };
  begin(d, unpaused, how.delayMs);
}

export interface ActivityReset {
  readonly resetHeartbeat: boolean;
  readonly keepPaused: boolean;
  readonly delayMs: number;
}

export function resetActivity(d: Draft, activity: ActivityInfo, how: ActivityReset): void {
  const paused = how.keepPaused ? activity.paused : undefined;
  if (activity.phase.kind === 'started') {
    put(d, { ...activity, paused, reset: { heartbeat: how.resetHeartbeat } });
    return;
  }
  const heartbeat = how.resetHeartbeat ? undefined : activity.heartbeat;
  begin(d, { ...activity, paused, heartbeat, attempt: 1 }, how.delayMs);
}

/** The options of an activity that can be changed. */
export type ActivityOptions = Pick<
  ActivityInfo,
  | 'taskQueue'
  | 'scheduleToCloseMs'
  | 'scheduleToStartMs'
  | 'startToCloseMs'
  | 'heartbeatMs'
  | 'retryPolicy'
>;

/** Other options: of the attempt that runs too, but for its task queue. */
export function changeActivityOptions(
  d: Draft,
  activity: ActivityInfo,
  options: ActivityOptions,
): void {
  const changed: ActivityInfo = { ...activity, ...options };
  put(d, changed);
  const arm = (what: 'scheduleToClose' | 'startToClose', fromMs: number, limitMs: number) =>
    limitMs > 0
      ? d.arm(due(changed, what), fromMs + limitMs, timing(changed))
      : d.disarm(due(changed, what));
  arm('scheduleToClose', changed.scheduledAtMs, changed.scheduleToCloseMs);
  const { phase } = changed;
  if (phase.kind === 'scheduled') begin(d, changed, 0);
  if (phase.kind !== 'started') return;
  arm('startToClose', phase.startedAtMs, changed.startToCloseMs);
  if (changed.heartbeatMs > 0)
    d.arm(due(changed, 'heartbeat'), d.nowMs + changed.heartbeatMs, { skippable: false });
  else d.disarm(due(changed, 'heartbeat'));
}

/** An activity that no worker has is to be had, now or a little later; a paused one is not. */
function begin(d: Draft, activity: ActivityInfo, delayMs: number): void {
  if (activity.phase.kind === 'started') {
    put(d, activity);
    return;
  }
  d.disarm(due(activity, 'retry'));
  d.disarm(due(activity, 'scheduleToStart'));
  if (delayMs > 0 && !activity.paused) {
    const untilMs = d.nowMs + delayMs;
    put(d, { ...activity, phase: { kind: 'backoff', untilMs } });
    d.arm(due(activity, 'retry'), untilMs);
    return;
  }
  const next: ActivityInfo = {
    ...activity,
    attemptScheduledAtMs: d.nowMs,
    phase: { kind: 'scheduled', stamp: d.nextStamp() },
  };
  put(d, next);
  offer(d, next);
}
