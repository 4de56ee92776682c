/** What to do with actions that are due while one before them may still run. */
import { enums } from '../proto.js';
import type { BufferedStart } from './record.js';

const { ScheduleOverlapPolicy: Policy } = enums;

export interface Decision {
  /** To be started now; the last may be the one that others wait for. */
  readonly starts: readonly BufferedStart[];
  /** The one of `starts` that others must not overlap. */
  readonly alone: BufferedStart | undefined;
  /** Still to wait. */
  readonly buffer: readonly BufferedStart[];
  readonly cancel: boolean;
  readonly terminate: boolean;
  readonly skipped: number;
}

/** @param policyOf - of an action that names none */
export function decideOverlap(
  buffer: readonly BufferedStart[],
  isRunning: boolean,
  policyOf: (policy: number) => number,
): Decision {
  const overlapping: BufferedStart[] = [];
  const waiting: BufferedStart[] = [];
  let alone: BufferedStart | undefined;
  let [cancel, terminate, skipped] = [false, false, 0];
  for (const start of buffer) {
    const policy = policyOf(start.overlapPolicy);
    if (policy === Policy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL) overlapping.push(start);
    else if (!isRunning && !alone) alone = start;
    else if (policy === Policy.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL) waiting.push(start);
    else if (policy === Policy.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE && waiting.length === 0)
      waiting.push(start);
    else if (ENDS_OTHER.has(policy) && !isRunning)
      alone = start; // the other has not even started: this one instead
    else if (ENDS_OTHER.has(policy)) {
      cancel ||= policy === Policy.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER;
      terminate ||= policy === Policy.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER;
      waiting.push(start);
    } else skipped += 1;
  }
  // What may overlap would be ended along with the others.
  const starts = cancel || terminate ? [] : overlapping;
  return {
    starts: alone ? [...starts, alone] : starts,
    alone,
    buffer: waiting,
    cancel: cancel && !terminate,
    terminate,
    skipped,
  };
}

const ENDS_OTHER: ReadonlySet<number> = new Set([
  Policy.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER,
  Policy.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER,
]);
