import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EmbeddedServers, isListening } from '../../src/app/servers.js';
import { rawClient } from '../temporal-server/support/raw.js';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** A port of `host` that nobody has just now. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const bound = probe.address();
      probe.close(() => resolve(typeof bound === 'object' ? (bound?.port ?? 0) : 0));
    });
  });
}

describe('the embedded servers of an app', () => {
  let servers: EmbeddedServers;

  afterEach(() => servers.close());

  (hasIpv6 ? it : it.skip)('listen on the very address of a client, IPv6 too', async () => {
    const port = await freePort('::1');
    servers = new EmbeddedServers(['default'], undefined);
    const address = await servers.start(`[::1]:${port}`, false);
    expect(address).toBe(`[::1]:${port}`);
    expect(await isListening(address)).toBe(true);
    expect(await isListening(`127.0.0.1:${port}`)).toBe(false);
    const client = rawClient(address);
    expect(await client.call('GetSystemInfo', {})).toHaveProperty('serverVersion');
    client.close();
  });

  it('listen on 127.0.0.1 for localhost', async () => {
    const port = await freePort('127.0.0.1');
    servers = new EmbeddedServers(['default'], undefined);
    expect(await servers.start(`localhost:${port}`, false)).toBe(`127.0.0.1:${port}`);
  });
});
