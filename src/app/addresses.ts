/**
 * Which Temporal server a client talks to. Pure: the caller does the looking and the starting.
 *
 * The rules, in this order:
 * 1. With time skipping, always an embedded server of the app's own; where that is not allowed, none.
 * 2. `--address` is taken as it is: somebody must be there.
 * 3. A client that names no address takes the one of the environment (`TEMPORAL_*`, `temporal.toml`),
 *    with the credentials that belong to it; without one, the usual local address.
 * 4. At a loopback address where nobody listens, the embedded server takes the place, unless the client
 *    says `embedded: false` or this is production. Credentials never go to an address that they were
 *    not given for.
 */

/** Where Temporal's own development server listens. */
const LOCAL_ADDRESS = '127.0.0.1:7233';

export interface AddressFacts {
  /** `--address`. */
  readonly forced: string | undefined;
  /** `address` of the client entry. */
  readonly declared: string | null;
  /** Address of the environment's profile. */
  readonly environment: string | undefined;
  readonly embeddedAllowed: boolean;
  readonly skipTime: boolean;
  /** `NODE_ENV=production`. */
  readonly production: boolean;
}

export type AddressPlan =
  /** What was asked for exclude each other; `why` says what and what to do. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The app's own server, at this address or, where that is taken, at a free port. */
  | { readonly kind: 'own'; readonly address: string }
  /** A server that must be there. */
  | { readonly kind: 'remote'; readonly address: string; readonly credentials: Credentials }
  /** A server that may be there, else the embedded one in its place. */
  | { readonly kind: 'local'; readonly address: string; readonly credentials: Credentials };

/** Whose credentials go along: the client entry's, the environment profile's, or nobody's. */
export type Credentials = 'entry' | 'environment' | 'none';

export function planAddress(facts: AddressFacts): AddressPlan {
  const { forced, declared, environment } = facts;
  if (facts.skipTime) return ownServer(facts);
  if (forced !== undefined) {
    return { kind: 'remote', address: forced, credentials: forced === declared ? 'entry' : 'none' };
  }
  const address = declared ?? environment ?? LOCAL_ADDRESS;
  const credentials =
    declared !== null ? 'entry' : environment !== undefined ? 'environment' : 'entry';
  const mayEmbed = facts.embeddedAllowed && !facts.production && isLoopback(address);
  return { kind: mayEmbed ? 'local' : 'remote', address, credentials };
}

/** Only a server that lives in this program can skip time: what forbids that forbids skipping. */
function ownServer({ forced, declared, embeddedAllowed, production }: AddressFacts): AddressPlan {
  const refused = (because: string, advice: string): AddressPlan => ({
    kind: 'refused',
    why: `time can be skipped on an embedded server only, and ${because}; ${advice}`,
  });
  if (forced !== undefined) return refused(`the address ${forced} is given`, 'give one of the two');
  if (!embeddedAllowed) return refused('`embedded: false` forbids one', 'drop one of the two');
  if (production) return refused('NODE_ENV is production', 'run it elsewhere');
  return { kind: 'own', address: loopbackOr(declared) };
}

function loopbackOr(declared: string | null): string {
  return declared !== null && isLoopback(declared) ? declared : LOCAL_ADDRESS;
}

/** Host and port of `host:port`; `undefined` where it has no valid port. */
export function splitAddress(address: string): { host: string; port: number } | undefined {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port };
}

/** Whether what goes to `address` stays on this machine. */
export function isLoopback(address: string): boolean {
  const host = splitAddress(address)?.host ?? address;
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
