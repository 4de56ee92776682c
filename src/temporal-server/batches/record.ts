/** A batch operation as it is kept: plain data, all that a restart needs. */
import type { temporal } from '../proto.js';

/** What was asked for. The executions are kept apart, and the request has none. */
export type BatchRequest = temporal.api.workflowservice.v1.StartBatchOperationRequest;

export interface BatchJob {
  readonly namespace: string;
  readonly jobId: string;
  readonly request: BatchRequest;
  /** A `BatchOperationType`. */
  readonly type: number;
  readonly identity: string;
  readonly startedAtMs: number;
  readonly total: number;
}

/** One that it is done to; without a run id the current run of the workflow id, when its turn comes. */
export interface BatchTarget {
  readonly workflowId: string;
  readonly runId: string;
}

export type BatchState = 'running' | 'completed' | 'failed';

/** How far a job has come. Completed and failed together are the targets that it has been through. */
export interface BatchProgress {
  readonly state: BatchState;
  readonly closedAtMs: number | undefined;
  readonly completed: number;
  readonly failed: number;
}

export interface StoredBatch {
  readonly job: BatchJob;
  readonly progress: BatchProgress;
  /** None once it is over. */
  readonly targets: readonly BatchTarget[];
}

/** The port of what keeps batch operations. */
export interface BatchStore {
  putBatch(batch: StoredBatch): void | Promise<void>;
  /** A job that is over needs its targets no more. */
  putBatchProgress(job: BatchJob, progress: BatchProgress): void | Promise<void>;
  dropBatch(job: BatchJob): void | Promise<void>;
  /** Found when the store was opened, those that began first first. */
  batches(): Iterable<StoredBatch>;
}
