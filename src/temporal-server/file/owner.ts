/**
 * One server at a time has a file. Each owner listens on a socket, which the operating system closes with its process,
 * however that ends; a link beside the file names the socket, and the links are numbered: `FILE-owner.7`.
 *
 * 1. The link with the highest number is the owner's. Whoever can connect through it finds the file taken.
 * 2. Where nobody answers there, the next number is whose link is made first: making one is exclusive. A number is
 *    never used again, since the last link stays when its owner goes: so who was slow to see that an owner has gone
 *    comes too late for its number, or finds a higher one when he looks again, and never takes what is another's.
 * 3. A socket listens before a link names it. What is left of sockets and links goes when the next one takes the file.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { StoreOpenError } from '../store-errors.js';

export interface Owner {
  release(): Promise<void>;
}

/** The longest path that a socket may have everywhere. */
const MAX_SOCKET_PATH = 100;

/** Takes the file, whose folder is made if need be. */
export async function claim(path: string): Promise<Owner> {
  const folder = dirname(resolve(path));
  try {
    mkdirSync(folder, { recursive: true });
  } catch (thrown) {
    throw new StoreOpenError(
      path,
      `its folder cannot be made (${messageOf(thrown)})`,
      'name another',
    );
  }
  const file = join(realpathSync(folder), basename(path));
  const server = process.platform === 'win32' ? await claimPipe(file) : await claimLink(file);
  if (!server) {
    throw new StoreOpenError(
      path,
      'another server has it open',
      'connect to that server, end it, or name another file',
    );
  }
  return { release: () => close(server) };
}

/** Nothing is left of a pipe whose process has ended. Undefined where another one has it. */
function claimPipe(file: string): Promise<Server | undefined> {
  return listen(`\\\\.\\pipe\\perdure-${digest(file.toLowerCase())}`, file);
}

/** Undefined where another server has it. */
async function claimLink(file: string): Promise<Server | undefined> {
  const base = baseOf(file);
  for (;;) {
    const last = numbers(base).at(-1) ?? 0;
    if (last > 0 && (await answers(linkOf(base, last)))) return undefined;
    const socket = `${base}-${randomBytes(SOCKET_ID_BYTES).toString('hex')}`;
    const server = await listen(socket, file);
    if (server && link(socket, linkOf(base, last + 1), file)) {
      if (numbers(base).at(-1) === last + 1) {
        for (const number of numbers(base)) if (number <= last) forget(linkOf(base, number));
        await clearUp(base, socket);
        return server;
      }
      rmSync(linkOf(base, last + 1), { force: true });
    }
    if (server) await close(server);
  }
}

const SOCKET_ID_BYTES = 4;

/** What the names of links and sockets begin with. */
function baseOf(file: string): string {
  const beside = `${file}-owner`;
  return Buffer.byteLength(beside) + 1 + SOCKET_ID_BYTES * 2 <= MAX_SOCKET_PATH
    ? beside
    : join(tmpdir(), `perdure-${digest(file)}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

function linkOf(base: string, number: number): string {
  return `${base}.${number}`;
}

/** Of the links that there are, in order. */
function numbers(base: string): number[] {
  const prefix = `${basename(base)}.`;
  return readdirSync(dirname(base))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
}

/** False where another one has made it. */
function link(socket: string, path: string, file: string): boolean {
  try {
    symlinkSync(basename(socket), path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannotTake(file, thrown);
  }
}

/** A link of the past, and the socket that a process which was killed has left behind. */
function forget(path: string): void {
  try {
    rmSync(join(dirname(path), readlinkSync(path)), { force: true });
  } catch {
    // It is no link, or gone already: the name alone counts.
  }
  rmSync(path, { force: true });
}

/**
 * Takes away sockets that nobody listens on: of processes that were killed before a link named theirs. Who has bound
 * one and does not listen yet comes too late for the file anyhow.
 */
async function clearUp(base: string, own: string): Promise<void> {
  const folder = dirname(base);
  const prefix = `${basename(base)}-`;
  const isSocket = new RegExp(`^[0-9a-f]{${SOCKET_ID_BYTES * 2}}$`);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || !isSocket.test(name.slice(prefix.length))) continue;
    const path = join(folder, name);
    if (path !== own && !(await answers(path))) rmSync(path, { force: true });
  }
}

function listen(socket: string, file: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(undefined);
      else fail(cannotTake(file, error));
    });
    server.listen(socket, () => done(server));
    server.unref();
  });
}

function close(server: Server): Promise<void> {
  return new Promise((done) => server.close(() => done()));
}

/** What connecting to something says that nobody listens on. */
const NOBODY: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      done(true);
    });
    connection.once('error', ({ code }: NodeJS.ErrnoException) => done(!NOBODY.has(code)));
  });
}

function cannotTake(file: string, thrown: unknown): StoreOpenError {
  return new StoreOpenError(file, `it cannot be taken (${messageOf(thrown)})`, 'name another file');
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
