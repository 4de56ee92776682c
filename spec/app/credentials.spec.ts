import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Credentials } from '../../src/app/addresses.js';
import { credentialsFor } from '../../src/app/credentials.js';
import { loadRegistry } from '../../src/registry/index.js';
import { AppFolders, index } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const FAR = 'cloud.example.com:7233';
const NEAR = '127.0.0.1:7233';

/** What a client entry with these fields shows at `address`. */
async function shown(
  fields: string,
  options: {
    readonly address?: string;
    readonly whose?: Credentials;
    readonly env?: { readonly [name: string]: string };
  } = {},
) {
  const dir = await folders.write({
    '_index.yaml': index(`name: client\nkind: temporal.client\n${fields}`),
  });
  await writeFile(join(dir, 'key.txt'), 'sk-file\n');
  await writeFile(join(dir, 'empty.txt'), '');
  const entry = (await loadRegistry(dir)).ofKind('temporal.client')[0];
  if (entry === undefined) throw new Error('unreachable');
  const { address = FAR, whose = 'entry', env = {} } = options;
  return credentialsFor(entry, address, whose, env);
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');

describe('what a Temporal client shows its server', () => {
  it('is nothing where nothing was given', async () => {
    expect(await shown('')).toEqual({});
    expect(await shown('auth: { type: none }')).toEqual({});
  });

  it.each([
    ['by value', 'api_key: sk-file'],
    ['in auth', 'auth: { type: api_key, api_key: sk-file }'],
    ['from the environment', 'auth: { type: api_key, api_key_env: KEY }'],
    ['from a file', 'auth: { type: api_key, api_key_file: key.txt }'],
  ])('is an API key, over TLS: %s', async (_, fields) => {
    expect(await shown(fields, { env: { KEY: 'sk-file' } })).toMatchObject({
      apiKey: 'sk-file',
      tls: {},
    });
  });

  it('is a certificate with its key, as text, from files or the environment', async () => {
    const fields = 'auth: { type: mtls, cert_pem_env: CERT, key_file: key.txt }';
    const { tls } = await shown(`${fields}\ntls: { ca_file: key.txt, server_name: there }`, {
      env: { CERT: 'the cert' },
    });
    expect(text(tls?.cert)).toBe('the cert');
    expect(text(tls?.key)).toBe('sk-file');
    expect(text(tls?.ca)).toBe('sk-file\n');
    expect(tls?.serverName).toBe('there');
  });

  it('is never an API key in the open, but to this machine', async () => {
    const fields = 'api_key: sk-secret\ntls: { enabled: false }';
    expect(await shown(fields, { address: NEAR })).toEqual({ apiKey: 'sk-secret' });
    const error = await shown(fields).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'INVALID' });
    expect(String(error)).toMatch(/app:client: without TLS its API key would go to cloud/);
    expect(String(error)).not.toContain('sk-secret');
  });

  it('is nothing at an address that it was not given for', async () => {
    expect(await shown('api_key: sk-secret', { whose: 'none' })).toEqual({});
  });

  it('is the environment’s where its address is', async () => {
    const env = { TEMPORAL_ADDRESS: FAR, TEMPORAL_API_KEY: 'sk-env' };
    expect(await shown('', { whose: 'environment', env })).toMatchObject({ apiKey: 'sk-env' });
  });

  it.each([
    ['auth: { type: api_key, api_key_env: KEY }', /app:client: .*variable KEY, which is not set/],
    [
      'auth: { type: api_key, api_key_file: no.txt }',
      /app:client: cannot read auth.api_key_file .*no\.txt \(ENOENT\)/,
    ],
    ['auth: { type: api_key, api_key_file: empty.txt }', /auth.api_key_file is empty/],
    ['tls: { ca_file: no.pem }', /app:client: cannot read tls.ca_file .*no\.pem \(ENOENT\)/],
  ])('is an error that names entry and place where it is not there: %s', async (fields, words) => {
    await expect(shown(fields)).rejects.toMatchObject({
      kind: 'INVALID',
      message: expect.stringMatching(words),
    });
  });

  it('cannot be a certificate without TLS', async () => {
    const fields = 'auth: { type: mtls, cert_pem: c, key_pem: k }\ntls: { enabled: false }';
    await expect(shown(fields)).rejects.toMatchObject({
      message: expect.stringContaining('drop one of the two'),
    });
  });
});
