import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { codec } from '../../src/temporal-server/proto.js';
import { ByHand } from './support/by-hand.js';
import { rawClient } from './support/raw.js';

const codecOf = (name: string) => codec<object>(`temporal.api.workflowservice.v1.${name}`);

const SERVICE = '/temporal.api.workflowservice.v1.WorkflowService';
const MIB = 1024 * 1024;

function framed(message: Buffer, format = 0, lengthBytes = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = format;
  prefix.writeUInt32BE(lengthBytes, 1);
  return Buffer.concat([prefix, message]);
}

interface Answer {
  readonly http: number | undefined;
  readonly grpc: number;
  readonly message: string;
}

interface Sent {
  readonly path?: string;
  readonly headers?: IncomingHttpHeaders;
  readonly body?: Buffer;
  /** Whether the client says that it has sent all. Default true. */
  readonly ends?: boolean;
}

describe('the gRPC edge', () => {
  let server: TemporalServer;
  let session: ClientHttp2Session;
  const defects: unknown[] = [];

  beforeAll(async () => {
    server = await startTemporalServer({
      port: 0,
      onEvent: (event) => void (event.kind === 'defect' && defects.push(event.error)),
    });
    session = connect(`http://${server.address}`);
  });

  afterAll(async () => {
    session.destroy();
    await server.close();
    expect(defects).toEqual([]);
  });

  function open({ path = `${SERVICE}/GetSystemInfo`, headers = {} }: Sent, on = session) {
    return on.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
  }

  function send(what: Sent): Promise<Answer> {
    const stream = open(what);
    return new Promise((resolve, reject) => {
      let seen: IncomingHttpHeaders = {};
      stream.on('response', (headers) => {
        seen = { ...headers };
      });
      stream.on('trailers', (trailers) => {
        seen = { ...seen, ...trailers };
      });
      stream.on('error', reject);
      stream.on('close', () =>
        resolve({
          http: Number(seen[':status']),
          grpc: Number(seen['grpc-status']),
          message: decodeURIComponent(String(seen['grpc-message'] ?? '')),
        }),
      );
      stream.resume();
      if (what.body) stream.write(what.body);
      if (what.ends ?? true) stream.end();
    });
  }

  const empty = framed(Buffer.alloc(0));

  it('answers a call', async () => {
    expect(await send({ body: empty })).toMatchObject({ http: 200, grpc: status.OK });
  });

  it('refuses a message past 4 MiB as soon as its prefix says so', async () => {
    const body = framed(Buffer.alloc(10), 0, 4 * MIB + 1);
    expect(await send({ body, ends: false })).toEqual({
      http: 200,
      grpc: status.RESOURCE_EXHAUSTED,
      message: 'grpc: received message larger than max (4194305 vs. 4194304)',
    });
  });

  it('reads no further once a body is longer than its message', async () => {
    const stream = open({});
    const answered = new Promise<IncomingHttpHeaders>((resolve) => stream.on('response', resolve));
    let isOpen = true;
    stream.on('error', () => {}); // written to after it was closed
    stream.on('close', () => {
      isOpen = false;
    });
    stream.resume();
    stream.write(empty);
    let written = 0;
    for (; isOpen && written < 100; written++)
      await new Promise((resolve) => stream.write(Buffer.alloc(MIB), resolve));
    expect(Number((await answered)['grpc-status'])).toBe(status.INTERNAL);
    expect(written).toBeLessThan(100);
  });

  it('takes a message of just 4 MiB', async () => {
    // Field 15 of the request, which has none: skipped.
    const filler = Buffer.concat([
      Buffer.from([0x7a, 0xfb, 0xff, 0xff, 0x01]),
      Buffer.alloc(4 * MIB - 5),
    ]);
    expect(filler).toHaveLength(4 * MIB);
    expect(await send({ body: framed(filler) })).toMatchObject({ grpc: status.OK });
  });

  it('tells a client that still sends of its message past 4 MiB', async () => {
    const client = rawClient(server.address);
    const request = { namespace: 'x'.repeat(5 * MIB) };
    await expect(client.call('DescribeNamespace', request)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    client.close();
  });

  it('gives a large answer to a client that takes it slowly, and others theirs meanwhile', async () => {
    const client = rawClient(server.address);
    const runs = new ByHand(client, 'large');
    const data = Buffer.alloc(MIB);
    const workflowId = await runs.start({
      input: { payloads: [{ data }, { data: data.subarray(99) }] },
    });
    const request = codecOf('GetWorkflowExecutionHistoryRequest').encode({
      namespace: 'default',
      execution: { workflowId },
    });
    const stream = open({ path: `${SERVICE}/GetWorkflowExecutionHistory` });
    stream.pause();
    stream.end(framed(Buffer.from(request.finish())));
    await new Promise((resolve) => stream.once('response', resolve));
    expect(await send({ body: empty })).toMatchObject({ grpc: status.OK });
    let sizeBytes = 0;
    for await (const chunk of stream) sizeBytes += (chunk as Buffer).length;
    expect(sizeBytes).toBeGreaterThan(2 * MIB - 99);
    client.close();
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('unpacks no more than 4 MiB of %s', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(512 * MIB));
    expect(bomb.length).toBeLessThan(MIB);
    const headers = { 'grpc-encoding': encoding };
    const before = process.memoryUsage().arrayBuffers;
    expect(await send({ headers, body: framed(bomb, 1) })).toMatchObject({
      grpc: status.RESOURCE_EXHAUSTED,
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
    const half = bomb.subarray(0, bomb.length / 2);
    const cut = await send({ headers, body: framed(pack(Buffer.from('x')).subarray(0, 5), 1) });
    expect(cut).toMatchObject({ grpc: status.INTERNAL });
    expect((await send({ headers, body: framed(half, 1) })).grpc).not.toBe(status.OK);
    expect(await send({ headers, body: framed(pack(Buffer.alloc(0)), 1) })).toMatchObject({
      grpc: status.OK,
    });
  });

  it('believes no prefix of 4 GiB, and no other compression', async () => {
    const body = framed(Buffer.alloc(10), 0, 2 ** 32 - 1);
    expect(await send({ body, ends: false })).toMatchObject({ grpc: status.RESOURCE_EXHAUSTED });
    const headers = { 'grpc-encoding': 'zstd' };
    expect(await send({ headers, body: framed(Buffer.from('x'), 1) })).toMatchObject({
      grpc: status.UNIMPLEMENTED,
    });
  });

  it('holds 10,000 calls that wait, answers others meanwhile, and lets go of them', async () => {
    const request = codecOf('PollWorkflowTaskQueueRequest').encode({
      namespace: 'default',
      taskQueue: { name: 'crowd' },
    });
    const body = framed(Buffer.from(request.finish()));
    const crowd = connect(`http://${server.address}`);
    for (let i = 0; i < 10_000; i++) {
      const stream = open({ path: `${SERVICE}/PollWorkflowTaskQueue` }, crowd);
      stream.on('error', () => {}); // cut below
      stream.end(body);
    }
    const client = rawClient(server.address);
    const runs = new ByHand(client, 'crowd');
    const workflowId = await runs.start();
    expect(await runs.status(workflowId)).toBe(1);
    crowd.destroy();
    // One of the crowd may get the task before it is known to be gone: then it goes out once more.
    await runs.start({ taskQueue: { name: 'crowd' }, workflowTaskTimeout: { seconds: 1 } });
    expect((await runs.poll('crowd')).taskToken.length).toBeGreaterThan(0);
    client.close();
  }, 30_000);

  const bad = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  it.each<[string, Sent, number, number, string]>([
    [
      'a body that is no protobuf',
      { body: framed(bad) },
      200,
      status.INTERNAL,
      'unmarshalling request',
    ],
    ['no body', {}, 200, status.UNKNOWN, 'EOF'],
    ['half a message', { body: framed(bad, 0, 99) }, 200, status.UNKNOWN, 'unexpected EOF'],
    ['two messages', { body: Buffer.concat([empty, empty]) }, 200, status.INTERNAL, 'cardinality'],
    ['an unknown format', { body: framed(bad, 7) }, 200, status.INTERNAL, 'payload format 7'],
    ['compression unsaid', { body: framed(bad, 1) }, 200, status.INTERNAL, 'compressed flag set'],
    ['another path', { path: '/a' }, 200, status.UNIMPLEMENTED, 'malformed method name: "/a"'],
    ['another service', { path: '/a.B/C' }, 200, status.UNIMPLEMENTED, 'unknown service a.B'],
    ['another method', { path: `${SERVICE}/No` }, 200, status.UNIMPLEMENTED, 'unknown method No'],
    ['a path before its body', { path: '/a', ends: false }, 200, status.UNIMPLEMENTED, '/a'],
    ['GET', { headers: { ':method': 'GET' } }, 405, status.INTERNAL, '"GET" which should be POST'],
    [
      'another content type',
      { headers: { 'content-type': 'text/html' }, body: empty },
      415,
      status.INVALID_ARGUMENT,
      'invalid gRPC request content-type "text/html"',
    ],
    [
      'a malformed timeout',
      { headers: { 'grpc-timeout': 'xx' }, body: empty },
      400,
      status.INTERNAL,
      'malformed grpc-timeout',
    ],
  ])(
    'refuses %s',
    async (_, sent, http, grpc, message) => {
      expect(await send(sent)).toEqual({ http, grpc, message: expect.stringContaining(message) });
    },
    120_000,
  );
});
