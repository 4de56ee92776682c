/**
 * The runs of a namespace in the order of the list calls, page by page.
 *
 * 1. A run is in one of two arrays, open or closed, each sorted so that the first of a list is at
 *    the end: runs start and close in the order of time, so that keeping order is an append.
 * 2. A page without an order of its own stops at the first run that is on the next page.
 */
import { Listed } from './listed.js';
import type { VisibilityRecord } from './record.js';

/** Where a page goes on: after this run. */
export interface ListToken {
  readonly closedAtMs: number | null;
  readonly startedAtMs: number;
  readonly runId: string;
}

export interface ListPage {
  readonly records: readonly VisibilityRecord[];
  readonly next: ListToken | undefined;
}

/** The runs of a namespace as lists show them. */
export interface RunList {
  /** In list order: open runs first, then those closed last; of these, started last. */
  from(token?: ListToken): Iterable<Listed>;
}

/** As Temporal sorts. */
function order(a: ListToken, b: ListToken): number {
  const closed = (b.closedAtMs ?? Number.MAX_VALUE) - (a.closedAtMs ?? Number.MAX_VALUE);
  if (closed !== 0) return closed;
  if (a.startedAtMs !== b.startedAtMs) return b.startedAtMs - a.startedAtMs;
  return a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0;
}

function tokenOf(record: VisibilityRecord): ListToken {
  return {
    closedAtMs: record.closedAtMs ?? null,
    startedAtMs: record.startedAtMs,
    runId: record.key.runId,
  };
}

/** The index of how many of `sorted` (last of the list first) come after `token` in the list. */
function countAfter(sorted: readonly Listed[], token: ListToken): number {
  const last = sorted.at(-1);
  if (last && order(token, tokenOf(last.record)) < 0) return sorted.length;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = sorted[middle] as Listed;
    if (order(token, tokenOf(at.record)) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class VisibilityIndex implements RunList {
  readonly #byRun = new Map<string, Listed>();
  readonly #open: Listed[] = [];
  readonly #closed: Listed[] = [];

  get size(): number {
    return this.#byRun.size;
  }

  /** Adds a run, or shows it as it is now. */
  put(record: VisibilityRecord): void {
    this.remove(record.key.runId);
    const listed = new Listed(record);
    this.#byRun.set(record.key.runId, listed);
    const sorted = this.#home(record);
    const at = countAfter(sorted, tokenOf(record));
    if (at === sorted.length) sorted.push(listed);
    else sorted.splice(at, 0, listed);
  }

  remove(runId: string): void {
    const listed = this.#byRun.get(runId);
    if (!listed) return;
    this.#byRun.delete(runId);
    const sorted = this.#home(listed.record);
    sorted.splice(countAfter(sorted, tokenOf(listed.record)), 1);
  }

  #home(record: VisibilityRecord): Listed[] {
    return record.closedAtMs === undefined ? this.#open : this.#closed;
  }

  *from(token?: ListToken): Iterable<Listed> {
    for (const sorted of [this.#open, this.#closed]) {
      const count = token ? countAfter(sorted, token) : sorted.length;
      for (let at = count - 1; at >= 0; at--) yield sorted[at] as Listed;
    }
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
    if (last && records.length === pageSize) return { records, next: tokenOf(last) };
    records.push(listed.record);
  }
  return { records, next: undefined };
}
