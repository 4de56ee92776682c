/** The budget of VM instructions that one turn of a task may use. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { raiseThrown } from './errors.js';
import { positionOf } from './position.js';
import { ldebug, type lua_State } from './vm.js';

/** Shared by all threads of a process; set to zero when a task gets its turn. */
export interface Meter {
  readonly limit: number;
  used: number;
}

/** How many instructions pass between two looks at the meter. */
const STEP = 1000;
const MASK_COUNT = 1 << 3;

/**
 * Counts on this thread, and on the coroutines made from it. Once the budget is spent every further
 * instruction raises again, so that `pcall` cannot swallow it.
 */
export function limitInstructions(L: lua_State, meter: Meter): void {
  const step = Math.max(1, Math.min(STEP, meter.limit));
  const hook = (thread: lua_State): void => {
    meter.used += step;
    if (meter.used <= meter.limit) return;
    for (let t: lua_State | null = thread; t !== null; t = t.resumer) t.hookcount = 1;
    thread.errfunc = 0; // no handler of xpcall: it would run inside this hook, uncounted
    raiseThrown(thread, thread.owner, spent(thread, meter));
  };
  ldebug.lua_sethook(L, hook, MASK_COUNT, step);
}

function spent(L: lua_State, meter: Meter): PerdureError {
  const at = positionOf(L);
  return new PerdureError(
    ErrorKind.INTERNAL,
    `used more than ${meter.limit} instructions without waiting${at === null ? '' : ` (${at})`}`,
  );
}
