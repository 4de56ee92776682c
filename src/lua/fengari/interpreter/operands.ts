/** What instructions refer to: slots, constants, and the instruction to go on with. */
import type { CallInfo, lua_State, TValueType as TValue } from '../raw.js';
import { close } from './slots.js';

type Instruction = CallInfo['l_code'][number];

/** In B and C: below it slots, from it on constants. */
export const K = 256;

/** A value that B or C names. The loop has this written out in its busiest cases. */
export function operand(
  stack: readonly TValue[],
  base: number,
  k: readonly TValue[],
  n: number,
): TValue {
  return (n < K ? stack[base + n] : k[n - K]) as TValue;
}

/** The jump that follows a comparison; returns the instruction that it leads to. */
export function jump(L: lua_State, code: readonly Instruction[], base: number, pc: number): number {
  const i = code[pc] as Instruction;
  if (i.A !== 0) close(L.stack, base + i.A - 1, L.top);
  return pc + i.sBx + 1;
}
