import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

  it('keep their data in a file for each port, which another app is refused', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'perdure-servers-')), '.perdure');
    const storage = { kind: 'folder', folder } as const;
    const address = `127.0.0.1:${await freePort('127.0.0.1')}`;
    servers = new EmbeddedServers(['default'], undefined, storage);
    await servers.start(address, false);
    expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
    expect(existsSync(servers.fileOf(address) ?? '')).toBe(true);
    const others = new EmbeddedServers(['default'], undefined, storage);
    await expect(others.start(address, true)).rejects.toMatchObject({
      kind: 'CONFLICT',
      message: expect.stringContaining('another server has it open'),
    });
    await servers.close();
    await rm(dirname(folder), { recursive: true });
  });

  it('say so where they cannot keep their data', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'perdure-servers-')), 'file');
    await writeFile(folder, '');
    servers = new EmbeddedServers(['default'], undefined, { kind: 'folder', folder });
    await expect(servers.start('127.0.0.1:1', true)).rejects.toMatchObject({
      kind: 'PERMISSION_DENIED',
      message: expect.stringContaining('`--ephemeral` keeps the data in memory'),
    });
    await rm(dirname(folder), { recursive: true });
  });

  it('listen on 127.0.0.1 for localhost', async () => {
    const port = await freePort('127.0.0.1');
    servers = new EmbeddedServers(['default'], undefined);
    expect(await servers.start(`localhost:${port}`, false)).toBe(`127.0.0.1:${port}`);
  });
});
