/**
 * The embedded Temporal servers of one app: at most one an address, started when a client finds nobody
 * there, stopped after everything else.
 */
import { connect } from 'node:net';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { isLasting } from '../hosts/temporal/index.js';
import type { Clock as ServerClock, TemporalServer } from '../temporal-server/index.js';
import { splitAddress } from './addresses.js';

const LOCALHOST = '127.0.0.1';

export class EmbeddedServers {
  private readonly servers = new Map<string, TemporalServer>();

  constructor(
    /** Namespaces that the app's clients use. */
    private readonly namespaces: readonly string[],
    /** Shared with the app's processes when time is skipped. */
    private readonly clock: ServerClock | undefined,
  ) {}

  /** The app's own server at `address`; `null` where it has none there. */
  at(address: string): string | null {
    return this.servers.get(address)?.address ?? null;
  }

  get running(): boolean {
    return this.servers.size > 0;
  }

  /**
   * Starts a server at `address`. @returns where it really listens.
   * @throws PerdureError CONFLICT where the port is taken and `elsewhere` is false.
   */
  async start(address: string, elsewhere: boolean): Promise<string> {
    const known = this.servers.get(address);
    if (known !== undefined) return known.address;
    const { host, port } = splitAddress(address) ?? { host: LOCALHOST, port: 0 };
    const { startTemporalServer } = await import('../temporal-server/index.js');
    const begin = (at: number) =>
      startTemporalServer({
        // A name may stand for several addresses: Temporal's tools look for this one.
        host: host === 'localhost' ? LOCALHOST : host,
        port: at,
        namespaces: [...this.namespaces],
        ...(this.clock !== undefined && { clock: this.clock }),
        isBackground: ({ activityType }) => isLasting(activityType),
      });
    const server = await begin(port).catch((thrown: unknown) => {
      if (elsewhere && isTaken(thrown)) return begin(0);
      throw cannotListen(address, thrown);
    });
    this.servers.set(address, server);
    return server.address;
  }

  async close(): Promise<void> {
    const servers = [...this.servers.values()];
    this.servers.clear();
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** Whether anybody accepts connections at `address`. */
export function isListening(address: string): Promise<boolean> {
  const parts = splitAddress(address);
  if (parts === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(parts);
    const done = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** By its text: an error of Node's network is no instance of the Error of every realm. */
function isTaken(thrown: unknown): boolean {
  return /EADDRINUSE|in use|No address added/i.test(String(thrown));
}

function cannotListen(address: string, cause: unknown): PerdureError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PerdureError(
    ErrorKind.CONFLICT,
    `the embedded Temporal server cannot listen on ${address}: ${why}`,
    { cause },
  );
}
