/** What a file with many runs in it costs: to open, and to work on. */
import type { Goal, Report } from '../support/figure.js';
import { perSecond } from '../support/load.js';
import { DataFile, startEmbeddedOnFile } from '../support/servers.js';
import { ByHand } from './by-hand.js';
import { hello } from './works.js';

const CLOSED = 100_000;
const OPEN = 1000;
const WIDTH = 200;

const REOPEN = `start to serving, with ${CLOSED} closed and ${OPEN} open runs in the file`;
const FEW = 3000;
const EARLY = `hello workflows, 50 at a time, the first ${FEW} runs in the file`;
const LATE = `hello workflows, 50 at a time, ${CLOSED} runs in the file`;

export const stored = {
  goals: [
    { work: REOPEN, who: 'perdure-ts', atMost: 1000 },
    { work: LATE, who: 'perdure-ts', peer: 'perdure-ts', peerWork: EARLY, atLeastPeers: 0.8 },
  ] as readonly Goal[],

  async run(report: Report): Promise<void> {
    const file = new DataFile();
    let server = await startEmbeddedOnFile(file);
    let by = new ByHand(server.address);
    const n = (FEW * 3) / 4;
    report({ work: EARLY, who: 'perdure-ts', n, per_s: await hello(by, n) });
    await perSecond(CLOSED - FEW, WIDTH, async () => {
      await by.start();
      await by.complete(await by.task());
    });
    report({ work: LATE, who: 'perdure-ts', n, per_s: await hello(by, n) });
    await perSecond(OPEN, WIDTH, async () => void (await by.start()));
    by.close();
    await server.stop();
    server = await startEmbeddedOnFile(file);
    report({ work: REOPEN, who: 'perdure-ts', n: 1, ms: server.startedInMs });
    by = new ByHand(server.address, by.queue);
    await by.complete(await by.task());
    by.close();
    await server.stop();
    file.remove();
  },
};
