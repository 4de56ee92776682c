/** How long somebody waits for the first order, from the command to the line that says it is done. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Benchmark } from './support/figure.js';
import { median } from './support/load.js';
import { command, root } from './support/paths.js';

const WORK = 'perdure run examples/02-orders --skip-time, until the first order is completed';
const ROUNDS = 5;
const GOAL_MS = 3000;

export const benchmark: Benchmark = {
  name: 'orders',
  about: 'from the command to the first completed order of examples/02-orders',
  goals: [{ work: WORK, who: 'perdure-lua', atMost: GOAL_MS }],
  async run(report) {
    const times: number[] = [];
    for (let i = 0; i < ROUNDS; i++) times.push(await firstOrder());
    // The first run also pays for a cold disk cache.
    report({ work: WORK, who: 'perdure-lua', n: ROUNDS, ms: median(times) });
  },
};

async function firstOrder(): Promise<number> {
  const started = performance.now();
  const args = [command, 'run', 'examples/02-orders', '--skip-time', '-x', 'app:tour'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let completed: number | undefined;
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes('has ended: completed')) completed ??= performance.now() - started;
  }
  const code = await ended;
  if (code !== 0 || completed === undefined) {
    throw new Error(
      `examples/02-orders ended with exit code ${code}, ${completed === undefined ? 'without' : 'with'} a completed order`,
    );
  }
  return completed;
}
