/**
 * What a batch operation does to each of its runs, from the request that asked for it: anew at each start
 * of the server. All of it may be done once more to the same run: a crash may come between what was
 * done and the word of it.
 */
import type { Apply, BatchWorld } from '../batches/batches.js';
import type { BatchRequest } from '../batches/record.js';
import { type Engine, isNotFound } from '../engine/engine.js';
import { resetExecution } from '../engine/resets.js';
import type { Run } from '../engine/run.js';
import { invalid } from '../errors.js';
import type { ActivityChoice } from '../history/activity-operations.js';
import { checkMask, checkOverride } from '../history/options.js';
import { requestCancelRun, signalRun, terminate } from '../history/signals.js';
import { enums, type temporal } from '../proto.js';
import { resetActivities, unpauseActivities, updateActivities } from './activity-operations.js';
import { resetTarget } from './batch-resets.js';
import { updateOptions } from './execution-options.js';
import { checkBlob, checkIdLength } from './requests.js';
import { afterReset, deleteRun, reapplied } from './resets.js';

const { BatchOperationType: Type } = enums;

/** What is done to each run, and whether only to those that are open. */
export interface Operation {
  readonly type: number;
  readonly identity: string;
  readonly openOnly: boolean;
  readonly apply: (run: Run) => Promise<unknown>;
}

export function batchWorld(engine: Engine): BatchWorld {
  return {
    clock: engine.clock,
    operation: ({ namespace, request }): Apply => {
      const operation = operationOf(engine, request);
      return async ({ workflowId, runId }) => {
        try {
          await operation?.apply(engine.find(namespace, workflowId, runId));
        } catch (error) {
          // A run that is gone or has closed by now needs nothing done to it.
          if (!isNotFound(error)) throw error;
        }
      };
    },
    background: (where, work) => engine.work.background(where, work),
    untilStored: (work) => engine.work.untilStored(work),
  };
}

/** Undefined where the request names none. @throws ServiceError INVALID_ARGUMENT, UNIMPLEMENTED */
export function operationOf(engine: Engine, request: BatchRequest): Operation | undefined {
  if (request.terminationOperation) return termination(engine, request);
  if (request.cancellationOperation) return cancellation(engine, request);
  if (request.signalOperation) return signals(engine, request, request.signalOperation);
  if (request.deletionOperation) return deletion(engine, request.deletionOperation);
  if (request.resetOperation) return resets(engine, request, request.resetOperation);
  if (request.updateWorkflowOptionsOperation)
    return options(engine, request.updateWorkflowOptionsOperation);
  if (request.unpauseActivitiesOperation)
    return unpausing(engine, request.unpauseActivitiesOperation);
  if (request.resetActivitiesOperation)
    return activityResets(engine, request.resetActivitiesOperation);
  if (request.updateActivityOptionsOperation)
    return activityOptions(engine, request.updateActivityOptionsOperation);
  return undefined;
}

function termination(engine: Engine, { reason, terminationOperation }: BatchRequest): Operation {
  const identity = terminationOperation?.identity ?? '';
  const details = terminationOperation?.details ?? undefined;
  return {
    type: Type.BATCH_OPERATION_TYPE_TERMINATE,
    identity,
    openOnly: true,
    apply: async (run) => engine.update(run, (d) => terminate(d, { reason, identity, details })),
  };
}

function cancellation(engine: Engine, request: BatchRequest): Operation {
  const { reason, jobId, cancellationOperation } = request;
  const identity = cancellationOperation?.identity ?? '';
  const how = { reason, identity, requestId: `${jobId}-cancel` };
  return {
    type: Type.BATCH_OPERATION_TYPE_CANCEL,
    identity,
    openOnly: true,
    apply: async (run) => engine.update(run, (d) => requestCancelRun(d, how)),
  };
}

function signals(
  engine: Engine,
  { jobId }: BatchRequest,
  asked: temporal.api.batch.v1.IBatchOperationSignal,
): Operation {
  const { signal, input, header } = asked;
  const identity = asked.identity ?? '';
  if (!signal) throw invalid('must provide signal name');
  checkIdLength(signal, 'SignalName');
  checkBlob(input);
  const sent = {
    name: signal,
    input: input ?? undefined,
    header: header ?? undefined,
    identity,
    requestId: `${jobId}-signal`,
  };
  return {
    type: Type.BATCH_OPERATION_TYPE_SIGNAL,
    identity,
    openOnly: true,
    apply: async (run) => engine.update(run, (d) => signalRun(d, sent)),
  };
}

function deletion(
  engine: Engine,
  { identity }: temporal.api.batch.v1.IBatchOperationDeletion,
): Operation {
  return {
    type: Type.BATCH_OPERATION_TYPE_DELETE,
    identity: identity ?? '',
    openOnly: false,
    apply: (run) => deleteRun(engine, run),
  };
}

function resets(
  engine: Engine,
  { reason, jobId }: BatchRequest,
  asked: temporal.api.batch.v1.IBatchOperationReset,
): Operation {
  const { options: how } = asked;
  const target = resetTarget(asked);
  const after = afterReset(asked.postResetOperations);
  const reapply = how
    ? reapplied(how.resetReapplyType ?? 0, how.resetReapplyExcludeTypes ?? [])
    : reapplied(asked.resetReapplyType ?? 0, []);
  return {
    type: Type.BATCH_OPERATION_TYPE_RESET,
    identity: asked.identity ?? '',
    openOnly: false,
    apply: async (run) => {
      const requestId = `${jobId}-${run.key.runId}`;
      if (run.execution.current?.info.createRequestId === requestId) return; // done already
      const { base, finishEventId } = target(engine, run);
      await resetExecution(engine, base, { finishEventId, requestId, reason, reapply, after });
    },
  };
}

function options(
  engine: Engine,
  asked: temporal.api.batch.v1.IBatchOperationUpdateWorkflowExecutionOptions,
): Operation {
  const { workflowExecutionOptions, updateMask } = asked;
  if (!workflowExecutionOptions) throw invalid('must provide UpdateOptions');
  if (!updateMask) throw invalid('must provide UpdateMask');
  checkOverride(workflowExecutionOptions.versioningOverride);
  const paths = updateMask.paths ?? [];
  checkMask(paths);
  return {
    type: Type.BATCH_OPERATION_TYPE_UPDATE_EXECUTION_OPTIONS,
    identity: asked.identity ?? '',
    openOnly: true,
    apply: (run) => updateOptions(engine, run, workflowExecutionOptions, paths),
  };
}

function unpausing(
  engine: Engine,
  asked: temporal.api.batch.v1.IBatchOperationUnpauseActivities,
): Operation {
  const choice = activitiesOf(asked, 'activity filter must be set');
  return {
    type: Type.BATCH_OPERATION_TYPE_UNPAUSE_ACTIVITY,
    identity: asked.identity ?? '',
    openOnly: true,
    apply: (run) => unpauseActivities(engine, run, choice, asked),
  };
}

function activityResets(
  engine: Engine,
  asked: temporal.api.batch.v1.IBatchOperationResetActivities,
): Operation {
  const choice = activitiesOf(asked, 'must provide ActivityType or MatchAll');
  return {
    type: Type.BATCH_OPERATION_TYPE_RESET_ACTIVITY,
    identity: asked.identity ?? '',
    openOnly: false,
    apply: (run) => resetActivities(engine, run, choice, asked),
  };
}

function activityOptions(
  engine: Engine,
  asked: temporal.api.batch.v1.IBatchOperationUpdateActivityOptions,
): Operation {
  if (asked.activityOptions && asked.restoreOriginal)
    throw invalid('cannot set both activity options and restore original');
  if (!asked.activityOptions && !asked.restoreOriginal)
    throw invalid('Either activity type must be set, or restore original should be set to true');
  const choice = activitiesOf(asked, NEITHER);
  return {
    type: Type.BATCH_OPERATION_TYPE_UPDATE_ACTIVITY_OPTIONS,
    identity: asked.identity ?? '',
    openOnly: false,
    apply: (run) => updateActivities(engine, run, choice, asked),
  };
}

/** @param unset - what is said where neither a type nor all are named */
function activitiesOf(
  asked: {
    readonly type?: string | null;
    readonly matchAll?: boolean | null;
    /** Which of the two is set. */
    readonly activity?: 'type' | 'matchAll';
  },
  unset: string,
): ActivityChoice {
  if (asked.type) return { kind: 'type', type: asked.type };
  if (asked.matchAll) return { kind: 'all' };
  throw invalid(asked.activity ? NEITHER : unset);
}

const NEITHER = 'Either activity type must be set, or match all should be set to true';
