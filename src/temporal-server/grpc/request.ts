/**
 * A request as it comes in: what is refused before its body is read, and its one message.
 *
 * 1. No more is kept of a body than one message of the allowed size; a longer one is refused as soon
 *    as its prefix or its bytes say so, not when it ends.
 * 2. Statuses and texts are those of grpc-go, which Temporal runs on, but for a second message: it
 *    is refused here as newer versions of grpc-go do.
 */
import type { IncomingHttpHeaders } from 'node:http2';
import { gunzipSync, inflateSync } from 'node:zlib';
import { ServiceError, StatusCode } from '../errors.js';
import { PREFIX_BYTES } from './wire.js';

/** Temporal's own limit for a message. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** A request that is no gRPC call: its HTTP status, and the gRPC status beside it. */
export interface Refusal {
  readonly httpStatus: number;
  readonly error: ServiceError;
}

/** Why the headers make no gRPC call; undefined when they do. */
export function refusalOf(headers: IncomingHttpHeaders): Refusal | undefined {
  const method = headers[':method'];
  if (method !== 'POST') {
    const what = `Received a HEADERS frame with :method "${method}" which should be POST`;
    return { httpStatus: 405, error: new ServiceError(StatusCode.INTERNAL, what) };
  }
  const type = headers['content-type'] ?? '';
  if (!/^application\/grpc($|[+;])/i.test(type)) {
    const what = `invalid gRPC request content-type "${type}"`;
    return { httpStatus: 415, error: new ServiceError(StatusCode.INVALID_ARGUMENT, what) };
  }
  const timeout = headers['grpc-timeout'];
  if (timeout !== undefined && !TIMEOUT.test(String(timeout))) {
    const what = `malformed grpc-timeout: "${timeout}"`;
    return { httpStatus: 400, error: new ServiceError(StatusCode.INTERNAL, what) };
  }
  return undefined;
}

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

const UNIT_MS: { readonly [unit: string]: number } = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** When the client stops waiting, by `performance.now()`; infinite without a word. */
export function deadlineOf(headers: IncomingHttpHeaders): number {
  const match = TIMEOUT.exec(String(headers['grpc-timeout'] ?? ''));
  if (!match) return Number.POSITIVE_INFINITY;
  return performance.now() + Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

/** Collects the bytes of one message. Both methods throw the ServiceError to answer with. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #lengthBytes: number | undefined;

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    this.#lengthBytes ??= this.#readLength();
    if (this.#lengthBytes === undefined) return;
    if (this.#lengthBytes > MAX_MESSAGE_BYTES) throw tooLarge(this.#lengthBytes);
    if (this.#sizeBytes > PREFIX_BYTES + this.#lengthBytes)
      throw new ServiceError(
        StatusCode.INTERNAL,
        'cardinality violation: the request of a unary call has more than one message',
      );
  }

  #readLength(): number | undefined {
    if (this.#sizeBytes < PREFIX_BYTES) return undefined;
    const data = this.#whole();
    const format = data[0] ?? 0;
    if (format > 1)
      throw new ServiceError(
        StatusCode.INTERNAL,
        `grpc: received unexpected payload format ${format}`,
      );
    return data.readUInt32BE(1);
  }

  #whole(): Buffer {
    const [only] = this.#chunks;
    const data = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
    this.#chunks = [data];
    return data;
  }

  /** The message, decompressed, once the request has ended. */
  message(headers: IncomingHttpHeaders): Uint8Array {
    if (this.#lengthBytes === undefined) throw new ServiceError(StatusCode.UNKNOWN, 'EOF');
    if (this.#sizeBytes < PREFIX_BYTES + this.#lengthBytes)
      throw new ServiceError(StatusCode.UNKNOWN, 'unexpected EOF');
    const data = this.#whole();
    const message = data.subarray(PREFIX_BYTES);
    return data[0] === 0 ? message : decompress(message, String(headers['grpc-encoding'] ?? ''));
  }
}

function decompress(message: Uint8Array, encoding: string): Uint8Array {
  const options = { maxOutputLength: MAX_MESSAGE_BYTES };
  if (encoding === '' || encoding === 'identity')
    throw new ServiceError(
      StatusCode.INTERNAL,
      'grpc: compressed flag set with identity or empty encoding',
    );
  try {
    if (encoding === 'gzip') return gunzipSync(message, options);
    if (encoding === 'deflate') return inflateSync(message, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(MAX_MESSAGE_BYTES + 1);
    throw new ServiceError(
      StatusCode.INTERNAL,
      `grpc: failed to decompress the received message: ${error}`,
    );
  }
  throw new ServiceError(
    StatusCode.UNIMPLEMENTED,
    `grpc: Decompressor is not installed for grpc-encoding "${encoding}"`,
  );
}

function tooLarge(lengthBytes: number): ServiceError {
  return new ServiceError(
    StatusCode.RESOURCE_EXHAUSTED,
    `grpc: received message larger than max (${lengthBytes} vs. ${MAX_MESSAGE_BYTES})`,
  );
}
