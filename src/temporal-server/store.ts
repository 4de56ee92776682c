/**
 * The store port: what must be on record before anybody is told of it.
 *
 * 1. A change touches the runs of one workflow id and is written as a whole or not at all.
 * 2. `commit` may answer with a promise (a store that commits in groups); the engine waits for it
 *    before it keeps the change, acknowledges it or acts on it. A commit that fails has written nothing.
 * 3. What is pending in a run follows from its state (history/pending.ts), but for transfers: those are
 *    kept until they are settled.
 * 4. A run that was dropped is gone at once for every reader, whenever that is on disk.
 */
import type { BatchStore } from './batches/record.js';
import type { MoveStore } from './engine/tree-move.js';
import type { Effect, StoredEvent, Transfer } from './history/effects.js';
import type { CollectionChanges, RunInfo, RunKey, RunState } from './history/state.js';
import type { Namespace } from './namespaces.js';
import type { ScheduleStore } from './schedules/record.js';
import type { RunList } from './visibility/list.js';
import type { VisibilityRecord } from './visibility/record.js';

/** What happens to one run. */
export interface RunChange {
  /** The run as it was; it is brought up to date once the change is stored. */
  readonly state: RunState;
  /** As it will be. */
  readonly info: RunInfo;
  readonly collections: CollectionChanges;
  readonly events: readonly StoredEvent[];
  readonly effects: readonly Effect[];
  /** The run as lists show it, when that changes. */
  readonly visibility: VisibilityRecord | undefined;
  /** When the run closes: until when it is kept, in milliseconds of real time. */
  readonly keepUntilMs: number | undefined;
}

/** What happens to the runs of one workflow id. */
export interface Change {
  readonly namespace: string;
  readonly workflowId: string;
  /** The server's time. */
  readonly atMs: number;
  /** In order: a run that closes comes before the one that takes over. */
  readonly runs: readonly RunChange[];
}

/** A transfer that may not have been handed over yet. */
export interface PendingTransfer {
  readonly key: RunKey;
  readonly id: number;
  readonly transfer: Transfer;
}

export interface Store extends ScheduleStore, BatchStore, MoveStore {
  /** What keeps it, as clients are told. */
  readonly kind: 'memory' | 'lmdb';
  commit(change: Change): void | Promise<void>;
  /** Forgets a closed run: its history, and its place in lists. */
  drop(key: RunKey): void | Promise<void>;
  /** Events of a run with ids from `from` to `to`, both included. */
  events(key: RunKey, from: number, to: number): readonly StoredEvent[];
  /** All runs of a namespace as lists show them, to be gone through in their order. */
  visible(namespace: string): RunList;
  /** The same runs, for queries that look at many and show few. It may have to be made first. */
  searchable(namespace: string): RunList | Promise<RunList>;
  /** The state of a run, open or closed. */
  load(key: RunKey): RunState | undefined;
  /** The run of a workflow id that started last. */
  currentRunId(namespace: string, workflowId: string): string | undefined;
  /** Closed runs whose time is over at `nowMs`, real time; some of them, those that closed first. */
  expired(nowMs: number): readonly RunKey[];
  /** When the time of the next closed run is over. */
  nextExpiryMs(): number | undefined;
  /** The transfer was handed over. */
  settle(key: RunKey, transferId: number): void;
  /** Found when the store was opened: what the server has to take up again. */
  openRuns(): Iterable<RunKey>;
  pendingTransfers(): Iterable<PendingTransfer>;
  namespaces(): Iterable<Namespace>;
  putNamespace(namespace: Namespace): void | Promise<void>;
  dropNamespace(name: string): void | Promise<void>;
  /** Writes what is outstanding, and lets go of the file. */
  close(): Promise<void>;
}
