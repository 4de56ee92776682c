/** One page of a list by search attribute, over as many runs as fill a busy server: in memory, and in a file. */
import { createHash } from 'node:crypto';
import { FileStore } from '../src/temporal-server/file/file-store.js';
import { MemoryStore } from '../src/temporal-server/memory-store.js';
import type { Store } from '../src/temporal-server/store.js';
import { compile } from '../src/temporal-server/visibility/filter.js';
import { listPage } from '../src/temporal-server/visibility/list.js';
import { parseQuery } from '../src/temporal-server/visibility/query.js';
import type { VisibilityRecord } from '../src/temporal-server/visibility/record.js';
import type { Benchmark, Report } from './support/figure.js';
import { median } from './support/load.js';
import { DataFile } from './support/servers.js';
import { showing } from './support/shown-runs.js';

const RUNS = 100_000;
const PAGE = 1000;
const ROUNDS = 21;
const GOAL_MS = 50;

const CUSTOM = new Map([
  ['Score', 'Int'],
  ['Tags', 'KeywordList'],
] as const);

const QUERIES = [
  "Tags = 'tenth'",
  'Score = 77777',
  "CloseTime IS NOT NULL AND Tags = 'tenth' AND Score > 98999",
  "WorkflowId = 'w-500'",
  "ExecutionStatus = 'Running' AND StartTime < '1970-01-01T00:00:01Z'",
];

const WHERE = ['memory', 'a file'] as const;
const work = (where: string, query: string) => `a page of ${RUNS} runs in ${where}: ${query}`;
const FIRST = `the first query after a file with ${RUNS} runs was opened, whose index it makes`;
const MEMORY = `what the index of ${RUNS} runs in a file takes`;

export const benchmark: Benchmark = {
  name: 'lists',
  about: "a page of the embedded server's list calls by search attribute",
  goals: WHERE.flatMap((where) =>
    QUERIES.map((query) => ({
      work: work(where, query),
      who: 'perdure-ts' as const,
      atMost: GOAL_MS,
    })),
  ),
  async run(report) {
    const memory = new MemoryStore({ runs: RUNS, historyBytes: 0 });
    await fill(memory);
    await queries(memory, 'memory', report);
    await inFile(report);
  },
};

async function inFile(report: Report): Promise<void> {
  const file = new DataFile();
  const filled = await FileStore.open(file.path);
  await fill(filled);
  await filled.close();
  const store = await FileStore.open(file.path);
  const before = taken();
  const ms = await timed(store, QUERIES[0] ?? '');
  report({ work: FIRST, who: 'perdure-ts', n: 1, ms });
  report({ work: MEMORY, who: 'perdure-ts', n: RUNS, bytes: taken() - before });
  await queries(store, 'a file', report);
  await store.close();
  file.remove();
}

/** Of the heap, and of arrays beside it. */
function taken(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function queries(store: Store, where: string, report: Report): Promise<void> {
  for (const query of QUERIES) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await timed(store, query));
    report({ work: work(where, query), who: 'perdure-ts', n: ROUNDS, ms: median(times) });
  }
}

async function timed(store: Store, query: string): Promise<number> {
  const from = performance.now();
  const matches = compile(parseQuery(query).where, CUSTOM);
  listPage(await store.searchable('default'), matches, PAGE, undefined);
  return performance.now() - from;
}

const AT_ONCE = 1000;

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < RUNS; from += AT_ONCE) {
    const commits = Array.from({ length: AT_ONCE }, (_, i) =>
      store.commit(showing(record(from + i))),
    );
    await Promise.all(commits);
  }
}

const json = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});

function record(i: number): VisibilityRecord {
  const key = { namespace: 'default', workflowId: `w-${i}`, runId: runIdOf(i) };
  return {
    key,
    workflowType: 't',
    taskQueue: 'q',
    status: i % 2 === 0 ? 2 : 1,
    startedAtMs: i,
    executionAtMs: i,
    closedAtMs: i % 2 === 0 ? RUNS + i : undefined,
    historyLength: 5,
    historySizeBytes: 1000,
    stateTransitions: 3,
    memo: {},
    searchAttributes: { Score: json(i), Tags: json([i % 10 === 0 ? 'tenth' : 'other']) },
    parent: undefined,
    root: key,
  };
}

function runIdOf(i: number): string {
  const hex = createHash('sha256').update(`${i}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}
