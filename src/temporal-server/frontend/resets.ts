/** ResetWorkflowExecution and DeleteWorkflowExecution. */
import type { Engine } from '../engine/engine.js';
import { resetExecution } from '../engine/resets.js';
import type { Run } from '../engine/run.js';
import { invalid } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import type { Draft } from '../history/draft.js';
import { changeOptions, checkOverride } from '../history/options.js';
import type { Reapply } from '../history/reset.js';
import { terminate } from '../history/signals.js';
import { isOpen } from '../history/state.js';
import { enums, type temporal, toNumber } from '../proto.js';
import { checkIdLength, executionIds } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;

const { ResetReapplyType: Type, ResetReapplyExcludeType: Exclude } = enums;

export function resetMethods(engine: Engine): { [method: string]: Method } {
  return {
    ResetWorkflowExecution: (request: Request<'ResetWorkflowExecutionRequest'>) =>
      reset(engine, request),
    DeleteWorkflowExecution: async (request: Request<'DeleteWorkflowExecutionRequest'>) => {
      engine.namespaces.get(request.namespace);
      const { workflowId, runId } = executionIds(request.workflowExecution);
      await deleteRun(engine, engine.find(request.namespace, workflowId, runId));
      return {};
    },
  };
}

async function reset(
  engine: Engine,
  request: Request<'ResetWorkflowExecutionRequest'>,
): Promise<object> {
  engine.namespaces.get(request.namespace);
  if (!request.requestId) throw invalid('RequestId is not set on request.');
  checkIdLength(request.requestId, 'RequestId');
  const { workflowId, runId } = executionIds(request.workflowExecution);
  const after = afterReset(request.postResetOperations);
  const newRunId = await resetExecution(engine, engine.find(request.namespace, workflowId, runId), {
    finishEventId: toNumber(request.workflowTaskFinishEventId),
    requestId: request.requestId,
    reason: request.reason,
    reapply: reapplied(request.resetReapplyType, request.resetReapplyExcludeTypes),
    after,
  });
  return { runId: newRunId };
}

/** What is done to the new run of a reset; the operations are checked first. */
export function afterReset(
  operations: readonly temporal.api.workflow.v1.IPostResetOperation[] | null | undefined,
): (d: Draft) => void {
  const steps = (operations ?? []).map(({ signalWorkflow, updateWorkflowOptions }) => {
    if (!updateWorkflowOptions)
      throw invalid(
        `unsupported post reset operation: ${signalWorkflow ? '*workflow.PostResetOperation_SignalWorkflow_' : '<nil>'}`,
      );
    const options = updateWorkflowOptions.workflowExecutionOptions ?? {};
    checkOverride(options.versioningOverride);
    return { options, paths: updateWorkflowOptions.updateMask?.paths ?? [] };
  });
  return (d) => {
    for (const { options, paths } of steps) changeOptions(d, options, paths);
  };
}

/** What is to be reapplied, as the field that says what, and the newer one that says what not. */
export function reapplied(type: number, excluded: readonly number[]): Reapply {
  const none = type === Type.RESET_REAPPLY_TYPE_NONE;
  return {
    signals: !none && !excluded.includes(Exclude.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL),
    updates:
      !none &&
      type !== Type.RESET_REAPPLY_TYPE_SIGNAL &&
      !excluded.includes(Exclude.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE),
  };
}

/** Ends a run that is open, and forgets it. */
export async function deleteRun(engine: Engine, run: Run): Promise<void> {
  if (isOpen(run.info)) {
    const reason = 'Delete workflow execution';
    await engine.update(run, (d) => {
      if (isOpen(d.info)) terminate(d, { reason, identity: 'history-service' });
    });
  }
  // Its parent is told of its end before nothing is known of it any more.
  await run.outbox;
  await engine.drop(run.key);
}
