/**
 * A look at the TLS of a server before the SDK connects. The SDK goes on trying whatever is wrong with a
 * certificate, and says at the end that there was no answer in time.
 */
import { connect, type TLSSocket } from 'node:tls';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { TemporalTls } from './client.js';

/** @throws PerdureError PERMISSION_DENIED or INVALID: which certificate does not fit, and what to do. */
export async function checkTls(
  address: string,
  tls: TemporalTls,
  timeoutMs: number,
): Promise<void> {
  const trouble = await handshake(address, tls, timeoutMs);
  if (trouble === null) return;
  const { kind, advice } = adviceFor(trouble, tls);
  throw new PerdureError(
    kind,
    `TLS with the Temporal server at ${address} fails: ${trouble.message} (${trouble.code}). ${advice}`,
    { details: { address, code: trouble.code } },
  );
}

/** How long an answer to the greeting may take. */
const PATIENCE_MS = 3_000;

/** What a client of HTTP/2 says first: its preface, and settings without any setting. */
const GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

interface Trouble {
  readonly code: string;
  readonly message: string;
}

/** What went wrong, or null. A server says only after the handshake that it does not take our certificate. */
function handshake(address: string, tls: TemporalTls, timeoutMs: number): Promise<Trouble | null> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    let socket: TLSSocket | undefined;
    const done = (trouble: Trouble | null) => {
      socket?.destroy();
      resolve(trouble);
    };
    try {
      socket = connect({
        host,
        port: Number(address.slice(colon + 1)),
        ALPNProtocols: ['h2'],
        ...(isName(tls.serverName ?? host) && { servername: tls.serverName ?? host }),
        ...(tls.ca !== undefined && { ca: Buffer.from(tls.ca) }),
        ...(tls.cert !== undefined && { cert: Buffer.from(tls.cert) }),
        ...(tls.key !== undefined && { key: Buffer.from(tls.key) }),
      });
    } catch (thrown) {
      return done(troubleOf(thrown)); // a certificate or a key that cannot be read
    }
    const speaker = socket;
    speaker.once('secureConnect', () => speaker.write(GREETING));
    // One that says nothing will be judged by the SDK.
    socket.setTimeout(Math.min(timeoutMs, PATIENCE_MS), () => done(null));
    socket.once('data', () => done(null));
    socket.once('error', (error) => done(troubleOf(error)));
    socket.once('close', () => done({ code: 'CLOSED', message: 'it hung up' }));
  });
}

/** Server names are names, not addresses. */
const isName = (host: string): boolean => /[a-z]/i.test(host) && !host.includes(':');

function troubleOf(thrown: unknown): Trouble {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return { code: code ?? 'UNKNOWN', message: message ?? String(thrown) };
}

const AUTHORITY =
  'Its certificate is from an authority that we do not know: give that one as tls.ca_file.';

const ADVICE: { readonly [code: string]: string } = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  CERT_HAS_EXPIRED: 'Its certificate has expired: the server needs a new one.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Its certificate is for another name: correct the address, or set tls.server_name.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'It does not speak TLS there: drop tls (and auth) of the client.',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'It does not speak TLS there: drop tls (and auth) of the client.',
};

function adviceFor(trouble: Trouble, tls: TemporalTls): { kind: ErrorKind; advice: string } {
  const { code } = trouble;
  const known = ADVICE[code];
  if (known !== undefined) return { kind: ErrorKind.INVALID, advice: known };
  if (code.startsWith('ERR_OSSL_')) {
    const advice =
      code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
        ? 'The key is not the one of the certificate: check cert and key of the client.'
        : 'A certificate or a key of the client (ca_file, cert, key) cannot be read: it must be PEM.';
    return { kind: ErrorKind.INVALID, advice };
  }
  const advice =
    tls.cert === undefined
      ? 'Perhaps it wants a client certificate: auth with type mtls.'
      : 'It does not take the client certificate: check auth, and the authority that the server trusts.';
  return { kind: ErrorKind.PERMISSION_DENIED, advice };
}
