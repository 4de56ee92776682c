/** Temporal servers for benchmarks and specs: each in a process of its own, on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { command } from './paths.js';

export interface ServerProcess {
  readonly address: string;
  /** From its start until it has listened, in milliseconds. */
  readonly startedInMs: number;
  readonly process: ChildProcess;
  /** Ends it at once: its data is of no use to anybody. */
  stop(): Promise<void>;
}

/** `perdure server start-dev`. */
export function startEmbedded(): Promise<ServerProcess> {
  return start(process.execPath, [command, 'server', 'start-dev']);
}

/** A file for a server's data, in a folder of its own. */
export class DataFile {
  readonly folder = mkdtempSync(join(tmpdir(), 'perdure-bench-'));
  readonly path = join(this.folder, 'server.db');

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The same, with its data in a file: a new one that goes with the server, unless one is given. */
export async function startEmbeddedOnFile(file?: DataFile): Promise<ServerProcess> {
  const used = file ?? new DataFile();
  const args = [command, 'server', 'start-dev', '--db-filename', used.path];
  const server = await start(process.execPath, args);
  if (file) return server;
  const stop = async () => {
    await server.stop();
    used.remove();
  };
  return { ...server, stop };
}

/**
 * `temporal server start-dev`, from the PATH or ~/go/bin. @throws Error where it is not installed.
 *
 * @param flags - more of them
 */
export function startReal(flags: readonly string[] = []): Promise<ServerProcess> {
  const binary = temporalBinary();
  if (binary !== null) {
    return start(binary, ['server', 'start-dev', '--headless', '--log-level', 'error', ...flags]);
  }
  return Promise.reject(
    new Error('temporal is neither on the PATH nor in ~/go/bin; .ci/run shows how to install it'),
  );
}

/** Where the `temporal` command is; `null` where it is not installed. */
export function temporalBinary(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  return folders.map((f) => join(f, 'temporal')).find((file) => existsSync(file)) ?? null;
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(program: string, args: readonly string[]): Promise<ServerProcess> {
  const port = await freePort();
  const stdio = ['ignore', 'ignore', 'ignore'] as const;
  const child = spawn(program, [...args, '--port', String(port)], { stdio: [...stdio] });
  const address = `127.0.0.1:${port}`;
  const started = performance.now();
  try {
    await untilServing(address, child);
  } catch (error) {
    await end(child);
    throw error;
  }
  const startedInMs = performance.now() - started;
  return { address, startedInMs, process: child, stop: () => end(child) };
}

const PATIENCE_MS = 60_000;
const BETWEEN_MS = 10;

/** The real server answers only when its database is ready: ask until it does. */
async function untilServing(address: string, child: ChildProcess): Promise<void> {
  let why: unknown;
  for (let left = PATIENCE_MS / BETWEEN_MS; left > 0 && child.exitCode === null; left--) {
    try {
      await listening(address);
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      return;
    } catch (thrown) {
      why = thrown;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
  }
  throw new Error(`${child.spawnfile} does not serve ${address}`, { cause: why });
}

/** A refused connection is known at once here; the SDK would wait before it tries again. */
function listening(address: string): Promise<void> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
