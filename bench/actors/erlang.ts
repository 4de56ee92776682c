/** The workloads in Erlang with one scheduler, where `erl` is installed. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/paths.js';

export interface Sizes {
  readonly roundTrips: number;
  readonly spawns: number;
  readonly each: number;
  readonly storm: number;
  readonly idle: number;
}

/** Figures by name; `null` where there is no Erlang. */
export function runErlang(sizes: Sizes): ReadonlyMap<string, number> | null {
  if (spawnSync('erlc', ['-help']).error !== undefined) return null;
  const dir = mkdtempSync(join(tmpdir(), 'perdure-bench-'));
  try {
    copyFileSync(join(root, 'bench/actors/actors.erl'), join(dir, 'actors.erl'));
    run('erlc', ['actors.erl'], dir);
    const { roundTrips, spawns, each, storm, idle } = sizes;
    const numbers = [roundTrips, spawns, each, storm, idle].map(String);
    const limit = String(Math.max(262_144, 2 * idle));
    const text = run(
      'erl',
      ['+S', '1', '+P', limit, '-noshell', '-run', 'actors', 'main', ...numbers],
      dir,
    );
    const lines = text.trim().split('\n');
    return new Map(lines.map((line) => line.split(' ')).map(([k = '', v]) => [k, Number(v)]));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stdout}${stderr}`);
  return stdout;
}
