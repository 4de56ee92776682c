/** Which event a batch operation resets a run to, and of which run of its chain. */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import { failedPrecondition, invalid } from '../errors.js';
import { EventType, enumName, enums, pascalCase, type temporal, toNumber } from '../proto.js';

const { ResetType } = enums;
const {
  EVENT_TYPE_WORKFLOW_TASK_COMPLETED: COMPLETED,
  EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: SCHEDULED,
} = EventType;

export interface ResetPlace {
  readonly base: Run;
  readonly finishEventId: number;
}

export type ResetTarget = (engine: Engine, run: Run) => ResetPlace;

/** @throws ServiceError INVALID_ARGUMENT when it is not said where to */
export function resetTarget({
  options,
  resetType,
}: temporal.api.batch.v1.IBatchOperationReset): ResetTarget {
  if (!options) {
    if (resetType === ResetType.RESET_TYPE_FIRST_WORKFLOW_TASK) return firstTask;
    if (resetType === ResetType.RESET_TYPE_LAST_WORKFLOW_TASK) return lastTask;
    throw invalid(
      `unknown batch reset type ${pascalCase(enumName(ResetType, resetType ?? 0, 'RESET_TYPE_'))}`,
    );
  }
  const { firstWorkflowTask, lastWorkflowTask, buildId, currentRunOnly } = options;
  const finishEventId = toNumber(options.workflowTaskId);
  if (firstWorkflowTask) return firstTask;
  if (lastWorkflowTask) return lastTask;
  if (finishEventId > 0) return (_, base) => ({ base, finishEventId });
  if (buildId) return (engine, run) => buildPoint(engine, run, buildId, currentRunOnly ?? false);
  throw invalid('batch reset missing target');
}

/** The first task that the build has completed, in this run or one before it. */
function buildPoint(
  engine: Engine,
  run: Run,
  buildId: string,
  currentRunOnly: boolean,
): ResetPlace {
  const point = run.info.resetPoints.find((each) => each.buildId === buildId);
  const { namespace, workflowId, runId } = run.key;
  if (!point) throw failedPrecondition(`Can't find reset point for ${buildId}`);
  if (!point.resettable) throw failedPrecondition(`Reset point for ${buildId} is not resettable`);
  if (point.expiresAtMs !== undefined && point.expiresAtMs < engine.clock.now())
    throw failedPrecondition(`Reset point for ${buildId} is expired`);
  if (point.runId !== runId && currentRunOnly)
    throw failedPrecondition(
      `Reset point for ${buildId} points to previous run and CurrentRunOnly is set`,
    );
  return {
    base: engine.find(namespace, workflowId, point.runId),
    finishEventId: point.completedEventId,
  };
}

/** The first task that was completed, else the first that was scheduled. */
function firstTask(engine: Engine, run: Run): ResetPlace {
  let scheduled: number | undefined;
  for (const event of engine.store.events(run.key, 1, run.info.nextEventId - 1)) {
    if (event.type === COMPLETED) return { base: run, finishEventId: event.id };
    if (event.type === SCHEDULED) scheduled ??= event.id + 1;
  }
  return placeOf(run, scheduled);
}

function lastTask(engine: Engine, run: Run): ResetPlace {
  let scheduled: number | undefined;
  for (const event of [...engine.store.events(run.key, 1, run.info.nextEventId - 1)].reverse()) {
    if (event.type === COMPLETED) return { base: run, finishEventId: event.id };
    if (event.type === SCHEDULED) scheduled = event.id + 1;
  }
  return placeOf(run, scheduled);
}

function placeOf(run: Run, finishEventId: number | undefined): ResetPlace {
  if (finishEventId === undefined)
    throw failedPrecondition('unable to find any scheduled or completed task');
  return { base: run, finishEventId };
}
