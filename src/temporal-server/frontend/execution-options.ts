/** UpdateWorkflowExecutionOptions. */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import { alreadyCompleted, invalid } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import {
  changeOptions,
  checkMask,
  checkOverride,
  type ExecutionOptions,
} from '../history/options.js';
import { isOpen } from '../history/state.js';
import type { temporal } from '../proto.js';
import { executionIds } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;

export function executionOptionMethods(engine: Engine): { [method: string]: Method } {
  return {
    UpdateWorkflowExecutionOptions: async (
      request: Request<'UpdateWorkflowExecutionOptionsRequest'>,
    ) => {
      const { workflowId, runId } = executionIds(request.workflowExecution);
      if (!request.updateMask) throw invalid('UpdateMask is required');
      const options = request.workflowExecutionOptions;
      if (!options) throw invalid('WorkflowExecutionOptions is required');
      const paths = request.updateMask.paths ?? [];
      checkMask(paths);
      checkOverride(options.versioningOverride);
      engine.namespaces.get(request.namespace);
      const run = engine.find(request.namespace, workflowId, runId);
      return { workflowExecutionOptions: await updateOptions(engine, run, options, paths) };
    },
  };
}

/** Gives the options that the run has now. */
export async function updateOptions(
  engine: Engine,
  run: Run,
  options: ExecutionOptions,
  paths: readonly string[],
): Promise<ExecutionOptions> {
  return engine.update(run, (d) => {
    if (!isOpen(d.info)) throw alreadyCompleted();
    return changeOptions(d, options, paths);
  });
}
