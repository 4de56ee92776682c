/** What open workflows cost a server that has its data in a file. */
import { execFileSync } from 'node:child_process';
import type { Goal, Report } from '../support/figure.js';
import { perSecond } from '../support/load.js';
import { startEmbeddedOnFile } from '../support/servers.js';
import { ByHand } from './by-hand.js';

const OPEN = 10_000;
const WIDTH = 200;
const LIMIT_BYTES = 300 * 1024 * 1024;

const WORK = `memory of a server with ${OPEN} open workflows`;

export const memory = {
  goals: [{ work: WORK, who: 'perdure-ts', atMost: LIMIT_BYTES }] as readonly Goal[],

  async run(report: Report): Promise<void> {
    const server = await startEmbeddedOnFile();
    const by = new ByHand(server.address);
    await perSecond(OPEN, WIDTH, async () => void (await by.start()));
    report({ work: WORK, who: 'perdure-ts', n: OPEN, bytes: residentBytes(server.process.pid) });
    by.close();
    await server.stop();
  },
};

/** Of a process: all that it has in memory, pages of the file among it. */
function residentBytes(pid = 0): number {
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' });
  return Number(kilobytes) * 1024;
}
