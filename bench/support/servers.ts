/** Temporal servers for benchmarks and specs: each in a process of its own, on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { command } from './paths.js';

export interface ServerProcess {
  readonly address: string;
  /** Ends it at once: its data is of no use to anybody. */
  stop(): Promise<void>;
}

/** `perdure server start-dev`. */
export function startEmbedded(): Promise<ServerProcess> {
  return start(process.execPath, [command, 'server', 'start-dev']);
}

/** `temporal server start-dev`, from the PATH or ~/go/bin. @throws Error where it is not installed. */
export function startReal(): Promise<ServerProcess> {
  const binary = temporalBinary();
  if (binary !== null) {
    return start(binary, ['server', 'start-dev', '--headless', '--log-level', 'error']);
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
  try {
    await untilServing(address, child);
  } catch (error) {
    await end(child);
    throw error;
  }
  return { address, stop: () => end(child) };
}

const PATIENCE_MS = 60_000;
const BETWEEN_MS = 100;

/** The real server answers only when its database is ready: ask until it does. */
async function untilServing(address: string, child: ChildProcess): Promise<void> {
  let why: unknown;
  for (let left = PATIENCE_MS / BETWEEN_MS; left > 0 && child.exitCode === null; left--) {
    try {
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
