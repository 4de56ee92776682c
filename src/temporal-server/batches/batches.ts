/**
 * Batch operations: one thing done to many runs, one after the other.
 *
 * 1. A job, its targets and its end are stored before anybody is told of them; how far it has come is
 *    stored after each target, in order.
 * 2. A job that is under way when the server ends, however that happens, goes on where it was: at most
 *    the last few targets are gone through once more, which what is done to them has to bear.
 * 3. What has been done is not undone by a stop. A job that runs holds the clock, until it ends or is stopped,
 *    however slowly it was to go.
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
import { pairKey } from '../pair-key.js';
import { isStoreRefusal } from '../store-errors.js';
import type { BatchJob, BatchProgress, BatchStore, BatchTarget } from './record.js';

/** As Temporal has it for a namespace. */
const MAX_RUNNING = 1;
/** How many finished jobs of a namespace can still be described. */
const MAX_FINISHED = 1000;
/** Others get their turn after so many. */
const AT_ONCE = 20;

/** What is done to one target. What it throws is a failure of that target's, and counted. */
export type Apply = (target: BatchTarget) => Promise<void>;

/** What batch operations need of the engine. */
export interface BatchWorld {
  readonly clock: Clock;
  /** What a job does to each of its targets. */
  operation(job: BatchJob): Apply;
  /** Work of the server's own: what it throws is a defect. */
  background(where: string, work: () => Promise<void>): void;
  /** Does work however long the store refuses to write what comes of it. */
  untilStored<T>(work: () => T | Promise<T>): Promise<T>;
}

/** A job and how far it has come. */
export interface Batch {
  readonly job: BatchJob;
  readonly progress: BatchProgress;
}

interface Entry {
  readonly job: BatchJob;
  progress: BatchProgress;
  /** Until it is known whether it stops. */
  stopping: Promise<unknown> | undefined;
  /** Ends its wait for the next target's turn. */
  wake: () => void;
}

const BEGINNING: BatchProgress = {
  state: 'running',
  closedAtMs: undefined,
  completed: 0,
  failed: 0,
};

export class Batches {
  readonly #world: BatchWorld;
  readonly #store: BatchStore;
  readonly #entries = new Map<string, Entry>();
  #isClosed = false;

  constructor(world: BatchWorld, store: BatchStore) {
    this.#world = world;
    this.#store = store;
  }

  /** Takes up what the store has kept: what was under way goes on. */
  open(): void {
    for (const { job, progress, targets } of this.#store.batches()) {
      const entry = this.#add(job, progress);
      if (progress.state === 'running') this.#begin(entry, targets);
    }
  }

  /** @throws ServiceError ALREADY_EXISTS, or RESOURCE_EXHAUSTED while another one runs */
  async start(job: BatchJob, targets: readonly BatchTarget[]): Promise<void> {
    this.#checkRoom(job);
    const entry = this.#add(job, BEGINNING);
    try {
      await this.#store.putBatch({ job, progress: BEGINNING, targets });
    } catch (thrown) {
      this.#entries.delete(keyOf(job));
      throw thrown;
    }
    this.#begin(entry, targets);
  }

  #checkRoom(job: BatchJob): void {
    if (this.#entries.has(keyOf(job))) {
      throw new ServiceError(
        StatusCode.ALREADY_EXISTS,
        `Workflow execution already finished or is running. WorkflowId: ${job.jobId}.`,
        {
          type: 'WorkflowExecutionAlreadyStartedFailure',
          value: { startRequestId: job.jobId, runId: '' },
        },
      );
    }
    const running = this.of(job.namespace).filter(({ progress }) => progress.state === 'running');
    if (running.length >= MAX_RUNNING)
      throw resourceExhausted('Max concurrent batch operations is reached');
  }

  #add(job: BatchJob, progress: BatchProgress): Entry {
    const entry: Entry = { job, progress, stopping: undefined, wake: () => {} };
    this.#entries.set(keyOf(job), entry);
    return entry;
  }

  #begin(entry: Entry, targets: readonly BatchTarget[]): void {
    const { jobId } = entry.job;
    const release = this.#world.clock.hold(`batch operation ${jobId}`);
    this.#world.background(`batch operation ${jobId}`, () =>
      this.#run(entry, targets).finally(release),
    );
  }

  async #run(entry: Entry, targets: readonly BatchTarget[]): Promise<void> {
    const { job } = entry;
    const apply = this.#world.operation(job);
    const pace = this.#pace(entry);
    const from = entry.progress.completed + entry.progress.failed;
    for (const target of targets.slice(from)) {
      await pace();
      await entry.stopping;
      if (this.#isClosed || entry.progress.state !== 'running') return;
      await this.#goThrough(entry, target, apply);
    }
    await entry.stopping;
    if (!this.#isClosed) await this.#world.untilStored(() => this.#end(entry, 'completed'));
  }

  /** Waits until the next target's turn has come, or the job is woken; 0 a second is as fast as they go. */
  #pace(entry: Entry): () => Promise<void> {
    const { clock } = this.#world;
    const perSecond = entry.job.request.maxOperationsPerSecond;
    const fromMs = clock.now();
    let turn = 0;
    return async () => {
      const atMs = perSecond > 0 ? fromMs + (turn * 1000) / perSecond : 0;
      if (atMs > clock.now()) await this.#sleep(entry, atMs);
      else if (turn % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
      turn += 1;
    };
  }

  #sleep(entry: Entry, untilMs: number): Promise<void> {
    const { clock } = this.#world;
    if (this.#isClosed || entry.progress.state !== 'running') return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.setTimer(untilMs, resolve, { skippable: false });
      entry.wake = () => {
        clock.clearTimer(timer);
        resolve();
      };
    });
  }

  async #goThrough(entry: Entry, target: BatchTarget, apply: Apply): Promise<void> {
    const isDone = await this.#attempt(entry.job, target, apply);
    await entry.stopping;
    const { completed, failed } = entry.progress;
    entry.progress = {
      ...entry.progress,
      completed: completed + (isDone ? 1 : 0),
      failed: failed + (isDone ? 0 : 1),
    };
    if (this.#entries.get(keyOf(entry.job)) !== entry) return; // dropped meanwhile
    // Not waited for: what is lost of it is gone through once more.
    Promise.resolve(this.#store.putBatchProgress(entry.job, entry.progress)).catch(() => {});
  }

  async #attempt({ jobId }: BatchJob, target: BatchTarget, apply: Apply): Promise<boolean> {
    try {
      await this.#world.untilStored(() => apply(target));
      return true;
    } catch (error) {
      if (isStoreRefusal(error)) throw error; // the server ends: its turn comes at the next start
      if (!isServiceError(error))
        this.#world.background(`batch operation ${jobId}`, () => Promise.reject(error));
      return false;
    }
  }

  async #end(entry: Entry, state: 'completed' | 'failed'): Promise<void> {
    if (entry.progress.state !== 'running') return;
    const ended = { ...entry.progress, state, closedAtMs: this.#world.clock.now() };
    await this.#store.putBatchProgress(entry.job, ended);
    entry.progress = { ...entry.progress, state, closedAtMs: ended.closedAtMs };
    this.#dropOldest(entry.job.namespace);
  }

  #dropOldest(namespace: string): void {
    const finished = this.of(namespace).filter(({ progress }) => progress.state !== 'running');
    for (const { job } of finished.slice(MAX_FINISHED)) this.#drop(job);
  }

  #drop(job: BatchJob): void {
    this.#entries.delete(keyOf(job));
    this.#world.background(`batch operation ${job.jobId}`, () =>
      this.#world.untilStored(() => this.#store.dropBatch(job)),
    );
  }

  /** @throws ServiceError NOT_FOUND */
  find(namespace: string, jobId: string): Batch {
    return this.#get(namespace, jobId);
  }

  #get(namespace: string, jobId: string): Entry {
    const entry = this.#entries.get(keyOf({ namespace, jobId }));
    if (!entry) throw workflowNotFound(jobId);
    return entry;
  }

  /** The jobs of a namespace, the last one first. */
  of(namespace: string): Batch[] {
    return [...this.#entries.values()].filter(({ job }) => job.namespace === namespace).reverse();
  }

  /** What it has not come to is left alone. @throws ServiceError NOT_FOUND */
  async stop(namespace: string, jobId: string): Promise<void> {
    const entry = this.#get(namespace, jobId);
    await entry.stopping;
    if (entry.progress.state !== 'running') throw alreadyCompleted();
    const stopped = this.#end(entry, 'failed');
    entry.stopping = stopped.catch(() => {}); // told to who asked; the job goes on
    try {
      await stopped;
    } finally {
      entry.stopping = undefined;
    }
    entry.wake();
  }

  /** Lets go of the jobs of a namespace that is being deleted; what is stored of them goes too. */
  async dropAll(namespace: string): Promise<void> {
    for (const { job } of this.of(namespace)) {
      const entry = this.#get(namespace, job.jobId);
      entry.progress = { ...entry.progress, state: 'failed' };
      this.#entries.delete(keyOf(job));
      entry.wake();
      await this.#store.dropBatch(job);
    }
  }

  /** Nothing is begun any more; what is under way goes on at the next start. */
  close(): void {
    this.#isClosed = true;
    for (const { wake } of this.#entries.values()) wake();
  }
}

function keyOf({ namespace, jobId }: Pick<BatchJob, 'namespace' | 'jobId'>): string {
  return pairKey(namespace, jobId);
}
