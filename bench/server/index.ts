/**
 * The embedded server with its data in a file, where each call is on disk before it is answered, beside
 * `temporal server start-dev` as it is by default, which keeps nothing.
 */
import type { Benchmark, Report } from '../support/figure.js';
import { median } from '../support/load.js';
import { type ServerProcess, startEmbeddedOnFile, startReal } from '../support/servers.js';
import { ByHand } from './by-hand.js';
import { memory } from './memory.js';
import { stored } from './stored.js';
import { activities, hello, signals, WIDTH } from './works.js';

/** In turn, so that both see the same weather on the machine; the median counts. */
const ROUNDS = 5;

interface Work {
  readonly name: string;
  /** How often: by us, by the peer. */
  readonly n: readonly [number, number];
  /** @returns how many a second. */
  rate(by: ByHand, n: number): Promise<number>;
}

const WORKS: readonly Work[] = [
  { name: `hello workflows, ${WIDTH} at a time`, n: [6000, 600], rate: hello },
  {
    name: `signals to ${WIDTH} workflows, one after the other each`,
    n: [12_000, 3000],
    rate: signals,
  },
  { name: `activities one after the other, ${WIDTH} workflows`, n: [4000, 500], rate: activities },
];

const GOAL = 5;

export const benchmark: Benchmark = {
  name: 'stored',
  about:
    'embedded server with a file against `temporal server start-dev` without one, by bare calls',
  goals: [
    ...WORKS.map(({ name }) => ({ work: name, who: 'perdure-ts' as const, atLeastPeers: GOAL })),
    ...memory.goals,
    ...stored.goals,
  ],
  async run(report) {
    for (const work of WORKS) await compare(work, report);
    await memory.run(report);
    await stored.run(report);
  },
};

async function compare({ name, n, rate }: Work, report: Report): Promise<void> {
  const ours: number[] = [];
  const peers: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await on(startEmbeddedOnFile, (by) => rate(by, n[0])));
    peers.push(await on(startReal, (by) => rate(by, n[1])));
  }
  report({ work: name, who: 'perdure-ts', n: n[0] * ROUNDS, per_s: median(ours) });
  report({ work: name, who: 'peer', n: n[1] * ROUNDS, per_s: median(peers) });
}

async function on(
  start: () => Promise<ServerProcess>,
  work: (by: ByHand) => Promise<number>,
): Promise<number> {
  const server = await start();
  const by = new ByHand(server.address);
  try {
    return await work(by);
  } finally {
    by.close();
    await server.stop();
  }
}
