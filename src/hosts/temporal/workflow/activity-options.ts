/** `activity.*`: how an activity is called; the entry's own defaults stand behind the call's options. */
import type { Options } from '../../../kernel/request.js';
import type { ActivityDefaults, RetryDefaults } from './app-data.js';
import { OptionReader } from './options.js';

export interface ActivityCallOptions {
  readonly startToCloseTimeoutMs: number;
  readonly scheduleToCloseTimeoutMs: number | undefined;
  readonly scheduleToStartTimeoutMs: number | undefined;
  readonly heartbeatTimeoutMs: number | undefined;
  readonly id: string | undefined;
  readonly taskQueue: string | undefined;
  readonly waitForCancellation: boolean;
  readonly disableEagerExecution: boolean;
  readonly retryPolicy: RetryDefaults | undefined;
}

const START_TO_CLOSE_MS = 10 * 60_000;

/**
 * Workers here heartbeat every activity by themselves, so a lost worker shows after this time and not
 * only when the activity's whole time is up.
 */
const HEARTBEAT_MS = 15_000;

/** @throws PerdureError INVALID naming an option that is unknown or has a value it cannot have. */
export function readActivityOptions(
  options: Options,
  defaults: ActivityDefaults,
): ActivityCallOptions {
  const reader = new OptionReader(options, 'activity');
  const taskQueue = reader.taskQueue('task_queue') ?? defaults.taskQueue;
  const result: ActivityCallOptions = {
    startToCloseTimeoutMs:
      reader.durationMs('start_to_close_timeout') ??
      defaults.startToCloseTimeoutMs ??
      START_TO_CLOSE_MS,
    scheduleToCloseTimeoutMs:
      reader.durationMs('schedule_to_close_timeout') ?? defaults.scheduleToCloseTimeoutMs,
    scheduleToStartTimeoutMs:
      reader.durationMs('schedule_to_start_timeout') ?? defaults.scheduleToStartTimeoutMs,
    heartbeatTimeoutMs:
      reader.durationMs('heartbeat_timeout') ??
      defaults.heartbeatTimeoutMs ??
      // Another queue may be served by another SDK's worker, which heartbeats only when it is told to.
      (taskQueue === undefined ? HEARTBEAT_MS : undefined),
    id: reader.id('id') ?? defaults.id,
    taskQueue,
    waitForCancellation:
      reader.flag('wait_for_cancellation') ?? defaults.waitForCancellation ?? false,
    disableEagerExecution:
      reader.flag('disable_eager_execution') ?? defaults.disableEagerExecution ?? false,
    retryPolicy: reader.retryPolicy('retry_policy') ?? defaults.retryPolicy,
  };
  if (result.startToCloseTimeoutMs === 0 && !result.scheduleToCloseTimeoutMs) {
    reader.refuse('start_to_close_timeout', 'more than 0, or a schedule_to_close_timeout');
  }
  return result;
}
