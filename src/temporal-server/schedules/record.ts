/**
 * A schedule as it is kept: plain data, all that a restart needs. Times are milliseconds since the
 * epoch.
 */
import type { Failure, PayloadMap, Payloads, temporal } from '../proto.js';

export type Schedule = temporal.api.schedule.v1.ISchedule;
export type Patch = temporal.api.schedule.v1.ISchedulePatch;
export type Execution = { readonly workflowId: string; readonly runId: string };

/** An action that is due and has not been taken. */
export interface BufferedStart {
  readonly nominalMs: number;
  readonly dueMs: number;
  /** 0 for the schedule's own, as it is when the action is taken. */
  readonly overlapPolicy: number;
  /** A trigger or a backfill: neither a pause nor a limit holds it up. */
  readonly manual: boolean;
}

export interface Backfill {
  readonly fromMs: number;
  readonly toMs: number;
  readonly overlapPolicy: number;
}

/** An action that was taken. */
export interface ActionResult extends Execution {
  readonly scheduledMs: number;
  readonly actualMs: number;
  /** A `WorkflowExecutionStatus`: of the chain of runs that it started. */
  readonly status: number;
}

export interface ScheduleRecord {
  readonly namespace: string;
  readonly scheduleId: string;
  /** Of its creation: a second request with it is the same. */
  readonly requestId: string;
  /** In canonical form, with the defaults of its policies. */
  readonly schedule: Schedule;
  readonly memo: PayloadMap;
  readonly searchAttributes: PayloadMap;
  readonly createdAtMs: number;
  readonly updatedAtMs: number | undefined;
  /** Grows with each change: an update may name the one that it has seen. */
  readonly conflictToken: number;
  /** Times of the spec up to here have been dealt with. */
  readonly processedMs: number;
  readonly buffer: readonly BufferedStart[];
  readonly backfills: readonly Backfill[];
  /** Started one after the other; those that may overlap are not in it. */
  readonly running: readonly Execution[];
  /** The last ones. */
  readonly recent: readonly ActionResult[];
  readonly actionCount: number;
  readonly missedCatchupWindow: number;
  readonly overlapSkipped: number;
  readonly bufferDropped: number;
  /** What the next run is told of the one before. */
  readonly lastResult: Payloads | undefined;
  readonly lastFailure: Failure | undefined;
}

/** The port of what keeps schedules. */
export interface ScheduleStore {
  putSchedule(record: ScheduleRecord): void | Promise<void>;
  dropSchedule(namespace: string, scheduleId: string): void | Promise<void>;
  /** Found when the store was opened. */
  schedules(): Iterable<ScheduleRecord>;
}
