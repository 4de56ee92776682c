/** Starting a workflow id: what is there already, and which policy decides. */
import { alreadyStarted } from '../errors.js';
import { type Attachment, attach } from '../history/attached.js';
import type { Draft } from '../history/draft.js';
import { type Signal, signalRun, terminate } from '../history/signals.js';
import { type StartSpec, scheduleFirstTask, startRun, takeFirstTask } from '../history/start.js';
import { isOpen } from '../history/state.js';
import { admitUpdate, type UpdateRequest } from '../history/updates.js';
import { endWorkflowTaskDelay } from '../history/workflow-task.js';
import { enums, type Payloads, Status } from '../proto.js';
import type { Engine } from './engine.js';
import { type MaybePromise, then } from './maybe-promise.js';
import type { Execution, Run } from './run.js';

const { WorkflowIdReusePolicy: Reuse, WorkflowIdConflictPolicy: Conflict } = enums;

export interface StartOrder {
  readonly spec: StartSpec;
  /** How far the clock of a new run is ahead of the server's: its parent's. Default 0. */
  readonly aheadMs?: number;
  /** A `WorkflowIdReusePolicy`; 0 is the default. */
  readonly reusePolicy: number;
  /** A `WorkflowIdConflictPolicy`; 0 is the default, which is to fail. */
  readonly conflictPolicy: number;
  /** Sent to the run, new or existing, in the same transaction. */
  readonly signal?: Signal;
  /** Left with an existing run that is used; none where the start has not asked for that. */
  readonly attachment?: Attachment | undefined;
  /** Admitted by the run, new or existing, in the same transaction. */
  readonly update?: { readonly updateId: string; readonly request: UpdateRequest };
}

export interface Started {
  readonly run: Run;
  /** False when an existing run was used. */
  readonly isNew: boolean;
}

/** Starts a run, or finds the one that the policies say to use. ALREADY_EXISTS where they refuse. */
export function startExecution(engine: Engine, order: StartOrder): MaybePromise<Started> {
  const execution = engine.execution(order.spec.key.namespace, order.spec.key.workflowId);
  return engine.exclusive(execution, () => decide(engine, execution, order));
}

function decide(engine: Engine, execution: Execution, order: StartOrder): MaybePromise<Started> {
  const { current } = execution;
  if (!current) return startNew(engine, execution, order, []);
  const { spec } = order;
  if (order.update && takesUpdate(current, order, order.update.updateId))
    return admit(engine, execution, current, order.update.request);
  if (spec.requestId && spec.requestId === current.info.createRequestId)
    return { run: current, isNew: !order.signal };
  if (current.info.attachedRequests?.some(({ requestId }) => requestId === spec.requestId))
    return { run: current, isNew: false };
  if (!isOpen(current.info)) {
    refuseReuse(current, order);
    return startNew(engine, execution, order, []);
  }
  return resolveConflict(engine, execution, current, order);
}

/** Whether the update is for the run that is there, or it knows how the update went. */
function takesUpdate(current: Run, order: StartOrder, updateId: string): boolean {
  const { state, info } = current;
  if (state.completedUpdates.has(updateId)) return true;
  if (!isOpen(info)) return false;
  return (
    state.updates.has(updateId) ||
    order.spec.requestId === info.createRequestId ||
    order.conflictPolicy === Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
  );
}

function admit(
  engine: Engine,
  execution: Execution,
  run: Run,
  request: UpdateRequest,
): MaybePromise<Started> {
  const draft = engine.draft(run);
  admitUpdate(draft, request);
  return then(engine.commit(execution, [draft]), () => ({ run, isNew: false }));
}

function resolveConflict(
  engine: Engine,
  execution: Execution,
  current: Run,
  order: StartOrder,
): MaybePromise<Started> {
  const replace =
    order.conflictPolicy === Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING ||
    order.reusePolicy === Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING;
  if (replace) {
    const ended = engine.draft(current);
    terminate(ended, {
      reason: 'TerminateIfRunning WorkflowIdReusePolicy',
      details: textPayloads(`terminated by new runID: ${order.spec.key.runId}`),
      identity: 'history-service',
    });
    return startNew(engine, execution, order, [ended]);
  }
  const { signal } = order;
  if (!signal && order.conflictPolicy !== Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING) {
    const { workflowId, runId } = current.key;
    throw alreadyStarted(
      `Workflow execution is already running. WorkflowId: ${workflowId}, RunId: ${runId}.`,
      current.info.createRequestId,
      runId,
    );
  }
  if (!signal) return attachTo(engine, execution, current, order.attachment);
  const draft = engine.draft(current);
  signalRun(draft, signal);
  // A start delay ends with a second signal-with-start; a cron or retry wait does not.
  const { cronSchedule, initiator } = draft.info.started;
  if (!cronSchedule && !initiator) endWorkflowTaskDelay(draft);
  return then(engine.commit(execution, [draft]), () => ({ run: current, isNew: false }));
}

function attachTo(
  engine: Engine,
  execution: Execution,
  run: Run,
  attachment: Attachment | undefined,
): MaybePromise<Started> {
  if (!attachment) return { run, isNew: false };
  const draft = engine.draft(run);
  attach(draft, attachment);
  return then(engine.commit(execution, [draft]), () => ({ run, isNew: false }));
}

function textPayloads(text: string): Payloads {
  const metadata = { encoding: Buffer.from('json/plain') };
  return { payloads: [{ metadata, data: Buffer.from(JSON.stringify(text)) }] };
}

function refuseReuse(current: Run, order: StartOrder): void {
  const { workflowId, runId } = current.key;
  const where = `WorkflowId: ${workflowId}, RunId: ${runId}.`;
  const refuse = (message: string) => alreadyStarted(message, current.info.createRequestId, runId);
  if (order.reusePolicy === Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE) {
    throw refuse(
      `Workflow execution already finished. ${where} Workflow Id reuse policy: reject duplicate workflow Id.`,
    );
  }
  const onlyFailed =
    order.reusePolicy === Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY;
  if (onlyFailed && current.info.status === Status.WORKFLOW_EXECUTION_STATUS_COMPLETED) {
    throw refuse(
      `Workflow execution already finished successfully. ${where} Workflow Id reuse policy: allow duplicate workflow Id if last run failed.`,
    );
  }
}

function startNew(
  engine: Engine,
  execution: Execution,
  order: StartOrder,
  before: readonly Draft[],
): MaybePromise<Started> {
  const draft = startRun(order.spec, engine.inputs(order.aheadMs));
  if (order.signal) signalRun(draft, order.signal);
  scheduleFirstTask(draft);
  if (order.spec.isEager) takeFirstTask(draft, order.spec);
  if (order.update) admitUpdate(draft, order.update.request);
  return then(engine.commit(execution, [...before, draft]), () => ({
    run: execution.runs.get(order.spec.key.runId) as Run,
    isNew: true,
  }));
}
