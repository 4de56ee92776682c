/**
 * Children of a run. The parent's transaction writes that a child was asked for; a transfer starts
 * it, and what came of that is another transaction on the parent. The request id of the start is
 * part of the record, so that a transfer which is carried out twice starts one child.
 */
import { invalid } from '../errors.js';
import { duration, durationMs, enums, int64, type PayloadMap, type temporal } from '../proto.js';
import { PENDING_LIMIT } from './activity-schedule.js';
import { cronProblem } from './cron.js';
import type { Draft } from './draft.js';
import type { Outcome } from './effects.js';
import { CommandError } from './failures.js';
import { overLimit, queueNameProblem } from './ids.js';
import { retryPolicyProblem, withDefaults } from './retry.js';
import { completeTimeouts } from './start.js';
import type { ChildInfo } from './state.js';
import { isOpen } from './state.js';
import { scheduleWorkflowTask } from './workflow-task.js';

const Cause = enums.WorkflowTaskFailedCause;

type StartCommand = temporal.api.command.v1.IStartChildWorkflowExecutionCommandAttributes;

/** The command StartChildWorkflowExecution. */
export function initiateChild(
  d: Draft,
  command: StartCommand,
  completedEventId: number,
  userMetadata: temporal.api.sdk.v1.IUserMetadata | null | undefined,
): void {
  checkChild(d, command);
  const { runTimeoutMs, taskTimeoutMs } = completeTimeouts(command);
  const attributes: ChildInfo['attributes'] = {
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowId: command.workflowId ?? '',
    workflowType: { name: command.workflowType?.name ?? '' },
    taskQueue: {
      name: command.taskQueue?.name || d.info.taskQueue,
      kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL,
    },
    input: command.input ?? null,
    workflowExecutionTimeout: command.workflowExecutionTimeout ?? null,
    workflowRunTimeout: duration(runTimeoutMs),
    workflowTaskTimeout: duration(taskTimeoutMs),
    parentClosePolicy:
      command.parentClosePolicy || enums.ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE,
    control: command.control ?? '',
    workflowTaskCompletedEventId: int64(completedEventId),
    workflowIdReusePolicy:
      command.workflowIdReusePolicy ||
      enums.WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    retryPolicy: command.retryPolicy ? withDefaults(command.retryPolicy) : null,
    cronSchedule: command.cronSchedule ?? '',
    header: command.header ?? null,
    memo: command.memo ?? null,
    searchAttributes: command.searchAttributes ?? null,
    inheritBuildId: command.inheritBuildId ?? false,
    priority: command.priority ?? null,
  };
  const initiatedEventId = d.append('startChildWorkflowExecutionInitiated', attributes, {
    userMetadata,
  });
  const child = childRecord(attributes, initiatedEventId, `${d.key.runId}:${initiatedEventId}:0`);
  d.children.set(initiatedEventId, child);
  d.transfer({ kind: 'startChild', child });
}

/** The record of a child as its event tells of it. */
export function childRecord(
  attributes: ChildInfo['attributes'],
  initiatedEventId: number,
  requestId: string,
): ChildInfo {
  return {
    initiatedEventId,
    requestId,
    workflowId: attributes.workflowId ?? '',
    workflowType: attributes.workflowType?.name ?? '',
    parentClosePolicy: attributes.parentClosePolicy ?? 0,
    runId: undefined,
    startedEventId: 0,
    attributes,
  };
}

function checkChild(d: Draft, command: StartCommand): void {
  const bad = (what: string) =>
    new CommandError(Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES, what);
  const id = command.workflowId ?? '';
  const type = command.workflowType?.name ?? '';
  const where = Object.entries({ WorkflowId: id, WorkflowType: type, Namespace: command.namespace })
    .filter(([, value]) => value)
    .map((each) => each.join('='))
    .join(' ');
  if (!id)
    throw bad(
      `Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. ${where}`,
    );
  if (!type)
    throw bad(
      `Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. ${where}`,
    );
  if (command.namespace && command.namespace !== d.key.namespace)
    throw bad(`A child in another namespace is not supported by this embedded server. ${where}`);
  checkChildNames(d, command, bad);
  const on = 'on StartChildWorkflowExecutionCommand:';
  for (const [name, timeout] of [
    ['WorkflowExecutionTimeout', command.workflowExecutionTimeout],
    ['WorkflowRunTimeout', command.workflowRunTimeout],
    ['WorkflowTaskTimeout', command.workflowTaskTimeout],
  ] as const)
    if (durationMs(timeout) < 0) throw bad(`Invalid ${name} ${on} negative duration. ${where}`);
  // For these Temporal refuses the answer, and the task stays as it is.
  const retry = retryPolicyProblem(command.retryPolicy);
  if (retry) throw invalid(`invalid WorkflowRetryPolicy ${on} ${retry}. ${where}`);
  const cron = cronProblem(command.cronSchedule ?? '');
  if (cron) throw invalid(`invalid CronSchedule ${on} ${cron}. ${where}`);
  if (d.children.size >= PENDING_LIMIT) {
    throw new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED,
      `the number of pending child workflow executions, ${d.children.size}, has reached the per-workflow limit of ${PENDING_LIMIT}`,
    );
  }
}

function checkChildNames(
  d: Draft,
  command: StartCommand,
  bad: (what: string) => CommandError,
): void {
  const id = command.workflowId ?? '';
  const type = command.workflowType?.name ?? '';
  const namespace = `Namespace=${d.key.namespace}`;
  const what = 'on StartChildWorkflowExecutionCommand exceeds length limit.';
  const idOver = overLimit(id);
  if (idOver)
    throw bad(`WorkflowId ${what} WorkflowId=${id} ${idOver} WorkflowType=${type} ${namespace}`);
  const typeOver = overLimit(type);
  if (typeOver)
    throw bad(
      `WorkflowType ${what} WorkflowId=${id} WorkflowType=${type} ${typeOver} ${namespace}`,
    );
  const name = command.taskQueue?.name ?? '';
  const queue = queueNameProblem(name);
  if (queue)
    throw invalid(
      `invalid TaskQueue on StartChildWorkflowExecutionCommand: ${queue}. WorkflowId=${id} WorkflowType=${type} ${namespace} TaskQueue=name:"${name}" kind:TASK_QUEUE_KIND_NORMAL`,
    );
}

/** The child has started. */
export function childStarted(d: Draft, initiatedEventId: number, runId: string): void {
  const child = d.children.get(initiatedEventId);
  if (!child || child.runId || !isOpen(d.info)) return;
  const startedEventId = d.appendOrBuffer('childWorkflowExecutionStarted', {
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    initiatedEventId: int64(initiatedEventId),
    workflowExecution: { workflowId: child.workflowId, runId },
    workflowType: { name: child.workflowType },
    header: child.attributes.header ?? null,
  });
  d.children.set(initiatedEventId, { ...child, runId, startedEventId });
  scheduleWorkflowTask(d);
}

/** The child could not be started. */
export function childStartFailed(d: Draft, initiatedEventId: number, cause: number): void {
  const child = d.children.get(initiatedEventId);
  if (!child || child.runId || !isOpen(d.info)) return;
  d.children.delete(initiatedEventId);
  d.appendOrBuffer('startChildWorkflowExecutionFailed', {
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowId: child.workflowId,
    workflowType: { name: child.workflowType },
    cause,
    control: child.attributes.control ?? '',
    initiatedEventId: int64(initiatedEventId),
  });
  scheduleWorkflowTask(d);
}

/** The child, or the last run of its chain, has closed. */
export function childClosed(
  d: Draft,
  initiatedEventId: number,
  run: { readonly runId: string; readonly outcome: Outcome },
): void {
  const child = d.children.get(initiatedEventId);
  if (!child || !isOpen(d.info)) return;
  if (!child.runId) childStarted(d, initiatedEventId, run.runId);
  const known = d.children.get(initiatedEventId) ?? child;
  d.children.delete(initiatedEventId);
  appendEnd(d, run.outcome, {
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowExecution: { workflowId: child.workflowId, runId: run.runId },
    workflowType: { name: child.workflowType },
    initiatedEventId: int64(initiatedEventId),
    startedEventId: int64(known.startedEventId),
  });
  scheduleWorkflowTask(d);
}

type Common = temporal.api.history.v1.IChildWorkflowExecutionTerminatedEventAttributes;

function appendEnd(d: Draft, outcome: Outcome, common: Common): void {
  switch (outcome.kind) {
    case 'completed':
      d.appendOrBuffer('childWorkflowExecutionCompleted', {
        ...common,
        result: outcome.result ?? null,
      });
      return;
    case 'failed': {
      const { failure, retryState } = outcome;
      d.appendOrBuffer('childWorkflowExecutionFailed', { ...common, failure, retryState });
      return;
    }
    case 'canceled':
      d.appendOrBuffer('childWorkflowExecutionCanceled', {
        ...common,
        details: outcome.details ?? null,
      });
      return;
    case 'timedOut':
      d.appendOrBuffer('childWorkflowExecutionTimedOut', {
        ...common,
        retryState: outcome.retryState,
      });
      return;
    case 'terminated':
      d.appendOrBuffer('childWorkflowExecutionTerminated', common);
  }
}

/** The memo and search attributes that a child is started with. */
export function childFields(child: ChildInfo): { memo: PayloadMap; searchAttributes: PayloadMap } {
  return {
    memo: child.attributes.memo?.fields ?? {},
    searchAttributes: child.attributes.searchAttributes?.indexedFields ?? {},
  };
}
