/** Closures, and the arguments of `...`. */

import type { LClosure } from '../raw.js';
import {
  type CallInfo,
  lobject,
  type lua_State,
  type Proto,
  type TValueType as TValue,
} from '../raw.js';
import { clear, copy, reserveSlots, setTop } from './slots.js';
import { ALL } from './tags.js';

/** A closure of `proto` in a function with these variables: slots from `base` on, and its own upvalues. */
export function makeClosure(
  L: lua_State,
  proto: Proto,
  outer: readonly TValue[],
  base: number,
): LClosure {
  const { upvalues } = proto;
  const closure = new lobject.LClosure(L, upvalues.length);
  closure.p = proto;
  const { upvals } = closure;
  for (let i = 0; i < upvalues.length; i++) {
    const { instack, idx } = upvalues[i] as Proto['upvalues'][number];
    upvals[i] = (instack ? L.stack[base + idx] : outer[idx]) as TValue;
  }
  return closure;
}

/** Copies arguments of `...` to `to`: `wanted` of them, or all, which then end the stack. */
export function copyVarargs(
  L: lua_State,
  ci: CallInfo,
  parameters: number,
  to: number,
  wanted: number,
): void {
  const { stack } = L;
  const base = ci.l_base;
  const given = Math.max(0, base - ci.funcOff - 1 - parameters);
  const count = wanted === ALL ? given : wanted;
  if (wanted === ALL) {
    reserveSlots(L, given);
    setTop(L, to + given);
  }
  for (let i = 0; i < count; i++) {
    const slot = stack[to + i] as TValue;
    if (i < given) copy(stack[base - given + i] as TValue, slot);
    else clear(slot);
  }
}
