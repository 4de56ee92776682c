/**
 * What library functions cost: their loops are not VM instructions, but must stay within the same budget
 * (`meter.ts`), and their results within a size.
 */
import { type lua_State, raise } from '../vm.js';

/** Steps of a matcher, or bytes of a string, that count as one VM instruction: they take about as long. */
export const STEPS_A_CHARGE = 8;

/** Bytes of a string that a library function makes. */
const MAX_STRING_BYTES = 64 * 1024 * 1024;

/** Charges work on so many bytes. */
export function chargeBytes(L: lua_State, bytes: number): void {
  if (bytes >= STEPS_A_CHARGE) L.owner.spend(L, Math.floor(bytes / STEPS_A_CHARGE));
}

/** Refuses a result of more than {@link MAX_STRING_BYTES}. */
export function checkSize(L: lua_State, bytes: number): void {
  if (bytes <= MAX_STRING_BYTES) return;
  raise(L, `resulting string too large (more than ${MAX_STRING_BYTES} bytes)`);
}
