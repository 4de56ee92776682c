/**
 * What is pending in a run, from its state alone: the timers that are set and the tasks that are out.
 * A server that takes a run up again carries these effects out; while it runs they are what the rules
 * have armed and offered so far (durable specs compare the two).
 *
 * Transfers are not here: whether one was handed over is no part of the state.
 */
import { due, timing } from './activity-record.js';
import type { ActivityDue, Due, Effect } from './effects.js';
import { runTimeoutAtMs } from './start.js';
import { type ActivityInfo, isOpen, type RunInfo, type RunState } from './state.js';
import { isDelaySkippable, scheduleToStartMs } from './workflow-task.js';

export function pendingEffects({ info, timers, activities }: RunState): Effect[] {
  if (!isOpen(info)) return [];
  return [
    ...runTimeout(info),
    ...workflowTask(info),
    ...[...timers.values()].map(({ timerId, atMs }) => arm({ kind: 'userTimer', timerId }, atMs)),
    ...[...activities.values()].flatMap(activity),
  ];
}

function arm(due: Due, atMs: number, skippable = true): Effect {
  return { kind: 'arm', due, atMs, skippable };
}

function runTimeout(info: RunInfo): Effect[] {
  const atMs = runTimeoutAtMs(info);
  return atMs === undefined ? [] : [arm({ kind: 'runTimeout' }, atMs)];
}

function workflowTask(info: RunInfo): Effect[] {
  const task = info.workflowTask;
  switch (task.kind) {
    case 'none':
      return [];
    case 'delayed':
      return [arm({ kind: 'workflowTaskDelay' }, task.untilMs, isDelaySkippable(info))];
    case 'scheduled': {
      const { stamp, sticky } = task;
      const taskQueue = (sticky ? info.sticky?.name : undefined) ?? info.taskQueue;
      const limitMs = scheduleToStartMs(info, task);
      const due = { kind: 'workflowTaskScheduleToStart', stamp } as const;
      return [
        ...firstTaskDelay(info, task),
        { kind: 'workflowTask', stamp, taskQueue, sticky },
        ...(limitMs === undefined ? [] : [arm(due, task.scheduledAtMs + limitMs, false)]),
      ];
    }
    case 'started': {
      const due = { kind: 'workflowTaskStartToClose', stamp: task.stamp } as const;
      return [
        ...firstTaskDelay(info, task),
        arm(due, task.startedAtMs + info.taskTimeoutMs, false),
      ];
    }
  }
}

/** A task for updates that came before the first one: that one is still kept back. */
function firstTaskDelay(info: RunInfo, { speculative }: { speculative: boolean }): Effect[] {
  const waits = speculative && info.lastCompletedStartedId === 0;
  const isDelayed = waits && info.executionAtMs > info.startedAtMs;
  return isDelayed ? [arm({ kind: 'workflowTaskDelay' }, info.executionAtMs)] : [];
}

function activity(activity: ActivityInfo): Effect[] {
  const { scheduledEventId, phase, taskQueue } = activity;
  const { skippable } = timing(activity);
  const within = (
    what: ActivityDue,
    fromMs: number,
    limitMs: number,
    skip = skippable,
  ): Effect[] => (limitMs > 0 ? [arm(due(activity, what), fromMs + limitMs, skip)] : []);
  const close = within('scheduleToClose', activity.scheduledAtMs, activity.scheduleToCloseMs);
  switch (phase.kind) {
    case 'scheduled': {
      if (activity.paused) return close;
      const { attemptScheduledAtMs, scheduleToStartMs } = activity;
      return [
        ...close,
        ...within('scheduleToStart', attemptScheduledAtMs, scheduleToStartMs),
        { kind: 'activityTask', stamp: phase.stamp, scheduledEventId, taskQueue },
      ];
    }
    case 'backoff':
      return [...close, arm(due(activity, 'retry'), phase.untilMs)];
    case 'started': {
      const beatAtMs = Math.max(phase.startedAtMs, activity.heartbeat?.atMs ?? 0);
      return [
        ...close,
        ...within('startToClose', phase.startedAtMs, activity.startToCloseMs),
        ...within('heartbeat', beatAtMs, activity.heartbeatMs, false),
      ];
    }
  }
}
