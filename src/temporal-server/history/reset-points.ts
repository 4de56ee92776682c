/**
 * Where a run can be reset to so that a build of its worker has never been: the first workflow task that
 * each build has completed. Temporal's describe shows them, and its clients reset by them.
 */
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
