/**
 * The store port: what must be on record before anybody is told of it.
 *
 * 1. A change touches the runs of one workflow id and is written as a whole or not at all.
 * 2. `commit` may answer with a promise (a store that commits in groups); the engine waits for it
 *    before it keeps the change, acknowledges it or acts on it.
 * 3. A change carries its effects: a store that outlives the process keeps timers and transfers
 *    with the run, so that they can be taken up again.
 */
import type { Effect, StoredEvent } from './history/effects.js';
import type { RunKey, RunState } from './history/state.js';
import type { RunList } from './visibility/list.js';
import type { VisibilityRecord } from './visibility/record.js';

/** What happens to one run. */
export interface RunChange {
  readonly state: RunState;
  readonly events: readonly StoredEvent[];
  readonly effects: readonly Effect[];
  /** The run as lists show it, when that changes. */
  readonly visibility: VisibilityRecord | undefined;
}

/** What happens to the runs of one workflow id. */
export interface Change {
  readonly namespace: string;
  readonly workflowId: string;
  /** In order: a run that closes comes before the one that takes over. */
  readonly runs: readonly RunChange[];
}

export interface Store {
  commit(change: Change): void | Promise<void>;
  /** Forgets a closed run: its history, and its place in lists. */
  drop(key: RunKey): void;
  /** Events of a run with ids from `from` to `to`, both included. */
  events(key: RunKey, from: number, to: number): readonly StoredEvent[];
  /** All runs of a namespace as lists show them. */
  visible(namespace: string): RunList;
}
