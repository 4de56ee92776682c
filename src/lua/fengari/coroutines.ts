/**
 * The coroutine library. A coroutine that yields goes back to its resumer, as always. One that waits
 * for the kernel, or is interrupted, suspends its resumer too, and that one's, out to the first thread of the task; when
 * the answer comes they go on in the opposite order, each resume as if it had never been left.
 */
import { raiseArgument } from './errors.js';
import {
  argument,
  ERROR,
  insertAt,
  type LuaFunction,
  lapi,
  lauxlib,
  ldo,
  type lua_State,
  moveTop,
  newThread,
  OK,
  push,
  pushText,
  raise,
  reserve,
  setTop,
  Tag,
  type TValue,
  Type,
  YIELD,
} from './vm.js';

/** How a resume gives back what the coroutine did. */
type Finish = (L: lua_State, co: lua_State, failed: boolean, values: number) => number;

interface Resume {
  readonly co: lua_State;
  readonly finish: Finish;
}

const create: LuaFunction = (L) => {
  push(L, Tag.THREAD, newCoroutine(L));
  return 1;
};

function newCoroutine(L: lua_State): lua_State {
  lauxlib.luaL_checktype(L, 1, Type.FUNCTION);
  const co = newThread(L, L.owner);
  const fn = argument(L, 1) as TValue;
  push(co, fn.type, fn.value);
  return co;
}

const wrap: LuaFunction = (L) => {
  const resume: Resume = { co: newCoroutine(L), finish: finishWrap };
  push(L, Tag.NATIVE, (caller: lua_State) => start(caller, resume, lapi.lua_gettop(caller)));
  return 1;
};

const resume: LuaFunction = (L) => {
  const co = coroutineArgument(L);
  return start(L, { co, finish: finishResume }, lapi.lua_gettop(L) - 1);
};

function coroutineArgument(L: lua_State): lua_State {
  const value = argument(L, 1);
  if (value?.type !== Tag.THREAD) return raiseArgument(L, 1, 'coroutine expected');
  return value.value as lua_State;
}

function start(L: lua_State, resume: Resume, args: number): number {
  const { co, finish } = resume;
  const problem = whyNotResumable(L, co);
  if (problem !== null) {
    pushText(L, problem);
    return finish(L, co, true, 1);
  }
  reserve(co, args);
  moveTop(L, co, args);
  return drive(L, resume, args);
}

function whyNotResumable(L: lua_State, co: lua_State): string | null {
  const status = statusOf(L, co);
  return status === 'suspended'
    ? null
    : `cannot resume ${status === 'dead' ? 'dead' : 'non-suspended'} coroutine`;
}

/** Runs `co` until it yields, ends, or is suspended; then this thread is suspended with it. */
function drive(L: lua_State, resume: Resume, args: number): number {
  const { co, finish } = resume;
  const scope = L.owner;
  const barrier = L.nny > 0 ? 1 : 0;
  co.resumer = L;
  co.hookcount = L.hookcount;
  scope.barriers += barrier;
  const status = ldo.lua_resume(co, L, args);
  scope.barriers -= barrier;
  L.hookcount = co.hookcount;
  if (status === YIELD && scope.task.suspended) {
    co.blocked = true;
    return ldo.lua_yieldk(L, 0, resume, goOn);
  }
  co.resumer = null;
  if (status >= ERROR) return take(L, co, finish, true, 1);
  return take(L, co, finish, false, lapi.lua_gettop(co));
}

function goOn(L: lua_State, _status: number, resume: Resume): number {
  resume.co.blocked = false;
  return drive(L, resume, 0);
}

function take(L: lua_State, co: lua_State, finish: Finish, failed: boolean, n: number): number {
  reserve(L, n + 2);
  moveTop(co, L, n);
  return finish(L, co, failed, n);
}

function finishResume(L: lua_State, _co: lua_State, failed: boolean, values: number): number {
  insertAt(L, L.top - values, Tag.BOOLEAN, !failed);
  return values + 1;
}

function finishWrap(L: lua_State, _co: lua_State, failed: boolean, values: number): number {
  return failed ? lapi.lua_error(L) : values;
}

const yieldFunction: LuaFunction = (L) => {
  if (L === L.owner.task.base) return raise(L, 'attempt to yield from outside a coroutine');
  return ldo.lua_yield(L, lapi.lua_gettop(L));
};

type Status = 'running' | 'suspended' | 'normal' | 'dead';

function statusOf(L: lua_State, co: lua_State): Status {
  if (L === co) return 'running';
  if (co.blocked) return 'normal';
  if (co.status === YIELD) return 'suspended';
  if (co.status !== OK) return 'dead';
  if (co.ci !== co.base_ci) return 'normal';
  return lapi.lua_gettop(co) === 0 ? 'dead' : 'suspended';
}

const status: LuaFunction = (L) => {
  pushText(L, statusOf(L, coroutineArgument(L)));
  return 1;
};

const running: LuaFunction = (L) => {
  push(L, Tag.THREAD, L);
  push(L, Tag.BOOLEAN, L === L.owner.task.base);
  return 2;
};

const isYieldable: LuaFunction = (L) => {
  push(L, Tag.BOOLEAN, L !== L.owner.task.base && L.nny === 0);
  return 1;
};

/** As in Lua 5.4: a suspended or dead coroutine never runs again. */
const close: LuaFunction = (L) => {
  const co = coroutineArgument(L);
  const state = statusOf(L, co);
  if (state !== 'suspended' && state !== 'dead')
    return raise(L, `cannot close a ${state} coroutine`);
  const failed = co.status >= ERROR && co.top > 1;
  const error = co.stack[co.top - 1];
  co.status = ERROR;
  // Nothing of it stays: neither what its frames held nor, for the next close, its error.
  co.ci = co.base_ci;
  co.ci.next = null;
  setTop(co, 1);
  push(L, Tag.BOOLEAN, !failed);
  if (!failed || error === undefined) return 1;
  push(L, error.type, error.value);
  return 2;
};

export const coroutineLibrary: { readonly [name: string]: LuaFunction } = {
  close,
  create,
  isyieldable: isYieldable,
  resume,
  running,
  status,
  wrap,
  yield: yieldFunction,
};
