/** Signals and cancel requests to other executions, asked for by a workflow's command. */
import { enums, int64, type temporal } from '../proto.js';
import { PENDING_LIMIT } from './activity-schedule.js';
import type { Draft } from './draft.js';
import { CommandError } from './failures.js';
import { overLimit } from './ids.js';
import { checkCommandSize, sizeOf } from './limits.js';
import { type ExternalRequest, isOpen } from './state.js';
import { scheduleWorkflowTask } from './workflow-task.js';

/** What a run id looks like. */
const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const Cause = enums.WorkflowTaskFailedCause;

type SignalCommand = temporal.api.command.v1.ISignalExternalWorkflowExecutionCommandAttributes;
type CancelCommand =
  temporal.api.command.v1.IRequestCancelExternalWorkflowExecutionCommandAttributes;

export function initiateSignal(d: Draft, command: SignalCommand, completedEventId: number): void {
  const bad = (what: string) =>
    new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
      what,
    );
  const workflowId = command.execution?.workflowId ?? '';
  const runId = command.execution?.runId ?? '';
  const on = 'on SignalExternalWorkflowExecutionCommand.';
  const where = `Namespace=${command.namespace ?? ''} RunId=${runId}`;
  if (!workflowId)
    throw bad(`WorkflowId is not set ${on} ${where} SignalName=${command.signalName ?? ''}`);
  const over = overLimit(workflowId);
  if (over)
    throw bad(
      `WorkflowId on SignalExternalWorkflowExecutionCommand exceeds length limit. WorkflowId=${workflowId} ${over} ${where} SignalName=${command.signalName ?? ''}`,
    );
  if (runId && !RUN_ID.test(runId))
    throw bad(
      `Invalid RunId set ${on} WorkflowId=${workflowId} ${where} SignalName=${command.signalName ?? ''}`,
    );
  if (!command.signalName)
    throw bad(`SignalName is not set ${on} WorkflowId=${workflowId} ${where}`);
  checkNamespace(d, command.namespace, bad);
  checkCommandSize(
    sizeOf(command.input),
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
    'SignalExternalWorkflowExecutionCommandAttributes.Input',
  );
  checkPending(
    d,
    Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_SIGNALS_LIMIT_EXCEEDED,
    'pending signals to external workflows',
  );
  const attributes: SignalInitiated = {
    workflowTaskCompletedEventId: int64(completedEventId),
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowExecution: { workflowId, runId },
    signalName: command.signalName,
    input: command.input ?? null,
    control: command.control ?? '',
    childWorkflowOnly: command.childWorkflowOnly ?? false,
    header: command.header ?? null,
  };
  const eventId = d.append('signalExternalWorkflowExecutionInitiated', attributes);
  add(d, signalRequest(attributes, eventId, d.newId()));
}

type SignalInitiated =
  temporal.api.history.v1.ISignalExternalWorkflowExecutionInitiatedEventAttributes;
type CancelInitiated =
  temporal.api.history.v1.IRequestCancelExternalWorkflowExecutionInitiatedEventAttributes;

/** The record of a signal as its event tells of it. */
export function signalRequest(
  attributes: SignalInitiated,
  initiatedEventId: number,
  requestId: string,
): ExternalRequest {
  return {
    kind: 'signal',
    initiatedEventId,
    requestId,
    workflowId: attributes.workflowExecution?.workflowId ?? '',
    runId: attributes.workflowExecution?.runId ?? '',
    childWorkflowOnly: attributes.childWorkflowOnly ?? false,
    control: attributes.control ?? '',
    signalName: attributes.signalName ?? '',
    input: attributes.input ?? undefined,
    header: attributes.header ?? undefined,
    reason: '',
  };
}

export function initiateCancel(d: Draft, command: CancelCommand, completedEventId: number): void {
  const bad = (what: string) =>
    new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
      what,
    );
  const workflowId = command.workflowId ?? '';
  const runId = command.runId ?? '';
  const on = 'on RequestCancelExternalWorkflowExecutionCommand.';
  if (!workflowId)
    throw bad(`WorkflowId is not set ${on} Namespace=${command.namespace ?? ''} RunId=${runId}`);
  if (runId && !RUN_ID.test(runId))
    throw bad(
      `Invalid RunId set ${on} WorkflowId=${workflowId} RunId=${runId} Namespace=${command.namespace ?? ''}`,
    );
  const over = overLimit(workflowId);
  if (over)
    throw bad(
      `WorkflowId on RequestCancelExternalWorkflowExecutionCommand exceeds length limit. WorkflowId=${workflowId} ${over} RunId=${command.runId ?? ''} Namespace=${command.namespace ?? ''}`,
    );
  checkNamespace(d, command.namespace, bad);
  checkPending(
    d,
    Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED,
    'pending requests to cancel external workflows',
  );
  const attributes: CancelInitiated = {
    workflowTaskCompletedEventId: int64(completedEventId),
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowExecution: { workflowId, runId: command.runId ?? '' },
    control: command.control ?? '',
    childWorkflowOnly: command.childWorkflowOnly ?? false,
    reason: command.reason ?? '',
  };
  const eventId = d.append('requestCancelExternalWorkflowExecutionInitiated', attributes);
  add(d, cancelRequest(attributes, eventId, d.newId()));
}

/** The record of a cancel request as its event tells of it. */
export function cancelRequest(
  attributes: CancelInitiated,
  initiatedEventId: number,
  requestId: string,
): ExternalRequest {
  return {
    kind: 'cancel',
    initiatedEventId,
    requestId,
    workflowId: attributes.workflowExecution?.workflowId ?? '',
    runId: attributes.workflowExecution?.runId ?? '',
    childWorkflowOnly: attributes.childWorkflowOnly ?? false,
    control: attributes.control ?? '',
    signalName: '',
    input: undefined,
    header: undefined,
    reason: attributes.reason ?? '',
  };
}

function add(d: Draft, request: ExternalRequest): void {
  d.externals.set(request.initiatedEventId, request);
  d.transfer({ kind: 'external', request });
}

function checkNamespace(
  d: Draft,
  namespace: string | null | undefined,
  bad: (what: string) => Error,
): void {
  if (namespace && namespace !== d.key.namespace)
    throw bad(`Another namespace (${namespace}) is not supported by this embedded server.`);
}

function checkPending(d: Draft, cause: number, what: string): void {
  if (d.externals.size >= PENDING_LIMIT)
    throw new CommandError(
      cause,
      `the number of ${what}, ${d.externals.size}, has reached the per-workflow limit of ${PENDING_LIMIT}`,
    );
}

/** The other execution took it. */
export function externalDelivered(d: Draft, initiatedEventId: number): void {
  const request = take(d, initiatedEventId);
  if (!request) return;
  const common = {
    initiatedEventId: int64(initiatedEventId),
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowExecution: { workflowId: request.workflowId, runId: request.runId },
  };
  if (request.kind === 'signal')
    d.appendOrBuffer('externalWorkflowExecutionSignaled', { ...common, control: request.control });
  else d.appendOrBuffer('externalWorkflowExecutionCancelRequested', common);
  scheduleWorkflowTask(d);
}

/** Why an execution did not take it. */
export type ExternalFailure = 'notFound' | 'alreadyCompleted' | 'signalLimit';

const signalCauses = {
  notFound:
    enums.SignalExternalWorkflowExecutionFailedCause
      .SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND,
  alreadyCompleted:
    enums.SignalExternalWorkflowExecutionFailedCause
      .SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND,
  signalLimit:
    enums.SignalExternalWorkflowExecutionFailedCause
      .SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED,
} as const;

export function externalFailed(d: Draft, initiatedEventId: number, why: ExternalFailure): void {
  const request = take(d, initiatedEventId);
  if (!request) return;
  const common = {
    namespace: d.key.namespace,
    namespaceId: d.info.namespaceId,
    workflowExecution: { workflowId: request.workflowId, runId: request.runId },
    initiatedEventId: int64(initiatedEventId),
    control: request.control,
  };
  if (request.kind === 'signal') {
    d.appendOrBuffer('signalExternalWorkflowExecutionFailed', {
      ...common,
      cause: signalCauses[why],
    });
  } else {
    const cause =
      enums.CancelExternalWorkflowExecutionFailedCause
        .CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND;
    d.appendOrBuffer('requestCancelExternalWorkflowExecutionFailed', { ...common, cause });
  }
  scheduleWorkflowTask(d);
}

function take(d: Draft, initiatedEventId: number): ExternalRequest | undefined {
  const request = d.externals.get(initiatedEventId);
  if (!request || !isOpen(d.info)) return undefined;
  d.externals.delete(initiatedEventId);
  return request;
}
