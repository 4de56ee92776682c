/** Counting instructions: what happens when a thread's countdown is at its end (`meter.ts`). */
import { type CallInfo, ldo, type lua_State } from '../raw.js';
import { inBaseLoop } from './calls.js';
import { INTERRUPTED, YIELD } from './tags.js';

const COUNT_EVENT = 3;

/**
 * Runs the hook, before the instruction that `ci` is to run next is run.
 * @returns true where it has suspended the thread: the loop is to end
 */
export function countedDown(L: lua_State, ci: CallInfo): boolean {
  L.hookcount = L.basehookcount;
  if ((ci.callstatus & INTERRUPTED) !== 0) {
    ci.callstatus &= ~INTERRUPTED; // this is the instruction that the hook interrupted
    return false;
  }
  ldo.luaD_hook(L, COUNT_EVENT, -1);
  if (L.status !== YIELD) return false;
  L.hookcount = 1;
  ci.l_savedpc--;
  ci.callstatus |= INTERRUPTED;
  if (!inBaseLoop(L)) ldo.luaD_throw(L, YIELD);
  return true;
}
