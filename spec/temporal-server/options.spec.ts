import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  startTemporalServer,
  type TemporalServer,
  type TemporalServerOptions,
} from '../../src/temporal-server/index.js';

describe('the options of startTemporalServer', () => {
  const servers: TemporalServer[] = [];

  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  async function start(options: object): Promise<TemporalServer> {
    const server = await startTemporalServer({ port: 0, ...options } as TemporalServerOptions);
    servers.push(server);
    return server;
  }

  const wrong: [string, object][] = [
    ['port', { port: 70_000 }],
    ['port', { port: '7233' }],
    ['host', { host: '' }],
    ['namespaces', { namespaces: [] }],
    ['namespaces', { namespaces: ['a', 'a'] }],
    ['searchAttributes.Score', { searchAttributes: { Score: 'Number' } }],
    ['searchAttributes.RunId', { searchAttributes: { RunId: 'Keyword' } }],
    ['tls.key', { tls: { cert: '-----BEGIN CERTIFICATE-----', key: './server.key' } }],
    ['apiKey', { apiKey: 'short' }],
    ['metricsPort', { metricsPort: -1 }],
    ['closedRunLimits.runs', { closedRunLimits: { runs: 'many' } }],
    ['timeSkipping', { timeSkipping: 'yes' }],
    ['nameSpaces', { nameSpaces: ['a'] }],
  ];
  it.each(wrong)('are refused by name where they are wrong: %s %j', async (option, options) => {
    await expect(start(options)).rejects.toMatchObject({ kind: 'INVALID', option });
  });

  it('never repeat a key that is refused', async () => {
    const key = 'geheim mit Leerzeichen';
    const refusals = [start({ apiKey: key }), start({ tls: { cert: key, key } })];
    for (const refusal of await Promise.allSettled(refusals)) {
      expect(refusal.status).toBe('rejected');
      expect(String((refusal as PromiseRejectedResult).reason)).not.toContain('geheim');
    }
  });

  it('do not let other machines in unless something keeps strangers out', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      const refused = expect(start({ host })).rejects;
      await refused.toMatchObject({ kind: 'INSECURE', option: 'host' });
    }
    await start({ host: '0.0.0.0', apiKey: 'long-enough' });
    await start({ host: '0.0.0.0', insecure: true });
  });

  it('with a port that is taken give ADDRESS_IN_USE, and leave nothing open', async () => {
    const first = await start({});
    const port = Number(first.address.split(':')[1]);
    const taken = {
      kind: 'ADDRESS_IN_USE',
      message: expect.stringContaining(`:${port} is in use`),
    };
    await expect(start({ port })).rejects.toMatchObject({ ...taken, option: 'port' });

    const free = await freePort();
    const metricsTaken = start({ port: free, metricsPort: port });
    await expect(metricsTaken).rejects.toMatchObject({ ...taken, option: 'metricsPort' });
    await start({ port: free });
  });

  it('with an address of another machine give CANNOT_LISTEN', async () => {
    const elsewhere = { host: '192.0.2.1', insecure: true };
    await expect(start(elsewhere)).rejects.toMatchObject({ kind: 'CANNOT_LISTEN', option: 'host' });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
