/**
 * ORDER BY: runs sorted by attributes. Temporal has it with Elasticsearch alone, and so has this
 * server: by any attribute but Text, those without a value last, then by run id.
 */

import type { RunList } from './list.js';
import type { Cell, Listed } from './listed.js';
import type { VisibilityRecord } from './record.js';

export interface SortKey {
  readonly read: (listed: Listed) => Cell;
  readonly descending: boolean;
}

/** Where a page goes on: the values of the last run, null for none. */
export interface SortToken {
  readonly sortedBy: readonly (Exclude<Cell, undefined> | null)[];
  readonly runId: string;
}

export interface SortedPage {
  readonly records: readonly VisibilityRecord[];
  readonly next: SortToken | undefined;
}

function compareCells(a: Cell | null, b: Cell | null, descending: boolean): number {
  const [none, other] = [a ?? undefined, b ?? undefined];
  if (none === undefined || other === undefined)
    return Number(none === undefined) - Number(other === undefined);
  const sign = compareValues(none, other);
  return descending ? -sign : sign;
}

/** An attribute may have had another type when a run got its value: those of a type lie together. */
function compareValues(a: Exclude<Cell, undefined>, b: Exclude<Cell, undefined>): number {
  const [left, right] = typeof a === typeof b ? [a, b] : [typeof a, typeof b];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareTokens(a: SortToken, b: SortToken, keys: readonly SortKey[]): number {
  for (const [index, { descending }] of keys.entries()) {
    const sign = compareCells(a.sortedBy[index], b.sortedBy[index], descending);
    if (sign !== 0) return sign;
  }
  return a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0;
}

/** One page of the runs that `matches` is true of, sorted, after `token`. */
export function sortedPage(
  list: RunList,
  matches: (listed: Listed) => boolean,
  keys: readonly SortKey[],
  pageSize: number,
  token: SortToken | undefined,
): SortedPage {
  const found: { readonly listed: Listed; readonly token: SortToken }[] = [];
  for (const listed of list.from()) {
    if (!matches(listed)) continue;
    const sortedBy = keys.map(({ read }) => read(listed) ?? null);
    const at = { sortedBy, runId: listed.fields.key.runId };
    if (!token || compareTokens(token, at, keys) < 0) found.push({ listed, token: at });
  }
  found.sort((a, b) => compareTokens(a.token, b.token, keys));
  const page = found.slice(0, pageSize);
  return {
    records: page.map(({ listed }) => listed.record),
    next: found.length > page.length ? page.at(-1)?.token : undefined,
  };
}
