/**
 * Where a run can be reset to so that a build of its worker has never been: the first workflow task that
 * each build has completed. Temporal's describe shows them, and its clients reset by them. A run hands them on to the one
 * that takes over, but for those of runs that are past their retention.
 */
import { int64, type temporal, timestamp } from '../proto.js';
import type { Draft } from './draft.js';

export interface ResetPoint {
  /** Of the worker; empty where it has none. */
  readonly buildId: string;
  /** The run in which it was first; an earlier one of the chain, perhaps. */
  readonly runId: string;
  readonly completedEventId: number;
  readonly atMs: number;
  /** Nothing was on its way to other workflows. */
  readonly resettable: boolean;
  /** When the run may be gone in which it was; undefined while that is the run that has it. */
  readonly expiresAtMs?: number | undefined;
}

/** As Temporal has it. */
const MAX_POINTS = 20;

/** The build has completed a task, with the event that was just written. */
export function noteBuild(d: Draft, buildId: string, completedEventId: number, atMs: number): void {
  const points = d.info.resetPoints;
  if (points.some((point) => point.buildId === buildId)) return;
  const point: ResetPoint = {
    buildId,
    runId: d.key.runId,
    completedEventId,
    atMs,
    resettable: d.children.size === 0 && d.externals.size === 0,
  };
  d.info.resetPoints = [...points, point].slice(-MAX_POINTS);
}

/**
 * The points that a run starts with which takes over from another.
 *
 * @param retentionMs - how long the one before is kept
 */
export function handedOn(
  points: readonly ResetPoint[],
  previousRunId: string,
  startedAtMs: number,
  retentionMs: number,
): readonly ResetPoint[] {
  return points
    .filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs >= startedAtMs)
    .map((point) =>
      point.runId === previousRunId ? { ...point, expiresAtMs: startedAtMs + retentionMs } : point,
    );
}

/** As it is described, and told to the next run. */
export function resetPointInfo(point: ResetPoint): temporal.api.workflow.v1.IResetPointInfo {
  return {
    buildId: point.buildId,
    runId: point.runId,
    firstWorkflowTaskCompletedId: int64(point.completedEventId),
    createTime: timestamp(point.atMs),
    ...(point.expiresAtMs !== undefined && { expireTime: timestamp(point.expiresAtMs) }),
    resettable: point.resettable,
  };
}
