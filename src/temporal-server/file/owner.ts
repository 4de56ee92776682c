/**
 * One server at a time has a file: it listens on a socket that is named after it, which the operating
 * system closes with the process, however that ends. Whoever can connect to it finds the file taken.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
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
  const socket = socketOf(join(realpathSync(folder), basename(path)));
  for (let tries = 0; tries < 2; tries++) {
    const server = await listen(socket, path);
    if (server) return ownerOf(server);
    if (await answers(socket)) break;
    // Left behind by a process that was killed.
    rmSync(socket, { force: true });
  }
  throw new StoreOpenError(
    path,
    'another server has it open',
    'connect to that server, end it, or name another file',
  );
}

function socketOf(path: string): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\perdure-${digest(path.toLowerCase())}`;
  const beside = `${path}-owner`;
  return Buffer.byteLength(beside) <= MAX_SOCKET_PATH
    ? beside
    : join(tmpdir(), `perdure-${digest(path)}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

function listen(socket: string, path: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') done(undefined);
      else
        fail(
          new StoreOpenError(path, `it cannot be taken (${error.message})`, 'name another file'),
        );
    });
    server.listen(socket, () => done(server));
    server.unref();
  });
}

function ownerOf(server: Server): Owner {
  return { release: () => new Promise((done) => server.close(() => done())) };
}

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      done(true);
    });
    connection.once('error', () => done(false));
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
