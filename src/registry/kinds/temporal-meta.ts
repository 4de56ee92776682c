/** `meta.temporal`: what makes a Lua entry a workflow, or an activity of one. */
import { z } from 'zod';
import type { ActivityMeta, RetryPolicy, WorkflowMeta } from '../entry.js';
import { count, duration, reference, text } from './fields.js';
import type { BuildContext } from './kind.js';

const WORKER = { kinds: ['temporal.worker'] } as const;

/** Says for every missing level of `meta.temporal.workflow.worker` what is missing in the end. */
const WORKFLOW_NEEDS_WORKER = {
  error: (issue: z.core.$ZodRawIssue) =>
    issue.input === undefined
      ? 'is required: a workflow names its worker in meta.temporal.workflow.worker'
      : undefined,
};

const workflow = z.strictObject(
  {
    worker: reference.describe('The temporal.worker that runs it'),
    name: text.optional().describe('Workflow type name. Default: the id of the entry.'),
    continue_as_new: z
      .enum(['auto', 'manual'])
      .optional()
      .describe('auto: goes on as a new run when its history is long. Default manual.'),
  },
  WORKFLOW_NEEDS_WORKER,
);

const retryPolicy = z.strictObject({
  initial_interval: duration.optional(),
  backoff_coefficient: z.number().min(1).optional(),
  maximum_interval: duration.optional(),
  maximum_attempts: count.optional().describe('0 means no limit.'),
  non_retryable_error_types: z.array(text).optional(),
});

const activity = z.strictObject({
  worker: reference.describe('The temporal.worker that runs it'),
  name: text.optional().describe('Activity type name. Default: the id of the entry.'),
  local: z.boolean().optional().describe('Run in the workflow worker itself. Default false.'),
  start_to_close_timeout: duration.optional().describe('Default 10m.'),
  schedule_to_close_timeout: duration.optional(),
  schedule_to_start_timeout: duration.optional(),
  heartbeat_timeout: duration.optional(),
  id: text.optional(),
  task_queue: text.optional(),
  wait_for_cancellation: z.boolean().optional(),
  disable_eager_execution: z.boolean().optional(),
  retry_policy: retryPolicy.optional(),
});

/** `meta` of what can be an activity. */
export const activityMeta = z.looseObject({
  default_host: reference.optional(),
  temporal: z.strictObject({ activity: activity.optional() }).optional(),
});

/** `meta` of a workflow. */
export const workflowMeta = z.looseObject(
  {
    default_host: reference.optional(),
    temporal: z.strictObject({ workflow }, WORKFLOW_NEEDS_WORKER),
  },
  WORKFLOW_NEEDS_WORKER,
);

export function toWorkflow(raw: z.output<typeof workflow>, context: BuildContext): WorkflowMeta {
  return {
    worker: context.ref(raw.worker, ['meta', 'temporal', 'workflow', 'worker'], WORKER),
    name: raw.name ?? context.base.id,
    continueAsNew: raw.continue_as_new ?? 'manual',
  };
}

export function toActivity(
  raw: z.output<typeof activity> | undefined,
  context: BuildContext,
): ActivityMeta | null {
  if (raw === undefined) return null;
  return {
    worker: context.ref(raw.worker, ['meta', 'temporal', 'activity', 'worker'], WORKER),
    name: raw.name ?? context.base.id,
    local: raw.local ?? false,
    options: {
      startToCloseTimeoutMs: raw.start_to_close_timeout,
      scheduleToCloseTimeoutMs: raw.schedule_to_close_timeout,
      scheduleToStartTimeoutMs: raw.schedule_to_start_timeout,
      heartbeatTimeoutMs: raw.heartbeat_timeout,
      id: raw.id,
      taskQueue: raw.task_queue,
      waitForCancellation: raw.wait_for_cancellation,
      disableEagerExecution: raw.disable_eager_execution,
      retryPolicy: toRetryPolicy(raw.retry_policy),
    },
  };
}

function toRetryPolicy(raw: z.output<typeof retryPolicy> | undefined): RetryPolicy | undefined {
  if (raw === undefined) return undefined;
  return {
    initialIntervalMs: raw.initial_interval,
    backoffCoefficient: raw.backoff_coefficient,
    maximumIntervalMs: raw.maximum_interval,
    maximumAttempts: raw.maximum_attempts,
    nonRetryableErrorTypes: raw.non_retryable_error_types,
  };
}
