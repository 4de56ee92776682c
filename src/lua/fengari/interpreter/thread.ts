/**
 * Threads: resuming them, suspending them, and what becomes of errors in them.
 *
 * The base loop of a thread is the one that {@link resumeThread} runs, with `L.nCcalls` at `L.baseCalls`. All that
 * happens in it leaves it by returning, and {@link unroll} finds in the frames what is to go on next. What
 * happens deeper down, in a loop that a library function or a metamethod began, leaves by an exception.
 */
import type { Continuation } from 'fengari/src/ldo.js';
import { type CallInfo, ldebug, ldo, lobject, lstring, type lua_State } from '../raw.js';
import { encodeText } from '../text.js';
import { FRAME, finish, inBaseLoop, precall, SUSPENDED, startCall } from './calls.js';
import { execute } from './execute.js';
import { finishInstruction } from './finish-op.js';
import { runProtected, setError, shrink } from './protected.js';
import { setTop } from './slots.js';
import {
  ALL,
  BROKEN,
  CATCHES,
  ERROR,
  ERROR_IN_HANDLER,
  IS_LUA,
  OK,
  STRING,
  YIELD,
} from './tags.js';

/** Loops that may be nested on JavaScript's stack. */
const MAX_LOOPS = 200;

/**
 * Runs a thread until it ends, fails or is suspended; the status says which.
 * @param from the thread that resumes it, null for none
 */
export function resumeThread(L: lua_State, from: lua_State | null, args: number): number {
  if (L.status === OK) {
    if (L.ci !== L.base_ci) return refuse(L, 'cannot resume non-suspended coroutine', args);
  } else if (L.status !== YIELD) {
    return refuse(L, 'cannot resume dead coroutine', args);
  }
  const calls = from === null ? 1 : from.nCcalls + 1;
  if (calls >= MAX_LOOPS) return refuse(L, 'JS stack overflow', args);
  const { nny } = L;
  L.nCcalls = calls;
  L.baseCalls = calls;
  L.nny = 0;
  const status = runThread(L, args);
  L.nny = nny;
  L.nCcalls--;
  return status;
}

/** An error in the call of `resume` itself, which does no harm to the thread. */
function refuse(L: lua_State, problem: string, args: number): number {
  setTop(L, L.top - args);
  const text = new lstring.TString(null, encodeText(problem));
  L.stack[L.top++] = new lobject.TValue(STRING, text);
  return ERROR;
}

function runThread(L: lua_State, args: number): number {
  let status = runProtected(L, begin, args);
  while (status > YIELD && recover(L, status)) status = runProtected(L, goOn, status);
  if (status === OK) return L.status;
  if (status === BROKEN) return ERROR;
  if (status === YIELD) return YIELD;
  L.status = status;
  setError(L, status, L.top);
  L.ci.top = L.top;
  return status;
}

/** A new thread has its function below its arguments, a suspended one its results on top of the stack. */
function begin(L: lua_State, args: number): void {
  if (L.status === OK) {
    if (precall(L, L.top - args - 1, ALL) === FRAME) execute(L);
  } else {
    const { ci } = L;
    L.status = OK;
    if ((ci.callstatus & IS_LUA) !== 0)
      execute(L); // a hook had interrupted it
    else settle(L, ci, ci.c_k === null ? args : ci.c_k(L, YIELD, ci.c_ctx));
  }
  unroll(L);
}

function goOn(L: lua_State, status: number): void {
  finishNative(L, status);
  unroll(L);
}

/** Goes on with what the thread has left to do, frame by frame, until it is through or suspended. */
function unroll(L: lua_State): void {
  while (L.status !== YIELD && L.ci !== L.base_ci) {
    if ((L.ci.callstatus & IS_LUA) === 0) finishNative(L, YIELD);
    else {
      finishInstruction(L);
      execute(L);
    }
  }
}

/** What a library function called has ended: its continuation goes on, or handles the error. */
function finishNative(L: lua_State, status: number): void {
  const { ci } = L;
  if ((ci.callstatus & CATCHES) !== 0) {
    ci.callstatus &= ~CATCHES;
    L.errfunc = ci.c_old_errfunc;
  }
  if (ci.top < L.top) ci.top = L.top;
  const k = ci.c_k as Continuation<unknown>;
  settle(L, ci, k(L, status, ci.c_ctx));
}

/** `count` is what the library function of `ci`, or its continuation, returned. */
function settle(L: lua_State, ci: CallInfo, count: number): void {
  if (count >= 0) finish(L, ci, L.top - count, count);
  else if (count !== SUSPENDED && startCall(L, ci, count) === FRAME) execute(L);
}

/** Takes the thread back to the innermost `pcall` in its base loop; false where it has none. */
function recover(L: lua_State, status: number): boolean {
  let ci: CallInfo | null = L.ci;
  while (ci !== null && (ci.callstatus & CATCHES) === 0) ci = ci.previous;
  if (ci === null) return false;
  setError(L, status, ci.extra);
  L.ci = ci;
  L.allowhook = 1; // the error may have come out of a hook
  L.nny = 0;
  shrink(L);
  L.errfunc = ci.c_old_errfunc;
  return true;
}

const ACROSS = encodeText('attempt to yield across a JS-call boundary');

/**
 * Suspends a thread, with all of its function's stack as results, or none; return what this does. Where it is resumed it goes on
 * with `k`, or, without one, with what it is given as results.
 */
export function suspendThread<T>(
  L: lua_State,
  results: number,
  context: T,
  k: Continuation<T> | null,
): number {
  const { ci } = L;
  if (L.nny > 0) ldebug.luaG_runerror(L, ACROSS);
  L.status = YIELD;
  ci.extra = ci.funcOff;
  if ((ci.callstatus & IS_LUA) !== 0) return 0; // inside a hook: the loop ends after it
  ci.c_k = k as Continuation<unknown> | null;
  if (k !== null) ci.c_ctx = context;
  if (results === 0) setTop(L, ci.funcOff + 1); // its arguments are no results, nor needed any more
  return inBaseLoop(L) ? SUSPENDED : ldo.luaD_throw(L, YIELD);
}

const OVERFLOW = encodeText('JS stack overflow');

/** Calls what stands at `at` from JavaScript, and returns when it has. */
export function call(L: lua_State, at: number, results: number): void {
  if (++L.nCcalls >= MAX_LOOPS) {
    if (L.nCcalls === MAX_LOOPS) ldebug.luaG_runerror(L, OVERFLOW);
    // A handler of the first error may go an eighth deeper.
    if (L.nCcalls >= MAX_LOOPS + MAX_LOOPS / 8) ldo.luaD_throw(L, ERROR_IN_HANDLER);
  }
  if (precall(L, at, results) === FRAME) execute(L);
  L.nCcalls--;
}

/** As {@link call}, where nothing may wait. */
export function callWithoutWait(L: lua_State, at: number, results: number): void {
  L.nny++;
  call(L, at, results);
  L.nny--;
}
