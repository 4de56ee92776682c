/** Parts of `execute.ts` that change from one frame to another, and of its loops. */
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import { formatNumber } from '../numerals.js';
import type { CallInfo, lua_State, TValueType as TValue } from '../raw.js';
import { copy, setTop } from './slots.js';
import { NIL, TAIL_CALLED } from './tags.js';

/**
 * The step of a `for` loop was lost in rounding (from 2^53 on), or is zero: it would never end.
 * @throws PerdureError INVALID
 */
export function stuck(index: number): never {
  throw new PerdureError(
    ErrorKind.INVALID,
    `'for' loop stuck at ${formatNumber(index)}: its step is zero, or too small for so large a number`,
  );
}

/** Puts the iterator of a loop on top of the stack, with its arguments; the loop keeps them three slots below. */
export function startLoopCall(L: lua_State, at: number): void {
  const { stack } = L;
  setTop(L, at + 6);
  for (let n = at; n < at + 3; n++) copy(stack[n] as TValue, stack[n + 3] as TValue);
}

/** The iterator of a loop has returned: the TFORLOOP that follows goes on with the body, or ends the loop. */
export function finishLoopCall(L: lua_State, ci: CallInfo): void {
  const i = ci.l_code[ci.l_savedpc++] as CallInfo['l_code'][number];
  const at = ci.l_base + i.A;
  const first = L.stack[at + 1] as TValue;
  if (first.type === NIL) return;
  copy(first, L.stack[at] as TValue);
  ci.l_savedpc += i.sBx;
}

/** Puts the frame of a tail call in place of its caller's; returns the frame that is to run. */
export function enterTail(L: lua_State, caller: CallInfo): CallInfo {
  const called = L.ci;
  if (called.previous !== caller) return called; // a library function between wants the results
  const stack: (TValue | undefined)[] = L.stack;
  const down = called.funcOff - caller.funcOff;
  const end = L.top - down;
  // Closures keep the caller's variables: its slots get the TValues of the call, which are nobody else's.
  for (let at = caller.funcOff; at < end; at++) stack[at] = stack[at + down];
  for (let at = end; at < L.top; at++) stack[at] = undefined;
  L.top = end;
  caller.func = stack[caller.funcOff] as TValue;
  caller.l_base = called.l_base - down;
  caller.top = end;
  caller.l_code = called.l_code;
  caller.l_savedpc = called.l_savedpc;
  caller.callstatus |= TAIL_CALLED;
  caller.next = null;
  L.ci = caller;
  return caller;
}
