/** gRPC's framing on HTTP/2: length-prefixed messages, statuses as headers. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { isServiceError, ServiceError, StatusCode, statusDetails } from '../errors.js';

/** Whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;

/** A message with its prefix, uncompressed. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** The gRPC status code of what was thrown. */
export function statusCodeOf(thrown: unknown): StatusCode {
  return isServiceError(thrown) ? thrown.code : StatusCode.INTERNAL;
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
