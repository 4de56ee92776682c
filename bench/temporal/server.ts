/** The embedded server beside Temporal's own development server, both serving the plain TypeScript SDK. */
import type { Benchmark } from '../support/figure.js';
import { startEmbedded, startReal } from '../support/servers.js';
import { plainHello, WIDTH } from './plain.js';

const WORK = `plain TypeScript hello workflows, ${WIDTH} at a time`;
const EMBEDDED_RUNS = 1000;
/** Its timers fire on the second; more runs say the same for longer. */
const REAL_RUNS = 250;

export const benchmark: Benchmark = {
  name: 'server',
  about: 'embedded server against `temporal server start-dev`, serving plain TypeScript workflows',
  goals: [{ work: WORK, who: 'perdure-ts', atLeastPeers: 4 }],
  async run(report) {
    const embedded = await startEmbedded();
    try {
      const per_s = await plainHello(embedded.address, EMBEDDED_RUNS);
      report({ work: WORK, who: 'perdure-ts', n: EMBEDDED_RUNS, per_s });
    } finally {
      await embedded.stop();
    }
    const real = await startReal();
    try {
      const per_s = await plainHello(real.address, REAL_RUNS);
      report({ work: WORK, who: 'peer', n: REAL_RUNS, per_s });
    } finally {
      await real.stop();
    }
  },
};
