/**
 * When a server first answers a call. What asks must not be part of the answer: it tries once a
 * millisecond, and the call goes over the very connection that was the first not to be refused.
 */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { frame } from '../../src/temporal-server/grpc/wire.js';

const BETWEEN_MS = 1;

const HEADERS = {
  ':method': 'POST',
  ':path': '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace',
  'content-type': 'application/grpc',
  te: 'trailers',
} as const;

/** A DescribeNamespaceRequest: its first field is the name. */
const DEFAULT = Buffer.from('default');
const REQUEST = frame(Buffer.concat([Buffer.from([10, DEFAULT.length]), DEFAULT]));

/** Resolves with the first call that succeeds. @param isOver - whether there is nothing to wait for any more */
export async function firstAnswer(port: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const socket = await connected(port);
    if (socket && (await answers(socket))) return;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
  throw new Error(`nobody answers on port ${port}`);
}

async function connected(port: number): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect').then(
    () => socket,
    () => undefined, // refused: nobody listens yet
  );
}

/** The real server listens before its database is ready, and refuses calls until then. */
async function answers(socket: Socket): Promise<boolean> {
  const session = connectHttp2('http://127.0.0.1', { createConnection: () => socket });
  session.on('error', () => {}); // said to the stream
  const stream = session.request(HEADERS).end(REQUEST);
  let status: unknown;
  const read = (headers: object) => {
    status ??= (headers as { readonly [name: string]: unknown })['grpc-status'];
  };
  stream.on('response', read).on('trailers', read).resume();
  await once(stream, 'close').catch(() => {}); // reset: no answer
  session.destroy();
  return status === '0';
}
