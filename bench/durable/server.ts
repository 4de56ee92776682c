/** The embedded server beside Temporal's own development server, both serving the plain TypeScript SDK. */
import type { Benchmark } from '../support/figure.js';
import { median } from '../support/load.js';
import { type ServerProcess, startEmbedded, startReal } from '../support/servers.js';
import { plainSide } from './plain.js';
import { measureStarts, START_GOALS } from './startup.js';
import { hello, WIDTH, withClient } from './workloads.js';

const WORK = `plain TypeScript hello workflows, ${WIDTH} at a time`;
/** In turn, so that both see the same weather on the machine; the median counts. */
const ROUNDS = 3;
const EMBEDDED_RUNS = 600;
/** Its timers fire on the second; more runs say the same for longer. */
const REAL_RUNS = 150;

export const benchmark: Benchmark = {
  name: 'server',
  about: 'embedded server against `temporal server start-dev`, serving plain TypeScript workflows',
  goals: [{ work: WORK, who: 'perdure-ts', atLeastPeers: 4 }, ...START_GOALS],
  async run(report) {
    await measureStarts(report);
    const embedded: number[] = [];
    const real: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      embedded.push(await rateOn(startEmbedded, EMBEDDED_RUNS));
      real.push(await rateOn(startReal, REAL_RUNS));
    }
    const n = { embedded: EMBEDDED_RUNS * ROUNDS, real: REAL_RUNS * ROUNDS };
    report({ work: WORK, who: 'perdure-ts', n: n.embedded, per_s: median(embedded) });
    report({ work: WORK, who: 'peer', n: n.real, per_s: median(real) });
  },
};

async function rateOn(start: () => Promise<ServerProcess>, runs: number): Promise<number> {
  const server = await start();
  try {
    const side = await plainSide(server.address);
    const rate = await withClient(server.address, (client) => hello(client, side, runs));
    await side.stop();
    return rate;
  } finally {
    await server.stop();
  }
}
