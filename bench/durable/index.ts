/** Durable processes: Lua workflows beside plain TypeScript ones, on the same embedded server. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import type { Benchmark, Goal, Report } from '../support/figure.js';
import { median } from '../support/load.js';
import { root } from '../support/paths.js';
import { startEmbedded } from '../support/servers.js';
import { luaSide } from './lua.js';
import { plainSide } from './plain.js';
import type { Side } from './side.js';
import { activities, hello, replay, signals, WIDTH, withClient } from './workloads.js';

const HELLOS = 400;
const SIGNALS = 2000;
const STEPS = 400;
/** Six events each: a history of 10,000. */
const LONG_STEPS = 1667;
const CACHED = 1000;
/** In turn, so that both see the same weather on the machine; the median counts. */
const ROUNDS = 3;

const WORK = {
  hello: `hello workflows, ${WIDTH} at a time`,
  signals: 'signals into one workflow',
  steps: 'sequential activities of one workflow',
  replay: 'replay of a history of 10,000 events, sequential activities',
  cached: `a workflow in the worker's cache, of ${CACHED}`,
} as const;

const lua = (work: string, goal: Pick<Goal, 'atLeastPeers' | 'atMostPeers'>): Goal => ({
  work,
  who: 'perdure-lua',
  ...goal,
});

export const benchmark: Benchmark = {
  name: 'durable',
  about: 'Lua workflows against plain TypeScript workflows on the embedded server',
  goals: [
    lua(WORK.hello, { atLeastPeers: 0.7 }),
    lua(WORK.signals, { atLeastPeers: 0.8 }),
    lua(WORK.steps, { atLeastPeers: 0.8 }),
    lua(WORK.replay, { atMostPeers: 2 }),
    lua(WORK.cached, { atMostPeers: 1.5 }),
  ],
  async run(report) {
    const server = await startEmbedded();
    try {
      const sides = [await plainSide(server.address), await luaSide(server.address)];
      await withClient(server.address, async (client) => {
        await rates(client, sides, report);
        await replays(client, sides, report);
      });
      for (const side of sides) await side.stop();
      for (const { who } of sides) {
        const bytes = await cached(who === 'peer' ? 'plain' : 'lua', server.address);
        report({ work: WORK.cached, who, n: CACHED, bytes });
      }
    } finally {
      await server.stop();
    }
  },
};

async function rates(client: Client, sides: readonly Side[], report: Report): Promise<void> {
  const measure = async (work: string, n: number, once: (side: Side) => Promise<number>) => {
    for (const { who, values } of await inTurn(sides, once)) {
      report({ work, who, n: n * ROUNDS, per_s: median(values) });
    }
  };
  await measure(WORK.hello, HELLOS, (side) => hello(client, side, HELLOS));
  await measure(WORK.signals, SIGNALS, (side) => signals(client, side, SIGNALS));
  await measure(WORK.steps, STEPS, async (side) => (await activities(client, side, STEPS)).rate);
}

async function replays(client: Client, sides: readonly Side[], report: Report): Promise<void> {
  const ids = new Map<Side, string>();
  for (const side of sides) {
    ids.set(side, (await activities(client, side, LONG_STEPS)).workflowId);
  }
  let events = 0;
  const times = await inTurn(sides, async (side) => {
    const replayed = await replay(client, side, ids.get(side) ?? '');
    events = replayed.events;
    return replayed.ms;
  });
  for (const { who, values } of times) {
    report({ work: WORK.replay, who, n: events, ms: median(values) });
  }
}

/** Measures each side {@link ROUNDS} times, in turn. */
async function inTurn(sides: readonly Side[], once: (side: Side) => Promise<number>) {
  const measured = sides.map((side) => ({ side, who: side.who, values: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { side, values } of measured) values.push(await once(side));
  }
  return measured;
}

/** Bytes of memory that a process grows by for each cached workflow. */
async function cached(kind: 'plain' | 'lua', address: string): Promise<number> {
  // The SDK keeps as many workflows as it thinks fit for the heap.
  const args = ['--max-old-space-size=4096', '--expose-gc', 'dist/bench/durable/cached.js'];
  const command = [...args, kind, address];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });
  const bytes = Number(stdout.trim().split('\n').at(-1));
  if (!(bytes > 0)) throw new Error(`${join(root, args.at(-1) ?? '')} printed ${stdout}`);
  return bytes;
}
