import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { type CliResult, perdure } from '../support/cli.js';

const KEY = 'key-of-this-server';

describe('perdure clock', () => {
  let server: TemporalServer;
  let connection: Connection;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0, apiKey: KEY });
    const { address } = server;
    connection = await Connection.connect({
      address,
      metadata: { authorization: `Bearer ${KEY}` },
    });
  });

  afterAll(async () => {
    await connection.close();
    await server.close();
  });

  function clock(args: string[], address = server.address): Promise<CliResult> {
    const all = ['clock', ...args, '--address', address, '--api-key-env', 'SERVER_KEY'];
    return perdure(all, { env: { SERVER_KEY: KEY } });
  }

  it('moves a workflow ahead, says where it is, and what keeps it from going on', async () => {
    const { workflow } = new Client({ connection });
    await workflow.start('t', { taskQueue: 'q', workflowId: 'late', startDelay: '48h' });
    const begun = Date.now();
    const day = await clock(['+24h', '--tree', 'late']);
    expect(day.stdout).toMatch(/^late is at \S+Z, 24h0m0s on \(1 run\)\n$/);
    expect(day.code).toBe(0);
    const more = await clock(['1h', '--tree', 'late', '--json']);
    const { ok, value } = JSON.parse(more.stdout) as { ok: boolean; value: { now: string } };
    expect(ok).toBe(true);
    const ahead = Date.parse(value.now) - begun;
    expect(Math.floor(ahead / 3_600_000)).toBe(25);

    const stuck = await clock(['+24h', '--tree', 'late', '--timeout', '2s', '--json']);
    expect(JSON.parse(stuck.stdout)).toMatchObject({
      ok: false,
      error: { kind: 'CONFLICT', message: expect.stringContaining('late still at work') },
    });
    expect(stuck.code).toBe(1);
  });

  it('says what it cannot do: no such workflow, no embedded server, back in time', async () => {
    const none = await clock(['+1h', '--tree', 'nobody']);
    expect(none.stderr).toMatch(/--tree nobody: workflow not found for ID: nobody/);
    expect(none.code).toBe(1);

    const other = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      const bound = (error: Error | null, at: number) => (error ? reject(error) : resolve(at));
      other.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
    });
    const elsewhere = await clock(['+1h', '--tree', 'late'], `127.0.0.1:${port}`);
    expect(elsewhere.stderr).toMatch(/is no embedded server of perdure: only that can move/);
    expect(elsewhere.code).toBe(64);
    other.forceShutdown();

    const back = await clock(['--tree', 'late', '+0s']);
    expect(back.stderr).toMatch(/a clock does not go back/);
    expect(back.code).toBe(64);
  });

  it('is refused without the key of the server', async () => {
    const wrong = await perdure(['clock', '+1h', '--tree', 'late', '--address', server.address]);
    expect(wrong.stderr).toMatch(/this server wants an API key/);
    expect(wrong.code).toBe(1);
  });
});
