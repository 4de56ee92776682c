/**
 * The frames of calls: one `Call` each, linked from the innermost (`L.ci`) to the thread's base.
 *
 * fengari stops at a million stack slots, which takes seconds to reach: longer than a workflow task may
 * run. So the calls that a thread may nest are counted.
 */

import { type CallInfo, ldebug, ldo, type lua_State, type TValueType as TValue } from '../raw.js';
import { encodeText } from '../text.js';
import { ERROR_IN_HANDLER } from './tags.js';

const MAX_DEPTH = 20_000;
/** How much deeper what handles the overflow may go. */
const SPARE = MAX_DEPTH / 8;

const NO_CODE: CallInfo['l_code'] = [];

/**
 * A call as fengari's own class has it, but for its numbers: those begin as NaN there, so that V8 keeps every
 * one of them in a box.
 */
export class Call implements CallInfo {
  func = null as unknown as TValue;
  funcOff = 0;
  top = 0;
  previous: CallInfo | null = null;
  next: CallInfo | null = null;
  l_base = 0;
  l_code: CallInfo['l_code'] = NO_CODE;
  l_savedpc = 0;
  c_k: CallInfo['c_k'] = null;
  c_old_errfunc = 0;
  c_ctx: unknown = null;
  nresults = 0;
  callstatus = 0;
  extra = 0;
  depth: number | undefined = 0;
}

const OVERFLOW = encodeText('stack overflow');

/** A frame above the innermost one. */
export function pushFrame(L: lua_State): CallInfo {
  const previous = L.ci;
  const ci = new Call();
  ci.depth = previous.depth === undefined ? 1 : previous.depth + 1;
  if (ci.depth >= MAX_DEPTH) overflow(L, previous, ci.depth);
  previous.next = ci;
  ci.previous = previous;
  L.ci = ci;
  return ci;
}

/** Raises once, at the very depth; the handler of xpcall, called from there, has the spare room. */
function overflow(L: lua_State, innermost: CallInfo, depth: number): void {
  if (depth === MAX_DEPTH) {
    innermost.depth = MAX_DEPTH; // the handler's frame comes above it
    ldebug.luaG_runerror(L, OVERFLOW);
  }
  if (depth > MAX_DEPTH + SPARE) ldo.luaD_throw(L, ERROR_IN_HANDLER);
}
