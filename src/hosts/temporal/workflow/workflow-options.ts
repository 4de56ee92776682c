/** `temporal.workflow.*`: how a workflow is started, from outside or as a child. */
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { Options } from '../../../kernel/request.js';
import type { RetryDefaults } from './app-data.js';
import { CRON_SCHEDULE, isCronSchedule } from './cron-schedule.js';
import { OptionReader } from './options.js';

export const ConflictPolicy = ['use_existing', 'fail', 'terminate_existing'] as const;
export type ConflictPolicy = (typeof ConflictPolicy)[number];

export const ReusePolicy = [
  'allow_duplicate',
  'allow_duplicate_failed_only',
  'reject_duplicate',
] as const;
export type ReusePolicy = (typeof ReusePolicy)[number];

export const ClosePolicy = ['terminate', 'abandon', 'request_cancel'] as const;
export type ClosePolicy = (typeof ClosePolicy)[number];

export interface WorkflowOptions {
  readonly id: string | undefined;
  readonly taskQueue: string | undefined;
  readonly executionTimeoutMs: number | undefined;
  readonly runTimeoutMs: number | undefined;
  readonly taskTimeoutMs: number | undefined;
  readonly conflictPolicy: ConflictPolicy | undefined;
  readonly reusePolicy: ReusePolicy | undefined;
  readonly errorWhenAlreadyStarted: boolean;
  readonly retryPolicy: RetryDefaults | undefined;
  readonly cronSchedule: string | undefined;
  readonly memo: { readonly [name: string]: Value };
  readonly searchAttributes: { readonly [name: string]: Value };
  readonly eagerStart: boolean;
  readonly startDelayMs: number | undefined;
  readonly parentClosePolicy: ClosePolicy | undefined;
  readonly waitForCancellation: boolean;
  readonly namespace: string | undefined;
}

/** @throws PerdureError INVALID naming an option that is unknown or has a value it cannot have. */
export function readWorkflowOptions(options: Options): WorkflowOptions {
  const reader = new OptionReader(options, 'workflow');
  const result: WorkflowOptions = {
    id: reader.id('id'),
    taskQueue: reader.taskQueue('task_queue'),
    executionTimeoutMs: reader.durationMs('execution_timeout'),
    runTimeoutMs: reader.durationMs('run_timeout'),
    taskTimeoutMs: reader.durationMs('task_timeout'),
    conflictPolicy: reader.oneOf('id_conflict_policy', ConflictPolicy),
    reusePolicy: reader.oneOf('id_reuse_policy', ReusePolicy),
    errorWhenAlreadyStarted: reader.flag('execution_error_when_already_started') ?? false,
    retryPolicy: reader.retryPolicy('retry_policy'),
    cronSchedule: reader.text('cron_schedule'),
    memo: reader.map('memo') ?? {},
    searchAttributes: reader.map('search_attributes') ?? {},
    eagerStart: reader.flag('enable_eager_start') ?? false,
    startDelayMs: reader.durationMs('start_delay') || undefined,
    parentClosePolicy: reader.oneOf('parent_close_policy', ClosePolicy),
    waitForCancellation: reader.flag('wait_for_cancellation') ?? false,
    namespace: reader.text('namespace'),
  };
  const { cronSchedule, startDelayMs } = result;
  if (cronSchedule !== undefined && !isCronSchedule(cronSchedule)) {
    reader.refuse('cron_schedule', CRON_SCHEDULE);
  }
  if (cronSchedule !== undefined && startDelayMs !== undefined) {
    throw new PerdureError(
      ErrorKind.INVALID,
      'temporal.workflow.cron_schedule and temporal.workflow.start_delay exclude each other',
    );
  }
  return result;
}

/**
 * What to do when the id is taken by a running workflow: what was said, else `fail` for an id that was
 * made up (a clash is a mistake) and `use_existing` for one that was given.
 */
export function conflictPolicyOf(options: WorkflowOptions, idGiven: boolean): ConflictPolicy {
  if (options.conflictPolicy !== undefined) return options.conflictPolicy;
  return idGiven && !options.errorWhenAlreadyStarted ? 'use_existing' : 'fail';
}

/** @throws PerdureError INVALID where another namespace is asked for than the worker's own. */
export function checkNamespace(options: WorkflowOptions, worker: string, namespace: string): void {
  if (options.namespace === undefined || options.namespace === namespace) return;
  throw new PerdureError(
    ErrorKind.INVALID,
    `temporal.workflow.namespace is "${options.namespace}", and ${worker} works in "${namespace}": ` +
      'spawn on a worker of a client of that namespace',
  );
}

/** The first option that no command of a workflow can carry, so that a client has to start it. */
export function clientOnly(options: WorkflowOptions): string | undefined {
  if (options.conflictPolicy === 'terminate_existing') return 'id_conflict_policy';
  if (options.startDelayMs !== undefined) return 'start_delay';
  return options.eagerStart ? 'enable_eager_start' : undefined;
}
