/**
 * Who may call: TLS, certificates of clients, and an API key.
 *
 * 1. Keys are compared in a time that does not depend on them, and are in no message or event.
 * 2. A call without a key is UNAUTHENTICATED, one with another key PERMISSION_DENIED, as in Temporal
 *    Cloud; both before its body is read.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, SecureServerOptions } from 'node:http2';
import { ServiceError, StatusCode } from '../errors.js';

/** Certificates and keys as PEM. */
export interface TlsOptions {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** The authority whose certificates clients must have. Without it, any client is let in. */
  readonly clientCa?: string | Uint8Array;
}

/** Says why a call is not let in; undefined when it is. */
export type Guard = (headers: IncomingHttpHeaders) => ServiceError | undefined;

export function guardOf(apiKey: string | undefined): Guard {
  if (apiKey === undefined) return () => undefined;
  const wanted = digest(apiKey);
  return ({ authorization }) => {
    if (!authorization)
      return new ServiceError(
        StatusCode.UNAUTHENTICATED,
        'Request unauthorized: this server wants an API key (authorization: Bearer KEY).',
      );
    const [, key] = /^Bearer +(.+)$/i.exec(authorization) ?? [];
    if (key && timingSafeEqual(digest(key), wanted)) return undefined;
    return new ServiceError(
      StatusCode.PERMISSION_DENIED,
      'Request unauthorized: it is not the API key of this server.',
    );
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The same for Node's server. */
export function secureOptions(tls: TlsOptions): SecureServerOptions {
  const buffer = (pem: string | Uint8Array) => Buffer.from(pem as Uint8Array);
  return {
    cert: buffer(tls.cert),
    key: buffer(tls.key),
    minVersion: 'TLSv1.2',
    ...(tls.clientCa && {
      ca: buffer(tls.clientCa),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}
