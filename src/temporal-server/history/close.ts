/**
 * The end of a run: completed, failed, canceled, continued as new, terminated or timed out; and the
 * run that follows where a retry policy or a cron schedule asks for one.
 *
 * 1. The parent is told when the chain of runs ends, not when one run hands over to the next.
 * 2. Nothing that was pending happens any more; children get their parent close policy.
 */

import { invalid } from '../errors.js';
import {
  duration,
  durationMs,
  enums,
  type Failure,
  int64,
  type Payloads,
  Status,
  type temporal,
} from '../proto.js';
import { cronDelayMs } from './cron.js';
import type { Draft } from './draft.js';
import type { Outcome } from './effects.js';
import { CommandError } from './failures.js';
import { overLimit, queueNameProblem } from './ids.js';
import { HISTORY_EVENT_LIMIT, HISTORY_SIZE_LIMIT_BYTES } from './limits.js';
import { handedOn } from './reset-points.js';
import { decideRetry } from './retry.js';
import { type StartSpec, scheduleFirstTask, startRun, successorSpec } from './start.js';
import { isOpen } from './state.js';
import { abortUpdates } from './updates.js';
import { failWorkflowTask } from './workflow-task.js';

const { ContinueAsNewInitiator: Initiator, RetryState, ParentClosePolicy } = enums;

/**
 * Shared by all ends: no more tasks, timers or children; parent and children are told.
 *
 * @param isReset - a new run takes everything over: nobody is told
 */
function close(d: Draft, status: Status, outcome: Outcome, isReset = false): void {
  d.info.status = status;
  d.info.closedAtMs = d.nowMs;
  d.info.workflowTask = { kind: 'none' };
  d.info.runnableActivities = 0;
  d.info.buffered = [];
  d.effects.push({ kind: 'disarmAll' });
  if (isReset) return;
  const continues = d.successor !== undefined;
  if (d.info.parent && !continues) {
    const { parent } = d.info;
    d.transfer({ kind: 'childClosed', parent, outcome });
  }
  for (const child of d.children.values()) {
    if (child.parentClosePolicy === ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON) continue;
    if (!child.runId) continue;
    const { workflowId, runId } = child;
    d.transfer({
      kind: 'parentClosed',
      child: { workflowId, runId },
      policy: child.parentClosePolicy,
    });
  }
}

/** Runs of a chain begin at least this far apart, so that one that always goes on at once is no busy loop. */
const MIN_RUN_MS = 1000;

/** Starts the run that takes over, in the same transaction. */
function succeed(d: Draft, overrides: Partial<StartSpec>): string {
  const lifetimeMs = d.nowMs - d.info.executionAtMs;
  const backoffMs = overrides.backoffMs ?? 0;
  const tooSoon = lifetimeMs + backoffMs < MIN_RUN_MS;
  const retentionMs = d.retentionMs(d.key.namespace);
  const spec = successorSpec(d, {
    resetPoints: handedOn(d.info.resetPoints, d.key.runId, d.nowMs, retentionMs),
    ...overrides,
    backoffMs: tooSoon ? MIN_RUN_MS - lifetimeMs : backoffMs,
  });
  d.successor = startRun(spec, {
    nowMs: d.nowMs,
    aheadMs: d.info.aheadMs,
    newId: d.newId,
    retentionMs: d.retentionMs,
  });
  scheduleFirstTask(d.successor);
  d.info.newRunId = spec.key.runId;
  return spec.key.runId;
}

function predecessor(d: Draft, initiator: number, failure?: Failure, lastResult?: Payloads) {
  return {
    runId: d.key.runId,
    firstRunId: d.info.firstRunId,
    initiator,
    failure,
    lastResult: lastResult ?? d.info.started.lastCompletionResult ?? undefined,
  };
}

/** The next run of a cron schedule; empty when there is none. */
function nextCronRun(d: Draft, failure?: Failure, lastResult?: Payloads): string {
  const cron = d.info.started.cronSchedule;
  if (!cron || d.info.cancelRequested) return '';
  const delayMs = cronDelayMs(cron, d.info.executionAtMs, d.nowMs);
  if (delayMs === undefined) return '';
  if (d.info.expiresAtMs !== undefined && d.nowMs + delayMs >= d.info.expiresAtMs) return '';
  return succeed(d, {
    backoffMs: delayMs,
    predecessor: predecessor(
      d,
      Initiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE,
      failure,
      lastResult,
    ),
  });
}

export function completeRun(
  d: Draft,
  result: Payloads | undefined,
  completedEventId: number,
): void {
  const newExecutionRunId = nextCronRun(d, undefined, result);
  d.append('workflowExecutionCompleted', {
    result: result ?? null,
    workflowTaskCompletedEventId: int64(completedEventId),
    newExecutionRunId,
  });
  close(d, Status.WORKFLOW_EXECUTION_STATUS_COMPLETED, { kind: 'completed', result });
}

/** A retry by the workflow's own policy: the new run's id, or why there is none. */
function retryRun(d: Draft, failure: Failure | undefined): { runId: string; retryState: number } {
  const attempt = d.info.started.attempt ?? 1;
  const decision = decideRetry({
    policy: d.info.started.retryPolicy,
    attempt,
    failure,
    nowMs: d.nowMs,
    expiresAtMs: d.info.expiresAtMs,
  });
  if (decision.kind === 'stop') return { runId: '', retryState: decision.retryState };
  const runId = succeed(d, {
    attempt: attempt + 1,
    backoffMs: decision.delayMs,
    predecessor: predecessor(d, Initiator.CONTINUE_AS_NEW_INITIATOR_RETRY, failure),
  });
  return { runId, retryState: RetryState.RETRY_STATE_IN_PROGRESS };
}

export function failRun(d: Draft, failure: Failure, completedEventId: number): void {
  const { runId, retryState } = retryRun(d, failure);
  const newExecutionRunId = runId || nextCronRun(d, failure);
  d.append('workflowExecutionFailed', {
    failure,
    retryState,
    workflowTaskCompletedEventId: int64(completedEventId),
    newExecutionRunId,
  });
  close(d, Status.WORKFLOW_EXECUTION_STATUS_FAILED, { kind: 'failed', failure, retryState });
}

export function cancelRun(d: Draft, details: Payloads | undefined, completedEventId: number): void {
  if (!d.info.cancelRequested) {
    throw new CommandError(
      enums.WorkflowTaskFailedCause
        .WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES,
      'cancel of the workflow was not requested',
    );
  }
  d.append('workflowExecutionCanceled', {
    workflowTaskCompletedEventId: int64(completedEventId),
    details: details ?? null,
  });
  close(d, Status.WORKFLOW_EXECUTION_STATUS_CANCELED, { kind: 'canceled', details });
}

type ContinueCommand = temporal.api.command.v1.IContinueAsNewWorkflowExecutionCommandAttributes;

/**
 * Continue-as-new: the new run has the old one's timeouts unless the command names others. Memo, search
 * attributes, retry policy and cron schedule are those of the command: an SDK that wants to keep them
 * says them again.
 */
export function continueRun(d: Draft, command: ContinueCommand, completedEventId: number): void {
  checkNames(command);
  const taskTimeoutMs = durationMs(command.workflowTaskTimeout) || d.info.taskTimeoutMs;
  const runTimeoutMs = durationMs(command.workflowRunTimeout) || d.info.runTimeoutMs;
  const backoffMs = durationMs(command.backoffStartInterval);
  const initiator = command.initiator || Initiator.CONTINUE_AS_NEW_INITIATOR_WORKFLOW;
  const spec: Partial<StartSpec> = {
    workflowType: command.workflowType?.name || d.info.workflowType,
    taskQueue: command.taskQueue?.name || d.info.taskQueue,
    input: command.input ?? undefined,
    header: command.header ?? undefined,
    memo: command.memo?.fields ?? {},
    searchAttributes: command.searchAttributes?.indexedFields ?? {},
    runTimeoutMs,
    writesNoRunTimeout: true,
    taskTimeoutMs,
    backoffMs,
    retryPolicy: command.retryPolicy ?? undefined,
    cronSchedule: command.cronSchedule ?? '',
    predecessor: predecessor(
      d,
      initiator,
      command.failure ?? undefined,
      command.lastCompletionResult ?? undefined,
    ),
  };
  const newExecutionRunId = succeed(d, spec);
  d.append('workflowExecutionContinuedAsNew', {
    newExecutionRunId,
    workflowType: { name: spec.workflowType ?? '' },
    taskQueue: { name: spec.taskQueue ?? '', kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
    input: command.input ?? null,
    workflowRunTimeout: duration(runTimeoutMs),
    workflowTaskTimeout: duration(taskTimeoutMs),
    workflowTaskCompletedEventId: int64(completedEventId),
    backoffStartInterval: command.backoffStartInterval ?? null,
    initiator: command.initiator ?? 0,
    failure: command.failure ?? null,
    lastCompletionResult: command.lastCompletionResult ?? null,
    header: command.header ?? null,
    memo: command.memo ?? null,
    searchAttributes: command.searchAttributes ?? null,
    inheritBuildId: command.inheritBuildId ?? false,
  });
  close(d, Status.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, {
    kind: 'completed',
    result: undefined,
  });
}

function checkNames(command: ContinueCommand): void {
  const bad = (what: string) =>
    new CommandError(
      enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES,
      what,
    );
  const type = command.workflowType?.name ?? '';
  const over = overLimit(type);
  if (over)
    throw bad(
      `WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType=${type} ${over}`,
    );
  const name = command.taskQueue?.name ?? '';
  const queue = queueNameProblem(name);
  // For this Temporal refuses the answer, and the task stays as it is.
  if (queue)
    throw invalid(
      `error validating ContinueAsNewWorkflowExecutionCommand TaskQueue: ${queue}. WorkflowType=${type} TaskQueue=name:"${name}"`,
    );
}

/** A workflow task that is in progress while the run is ended from outside fails first. */
function forceTaskEnd(d: Draft): void {
  const task = d.info.workflowTask;
  if (task.kind === 'started') {
    failWorkflowTask(d, task, {
      cause: enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
      identity: 'history-service',
    });
  } else if (task.kind === 'scheduled' && task.speculative) {
    d.info.workflowTask = { kind: 'none' };
  }
  d.flush();
}

export function terminateRun(
  d: Draft,
  how: {
    readonly reason: string;
    readonly details?: Payloads | undefined;
    readonly identity: string;
    readonly links?: temporal.api.common.v1.ILink[] | undefined;
    readonly isReset?: boolean;
  },
): void {
  forceTaskEnd(d);
  d.append(
    'workflowExecutionTerminated',
    { reason: how.reason, details: how.details ?? null, identity: how.identity },
    { links: how.links },
  );
  close(d, Status.WORKFLOW_EXECUTION_STATUS_TERMINATED, { kind: 'terminated' }, how.isReset);
  abortUpdates(d);
}

/** The run timeout, or that of the whole execution, is due. */
export function timeOutRun(d: Draft): void {
  if (!isOpen(d.info)) return;
  forceTaskEnd(d);
  const timeoutType = enums.TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE;
  const failure: Failure = {
    message: 'workflow timeout',
    source: 'Server',
    timeoutFailureInfo: { timeoutType },
  };
  const expired = d.info.expiresAtMs !== undefined && d.nowMs >= d.info.expiresAtMs;
  const retry = expired
    ? { runId: '', retryState: RetryState.RETRY_STATE_TIMEOUT }
    : retryRun(d, failure);
  const newExecutionRunId = retry.runId || (expired ? '' : nextCronRun(d, failure));
  d.append('workflowExecutionTimedOut', { retryState: retry.retryState, newExecutionRunId });
  close(d, Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, {
    kind: 'timedOut',
    retryState: retry.retryState,
  });
  abortUpdates(d);
}

/** A run whose history passes a limit is terminated in the same transaction. */
export function enforceHistoryLimits(d: Draft): void {
  if (!isOpen(d.info)) return;
  const { nextEventId, historySizeBytes } = d.info;
  const over =
    nextEventId - 1 > HISTORY_EVENT_LIMIT
      ? 'count'
      : historySizeBytes > HISTORY_SIZE_LIMIT_BYTES
        ? 'size'
        : undefined;
  if (over)
    terminateRun(d, {
      reason: `Workflow history ${over} exceeds limit.`,
      identity: 'history-service',
    });
}
