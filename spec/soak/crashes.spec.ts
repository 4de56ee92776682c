/**
 * Orders under way while their worker is killed and started again, over and over:
 * `PERDURE_SOAK_SECONDS` (default 300) of it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { AppFolders, index, luaEntry, type RunningCli, startPerdure } from '../support/cli.js';
import { EMBEDDED, type ServerProcess } from '../support/servers.js';

const SECONDS = Number(process.env.PERDURE_SOAK_SECONDS ?? 300);
const WAVE = 25;
/** Workflows in flight take this long at least, so that each kill finds some in every state. */
const LUA = `
local funcs, time = require("funcs"), require("time")
return { main = function(order)
  local first = funcs.call("app:step", order.id, "charge")
  time.sleep("300ms")
  local approved = process.inbox():receive():payload():data()
  return { first, approved, (funcs.call("app:step", order.id, "ship")) }
end }`;

const folders = new AppFolders();
let server: ServerProcess;
let connection: Connection;
let dir: string;

beforeAll(async () => {
  server = await EMBEDDED.start();
  connection = await Connection.connect({ address: server.address });
  const on = (kind: string) => `meta:\n  temporal:\n    ${kind}:\n      worker: worker`;
  dir = await folders.write({
    '_index.yaml': index(
      'name: client\nkind: temporal.client',
      'name: worker\nkind: temporal.worker\nclient: client\ntask_queue: soak\nlifecycle:\n  auto_start: true',
      luaEntry('order', 'workflow.lua', `modules: [funcs, time]\n${on('workflow')}`),
      luaEntry('step', 'function.lua', on('activity')),
    ),
    'order.lua': LUA,
    'step.lua': 'return { main = function(id, what) return what .. " " .. id end }',
  });
});

afterAll(async () => {
  await connection?.close();
  await server?.stop();
  await folders.remove();
});

function startWorker(): RunningCli {
  return startPerdure(['run', dir, '--address', server.address, '--log-level', 'error']);
}

describe('orders whose worker is killed again and again', () => {
  it(
    'all end with what they should',
    async () => {
      const { workflow } = new Client({ connection });
      const until = Date.now() + SECONDS * 1000;
      let worker = startWorker();
      let done = 0;
      for (let wave = 0; Date.now() < until; wave++) {
        const orders = await Promise.all(
          Array.from({ length: WAVE }, (_, i) =>
            workflow.start('app:order', {
              workflowId: `order-${wave}-${i}`,
              taskQueue: 'soak',
              args: [{ id: i }],
            }),
          ),
        );
        await orders[wave % WAVE]?.signal('go', 'yes');
        await orders[wave % WAVE]?.result();
        worker.process.kill('SIGKILL'); // in the middle of all the others
        await worker.ended;
        const rest = orders.filter((_, i) => i !== wave % WAVE);
        await Promise.all(rest.map((order) => order.signal('go', 'yes')));
        worker = startWorker();
        const results = await Promise.all(orders.map((order) => order.result()));
        expect(results).toEqual(orders.map((_, i) => [`charge ${i}`, 'yes', `ship ${i}`]));
        done += orders.length;
      }
      worker.process.kill('SIGKILL');
      await worker.ended;
      console.log(`${done} orders over ${SECONDS} s`);
    },
    SECONDS * 1000 + 120_000,
  );
});
