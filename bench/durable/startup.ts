/** How long a server takes until it serves: as a command, and as a library in a program that runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Goal, Report } from '../support/figure.js';
import { median } from '../support/load.js';
import { temporalServer } from '../support/paths.js';
import { type ServerProcess, startEmbedded, startEmbeddedOnFile } from '../support/servers.js';

const COMMAND = 'perdure server start-dev, from its start to the first answer';
const ON_FILE = 'the same with a new file';
const LIBRARY = 'import of perdure/temporal-server and startTemporalServer';
/** Of each of those a part that is not ours, and that a busy machine makes longer too. */
const NODE = 'node -e 0, from its start to its end';
const ROUNDS = 15;
const LIMIT_MS = 150;

export const START_GOALS: readonly Goal[] = [COMMAND, ON_FILE, LIBRARY].map((work) => ({
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

/** One after the other, so that all see the same weather on the machine; the medians count. */
export async function measureStarts(report: Report): Promise<void> {
  const took = new Map([NODE, COMMAND, ON_FILE, LIBRARY].map((work) => [work, [] as number[]]));
  await startedIn(startEmbedded, KEEP_MS); // from the second start on V8's copy of the code is used
  for (let round = 0; round < ROUNDS; round++) {
    took.get(NODE)?.push(await nodeItself());
    took.get(COMMAND)?.push(await startedIn(startEmbedded));
    took.get(ON_FILE)?.push(await startedIn(startEmbeddedOnFile));
    took.get(LIBRARY)?.push(Number(await firstOutput(['--input-type=module', '-e', PROGRAM])));
  }
  for (const [work, each] of took)
    report({ work, who: work === NODE ? 'peer' : 'perdure-ts', n: ROUNDS, ms: median(each) });
}

/** So long, and it has written that copy. */
const KEEP_MS = 3000;

async function startedIn(start: () => Promise<ServerProcess>, stayMs = 0): Promise<number> {
  const server = await start();
  if (stayMs > 0) await new Promise((resolve) => setTimeout(resolve, stayMs));
  await server.stop();
  return server.startedInMs;
}

async function nodeItself(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - began;
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
