/**
 * Temporal servers for specs, each in a process of its own on a free loopback port: the embedded one
 * by `perdure server start-dev`, the real one by `temporal server start-dev`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { startPerdure } from './cli.js';

export interface ServerProcess {
  readonly address: string;
  stop(): Promise<void>;
}

/** A server under test: how to start it, and whether it can be had here. */
export interface ServerKind {
  readonly name: string;
  start(): Promise<ServerProcess>;
}

export const EMBEDDED: ServerKind = {
  name: 'the embedded server',
  async start() {
    const cli = startPerdure(['server', 'start-dev', '--port', '0', '--json']);
    const text = await cli.waitFor(/"address":"[^"]+"/);
    return {
      address: /"address":"([^"]+)"/.exec(text)?.[1] ?? '',
      stop: () => end(cli.process),
    };
  },
};

export const REAL: ServerKind = {
  name: 'temporal server start-dev',
  async start() {
    const binary = temporalBinary();
    if (binary === null)
      throw new Error('the `temporal` binary is not on the PATH nor in ~/go/bin');
    const port = await freePort();
    const args = ['server', 'start-dev', '--headless', '--log-level', 'error'];
    const child = spawn(binary, [...args, '--port', String(port)], { stdio: 'ignore' });
    const address = `127.0.0.1:${port}`;
    await untilServing(address);
    return { address, stop: () => end(child) };
  },
};

/** Where the `temporal` command is; `null` where it is not installed. */
export function temporalBinary(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  return folders.map((f) => join(f, 'temporal')).find((file) => existsSync(file)) ?? null;
}

/** `describe` for what needs the `temporal` command: in CI its absence is a failure, not a skip. */
export const describeWithTemporal =
  temporalBinary() !== null || process.env.CI !== undefined ? describe : describe.skip;

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The real server answers only when its database is ready: ask until it does. */
async function untilServing(address: string): Promise<void> {
  for (let left = 300; ; left--) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      return;
    } catch (thrown) {
      if (left === 0) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
