/**
 * What queries ask of the runs of a namespace, in columns: for a store that keeps the records elsewhere,
 * and reads those that a list shows. It takes about a third of a kilobyte a run.
 *
 * 1. A run has a row. Its number means nothing, and is another run's once the run is removed.
 * 2. A run is found by its place in the list: it moves once, from its place as an open run to that as a
 *    closed one.
 */
import { IndexedRun, type ReadRecord } from './indexed-run.js';
import { type ListToken, placeOf, type RunList } from './list.js';
import type { Listed } from './listed.js';
import { type ListPlace, Ordered } from './ordered.js';
import { type Indexed, RunColumns } from './run-columns.js';

export class RunIndex implements RunList {
  readonly #columns: RunColumns;
  readonly #ordered: Ordered<number>;
  readonly #read: ReadRecord;
  readonly #free: number[] = [];
  #rows = 0;

  constructor(namespace: string, read: ReadRecord) {
    const columns = new RunColumns(namespace);
    this.#columns = columns;
    this.#ordered = new Ordered((row) => columns.place(row));
    this.#read = read;
  }

  /** How many runs it has. */
  get size(): number {
    return this.#rows - this.#free.length;
  }

  /** Adds a run, or takes over how it is now. */
  put(run: Indexed): void {
    const place = placeOf(run);
    const row = this.#ordered.at(place);
    if (row !== undefined) {
      this.#columns.set(row, run);
      return;
    }
    this.remove({ ...place, closedAtMs: null });
    const free = this.#free.pop() ?? this.#rows++;
    this.#columns.set(free, run);
    this.#ordered.insert(free);
  }

  remove(place: ListPlace): void {
    const row = this.#ordered.at(place);
    if (row === undefined) return;
    this.#ordered.remove(place);
    this.#columns.set(row, undefined);
    this.#free.push(row);
  }

  from(token?: ListToken): Iterable<Listed> {
    return this.#ordered.from(token, (row) => new IndexedRun(this.#columns, row, this.#read));
  }
}
