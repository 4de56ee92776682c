/**
 * Batch operations: one thing done to many runs, one after the other, while the server is up. A job is
 * kept in memory alone: what it has done is not undone, and with the server it is over.
 */
import type { Clock } from '../clock.js';
import {
  alreadyCompleted,
  isServiceError,
  resourceExhausted,
  ServiceError,
  StatusCode,
  workflowNotFound,
} from '../errors.js';
import type { RunKey } from '../history/state.js';

/** As Temporal has it for a namespace. */
const MAX_RUNNING = 1;
/** How many finished jobs of a namespace can still be described. */
const MAX_FINISHED = 1000;
/** Others get their turn after so many. */
const AT_ONCE = 20;

export type BatchState = 'running' | 'completed' | 'failed';

export interface BatchJob {
  readonly namespace: string;
  readonly jobId: string;
  readonly reason: string;
  readonly identity: string;
  readonly query: string;
  /** A `BatchOperationType`. */
  readonly type: number;
  readonly startedAtMs: number;
  readonly total: number;
}

/** A job and how far it has come. */
export interface BatchProgress {
  readonly job: BatchJob;
  state: BatchState;
  closedAtMs: number | undefined;
  completed: number;
  failed: number;
}

export interface BatchWork {
  readonly keys: readonly RunKey[];
  /** Default 0: as fast as they go. */
  readonly perSecond: number;
  /** What it throws is a failure of that run's, and counted. */
  readonly apply: (key: RunKey) => Promise<void>;
}

export class Batches {
  readonly #clock: Clock;
  readonly #observe: (error: unknown) => void;
  readonly #jobs = new Map<string, BatchProgress>();

  /** @param defect - told of what `apply` threw that no client could have been told */
  constructor(clock: Clock, defect: (error: unknown) => void) {
    this.#clock = clock;
    this.#observe = defect;
  }

  /** @throws ServiceError ALREADY_EXISTS, or RESOURCE_EXHAUSTED while another one runs */
  start(job: BatchJob, work: BatchWork): void {
    const key = keyOf(job.namespace, job.jobId);
    if (this.#jobs.has(key)) {
      throw new ServiceError(
        StatusCode.ALREADY_EXISTS,
        `Workflow execution already finished or is running. WorkflowId: ${job.jobId}.`,
        {
          type: 'WorkflowExecutionAlreadyStartedFailure',
          value: { startRequestId: job.jobId, runId: '' },
        },
      );
    }
    const running = this.of(job.namespace).filter(({ state }) => state === 'running').length;
    if (running >= MAX_RUNNING)
      throw resourceExhausted('Max concurrent batch operations is reached');
    const progress: BatchProgress = {
      job,
      state: 'running',
      closedAtMs: undefined,
      completed: 0,
      failed: 0,
    };
    this.#jobs.set(key, progress);
    const release = this.#clock.hold(`batch operation ${job.jobId}`);
    this.#run(progress, work).catch(this.#observe).finally(release);
  }

  async #run(progress: BatchProgress, { keys, perSecond, apply }: BatchWork): Promise<void> {
    const fromMs = Date.now();
    for (const [index, key] of keys.entries()) {
      const earlyMs = perSecond > 0 ? fromMs + (index * 1000) / perSecond - Date.now() : 0;
      if (earlyMs > 0 || index % AT_ONCE === 0)
        await new Promise((resolve) => setTimeout(resolve, earlyMs));
      if (progress.state !== 'running') return;
      await this.#apply(progress, key, apply);
    }
    this.#end(progress, 'completed');
  }

  async #apply(progress: BatchProgress, key: RunKey, apply: BatchWork['apply']): Promise<void> {
    try {
      await apply(key);
      progress.completed += 1;
    } catch (error) {
      progress.failed += 1;
      if (!isServiceError(error)) this.#observe(error);
    }
  }

  #end(progress: BatchProgress, state: BatchState): void {
    if (progress.state !== 'running') return;
    progress.state = state;
    progress.closedAtMs = this.#clock.now();
    const finished = this.of(progress.job.namespace).filter((each) => each.state !== 'running');
    for (const { job } of finished.slice(MAX_FINISHED))
      this.#jobs.delete(keyOf(job.namespace, job.jobId));
  }

  /** @throws ServiceError NOT_FOUND */
  find(namespace: string, jobId: string): BatchProgress {
    const progress = this.#jobs.get(keyOf(namespace, jobId));
    if (!progress) throw workflowNotFound(jobId);
    return progress;
  }

  /** The jobs of a namespace, the last one first. */
  of(namespace: string): BatchProgress[] {
    return [...this.#jobs.values()].filter(({ job }) => job.namespace === namespace).reverse();
  }

  /** What it has not come to is left alone. @throws ServiceError NOT_FOUND */
  stop(namespace: string, jobId: string): void {
    const progress = this.find(namespace, jobId);
    if (progress.state !== 'running') throw alreadyCompleted();
    this.#end(progress, 'failed');
  }

  close(): void {
    for (const progress of this.#jobs.values()) this.#end(progress, 'failed');
  }
}

function keyOf(namespace: string, jobId: string): string {
  return `${namespace}\n${jobId}`;
}
