/**
 * The slots of a thread's stack. A slot holds a TValue of its own, which closures may share: an open upvalue
 * is the very object in the slot. So a slot is written by changing its TValue, and {@link close} puts a new
 * one where a closure keeps the old.
 *
 * Slots below `L.top` hold a TValue. Those from there on are undefined, so that nothing is kept alive; they
 * are never deleted, which is a slow call of V8's runtime and may turn the stack into a dictionary.
 */
import { ldo, lobject, type lua_State, type TValueType as TValue } from '../raw.js';
import { NIL } from './tags.js';

const Value = lobject.TValue;

/** Cuts the stack off at `top`, or fills it up with nils. */
export function setTop(L: lua_State, top: number): void {
  const stack: (TValue | undefined)[] = L.stack;
  let at = L.top;
  L.top = top;
  while (at < top) stack[at++] = new Value(NIL, null);
  while (at > top) stack[--at] = undefined;
}

export function copy(from: TValue, to: TValue): void {
  to.type = from.type;
  to.value = from.value;
}

export function clear(value: TValue): void {
  value.type = NIL;
  value.value = null;
}

export function clearedValue(): TValue {
  return new Value(NIL, null);
}

/** Puts a value below those from `at` on. */
export function insertAt(L: lua_State, at: number, type: number, value: unknown): void {
  const { stack } = L;
  for (let to = L.top++; to > at; to--) stack[to] = stack[to - 1] as TValue;
  stack[at] = new Value(type, value);
}

/** Moves the `n` topmost values from one thread to another. */
export function moveTop(from: lua_State, to: lua_State, n: number): void {
  const source: (TValue | undefined)[] = from.stack;
  const first = from.top - n;
  for (let i = 0; i < n; i++) {
    to.stack[to.top++] = source[first + i] as TValue;
    source[first + i] = undefined;
  }
  from.top = first;
}

export function pushCopy(L: lua_State, value: TValue): void {
  L.stack[L.top++] = new Value(value.type, value.value);
}

/** Room for `n` more values, and then some. */
export function reserveSlots(L: lua_State, n: number): void {
  if (L.stack_last - L.top <= n) ldo.luaD_growstack(L, n);
}

/** From `from` to `to`, closures keep their variables and the slots go on with copies. */
export function close(stack: TValue[], from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const old = stack[at] as TValue;
    stack[at] = new Value(old.type, old.value);
  }
}
