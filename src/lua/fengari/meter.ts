/**
 * Counts the VM instructions of a process, to two ends:
 *
 * 1. A budget ends what goes on too long: a workflow must give its worker an answer. Once it is spent
 *    every further instruction raises again, so that `pcall` cannot swallow it. Library functions count
 *    their loops too (`libraries/costs.ts`), and a turn costs something by itself.
 * 2. A slice only interrupts: the process goes on at its next turn, as if nothing had happened. It is
 *    counted over all turns of the process since the last interruption, so a process that is always ready
 *    cannot take more than its share by waiting often. Where the VM cannot suspend (a comparator of
 *    `table.sort`, say) the process goes on until it can.
 *
 * All threads of a process share one meter and one countdown: coroutines hand it on (`coroutines.ts`).
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { Budget } from '../engine.js';
import { raiseThrown } from './errors.js';
import { positionOf } from './position.js';
import { ldebug, ldo, type lua_State } from './vm.js';

/** How many instructions pass between two looks at the meter. */
const STEP = 1000;
const MASK_COUNT = 1 << 3;
/** What a turn costs, in instructions: the kernel's part of it takes about as long. */
const TURN = 50;

export class Meter {
  private readonly step: number;
  /** Instructions since the last interruption. */
  private inSlice = 0;

  constructor(
    private readonly budget: Budget,
    private readonly slice: number,
  ) {
    this.step = Math.max(1, Math.min(STEP, budget.limit, slice));
  }

  /** The meter for these budgets; `null` where there is nothing to count for. */
  static of(budget: Budget | null, slice: number | null): Meter | null {
    if (budget === null && slice === null) return null;
    return new Meter(
      budget ?? new Budget(Number.POSITIVE_INFINITY),
      slice ?? Number.POSITIVE_INFINITY,
    );
  }

  startTurn(): void {
    this.budget.used += TURN;
  }

  /** Counts on this thread, and on the coroutines made from it. */
  watch(L: lua_State): void {
    ldebug.lua_sethook(L, this.hook, MASK_COUNT, this.step);
  }

  private readonly hook = (thread: lua_State): void => {
    this.budget.used += this.step;
    this.inSlice += this.step;
    if (this.budget.used > this.budget.limit) this.stop(thread);
    if (this.inSlice >= this.slice && thread.nny === 0 && thread.owner.barriers === 0) {
      this.inSlice = 0;
      interrupt(thread);
    }
  };

  /** Library functions cannot be interrupted: theirs counts towards the slice all the same. */
  spend(thread: lua_State, instructions: number): void {
    this.budget.used += instructions;
    this.inSlice += instructions;
    if (this.budget.used > this.budget.limit) this.stop(thread);
  }

  private stop(thread: lua_State): never {
    for (let t: lua_State | null = thread; t !== null; t = t.resumer) t.hookcount = 1;
    thread.errfunc = 0; // no handler of xpcall: it would run inside this hook, uncounted
    return raiseThrown(thread, thread.owner, this.spent(thread));
  }

  private spent(L: lua_State): PerdureError {
    const at = positionOf(L);
    return new PerdureError(
      ErrorKind.INTERNAL,
      `used more than ${this.budget.limit} instructions without waiting${at === null ? '' : ` (${at})`}`,
    );
  }
}

/** Inside a hook a yield only marks the thread; the VM leaves it as soon as the hook returns. */
function interrupt(thread: lua_State): void {
  const { task } = thread.owner;
  task.interrupted = true;
  task.blockedIn = thread;
  ldo.lua_yieldk(thread, 0, null, null);
}
