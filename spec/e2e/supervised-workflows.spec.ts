/** A supervisor of an app whose children are a workflow and a local process, across two starts of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { type App, startApp } from '../../src/app.js';
import { AppFolders, AUTO_START, index, luaEntry } from '../support/cli.js';
import {
  describeWithTemporal,
  EMBEDDED,
  REAL,
  type ServerKind,
  type ServerProcess,
} from '../support/servers.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

function ledgerApp(address: string): Promise<string> {
  return folders.write({
    '_index.yaml': index(
      'name: processes\nkind: process.host',
      `name: client\nkind: temporal.client\naddress: "${address}"\n${AUTO_START}`,
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: ledgers\n${AUTO_START}`,
      luaEntry('ledger', 'workflow.lua', 'meta:\n  temporal:\n    workflow:\n      worker: worker'),
      luaEntry('clerk'),
      `name: office
kind: process.supervisor
intensity: 5
children:
  - {process: ledger, input: 100}
  - {process: clerk, host: processes}
${AUTO_START}`,
    ),
    // Keeps a sum, until it fails.
    'ledger.lua': `return { main = function(sum)
      while true do
        local msg = process.inbox():receive()
        if msg:topic() == "fail" then error("out of ink") end
        sum = sum + msg:payload():data()
      end
    end }`,
    'clerk.lua': 'return { main = function() process.events():receive() end }',
  });
}

const ledgerOf = (app: App) => app.runtime.supervisor('app:office').children()[0];

function supervised(kind: ServerKind): void {
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

  it('is left open when the app stops, adopted when it starts, and started again when it fails', async () => {
    const dir = await ledgerApp(server.address);
    const ledger = new Client({ connection }).workflow.getHandle('app:office/ledger');
    const first = await startApp({ dir });
    const pid = '{app:worker|app:office/ledger}';
    expect(ledgerOf(first)).toMatchObject({ id: 'ledger', state: 'up', pid });
    const { runId } = await ledger.describe();
    await first.runtime.send(pid, 'add', 11);
    await first.stop();
    expect(await ledger.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } });

    const second = await startApp({ dir });
    try {
      expect(ledgerOf(second)).toMatchObject({ state: 'up', pid, restarts: 0 });
      expect((await ledger.describe()).runId).toBe(runId);
      const exit = second.runtime.exitOf(pid);
      const restarted = new Promise((resolve) => {
        second.runtime.on((event) => {
          if (event.kind === 'spawned' && event.entry === 'app:ledger') resolve(event.pid);
        });
      });
      await second.runtime.send(pid, 'fail');
      expect((await exit).error?.message).toContain('out of ink');
      expect(await restarted).toBe(pid);
      expect((await ledger.describe()).runId).not.toBe(runId);
      expect(ledgerOf(second)).toMatchObject({
        restarts: 1,
        lastError: { message: expect.stringContaining('out of ink') },
      });
    } finally {
      await second.stop();
    }
  }, 60_000);
}

describe(`a supervised workflow on ${EMBEDDED.name}`, () => supervised(EMBEDDED));
describeWithTemporal(`a supervised workflow on ${REAL.name}`, () => supervised(REAL));
