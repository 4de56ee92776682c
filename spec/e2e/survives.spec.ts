import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { AppFolders, AUTO_START, index, luaEntry, startPerdure } from '../support/cli.js';
import {
  describeWithTemporal,
  EMBEDDED,
  REAL,
  type ServerKind,
  type ServerProcess,
} from '../support/servers.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const ORDER = `
local funcs = require("funcs")
return { main = function(order)
  local charged, err = funcs.call("app:charge", order)
  if err then return nil, err end
  local msg = process.inbox():receive()
  local shipped = funcs.call("app:ship", { id = order.id, by = msg:payload():data().by })
  return { charged = charged, shipped = shipped }
end }`;

/** An order that is charged, waits for a message, and is shipped. */
function orderApp(address: string): Promise<string> {
  const on = (kind: string) => `meta:\n  temporal:\n    ${kind}:\n      worker: worker`;
  return folders.write({
    '_index.yaml': index(
      `name: client\nkind: temporal.client\naddress: "${address}"\n${AUTO_START}`,
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: orders\n${AUTO_START}`,
      luaEntry('order', 'workflow.lua', `modules: [funcs]\n${on('workflow')}`),
      luaEntry('charge', 'function.lua', on('activity')),
      luaEntry('ship', 'function.lua', on('activity')),
    ),
    'order.lua': ORDER,
    'charge.lua': 'return { main = function(o) return "charged " .. o.id end }',
    'ship.lua': 'return { main = function(s) return s.id .. " by " .. s.by end }',
  });
}

function survival(kind: ServerKind): void {
  let server: ServerProcess;
  let connection: Connection;
  beforeAll(async () => {
    server = await kind.start();
    connection = await Connection.connect({ address: server.address });
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await server?.stop();
  });

  it('finishes the order after its worker was killed in the middle and started again', async () => {
    const { workflow } = new Client({ connection });
    const dir = await orderApp(server.address);
    const first = startPerdure(['run', dir, '--address', server.address]);
    await first.waitFor(/is running/);
    const order = await workflow.start('app:order', {
      workflowId: 'order-1',
      taskQueue: 'orders',
      args: [{ id: '1' }],
    });
    await untilHistory(order, 'activityTaskCompletedEventAttributes');
    first.process.kill('SIGKILL');
    await first.ended;

    await order.signal('go', { by: 'truck' });
    const second = startPerdure(['run', dir, '--address', server.address]);
    const result = await order.result();
    second.process.kill('SIGTERM');
    const { code } = await second.ended;
    expect(result).toEqual({ charged: 'charged 1', shipped: '1 by truck' });
    expect(code).toBe(143);
  }, 60_000);
}

describe(`an order on ${EMBEDDED.name}`, () => survival(EMBEDDED));
describeWithTemporal(`an order on ${REAL.name}`, () => survival(REAL));

describe('an order of an app with its own server', () => {
  it('finishes after both were killed, from the data in .perdure', async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const dir = await orderApp(address);
    const run = () => startPerdure(['run', dir]);
    const first = run();
    const notices = await first.waitFor(/is running/);
    expect(notices).toContain(
      `its data is kept in ${join(dir, '.perdure', `temporal-${port}.db`)}`,
    );
    const connected = await Connection.connect({ address });
    const order = await new Client({ connection: connected }).workflow.start('app:order', {
      workflowId: 'order-1',
      taskQueue: 'orders',
      args: [{ id: '1' }],
    });
    await untilHistory(order, 'activityTaskCompletedEventAttributes');
    await order.signal('go', { by: 'truck' });
    await connected.close();
    first.process.kill('SIGKILL');
    await first.ended;

    const second = run();
    await second.waitFor(/is running/);
    const again = await Connection.connect({ address });
    const { workflow } = new Client({ connection: again });
    const result = await workflow.getHandle('order-1').result();
    await again.close();
    second.process.kill('SIGTERM');
    await second.ended;
    expect(result).toEqual({ charged: 'charged 1', shipped: '1 by truck' });
  }, 60_000);

  it('is gone with an ephemeral server', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const dir = await orderApp(address);
    const app = startPerdure(['run', dir, '--ephemeral']);
    const notices = await app.waitFor(/is running/);
    const connected = await Connection.connect({ address });
    await new Client({ connection: connected }).workflow.start('app:order', {
      workflowId: 'order-1',
      taskQueue: 'orders',
      args: [{ id: '1' }],
    });
    await connected.close();
    app.process.kill('SIGTERM');
    const { stderr } = await app.ended;
    expect(notices).toContain('kept in memory and ends with this run');
    expect(stderr).toContain(
      '1 open workflow lived in memory and is gone; --db-filename FILE keeps them',
    );
    expect(existsSync(join(dir, '.perdure'))).toBe(false);
  }, 60_000);
});

interface Handle {
  fetchHistory(): Promise<{ events?: readonly object[] | null }>;
}

/** Asks for the history until it has an event of this kind; the server has no call that waits for one. */
async function untilHistory(handle: Handle, kind: string): Promise<void> {
  for (let left = 400; left > 0; left--) {
    const { events } = await handle.fetchHistory();
    if (events?.some((event) => (event as Record<string, unknown>)[kind] != null)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no ${kind} in the history`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { readonly port: number };
      probe.close(() => resolve(port));
    });
  });
}
