/** `temporal.worker`: a worker of a task queue, which is also the host of durable processes. */
import { z } from 'zod';
import type { TemporalWorkerEntry, WorkerOptions, WorkerVersioning } from '../entry.js';
import { commonFields, count, duration, positiveCount, reference, text } from './fields.js';
import { type BuildContext, defineKind } from './kind.js';
import { lifecycle, toLifecycle } from './lifecycle.js';

const rate = z.number().min(0).optional().describe('0 means no limit.');

/** Accepted because workers elsewhere have them; without an equivalent here, each is a warning. */
const withoutEffect = {
  enable_session_worker: z.boolean().optional(),
  max_concurrent_session_execution_size: count.optional(),
  max_concurrent_eager_activity_execution_size: count.optional(),
  worker_local_activities_per_second: rate,
  deadlock_detection_timeout: duration.optional(),
  disable_registration_aliasing: z.boolean().optional(),
};

const workerOptions = z.strictObject({
  max_concurrent_activity_execution_size: positiveCount.optional(),
  max_concurrent_workflow_task_execution_size: positiveCount.optional(),
  max_concurrent_local_activity_execution_size: positiveCount.optional(),
  max_concurrent_activity_task_pollers: positiveCount.optional(),
  max_concurrent_workflow_task_pollers: positiveCount.optional(),
  worker_activities_per_second: rate,
  task_queue_activities_per_second: rate,
  max_cached_workflows: count
    .optional()
    .describe('0: every workflow task begins with a replay of the whole history.'),
  sticky_schedule_to_start_timeout: duration.optional(),
  worker_stop_timeout: duration.optional(),
  max_heartbeat_throttle_interval: duration.optional(),
  default_heartbeat_throttle_interval: duration.optional(),
  identity: text.optional(),
  enable_logging_in_replay: z.boolean().optional(),
  disable_workflow_worker: z.boolean().optional(),
  local_activity_worker_only: z.boolean().optional(),
  disable_eager_activities: z.boolean().optional(),
  deployment_name: z.string().optional(),
  build_id: z.string().optional(),
  build_id_env: z.string().optional().describe('Environment variable that holds the build id.'),
  use_versioning: z.boolean().optional(),
  default_versioning_behavior: z.enum(['pinned', 'auto_upgrade']).optional(),
  ...withoutEffect,
});

type RawOptions = z.output<typeof workerOptions>;

export const temporalWorker = defineKind(
  z.strictObject({
    ...commonFields('temporal.worker'),
    client: reference.describe('The temporal.client it works for'),
    task_queue: text.describe('The task queue it polls'),
    worker_options: workerOptions.optional(),
    lifecycle: lifecycle.optional(),
  }),
  (raw, context): TemporalWorkerEntry => ({
    ...context.base,
    kind: 'temporal.worker',
    client: context.ref(raw.client, ['client'], { kinds: ['temporal.client'], starts: true }),
    taskQueue: raw.task_queue,
    options: toOptions(raw.worker_options ?? {}, context),
    lifecycle: toLifecycle(raw.lifecycle, context),
  }),
);

function toOptions(raw: RawOptions, context: BuildContext): WorkerOptions {
  for (const name of Object.keys(withoutEffect)) {
    if (name in raw) {
      context.warn(['worker_options', name], 'has no effect: workers here have nothing like it');
    }
  }
  return {
    maxConcurrentActivityExecutionSize: raw.max_concurrent_activity_execution_size,
    maxConcurrentWorkflowTaskExecutionSize: raw.max_concurrent_workflow_task_execution_size,
    maxConcurrentLocalActivityExecutionSize: raw.max_concurrent_local_activity_execution_size,
    maxConcurrentActivityTaskPollers: raw.max_concurrent_activity_task_pollers,
    maxConcurrentWorkflowTaskPollers: raw.max_concurrent_workflow_task_pollers,
    workerActivitiesPerSecond: raw.worker_activities_per_second || undefined,
    taskQueueActivitiesPerSecond: raw.task_queue_activities_per_second || undefined,
    maxCachedWorkflows: raw.max_cached_workflows,
    stickyScheduleToStartTimeoutMs: raw.sticky_schedule_to_start_timeout,
    workerStopTimeoutMs: raw.worker_stop_timeout,
    maxHeartbeatThrottleIntervalMs: raw.max_heartbeat_throttle_interval,
    defaultHeartbeatThrottleIntervalMs: raw.default_heartbeat_throttle_interval,
    identity: raw.identity,
    enableLoggingInReplay: raw.enable_logging_in_replay ?? false,
    disableWorkflowWorker: raw.disable_workflow_worker ?? false,
    localActivityWorkerOnly: raw.local_activity_worker_only ?? false,
    disableEagerActivities: raw.disable_eager_activities ?? false,
    versioning: toVersioning(raw, context),
  };
}

/** Empty texts count as absent: `build_id: ""` next to `build_id_env` means the environment decides. */
function toVersioning(raw: RawOptions, context: BuildContext): WorkerVersioning | null {
  const build = raw.build_id || raw.build_id_env;
  if (!raw.deployment_name || !build) {
    if (raw.use_versioning) {
      context.problem(
        ['worker_options', 'use_versioning'],
        'needs deployment_name, and build_id or build_id_env',
      );
    }
    return null;
  }
  return {
    deploymentName: raw.deployment_name,
    buildId: { kind: raw.build_id ? 'value' : 'env', text: build },
    useVersioning: raw.use_versioning ?? false,
    defaultBehavior: raw.default_versioning_behavior ?? null,
  };
}
