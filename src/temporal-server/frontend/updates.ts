/** Clients and updates: send one and wait for it, ask again for one that was sent. */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import { type UpdateStatus, updateStatus, waitForUpdate } from '../engine/updates.js';
import { invalid, notFound, ServiceError, StatusCode } from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import { admitUpdate, type UpdateRequest } from '../history/updates.js';
import { enums, type temporal } from '../proto.js';
import { checkBlob, checkIdLength, executionIds } from './requests.js';
import { patience } from './workflow-tasks.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type UpdateExecutionRequest = Request<'UpdateWorkflowExecutionRequest'>;
type PollRequest = Request<'PollWorkflowExecutionUpdateRequest'>;

const { UpdateWorkflowExecutionLifecycleStage: Stage } = enums;

/** How long a call waits for an update, in real time; as Temporal's own. */
const LONG_POLL_MS = 20_000;

export function updateMethods(engine: Engine): { [method: string]: Method } {
  return {
    UpdateWorkflowExecution: (request: UpdateExecutionRequest, call: Call) =>
      update(engine, request, call),
    PollWorkflowExecutionUpdate: (request: PollRequest, call: Call) =>
      pollUpdate(engine, request, call),
  };
}

/** An update request as it was checked. */
export interface UpdateOrder {
  readonly workflowId: string;
  readonly runId: string;
  readonly updateId: string;
  readonly request: UpdateRequest;
  /** The `UpdateWorkflowExecutionLifecycleStage` to wait for. */
  readonly stage: number;
}

/** Checks a request, and completes it: an update without an id gets one. */
export function updateOrder(
  engine: Engine,
  request: temporal.api.workflowservice.v1.IUpdateWorkflowExecutionRequest,
): UpdateOrder {
  const { workflowId, runId } = executionIds(request.workflowExecution);
  const { meta, input } = request.request ?? {};
  if (!meta) throw invalid('Update meta is not set on request.');
  checkIdLength(meta.updateId ?? '', 'UpdateId');
  const updateId = meta.updateId || engine.newId();
  if (!input) throw invalid('Update input is not set on request.');
  if (!input.name) throw invalid('Update name is not set on request.');
  checkBlob(input.args);
  const asked = request.waitPolicy?.lifecycleStage;
  const stage = asked || Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
  if (stage === Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED) {
    throw new ServiceError(
      StatusCode.PERMISSION_DENIED,
      'UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.',
      { type: 'PermissionDeniedFailure', value: {} },
    );
  }
  return { workflowId, runId, updateId, request: { meta: { ...meta, updateId }, input }, stage };
}

async function update(
  engine: Engine,
  request: UpdateExecutionRequest,
  call: Call,
): Promise<object> {
  const order = updateOrder(engine, request);
  engine.namespaces.get(request.namespace);
  for (;;) {
    const run = engine.find(request.namespace, order.workflowId, order.runId);
    if (request.firstExecutionRunId && run.info.firstRunId !== request.firstExecutionRunId)
      throw notFound('workflow execution not found');
    await engine.update(run, (d) => admitUpdate(d, order.request));
    const answer = await updateAnswer(engine, run, order, call);
    // Undefined: the run handed over to another, which may take the update.
    if (answer) return answer;
  }
}

/** The response once the stage is reached; undefined where the run was continued before. */
export async function updateAnswer(
  engine: Engine,
  run: Run,
  { updateId, stage }: UpdateOrder,
  call: Call,
): Promise<object | undefined> {
  const limitMs = patience(call, LONG_POLL_MS);
  const waited = await waitForUpdate(engine, run, updateId, stage, call, limitMs);
  return waited.kind === 'continued' ? undefined : response(run, updateId, waited.status);
}

function response(run: Run, updateId: string, { stage, outcome }: UpdateStatus): object {
  const { workflowId, runId } = run.key;
  const updateRef = { workflowExecution: { workflowId, runId }, updateId };
  return { updateRef, stage, ...(outcome && { outcome }) };
}

async function pollUpdate(engine: Engine, request: PollRequest, call: Call): Promise<object> {
  if (!request.updateRef) throw invalid('UpdateRef is not set on request.');
  engine.namespaces.get(request.namespace);
  const { workflowId, runId } = executionIds(request.updateRef.workflowExecution);
  const updateId = request.updateRef.updateId ?? '';
  const run = engine.find(request.namespace, workflowId, runId);
  if (!updateStatus(engine, run, updateId)) throw notFound(`update "${updateId}" not found`);
  const stage = request.waitPolicy?.lifecycleStage ?? 0;
  const limitMs = patience(call, LONG_POLL_MS);
  const waited = await waitForUpdate(engine, run, updateId, stage, call, limitMs);
  if (waited.kind === 'continued')
    throw notFound('workflow update was aborted by closing workflow');
  return response(run, updateId, waited.status);
}
