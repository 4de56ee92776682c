/** Lua workflows beside plain TypeScript ones, on the same embedded server. */
import { join } from 'node:path';
import { startApp } from '../../src/app.js';
import type { Benchmark } from '../support/figure.js';
import { perSecond } from '../support/load.js';
import { root } from '../support/paths.js';
import { startEmbedded } from '../support/servers.js';
import { clientHello, plainHello, WIDTH } from './plain.js';

const BY_CLIENT = `hello workflows, ${WIDTH} at a time, started by a Temporal client`;
const BY_SPAWN = `hello workflows, ${WIDTH} at a time, spawned and monitored by perdure`;
const RUNS = 1000;

export const benchmark: Benchmark = {
  name: 'hello',
  about: 'Lua workflows against plain TypeScript workflows on the embedded server',
  goals: [{ work: BY_CLIENT, who: 'perdure-lua', atLeastPeers: 0.6 }],
  async run(report) {
    const server = await startEmbedded();
    try {
      const plain = await plainHello(server.address, RUNS);
      report({ work: BY_CLIENT, who: 'peer', n: RUNS, per_s: plain });
      const app = await startApp({
        dir: join(root, 'bench/temporal/app'),
        address: server.address,
      });
      const lua = await clientHello(server.address, 'app:hello', 'bench-lua', RUNS);
      report({ work: BY_CLIENT, who: 'perdure-lua', n: RUNS, per_s: lua });
      const spawned = await perSecond(RUNS, WIDTH, async () => {
        const { exit } = await app.runtime.spawn('app:hello', { args: ['Ada'] });
        const { value, error } = await exit;
        if (error !== null || value !== 'Hello, Ada') throw error ?? new Error(String(value));
      });
      report({ work: BY_SPAWN, who: 'perdure-lua', n: RUNS, per_s: spawned });
      await app.stop();
    } finally {
      await server.stop();
    }
  },
};
