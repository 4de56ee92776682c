/** gRPC's framing on HTTP/2: length-prefixed messages, deadlines, statuses as headers. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { gunzipSync, inflateSync } from 'node:zlib';
import { isServiceError, ServiceError, StatusCode, statusDetails } from '../errors.js';

/** Temporal's own limit for a message. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

const PREFIX_BYTES = 5;

/** A message with its prefix, uncompressed. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** The one message of a request, decompressed. */
export function readMessage(chunks: readonly Buffer[], headers: IncomingHttpHeaders): Uint8Array {
  const [only] = chunks;
  const data = chunks.length === 1 && only ? only : Buffer.concat(chunks);
  if (data.length < PREFIX_BYTES)
    throw new ServiceError(StatusCode.INTERNAL, 'the request has no message');
  const length = data.readUInt32BE(1);
  if (length > MAX_MESSAGE_BYTES) throw tooLarge(length);
  const message = data.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  if (message.length < length)
    throw new ServiceError(StatusCode.INTERNAL, 'the request ends within its message');
  return data[0] === 0 ? message : decompress(message, String(headers['grpc-encoding']));
}

function decompress(message: Uint8Array, encoding: string): Uint8Array {
  const options = { maxOutputLength: MAX_MESSAGE_BYTES };
  try {
    if (encoding === 'gzip') return gunzipSync(message, options);
    if (encoding === 'deflate') return inflateSync(message, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(MAX_MESSAGE_BYTES);
    throw new ServiceError(StatusCode.INTERNAL, `the request cannot be decompressed: ${error}`);
  }
  throw new ServiceError(
    StatusCode.UNIMPLEMENTED,
    `grpc: compression "${encoding}" is not supported`,
  );
}

function tooLarge(length: number): ServiceError {
  return new ServiceError(
    StatusCode.RESOURCE_EXHAUSTED,
    `grpc: received message larger than max (${length} vs. ${MAX_MESSAGE_BYTES})`,
  );
}

const UNIT_MS: { readonly [unit: string]: number } = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** When the client stops waiting, in real milliseconds since the epoch. */
export function deadlineOf(headers: IncomingHttpHeaders): number {
  const match = /^(\d+)([HMSmun])$/.exec(String(headers['grpc-timeout'] ?? ''));
  if (!match) return Number.POSITIVE_INFINITY;
  return Date.now() + Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

/** What was thrown, as the headers of an answer that is only a status. */
export function statusHeaders(thrown: unknown): OutgoingHttpHeaders {
  const error = isServiceError(thrown)
    ? thrown
    : new ServiceError(StatusCode.INTERNAL, thrown instanceof Error ? thrown.message : `${thrown}`);
  const details = statusDetails(error);
  return {
    'grpc-status': String(error.code),
    'grpc-message': percentEncoded(error.message),
    ...(details && { 'grpc-status-details-bin': Buffer.from(details).toString('base64') }),
  };
}

/** UTF-8 bytes outside printable ASCII, and the percent sign, as %XX. */
function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
