/**
 * `node cached.js plain|lua ADDRESS`, a process of its own: starts workflows that wait, all kept in the
 * worker's cache, and prints by how many bytes a workflow this process has grown.
 */
import { perSecond } from '../support/load.js';
import { luaSide } from './lua.js';
import { plainSide } from './plain.js';
import { start, WIDTH, withClient } from './workloads.js';

const CACHED = 1000;
const WARM_UP = 50;
/** Events of a workflow whose first task is done. */
const FIRST_TASK = 4;

const [who, address = ''] = process.argv.slice(2);
const side = await (who === 'lua' ? luaSide(address) : plainSide(address));
await withClient(address, async (client) => {
  const waiting = async (): Promise<void> => {
    const handle = await start(client, side, 'inbox', 1);
    while ((await handle.describe()).historyLength < FIRST_TASK) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await perSecond(WARM_UP, WIDTH, waiting);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  await perSecond(CACHED, WIDTH, waiting);
  globalThis.gc?.();
  console.log((process.memoryUsage.rss() - before) / CACHED);
});
process.exit(0);
