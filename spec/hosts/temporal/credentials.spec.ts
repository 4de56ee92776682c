import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connectTemporal, type TemporalTls } from '../../../src/hosts/temporal/index.js';
import { startTemporalServer, type TemporalServer } from '../../../src/temporal-server/index.js';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import { refusingServer, type SpecServer, tlsProxy } from '../../support/tls-servers.js';

describe('connecting with TLS', () => {
  let certs: Certificates;
  let server: TemporalServer;
  const proxies: SpecServer[] = [];
  beforeAll(async () => {
    certs = makeCertificates();
    server = await startTemporalServer({ port: 0 });
  });
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });
  afterAll(async () => {
    await server?.close();
    rmSync(certs.folder, { recursive: true });
  });

  async function behind(tls: object): Promise<string> {
    const proxy = await tlsProxy(server.address, tls);
    proxies.push(proxy);
    return proxy.address;
  }

  const connect = (address: string, tls: TemporalTls, apiKey?: string) =>
    connectTemporal({ address, tls, apiKey, connectionTimeoutMs: 5000 });

  async function works(address: string, tls: TemporalTls, apiKey?: string): Promise<void> {
    const client = await connect(address, tls, apiKey);
    const workers = await client.native();
    await workers.workflowService.getSystemInfo({});
    await client.close();
  }

  it('trusts the authority that it is given, for clients and workers', async () => {
    await works(await behind(certs.server), { ca: certs.ca.cert });
    await works(await behind(certs.server), { ca: certs.ca.cert }, 'a key');
  });

  it('shows its own certificate where the server wants one', async () => {
    const address = await behind({
      ...certs.server,
      ...{ ca: certs.ca.cert, requestCert: true, rejectUnauthorized: true },
    });
    const { cert, key } = certs.client;
    await works(address, { ca: certs.ca.cert, cert, key });
    await expect(connect(address, { ca: certs.ca.cert })).rejects.toMatchObject({
      kind: 'PERMISSION_DENIED',
      message: expect.stringContaining('Perhaps it wants a client certificate'),
    });
    const stranger = { cert: certs.stranger.cert, key: certs.stranger.key };
    await expect(connect(address, { ca: certs.ca.cert, ...stranger })).rejects.toMatchObject({
      kind: 'PERMISSION_DENIED',
      message: expect.stringContaining('does not take the client certificate'),
    });
  });

  it('takes a name to check the certificate against', async () => {
    const address = await behind(certs.elsewhere);
    await works(address, { ca: certs.ca.cert, serverName: 'elsewhere.example.com' });
    await expect(connect(address, { ca: certs.ca.cert })).rejects.toMatchObject({
      message: expect.stringContaining('tls.server_name'),
    });
  });

  it('says that the authority is not known', async () => {
    await expect(connect(await behind(certs.server), {})).rejects.toMatchObject({
      kind: 'INVALID',
      message: expect.stringContaining('tls.ca_file'),
    });
  });

  it('says that the server speaks no TLS', async () => {
    await expect(connect(server.address, {})).rejects.toMatchObject({
      message: expect.stringContaining('does not speak TLS'),
    });
  });

  it('says that a key does not belong to its certificate, or is none', async () => {
    const address = await behind(certs.server);
    const { cert } = certs.client;
    for (const [key, words] of [
      [certs.stranger.key, 'not the one of the certificate'],
      [Buffer.from('top secret'), 'must be PEM'],
    ] as const) {
      const error = await connect(address, { cert, key }).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ kind: 'INVALID', message: expect.stringContaining(words) });
      expect(String(error)).not.toContain('top secret');
    }
  });

  it('says that an API key is not taken, without showing it', async () => {
    const refusing = await refusingServer();
    proxies.push(refusing);
    const options = { address: refusing.address, apiKey: 'sk-secret', connectionTimeoutMs: 5000 };
    const error = await connectTemporal(options).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      kind: 'PERMISSION_DENIED',
      message: expect.stringMatching(
        /does not let us in.*unauthorized.*API key is wrong, has expired/,
      ),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('sk-secret');
    expect(refusing.shown[0]).toBe('Bearer sk-secret');
  });
});
