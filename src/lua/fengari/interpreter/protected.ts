/** Running with errors caught: for a whole thread (`thread.ts`), and for `pcall` inside what cannot wait. */
import { ldo, lobject, lstring, type lua_State, type TValueType as TValue } from '../raw.js';
import { encodeText } from '../text.js';
import { copy, pushCopy, setTop } from './slots.js';
import { BROKEN, ERROR, ERROR_IN_HANDLER, LIGHT, NATIVE, OK, STRING } from './tags.js';

const Value = lobject.TValue;

/** What fengari throws: it says itself why. */
class Jump {
  status = OK;
  constructor(readonly previous: lua_State['errorJmp']) {}
}

/** What it came to: `OK`, or the status that was thrown. The stack is left as it was then. */
export function runProtected<T>(
  L: lua_State,
  run: (L: lua_State, argument: T) => void,
  argument: T,
): number {
  const calls = L.nCcalls;
  const jump = new Jump(L.errorJmp);
  L.errorJmp = jump;
  try {
    run(L, argument);
  } catch (thrown) {
    // Not thrown by Lua: an exception of JavaScript, whose handler makes an error of it.
    if (jump.status === OK) jump.status = translate(L, jump, thrown);
  }
  L.errorJmp = jump.previous;
  L.nCcalls = calls;
  return jump.status;
}

function translate(L: lua_State, jump: Jump, thrown: unknown): number {
  const translator = L.l_G.atnativeerror;
  if (translator === null) return BROKEN;
  try {
    L.stack[L.top++] = new Value(NATIVE, translator);
    L.stack[L.top++] = new Value(LIGHT, thrown);
    ldo.luaD_callnoyield(L, L.top - 2, 1);
    if (L.errfunc !== 0) handle(L);
    return ERROR;
  } catch {
    // The handler failed in turn; where Lua threw, the status says how.
    return jump.status === OK ? BROKEN : jump.status;
  }
}

/** Calls the handler of `xpcall` with the error on top of the stack. */
function handle(L: lua_State): void {
  pushCopy(L, L.stack[L.top - 1] as TValue);
  copy(L.stack[L.errfunc] as TValue, L.stack[L.top - 2] as TValue);
  ldo.luaD_callnoyield(L, L.top - 2, 1);
}

/** Cuts the stack off at `at`, where the error goes. Closures keep the variables that stood there. */
export function setError(L: lua_State, status: number, at: number): void {
  const error = L.stack[L.top - 1] as TValue;
  const { type, value } = error;
  setTop(L, at);
  L.stack[L.top++] =
    status === ERROR_IN_HANDLER
      ? new Value(STRING, new lstring.TString(null, IN_HANDLER))
      : new Value(type, value);
}

const IN_HANDLER = encodeText('error in error handling');

/** `lua_pcallk` where the call cannot wait: it runs here and now. */
export function protectedCall<T>(
  L: lua_State,
  run: (L: lua_State, argument: T) => void,
  argument: T,
  top: number,
  handler: number,
): number {
  const { ci, allowhook, nny, errfunc } = L;
  L.errfunc = handler;
  const status = runProtected(L, run, argument);
  if (status !== OK) {
    setError(L, status, top);
    L.ci = ci;
    L.allowhook = allowhook;
    L.nny = nny;
    shrink(L);
  }
  L.errfunc = errfunc;
  return status;
}

/** fengari's own limit; it lets the stack grow a little past it while it handles that. */
const MAX_SLOTS = 1_000_000;

/** Gives back what an overflow has taken. */
export function shrink(L: lua_State): void {
  let used = L.top;
  for (let ci: lua_State['ci'] | null = L.ci; ci !== null; ci = ci.previous) {
    used = Math.max(used, ci.top);
  }
  const size = Math.min(used + Math.floor(used / 8) + SPARE, MAX_SLOTS);
  const has = L.stack.length;
  if (has > MAX_SLOTS) L.ci.next = null;
  if (size < has && (has > MAX_SLOTS || size * 4 < has)) ldo.luaD_reallocstack(L, size);
}

const SPARE = 10;
