/** Told when an update has come further; with its end where history will not know of it. */
export type UpdateWatcher = (end: UpdateEnd | undefined) => void;

/** A run in memory: its state, and what hangs on it while the server is up. */
import type { TimerHandle } from '../clock.js';
import type { UpdateEnd } from '../history/effects.js';
import type { RunState } from '../history/state.js';
import type { PendingQuery } from './queries.js';

export class Run {
  readonly state: RunState;
  readonly execution: Execution;
  /** Timers that are set, by the key of what is due. */
  readonly timers = new Map<string, TimerHandle>();
  /** Called after each transaction: long polls for history. */
  readonly watchers = new Set<() => void>();
  readonly queries = new Map<string, PendingQuery>();
  readonly #updateWatchers = new Map<string, Set<UpdateWatcher>>();
  /** Keeps time from being skipped while the run is busy. */
  release: (() => void) | undefined;
  /** Transfers are handed over in order, one at a time. */
  outbox: Promise<void> = Promise.resolve();
  /** How many of them are under way. */
  sending = 0;

  /** How far its clock is behind that of its tree, which is on its way ahead: the next transaction catches up. */
  lagMs = 0;

  /** Its retention is over: what still refers to it must not bring it back. */
  dropped = false;

  constructor(state: RunState, execution: Execution) {
    this.state = state;
    this.execution = execution;
  }

  get info() {
    return this.state.info;
  }

  get key() {
    return this.state.key;
  }

  /** How far its clock is ahead of the server's. */
  get aheadMs(): number {
    return this.info.aheadMs + this.lagMs;
  }

  /** Nothing refers to it but its execution. */
  get isIdle(): boolean {
    const waits = this.watchers.size + this.queries.size + this.#updateWatchers.size;
    return waits === 0 && this.sending === 0 && this.timers.size === 0;
  }

  /** Calls `watcher` whenever the update comes further, until the returned function is called. */
  watchUpdate(updateId: string, watcher: UpdateWatcher): () => void {
    const watchers = this.#updateWatchers.get(updateId) ?? new Set();
    this.#updateWatchers.set(updateId, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#updateWatchers.delete(updateId);
    };
  }

  tellUpdateWatchers(updateId: string, end: UpdateEnd | undefined): void {
    for (const watch of [...(this.#updateWatchers.get(updateId) ?? [])]) watch(end);
  }
}

/** The runs of one workflow id. Transactions on it happen one after the other. */
export class Execution {
  readonly runs = new Map<string, Run>();
  current: Run | undefined;
  /** The end of the transaction in progress, when the store takes its time. */
  busy: Promise<unknown> | undefined;

  constructor(
    readonly namespace: string,
    readonly workflowId: string,
  ) {}
}
