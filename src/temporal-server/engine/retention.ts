/**
 * How long closed runs are kept: for their namespace's retention, and no more of them than fit.
 *
 * 1. Retention is real time: time that was skipped takes nothing away from who wants to look.
 * 2. Past either limit the runs that closed first go first. Neither open runs nor the one that has
 *    closed last are dropped.
 */
import type { Clock, TimerHandle } from '../clock.js';
import type { Run } from './run.js';

/** What is kept of closed runs at most, over all namespaces. */
export interface ClosedRunLimits {
  readonly runs: number;
  /** Of their histories together. */
  readonly historyBytes: number;
}

export const CLOSED_RUN_LIMITS: ClosedRunLimits = {
  runs: 20_000,
  historyBytes: 256 * 1024 * 1024,
};

export class Retention {
  readonly #clock: Clock;
  readonly #limits: ClosedRunLimits;
  readonly #drop: (run: Run) => void;
  /** In the order of their closing. */
  readonly #closed = new Map<Run, TimerHandle>();
  #historyBytes = 0;

  constructor(clock: Clock, limits: ClosedRunLimits, drop: (run: Run) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#drop = drop;
  }

  /** Keeps a run that has closed for `retentionMs`. */
  keep(run: Run, retentionMs: number): void {
    const atMs = this.#clock.now() + retentionMs;
    const timer = this.#clock.setTimer(atMs, () => this.end(run), { skippable: false });
    this.#closed.set(run, timer);
    this.#historyBytes += run.info.historySizeBytes;
    for (const first of this.#closed.keys()) {
      if (first === run || !this.#isOver()) return;
      this.end(first);
    }
  }

  #isOver(): boolean {
    return this.#closed.size > this.#limits.runs || this.#historyBytes > this.#limits.historyBytes;
  }

  /** Its time is over, or it is to be deleted. */
  end(run: Run): void {
    const timer = this.#closed.get(run);
    if (!timer) return;
    this.#closed.delete(run);
    this.#clock.clearTimer(timer);
    this.#historyBytes -= run.info.historySizeBytes;
    this.#drop(run);
  }

  /** Drops nothing any more. */
  close(): void {
    for (const timer of this.#closed.values()) this.#clock.clearTimer(timer);
    this.#closed.clear();
  }
}
