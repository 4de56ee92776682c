/**
 * The embedded Temporal servers of one app: at most one an address, started when a client finds nobody
 * there, stopped after everything else.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { isLasting } from '../hosts/temporal/index.js';
import type { Clock as ServerClock, TemporalServer } from '../temporal-server/index.js';
import { splitAddress } from './addresses.js';

const LOCALHOST = '127.0.0.1';

/** Where embedded servers keep their data: a folder has a file for each, named by its port. */
export type ServerStorage =
  | { readonly kind: 'memory' }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'file'; readonly file: string };

export class EmbeddedServers {
  private readonly servers = new Map<string, TemporalServer>();

  constructor(
    /** Namespaces that the app's clients use. */
    private readonly namespaces: readonly string[],
    /** Shared with the app's processes when time is skipped. */
    private readonly clock: ServerClock | undefined,
    /** Where their data is kept. Default: in memory. */
    private readonly storage: ServerStorage = { kind: 'memory' },
  ) {}

  /** The file of the server at `address`; `null` where its data is in memory. */
  fileOf(address: string): string | null {
    switch (this.storage.kind) {
      case 'memory':
        return null;
      case 'file':
        return this.storage.file;
      case 'folder':
        return join(this.storage.folder, `temporal-${splitAddress(address)?.port ?? 0}.db`);
    }
  }

  /** The app's own server at `address`; `null` where it has none there. */
  at(address: string): string | null {
    return this.servers.get(address)?.address ?? null;
  }

  /**
   * Starts a server at `address`. @returns where it really listens.
   * @throws PerdureError CONFLICT where the port is taken and `elsewhere` is false, or the file cannot be used.
   */
  async start(address: string, elsewhere: boolean): Promise<string> {
    const known = this.servers.get(address);
    if (known !== undefined) return known.address;
    const { host, port } = splitAddress(address) ?? { host: LOCALHOST, port: 0 };
    const { startTemporalServer } = await import('../temporal-server/index.js');
    const file = this.fileOf(address);
    if (this.storage.kind === 'folder') await keepOutOfGit(this.storage.folder);
    const begin = (at: number) =>
      startTemporalServer({
        // A name may stand for several addresses: Temporal's tools look for this one.
        host: host === 'localhost' ? LOCALHOST : host,
        port: at,
        namespaces: [...this.namespaces],
        ...(this.clock !== undefined && { clock: this.clock }),
        ...(file !== null && { dbFilename: file }),
        isBackground: ({ activityType }) => isLasting(activityType),
      });
    const server = await begin(port).catch((thrown: unknown) => {
      if (elsewhere && isTaken(thrown)) return begin(0);
      throw cannotStart(address, thrown);
    });
    this.servers.set(address, server);
    return server.address;
  }

  /** @returns how many open workflows are gone with the memory that they lived in */
  async close(): Promise<number> {
    const servers = [...this.servers];
    this.servers.clear();
    const lost = servers
      .filter(([address]) => this.fileOf(address) === null)
      .reduce((sum, [, server]) => sum + server.openWorkflows(), 0);
    await Promise.all(servers.map(([, server]) => server.close()));
    return lost;
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

/** The data of a run is nobody else's. */
async function keepOutOfGit(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '.gitignore'), '*\n');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const what = `the embedded Temporal server cannot keep its data in ${folder}: ${why}; \`--db-filename\` names a file elsewhere, \`--ephemeral\` keeps the data in memory`;
    throw new PerdureError(ErrorKind.PERMISSION_DENIED, what, { cause });
  }
}

function cannotStart(address: string, cause: unknown): PerdureError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const file = (cause as { readonly kind?: unknown } | null)?.kind === 'CANNOT_OPEN';
  const what = file
    ? `the embedded Temporal server cannot use its file ${why}`
    : `the embedded Temporal server cannot listen on ${address}: ${why}`;
  return new PerdureError(ErrorKind.CONFLICT, what, { cause });
}
