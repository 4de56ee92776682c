/**
 * Calls: arguments in, results out.
 *
 * A library function answers with the number of its results, on top of the stack, or with a negative number:
 * {@link SUSPENDED} when it waits, or what {@link callThen} and {@link protectThen} return, when it wants a
 * function called and its continuation to go on with the results. Only a function that the base loop of its
 * thread called may do so ({@link inBaseLoop}): with it returned, nothing of it is left on JavaScript's stack.
 */
import type { Continuation } from 'fengari/src/ldo.js';
import {
  type CallInfo,
  type LClosure,
  lapi,
  ldebug,
  lobject,
  ltm,
  type lua_State,
  type TValueType as TValue,
} from '../raw.js';
import { encodeText } from '../text.js';
import type { LuaFunction } from '../vm.js';
import { pushFrame } from './frames.js';
import { clear, close, copy, pushCopy, reserveSlots } from './slots.js';
import { ALL, BASIC, CATCHES, CLOSURE, FUNCTION, IS_LUA, NATIVE, NIL, OK } from './tags.js';

const Value = lobject.TValue;

/** What a call has come to: a Lua function, whose frame is the innermost one now, for the loop to run; */
export const FRAME = 0;
/** a library function, whose results are in their place; */
export const DONE = 1;
/** or the loop has to end: the thread waits, or a library function has to go on (`unroll`). */
export const LEAVE = 2;
export type Outcome = typeof FRAME | typeof DONE | typeof LEAVE;

/** What a library function returns that suspended its thread. */
export const SUSPENDED = -1;
/** What one returns that wants a call: this, less the number of results it wants. */
const CALLS = -3;

/** True where the function that runs was called by the loop that resumed its thread, with no other between. */
export function inBaseLoop(L: lua_State): boolean {
  return L.nCcalls === L.baseCalls;
}

/** Calls what stands at `at`, with the arguments above it. */
export function precall(L: lua_State, at: number, results: number): Outcome {
  const fn = L.stack[at] as TValue;
  switch (fn.type) {
    case CLOSURE:
      enter(L, at, fn, results);
      return FRAME;
    case NATIVE:
      return callNative(L, at, fn, fn.value as LuaFunction, results);
    default:
      if ((fn.type & BASIC) === FUNCTION) {
        return callNative(L, at, fn, (fn.value as { f: LuaFunction }).f, results);
      }
      putCallable(L, at, fn);
      return precall(L, at, results);
  }
}

/** The frame of a Lua function: its parameters, and nil for all other variables. */
function enter(L: lua_State, at: number, fn: TValue, results: number): void {
  const { p } = fn.value as LClosure;
  const size = p.maxstacksize;
  reserveSlots(L, size);
  const ci = pushFrame(L);
  const base = p.is_vararg ? moveParameters(L, at + 1, p.numparams) : at + 1;
  const top = base + size;
  ci.funcOff = at;
  ci.func = fn;
  ci.nresults = results;
  ci.l_base = base;
  ci.l_code = p.code;
  ci.l_savedpc = 0;
  ci.callstatus = IS_LUA;
  ci.top = top;
  const stack: (TValue | undefined)[] = L.stack;
  let slot = L.top;
  L.top = top;
  while (slot < top) stack[slot++] = new Value(NIL, null);
  while (slot > top) stack[--slot] = undefined;
}

/** Above all arguments, which stay below as those of `...`; returns where they begin now. */
function moveParameters(L: lua_State, from: number, parameters: number): number {
  const base = L.top;
  const { stack } = L;
  const given = Math.min(parameters, base - from);
  for (let i = 0; i < given; i++) {
    stack[base + i] = stack[from + i] as TValue;
    stack[from + i] = new Value(NIL, null);
  }
  L.top = base + given;
  return base;
}

/** What a library function finds free on the stack. */
const MIN_SLOTS = 20;

function callNative(
  L: lua_State,
  at: number,
  fn: TValue,
  call: LuaFunction,
  results: number,
): Outcome {
  reserveSlots(L, MIN_SLOTS);
  const ci = pushFrame(L);
  ci.funcOff = at;
  ci.func = fn;
  ci.nresults = results;
  ci.top = L.top + MIN_SLOTS;
  const count = call(L);
  if (count >= 0) {
    finish(L, ci, L.top - count, count);
    return DONE;
  }
  return count === SUSPENDED ? LEAVE : startCall(L, ci, count);
}

/** The call that the library function of `ci` asked for; `unroll` goes on with it when that is over. */
export function startCall(L: lua_State, ci: CallInfo, count: number): Outcome {
  if (!(count < SUSPENDED)) throw new Error(`invalid return value of a library function: ${count}`);
  const outcome = precall(L, ci.extra, CALLS - count);
  return outcome === FRAME ? FRAME : LEAVE;
}

const CALL = encodeText('call');

/** Puts the `__call` of a value below it, which becomes the first argument. */
function putCallable(L: lua_State, at: number, value: TValue): void {
  const method = ltm.luaT_gettmbyobj(L, value, ltm.TMS.TM_CALL as number);
  if ((method.type & BASIC) !== FUNCTION) ldebug.luaG_typeerror(L, value, CALL);
  reserveSlots(L, 1);
  const { stack } = L;
  pushCopy(L, stack[L.top - 1] as TValue);
  for (let to = L.top - 2; to > at; to--) copy(stack[to - 1] as TValue, stack[to] as TValue);
  copy(method, value);
}

/** Ends the call of `ci`: its results are `count` values from `first` on. */
export function finish(L: lua_State, ci: CallInfo, first: number, count: number): void {
  const { stack } = L;
  const to = ci.funcOff;
  const wanted = ci.nresults;
  const caller = ci.previous as CallInfo;
  L.ci = caller;
  caller.next = null;
  let end = to + 1;
  if (wanted === 1) {
    if (count === 0) clear(stack[to] as TValue);
    else copy(stack[first] as TValue, stack[to] as TValue);
  } else {
    end = moveResults(L, to, first, count, wanted);
  }
  const slots: (TValue | undefined)[] = stack;
  for (let slot = L.top; slot > end; ) slots[--slot] = undefined;
  L.top = end;
}

function moveResults(
  L: lua_State,
  to: number,
  first: number,
  count: number,
  wanted: number,
): number {
  const { stack } = L;
  const end = to + (wanted === ALL ? count : wanted);
  const moved = Math.min(count, end - to);
  for (let i = 0; i < moved; i++) copy(stack[first + i] as TValue, stack[to + i] as TValue);
  for (let slot = to + moved; slot < end; slot++) {
    if (slot >= L.top) stack[slot] = new Value(NIL, null);
    else clear(stack[slot] as TValue);
  }
  return end;
}

/** As {@link finish}, for a Lua function whose variables closures may have. */
export function finishClosing(L: lua_State, ci: CallInfo, first: number, count: number): void {
  const wanted = ci.nresults === ALL ? count : ci.nresults;
  // Results land in slots from that of the function on; closures may share those of its variables.
  close(L.stack, ci.l_base, Math.min(ci.funcOff + wanted, L.top));
  finish(L, ci, first, count);
}

/**
 * Calls a function with `args` arguments, all on top of the stack, and goes on with `k`; return what this does.
 * @param results how many results are wanted, -1 for all
 */
export function callThen<T>(
  L: lua_State,
  args: number,
  results: number,
  context: T,
  k: Continuation<T>,
): number {
  if (!inBaseLoop(L)) {
    lapi.lua_callk(L, args, results, context, k);
    return k(L, OK, context);
  }
  return ask(L, args, results, context, k);
}

/**
 * As {@link callThen} for all results, and errors go to `k` as well: its status then is not 0 and the error is
 * on top of the stack.
 * @param handler the argument that is the handler of errors, 0 for none
 */
export function protectThen<T>(
  L: lua_State,
  args: number,
  handler: number,
  context: T,
  k: Continuation<T>,
): number {
  if (!inBaseLoop(L)) {
    return k(L, lapi.lua_pcallk(L, args, ALL, handler, context, k), context);
  }
  const { ci } = L;
  ci.c_old_errfunc = L.errfunc;
  ci.callstatus |= CATCHES;
  L.errfunc = handler === 0 ? 0 : ci.funcOff + handler;
  return ask(L, args, ALL, context, k);
}

function ask<T>(
  L: lua_State,
  args: number,
  results: number,
  context: T,
  k: Continuation<T>,
): number {
  const { ci } = L;
  ci.c_k = k as Continuation<unknown>;
  ci.c_ctx = context;
  ci.extra = L.top - args - 1;
  return CALLS - results;
}
