/**
 * The runs of a namespace in the order of the list calls, page by page.
 *
 * A page without an order of its own stops at the first run that is on the next page.
 */
import { type Listed, type ListedFields, ListedRecord } from './listed.js';
import { type ListPlace, Ordered } from './ordered.js';
import type { VisibilityRecord } from './record.js';

/** Where a page goes on: after this run. */
export type ListToken = ListPlace;

export interface ListPage {
  readonly records: readonly VisibilityRecord[];
  readonly next: ListToken | undefined;
}

/** The runs of a namespace as lists show them. */
export interface RunList {
  /** In list order: open runs first, then those closed last; of these, started last. */
  from(token?: ListToken): Iterable<Listed>;
}

type Placed = Pick<ListedFields, 'key' | 'startedAtMs' | 'closedAtMs'>;

export function placeOf({ closedAtMs, startedAtMs, key }: Placed): ListPlace {
  return { closedAtMs: closedAtMs ?? null, startedAtMs, runId: key.runId };
}

/** The records of runs, in memory. */
export class VisibilityIndex implements RunList {
  readonly #byRun = new Map<string, Listed>();
  readonly #ordered = new Ordered<Listed>(({ fields }) => placeOf(fields));

  get size(): number {
    return this.#byRun.size;
  }

  /** Adds a run, or shows it as it is now. */
  put(record: VisibilityRecord): void {
    this.remove(record.key.runId);
    const listed = new ListedRecord(record);
    this.#byRun.set(record.key.runId, listed);
    this.#ordered.insert(listed);
  }

  remove(runId: string): void {
    const listed = this.#byRun.get(runId);
    if (!listed) return;
    this.#byRun.delete(runId);
    this.#ordered.remove(placeOf(listed.fields));
  }

  from(token?: ListToken): Iterable<Listed> {
    return this.#ordered.from(token, (listed) => listed);
  }
}

/** One page of the runs that `matches` is true of, after `token`. */
export function listPage(
  list: RunList,
  matches: (listed: Listed) => boolean,
  pageSize: number,
  token: ListToken | undefined,
): ListPage {
  const records: VisibilityRecord[] = [];
  for (const listed of list.from(token)) {
    if (!matches(listed)) continue;
    const last = records.at(-1);
    if (last && records.length === pageSize) return { records, next: placeOf(last) };
    records.push(listed.record);
  }
  return { records, next: undefined };
}
