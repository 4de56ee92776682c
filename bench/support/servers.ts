/** Temporal servers for benchmarks and specs: each in a process of its own, on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { firstAnswer } from './first-answer.js';
import { command } from './paths.js';

export interface ServerProcess {
  readonly address: string;
  /** From its start until it has answered a call, in milliseconds. */
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
  const began = performance.now();
  const child = spawn(program, [...args, '--port', String(port)], { stdio: [...stdio] });
  const isOver = () => child.exitCode !== null || performance.now() - began > PATIENCE_MS;
  try {
    await firstAnswer(port, isOver);
  } catch (cause) {
    await end(child);
    throw new Error(`${child.spawnfile} does not serve`, { cause });
  }
  const startedInMs = performance.now() - began;
  const address = `127.0.0.1:${port}`;
  return { address, startedInMs, process: child, stop: () => end(child) };
}

const PATIENCE_MS = 60_000;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
