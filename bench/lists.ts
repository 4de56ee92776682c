/** One page of a list by search attribute, over as many runs as fill a busy server. */
import { compile } from '../src/temporal-server/visibility/filter.js';
import { listPage, VisibilityIndex } from '../src/temporal-server/visibility/list.js';
import { parseQuery } from '../src/temporal-server/visibility/query.js';
import type { Benchmark } from './support/figure.js';
import { median } from './support/load.js';

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
];

const work = (query: string) => `a page of ${RUNS} runs: ${query}`;

export const benchmark: Benchmark = {
  name: 'lists',
  about: "a page of the embedded server's list calls by search attribute",
  goals: QUERIES.map((query) => ({ work: work(query), who: 'perdure-ts', atMost: GOAL_MS })),
  async run(report) {
    const index = filled();
    for (const query of QUERIES) {
      const matches = compile(parseQuery(query).where, CUSTOM);
      const times = Array.from({ length: ROUNDS }, () => {
        const from = performance.now();
        listPage(index, matches, PAGE, undefined);
        return performance.now() - from;
      });
      report({ work: work(query), who: 'perdure-ts', n: ROUNDS, ms: median(times) });
    }
  },
};

function filled(): VisibilityIndex {
  const json = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)) });
  const index = new VisibilityIndex();
  for (let i = 0; i < RUNS; i++) {
    const key = { namespace: 'default', workflowId: `w-${i}`, runId: `run-${i}` };
    index.put({
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
    });
  }
  return index;
}
