/** The way out of local code: environment, HTTP, randomness and the terminal of this Node process. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { HttpRequest } from '../../kernel/request.js';
import type { EventStream } from '../../runtime/events.js';
import type { Outside } from './programs.js';

export interface OutsideOptions {
  readonly env: { readonly [name: string]: string | undefined };
  readonly events: EventStream;
  readonly now: () => number;
  readonly random: () => number;
  readonly print: (text: string) => void;
}

export function createOutside(options: OutsideOptions): Outside {
  const { env, events, now, random, print } = options;
  return {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    http: exchange,
    print,
    random,
    log(level, message, pid, entry, fields) {
      events.publish({ kind: 'log', level, message, pid, entry, fields, at: now() });
    },
  };
}

/** One HTTP exchange by `fetch`; every status is an answer, only a failed exchange is an error. */
async function exchange(request: HttpRequest, aborted: AbortSignal): Promise<Value> {
  const { method, url, headers, body, timeoutMs } = request;
  const signals = timeoutMs === null ? [aborted] : [aborted, AbortSignal.timeout(timeoutMs)];
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: body === null ? null : typeof body === 'string' ? body : body.slice(),
      signal: AbortSignal.any(signals),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: textOrBytes(new Uint8Array(await response.arrayBuffer())),
    };
  } catch (thrown) {
    throw httpError(thrown, request, aborted);
  }
}

function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes; // Not text: it stays what it is.
  }
}

function httpError(thrown: unknown, request: HttpRequest, aborted: AbortSignal): PerdureError {
  const { method, timeoutMs } = request;
  const where = `${method} ${withoutSecrets(request.url)}`;
  const { name, cause, message } = asError(thrown);
  if (aborted.aborted) return new PerdureError(ErrorKind.CANCELED, `${where} was given up`);
  if (name === 'TimeoutError') {
    return new PerdureError(ErrorKind.TIMEOUT, `${where} took longer than ${timeoutMs} ms`);
  }
  const why = cause === undefined ? message : asError(cause).message;
  // `fetch` refuses a request that can never be made with a TypeError that says so, on its own or as cause.
  if (!URL.canParse(request.url) || cause === undefined || why === 'bad port') {
    return new PerdureError(ErrorKind.INVALID, `${where}: not a request that can be made (${why})`);
  }
  return new PerdureError(ErrorKind.UNAVAILABLE, `${where} failed: ${why}`);
}

/** What was thrown, read by its form: `instanceof` would not know the errors of another realm. */
function asError(thrown: unknown): { name: string; message: string; cause: unknown } {
  const { name = '', message = String(thrown), cause } = (thrown ?? {}) as Partial<Error>;
  return { name, message, cause };
}

/** The URL without what may be secret in it: user, password, query. */
function withoutSecrets(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return JSON.stringify(url);
  }
}
