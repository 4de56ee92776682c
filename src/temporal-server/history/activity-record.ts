/**
 * The record of an activity in its run.
 *
 * `runnableActivities` counts those that a worker has or can get now; every change of phase goes
 * through {@link put}, which keeps it right.
 */
import type { Draft } from './draft.js';
import type { ActivityDue } from './effects.js';
import type { ActivityInfo } from './state.js';

export function due(activity: ActivityInfo, what: ActivityDue) {
  return { kind: 'activity', scheduledEventId: activity.scheduledEventId, what } as const;
}

/** Replaces an activity's record and keeps count of those that are work. */
export function put(d: Draft, activity: ActivityInfo): void {
  const before = d.activities.get(activity.scheduledEventId);
  d.info.runnableActivities += weight(activity) - (before ? weight(before) : 0);
  d.activities.set(activity.scheduledEventId, activity);
}

function weight(activity: ActivityInfo): number {
  const { background, phase, paused } = activity;
  const waits = phase.kind === 'backoff' || (phase.kind === 'scheduled' && paused !== undefined);
  return background || waits ? 0 : 1;
}

export function remove(d: Draft, activity: ActivityInfo): void {
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

/** Offers an activity to workers; a paused one waits until it is unpaused. */
export function offer(d: Draft, activity: ActivityInfo): void {
  if (activity.phase.kind !== 'scheduled' || activity.paused) return;
  const { scheduledEventId, taskQueue } = activity;
  d.effects.push({
    kind: 'activityTask',
    stamp: activity.phase.stamp,
    scheduledEventId,
    taskQueue,
  });
  if (activity.scheduleToStartMs > 0)
    d.arm(due(activity, 'scheduleToStart'), d.nowMs + activity.scheduleToStartMs, timing(activity));
}

/** A background activity is no work, so its time limits are real time: no clock skips to them. */
export function timing(activity: ActivityInfo): { readonly skippable: boolean } {
  return { skippable: !activity.background };
}
