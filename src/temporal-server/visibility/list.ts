/** Runs in the order of the list calls, page by page. */
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

/** Open runs first, then those closed last; of these, started last; as Temporal sorts. */
function order(a: ListToken, b: ListToken): number {
  const closed = (b.closedAtMs ?? Number.MAX_VALUE) - (a.closedAtMs ?? Number.MAX_VALUE);
  if (closed !== 0) return closed;
  if (a.startedAtMs !== b.startedAtMs) return b.startedAtMs - a.startedAtMs;
  return a.runId < b.runId ? 1 : a.runId > b.runId ? -1 : 0;
}

function tokenOf(record: VisibilityRecord): ListToken {
  return {
    closedAtMs: record.closedAtMs ?? null,
    startedAtMs: record.startedAtMs,
    runId: record.key.runId,
  };
}

/** One page of the runs that `matches` is true of, after `token`. */
export function listPage(
  records: Iterable<VisibilityRecord>,
  matches: (record: VisibilityRecord) => boolean,
  pageSize: number,
  token: ListToken | undefined,
): ListPage {
  const found: VisibilityRecord[] = [];
  for (const record of records)
    if (matches(record) && (!token || order(token, tokenOf(record)) < 0)) found.push(record);
  found.sort((a, b) => order(tokenOf(a), tokenOf(b)));
  const page = found.slice(0, pageSize);
  const last = page.at(-1);
  return { records: page, next: last && found.length > page.length ? tokenOf(last) : undefined };
}
