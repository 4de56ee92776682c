/**
 * `workflow.version`: which version of a change this run takes. A run that got there for the first time
 * takes the newest and records it in a marker of its own; a replay takes what was recorded; a run that
 * was recorded before the change existed takes the oldest.
 */
import { deprecatePatch, patched, workflowInfo } from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';

export class Versions {
  private readonly known = new Map<string, number>();

  /** @throws PerdureError INVALID when the run took a version that is no longer supported. */
  of(change: string, min: number, max: number): number {
    const version = this.known.get(change) ?? this.decide(change, min, max);
    this.known.set(change, version);
    if (version < min) {
      throw new PerdureError(
        ErrorKind.INVALID,
        `this run took version ${version} of change "${change}", and the code supports ${min} to ${max}`,
        { details: { change, version, min, max } },
      );
    }
    return version;
  }

  /**
   * The marker is a deprecated patch: one that a replay may leave out, so that the call can be removed
   * from the code later without making recorded runs diverge.
   */
  private decide(change: string, min: number, max: number): number {
    if (!workflowInfo().unsafe.isReplaying) {
      deprecatePatch(`${change}@${max}`);
      return max;
    }
    for (let version = max; version >= 0; version--) {
      if (patched(`${change}@${version}`)) return version;
    }
    return min;
  }
}
