/**
 * A call that goes both ways: each message is answered by one, in order, until the client has no more to
 * say. Only reflection is of that kind.
 */
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { ServiceError, StatusCode } from '../errors.js';
import type { Codec } from '../proto.js';
import { frame, PREFIX_BYTES, statusCodeOf, statusHeaders } from './wire.js';

export interface Conversation {
  readonly path: string;
  readonly request: Codec<unknown>;
  readonly response: Codec<unknown>;
  readonly answer: (request: unknown) => object;
}

/** What is asked is a name or two. */
const MAX_QUESTION_BYTES = 64 * 1024;

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** @param done - told how it ended */
export function converse(
  stream: ServerHttp2Stream,
  { request, response, answer }: Conversation,
  done: (code: number) => void,
): void {
  let received = Buffer.alloc(0);
  let status: OutgoingHttpHeaders = { 'grpc-status': '0' };
  let over = false;
  const end = (code: number) => {
    over = true;
    done(code);
    stream.end();
  };
  stream.respond({ ...HEADERS }, { waitForTrailers: true });
  stream.on('error', () => {}); // 'close' follows
  stream.on('close', () => done(StatusCode.CANCELLED));
  stream.on('wantTrailers', () => stream.sendTrailers(status));
  stream.on('data', (chunk: Buffer) => {
    if (over) return;
    received = Buffer.concat([received, chunk]);
    try {
      for (let next = nextMessage(received); next; next = nextMessage(received)) {
        received = received.subarray(PREFIX_BYTES + next.length);
        const said = answer(request.decode(next));
        stream.write(frame(response.encode(said).finish()));
      }
    } catch (thrown) {
      status = statusHeaders(thrown);
      end(statusCodeOf(thrown));
    }
  });
  stream.on('end', () => {
    if (!over) end(0);
  });
}

/** The first whole message of what was received; uncompressed, as this server tells its clients. */
function nextMessage(received: Buffer): Buffer | undefined {
  if (received.length < PREFIX_BYTES) return undefined;
  const lengthBytes = received.readUInt32BE(1);
  if (lengthBytes > MAX_QUESTION_BYTES)
    throw new ServiceError(
      StatusCode.RESOURCE_EXHAUSTED,
      `grpc: received message larger than max (${lengthBytes} vs. ${MAX_QUESTION_BYTES})`,
    );
  if (received[0] !== 0)
    throw new ServiceError(
      StatusCode.UNIMPLEMENTED,
      'grpc: compressed messages are not taken by this service',
    );
  if (received.length < PREFIX_BYTES + lengthBytes) return undefined;
  return received.subarray(PREFIX_BYTES, PREFIX_BYTES + lengthBytes);
}
