/** Processes beside Erlang's and nact's actors: the same workloads, one after the other, on this machine. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ProcessDefinition } from '../../src/core/definition.js';
import type { Value } from '../../src/core/payload.js';
import type { Benchmark, Goal, Report, Who } from '../support/figure.js';
import { runErlang, type Sizes } from './erlang.js';
import { sources } from './lua.js';
import * as nact from './nact-actors.js';
import * as ts from './typescript.js';
import { type World, world } from './world.js';

const SIZES: Sizes = {
  roundTrips: 300_000,
  spawns: 200_000,
  each: 10_000,
  storm: 20_000,
  idle: 100_000,
};
/** Lua is slower: it takes as long for less. */
const LUA: Sizes = {
  roundTrips: 40_000,
  spawns: 30_000,
  each: 1_000,
  storm: 10_000,
  idle: 100_000,
};
const SENDERS = 100;
/** Each work of ours right before the peer's, so that both see the same weather; the best counts, for noise only slows down. */
const ROUNDS = 7;
/** Idle processes are asked whether they have all come to rest so often: to ask 100,000 takes a while. */
const LOOK_MS = 200;
const TICKS = 3;
const TICK_MS = 1000;

const WORK = {
  ping_pong: 'ping-pong, round trips',
  spawn: 'spawn, reply, exit',
  fan_in: 'fan-in from 100 senders, messages',
  monitor: 'monitor storm, EXITs',
  idle: 'an idle process, of 100,000',
  beside: 'ping-pong beside 100,000 idle processes',
  late: '100,000 processes that tick each second: lateness, 99th percentile',
} as const;

const goals: readonly Goal[] = [
  { work: WORK.ping_pong, who: 'perdure-ts', atLeastPeers: 3, peer: 'nact' },
  { work: WORK.ping_pong, who: 'perdure-ts', atLeastPeers: 0.5, peer: 'erlang' },
  { work: WORK.spawn, who: 'perdure-ts', atLeastPeers: 4, peer: 'nact' },
  { work: WORK.spawn, who: 'perdure-ts', atLeastPeers: 0.25, peer: 'erlang' },
  { work: WORK.fan_in, who: 'perdure-ts', atLeastPeers: 3, peer: 'nact' },
  { work: WORK.fan_in, who: 'perdure-ts', atLeastPeers: 0.5, peer: 'erlang' },
  { work: WORK.idle, who: 'perdure-ts', atMost: 2500 },
  { work: WORK.late, who: 'perdure-ts', atMost: 100 },
  { work: WORK.ping_pong, who: 'perdure-lua', atLeast: 30_000 },
  { work: WORK.spawn, who: 'perdure-lua', atLeast: 30_000 },
  { work: WORK.idle, who: 'perdure-lua', atMost: 6000 },
  {
    work: WORK.beside,
    who: 'perdure-ts',
    atLeastPeers: 0.8,
    peerWork: WORK.ping_pong,
    peer: 'perdure-ts',
  },
  {
    work: WORK.beside,
    who: 'perdure-lua',
    atLeastPeers: 0.8,
    peerWork: WORK.ping_pong,
    peer: 'perdure-lua',
  },
];

export const benchmark: Benchmark = {
  name: 'actors',
  about:
    'spawn, ping-pong, fan-in, monitors and idle processes, beside nact and Erlang with one scheduler',
  goals,
  async run(report) {
    const best = new Best();
    for (let round = 0; round < ROUNDS; round++) await oneRound(best);
    best.report(report);
    await idle('perdure-ts', ts.idle, (w) => w.run(ts.pingPong, SIZES.roundTrips), SIZES, report);
    await idle(
      'perdure-lua',
      'bench:idle',
      (w) => w.run('bench:ping', LUA.roundTrips),
      LUA,
      report,
    );
    report({ work: WORK.late, who: 'perdure-ts', n: SIZES.idle * TICKS, ms: await lateness() });
  },
};

/** The best rate of each workload. */
class Best {
  private readonly rates = new Map<string, { work: string; who: Who; n: number; per_s: number }>();

  add(work: string, who: Who, n: number, per_s: number): void {
    const key = `${work} ${who}`;
    if ((this.rates.get(key)?.per_s ?? 0) < per_s) this.rates.set(key, { work, who, n, per_s });
  }

  async time(work: string, who: Who, n: number, run: () => Promise<unknown>): Promise<void> {
    const started = performance.now();
    await run();
    this.add(work, who, n, (n * 1000) / (performance.now() - started));
  }

  report(report: Report): void {
    for (const work of Object.values(WORK)) {
      for (const rate of this.rates.values()) if (rate.work === work) report(rate);
    }
  }
}

async function oneRound(best: Best): Promise<void> {
  await besideNact(best);
  await lua(best);
  const erlang = runErlang(SIZES);
  if (erlang === null) return;
  const { roundTrips, spawns, each, storm } = SIZES;
  const sizes = { ping_pong: roundTrips, spawn: spawns, fan_in: SENDERS * each, monitor: storm };
  for (const [name, n] of Object.entries(sizes) as [keyof typeof sizes, number][]) {
    best.add(WORK[name], 'erlang', n, erlang.get(name) ?? 0);
  }
}

async function besideNact(best: Best): Promise<void> {
  const { run } = world();
  const { roundTrips, spawns, each, storm } = SIZES;
  const who = 'perdure-ts';
  await best.time(WORK.ping_pong, who, roundTrips, () => run(ts.pingPong, roundTrips));
  await best.time(WORK.ping_pong, 'nact', roundTrips, () => nact.pingPong(roundTrips));
  await best.time(WORK.spawn, who, spawns, () => run(ts.spawnReplyExit, spawns));
  await best.time(WORK.spawn, 'nact', spawns, () => nact.spawnReplyExit(spawns));
  await best.time(WORK.fan_in, who, SENDERS * each, () => run(ts.fanIn, SENDERS, each));
  await best.time(WORK.fan_in, 'nact', SENDERS * each, () => nact.fanIn(SENDERS, each));
  await best.time(WORK.monitor, who, storm, () => run(ts.monitorStorm, storm));
}

async function lua(best: Best): Promise<void> {
  const { run } = world(sources);
  const { roundTrips, spawns, each, storm } = LUA;
  const who = 'perdure-lua';
  await best.time(WORK.ping_pong, who, roundTrips, () => run('bench:ping', roundTrips));
  await best.time(WORK.spawn, who, spawns, () => run('bench:spawner', spawns));
  await best.time(WORK.fan_in, who, SENDERS * each, () => run('bench:receiver', SENDERS, each));
  await best.time(WORK.monitor, who, storm, () => run('bench:monitor', storm));
}

/** What an idle process holds, and what the idle ones cost those that work. */
async function idle(
  who: Who,
  what: ProcessDefinition | string,
  pingPong: (w: World) => Promise<Value>,
  { roundTrips, idle }: Sizes,
  report: Report,
): Promise<void> {
  const w = world(sources);
  await pingPong(w);
  const before = memory();
  for (let i = 0; i < idle; i++) w.start(what);
  do await new Promise((r) => setTimeout(r, LOOK_MS));
  while (w.busy());
  report({ work: WORK.idle, who, n: idle, bytes: (memory() - before) / idle });
  const best = new Best();
  for (let round = 0; round < ROUNDS; round++) {
    await best.time(WORK.beside, who, roundTrips, () => pingPong(w));
  }
  best.report(report);
}

/** Bytes in use, after a collection of what is not. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function lateness(): Promise<number> {
  const w = world();
  const late: number[] = [];
  const ticker = ts.ticker(late, TICKS, TICK_MS);
  for (let i = 0; i < SIZES.idle; i++) w.start(ticker);
  while (late.length < SIZES.idle * TICKS) await new Promise((r) => setTimeout(r, TICK_MS));
  late.sort((a, b) => a - b);
  return late[Math.floor(late.length * 0.99)] ?? 0;
}
