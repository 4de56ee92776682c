import { rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import {
  type ServerEvent,
  startTemporalServer,
  type TemporalServer,
  type TemporalServerOptions,
} from '../../src/temporal-server/index.js';
import { type Certificates, makeCertificates } from '../support/certificates.js';

const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;
/** A client goes on trying to connect until its time is over. */
const UNREACHABLE = [4, 14];
const KEY = 'key-of-this-server';

describe('who may call', () => {
  let certificates: Certificates;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(() => {
    certificates = makeCertificates();
  });

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  afterAll(() => rmSync(certificates.folder, { recursive: true, force: true }));

  async function start(options: TemporalServerOptions): Promise<TemporalServer> {
    const server = await startTemporalServer({ port: 0, ...options });
    ends.push(() => server.close());
    return server;
  }

  /** What a client of Temporal's SDK gets: the server's version, or the gRPC code of its error. */
  async function call(address: string, options: ConnectionOptions): Promise<string | number> {
    const connection = Connection.lazy({ address, connectTimeout: 1500, ...options });
    try {
      const answer = await connection.withDeadline(Date.now() + 1500, () =>
        connection.workflowService.getSystemInfo({}),
      );
      return answer.serverVersion;
    } catch (thrown) {
      const { code, cause } = thrown as { code?: number; cause?: { code?: number } };
      return code ?? cause?.code ?? String(thrown);
    } finally {
      await connection.close();
    }
  }

  it('is everybody who has the API key; none is UNAUTHENTICATED, another PERMISSION_DENIED', async () => {
    const { address } = await start({ apiKey: KEY });
    const shown = (authorization: string) => call(address, { metadata: { authorization } });
    expect(await shown(`Bearer ${KEY}`)).toMatch(/^1\./);
    expect(await call(address, {})).toBe(UNAUTHENTICATED);
    expect(await shown('Bearer key-of-another-server')).toBe(PERMISSION_DENIED);
    expect(await shown(KEY)).toBe(PERMISSION_DENIED);
  });

  it('is whoever trusts the certificate, where a server has only that', async () => {
    const { cert, key } = certificates.server;
    const { address } = await start({ tls: { cert, key } });
    const { ca } = certificates;
    expect(await call(address, { tls: { serverRootCACertificate: ca.cert } })).toMatch(/^1\./);
    expect(UNREACHABLE).toContain(await call(address, { tls: false }));
  });

  it('is whoever has a certificate of the authority, where the server names one', async () => {
    const events: ServerEvent[] = [];
    const { server, ca, client, stranger } = certificates;
    const { address } = await start({
      tls: { cert: server.cert, key: server.key, clientCa: ca.cert },
      onEvent: (event) => void events.push(event),
    });
    const as = (clientCertPair?: { crt: Buffer; key: Buffer }) => ({
      tls: { serverRootCACertificate: ca.cert, ...(clientCertPair && { clientCertPair }) },
    });
    expect(await call(address, as({ crt: client.cert, key: client.key }))).toMatch(/^1\./);
    expect(UNREACHABLE).toContain(await call(address, as()));
    const other = as({ crt: stranger.cert, key: stranger.key });
    expect(UNREACHABLE).toContain(await call(address, other));
    expect(events).toContainEqual({ kind: 'connectionRefused', why: expect.any(String) });
  });

  it('wants both certificate and key where a server has both', async () => {
    const { cert, key } = certificates.server;
    const { address } = await start({ tls: { cert, key }, apiKey: KEY });
    const tls = { serverRootCACertificate: certificates.ca.cert };
    expect(await call(address, { tls })).toBe(UNAUTHENTICATED);
    expect(await call(address, { tls, apiKey: KEY })).toMatch(/^1\./);
  });

  it('does not start with a key that is not the certificate’s', async () => {
    const tls = { cert: certificates.server.cert, key: certificates.client.key };
    await expect(start({ tls })).rejects.toMatchObject({ kind: 'INVALID', option: 'tls' });
  });

  it('is served at once amid a flood of handshakes that fail, of all kinds', async () => {
    let refused = 0;
    const { server, ca, client, stranger } = certificates;
    const { address } = await start({
      tls: { cert: server.cert, key: server.key, clientCa: ca.cert },
      onEvent: (event) => {
        if (event.kind === 'connectionRefused') refused += 1;
        if (event.kind === 'defect') throw event.error;
      },
    });
    const port = Number(address.split(':')[1]);
    const sockets: Socket[] = [];
    const keep = <T extends Socket>(socket: T): T => {
      sockets.push(socket.on('error', () => {})); // they are to be refused
      return socket;
    };
    const closed = (socket: Socket) => new Promise((done) => socket.once('close', done));
    const each = 60;
    const failing: Promise<unknown>[] = [];
    for (let i = 0; i < each; i++) {
      keep(connectTcp(port, '127.0.0.1')); // says nothing
      const garbage = keep(connectTcp(port, '127.0.0.1'));
      garbage.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
      failing.push(closed(garbage.resume()));
      const without = { port, host: 'localhost', ca: ca.cert, ALPNProtocols: ['h2'] };
      failing.push(closed(keep(connectTls(without)).resume()));
      const wrong = { ...without, cert: stranger.cert, key: stranger.key };
      failing.push(closed(keep(connectTls(wrong)).resume()));
    }
    const clientCertPair = { crt: client.cert, key: client.key };
    const tls = { serverRootCACertificate: ca.cert, clientCertPair };
    const connection = await Connection.connect({ address, tls, connectTimeout: 20_000 });
    const answer = await connection.workflowService.getSystemInfo({});
    expect(answer.serverVersion).toMatch(/^1\./);
    await Promise.all(failing);
    expect(refused).toBe(3 * each);
    await connection.workflowService.getSystemInfo({});
    await connection.close();
    // Those that say nothing do not hold its end up.
    await Promise.all(ends.splice(0).map((end) => end()));
    for (const socket of sockets) socket.destroy();
  });

  it('closes although somebody has connected and says nothing', async () => {
    const { cert, key } = certificates.server;
    const server = await startTemporalServer({ port: 0, tls: { cert, key } });
    const socket = connectTcp(Number(server.address.split(':')[1]), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => {});
    const hungUp = new Promise((resolve) => socket.once('close', resolve));
    await server.close();
    await hungUp;
  });
});
