/** Temporal servers for a benchmark: each in a process of its own, on a free port of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { command } from './paths.js';

export interface ServerProcess {
  readonly address: string;
  close(): Promise<void>;
}

/** `perdure server start-dev`. */
export function startEmbedded(): Promise<ServerProcess> {
  return start(process.execPath, (port) => [
    command,
    'server',
    'start-dev',
    '--port',
    String(port),
  ]);
}

/** `temporal server start-dev`, from the PATH or ~/go/bin. @throws Error where it is not installed. */
export function startReal(): Promise<ServerProcess> {
  const flags = ['--headless', '--log-level', 'error'];
  return start(temporalBinary(), (port) => [
    'server',
    'start-dev',
    '--port',
    String(port),
    ...flags,
  ]);
}

function temporalBinary(): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  const found = folders.map((folder) => join(folder, 'temporal')).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    'temporal is neither on the PATH nor in ~/go/bin; .ci/run shows how to install it',
  );
}

async function start(
  program: string,
  args: (port: number) => readonly string[],
): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(program, args(port), { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  try {
    await listening(port, child);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    address: `127.0.0.1:${port}`,
    close: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
    if (child.exitCode !== null) break;
    if (await accepts(port)) return;
  }
  throw new Error(`${child.spawnfile} does not listen on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
