/**
 * A simulation: one server, its clients and workers, half a minute of trouble and then peace until
 * everything has come to rest. All of it follows from the seed.
 */
import { Agenda } from './agenda.js';
import { useWorkflows } from './clients.js';
import { Disk, type DiskFate } from './disk.js';
import { checkLive, checkStored } from './invariants.js';
import { Ledger } from './ledger.js';
import { Machine } from './machine.js';
import { Random } from './random.js';
import { work } from './workers.js';
import type { World } from './world.js';

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly crashes: number;
  readonly steps: number;
}

const TROUBLE_MS = 30_000;
/** Longer than anything takes in peace, and shorter than the retention of closed runs. */
const REST_MS = 12 * 3_600_000;
const MAX_CRASHES = 3;
/** More than any has taken that came to rest. */
const MAX_STEPS = 20_000;
const CHECK_EVERY_STEPS = 60;
const WORKFLOWS = ['w1', 'w2'];

export async function simulate(seed: number, options = { keepTrace: false }): Promise<Outcome> {
  const random = new Random(seed);
  const agenda = new Agenda(random);
  const ledger = new Ledger();
  const trace: string[] = [];
  let crashes = 0;
  const fullness = random.pick([0, 0.01, 0.05]);
  const crashing = random.pick([0, 0.01, 0.03]);
  const disk = new Disk({ agenda, random, fate, onCrash });
  const machine = new Machine({
    agenda,
    random,
    disk,
    onDefect: (where, error) => {
      ledger.violate(`a defect in ${where}: ${String(error)}`);
      world.trace(String((error as Error).stack));
    },
  });
  const world: World = {
    agenda,
    random,
    machine,
    ledger,
    histories: new Map(),
    troubled: true,
    trace: (line) => {
      if (options.keepTrace) trace.push(`${agenda.elapsedMs} ms: ${line}`);
    },
  };

  function fate(): DiskFate {
    if (!world.troubled || !machine.isUp) return 'written';
    if (crashes < MAX_CRASHES && random.chance(crashing))
      return random.chance(0.5) ? 'crashBefore' : 'crashAfter';
    return random.chance(fullness) ? 'full' : 'written';
  }

  function onCrash(how: DiskFate): void {
    crashes += 1;
    world.trace(how);
    machine.crash();
    agenda.after(random.between(0, 4000), () => {
      world.trace('the server starts again');
      machine.start().then(() => checkStored(world), failed);
    });
  }

  function failed(error: unknown): void {
    ledger.violate(`the server does not start: ${String(error)}`);
    world.trace(String((error as Error).stack));
  }

  machine.start().catch(failed);
  for (const name of ['a', 'b']) void work(world, 'Workflow', name);
  for (const name of ['a', 'b']) void work(world, 'Activity', name);
  useWorkflows(world, WORKFLOWS, TROUBLE_MS);
  agenda.after(TROUBLE_MS, () => {
    world.troubled = false;
  });
  let steps = 0;
  for (
    ;
    steps < MAX_STEPS && !agenda.isQuietUntil(REST_MS) && ledger.violations.length === 0;
    steps++
  ) {
    agenda.step();
    await quiet();
    if (steps % CHECK_EVERY_STEPS === 0 && disk.inFlight === 0) checkLive(world);
  }
  if (ledger.violations.length === 0) {
    if (!agenda.isQuietUntil(REST_MS))
      ledger.violate(`it has not come to rest after ${MAX_STEPS} steps`);
    checkStored(world, true);
    checkLive(world);
  }
  machine.crash();
  return { seed, violations: ledger.violations, trace, crashes, steps };
}

/** Until nothing happens any more that does not wait for the agenda; the store writes a turn later. */
async function quiet(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}
