/** How long a server takes until it serves: as a command, and as a library in a program that runs. */
import { spawn } from 'node:child_process';
import type { Goal, Report } from '../support/figure.js';
import { median } from '../support/load.js';
import { command, temporalServer } from '../support/paths.js';

const COMMAND = 'perdure server start-dev, from its start to serving';
const LIBRARY = 'import of perdure/temporal-server and startTemporalServer';
const ROUNDS = 9;
const LIMIT_MS = 150;

export const START_GOALS: readonly Goal[] = [COMMAND, LIBRARY].map((work) => ({
  work,
  who: 'perdure-ts',
  atMost: LIMIT_MS,
}));

/** Answers with how long it took, in milliseconds. */
const PROGRAM = `
  const began = performance.now();
  const { startTemporalServer } = await import(${JSON.stringify(temporalServer)});
  await startTemporalServer({ port: 0 });
  console.log(performance.now() - began);
  process.exit();
`;

export async function measureStarts(report: Report): Promise<void> {
  const asCommand: number[] = [];
  const asLibrary: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await firstOutput([command, 'server', 'start-dev', '--port', '0', '--json']);
    asCommand.push(performance.now() - began);
    asLibrary.push(Number(await firstOutput(['--input-type=module', '-e', PROGRAM])));
  }
  report({ work: COMMAND, who: 'perdure-ts', n: ROUNDS, ms: median(asCommand) });
  report({ work: LIBRARY, who: 'perdure-ts', n: ROUNDS, ms: median(asLibrary) });
}

/** Runs a Node program until it says something, and ends it. */
function firstOutput(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.includes('\n')) child.kill('SIGKILL');
    });
    child.once('close', () => (said ? resolve(said) : reject(new Error('it said nothing'))));
  });
}
