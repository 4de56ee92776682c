/** A loaded registry: every entry of an app, checked, and the order in which its services start. */
import type { Entry, EntryKind, EntryOf } from './entry.js';
import type { Problem } from './problem.js';
import type { StartOrder } from './references.js';

export interface Registry {
  /** The app folder; absolute. */
  readonly dir: string;
  /** Entries by id, sorted by id. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Ids of the entries with a lifecycle, each after all that must be up before it. */
  readonly startOrder: readonly string[];
  /** What is accepted but has no effect. */
  readonly warnings: readonly Problem[];
  get(id: string): Entry | undefined;
  /** The entries of one kind, sorted by id. */
  ofKind<K extends EntryKind>(kind: K): readonly EntryOf<K>[];
  /**
   * Ids that must be up before `id` starts, sorted: those that `lifecycle.requires` names, and those that
   * follow from the entry's other references. Empty for an entry without a lifecycle.
   */
  requires(id: string): readonly string[];
}

export class LoadedRegistry implements Registry {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly startOrder: readonly string[];
  readonly #requires: ReadonlyMap<string, readonly string[]>;

  constructor(
    readonly dir: string,
    entries: ReadonlyMap<string, Entry>,
    start: StartOrder,
    readonly warnings: readonly Problem[],
  ) {
    this.entries = entries;
    this.startOrder = start.order;
    this.#requires = start.requires;
  }

  get(id: string): Entry | undefined {
    return this.entries.get(id);
  }

  ofKind<K extends EntryKind>(kind: K): readonly EntryOf<K>[] {
    return [...this.entries.values()].filter((entry): entry is EntryOf<K> => entry.kind === kind);
  }

  requires(id: string): readonly string[] {
    return this.#requires.get(id) ?? [];
  }
}
