/**
 * Module functions as Lua functions. Arguments come off the stack as plain values; the results go
 * back on it, or the thread is suspended until the kernel has an answer.
 *
 * A wait suspends every thread of the task, from the innermost coroutine out (`coroutines.ts`), and
 * goes on from the outermost in: so a blocking call works inside `coroutine.wrap` as anywhere else.
 */
import type { Answer } from '../../kernel/program.js';
import type { Request } from '../../kernel/request.js';
import {
  type LuaResult,
  type LuaValue,
  type ModuleCall,
  type ModuleFunction,
  type ObjectMethod,
  type ObjectType,
  Suspension,
} from '../module.js';
import { hostObject, raiseArgument, raiseInvalid, raiseThrown } from './errors.js';
import { nameOfNative } from './libraries/standard.js';
import { refer } from './ref.js';
import type { Scope } from './scope.js';
import { toLua } from './values-in.js';
import { fromLua } from './values-out.js';
import { argument, type LuaFunction, ldo, type lua_State, reserve, type TValue } from './vm.js';

/** `name` is what messages call it: `process.receive`. */
export function nativeFunction(name: string, fn: ModuleFunction): LuaFunction {
  return (L) => run(L, name, null, fn as Invoke);
}

/** A method of a userdata; it checks what it is called on. */
export function nativeMethod(
  type: ObjectType,
  name: string,
  method: ObjectMethod<object>,
): LuaFunction {
  const fullName = `${type.name}:${name}`;
  return (L) => {
    const self = argument(L, 1);
    const object = self === undefined ? null : hostObject(self);
    if (object === null || !(object instanceof type.of)) {
      return raiseArgument(L, 1, `${type.name} expected; call it as value:${name}(...)`);
    }
    return run(L, fullName, object, method as Invoke);
  };
}

type Invoke = (call: ModuleCall, ...args: unknown[]) => LuaResult;

/** `self`: the first argument of a method, which its caller has read. */
function run(L: lua_State, name: string, self: object | null, fn: Invoke): number {
  const scope = L.owner;
  let result: LuaResult;
  scope.running = L;
  try {
    result = invoke(L, scope, self, fn);
  } catch (thrown) {
    return raiseThrown(L, scope, thrown);
  }
  return finish(L, scope, name, result);
}

/** Few arguments are the rule, and spreading an array is slow. */
function invoke(L: lua_State, scope: Scope, self: object | null, fn: Invoke): LuaResult {
  const { call } = scope;
  const from = L.ci.funcOff + 1;
  const arg = (i: number): LuaValue =>
    i === 0 && self !== null ? self : fromLua(scope, L.stack[from + i] as TValue, refer);
  switch (L.top - from) {
    case 0:
      return fn(call);
    case 1:
      return fn(call, arg(0));
    case 2:
      return fn(call, arg(0), arg(1));
    case 3:
      return fn(call, arg(0), arg(1), arg(2));
    default: {
      const args: LuaValue[] = [];
      for (let i = 0; i < L.top - from; i++) args.push(arg(i));
      return fn(call, ...args);
    }
  }
}

function finish(L: lua_State, scope: Scope, name: string, result: LuaResult): number {
  return result instanceof Suspension
    ? suspend(L, scope, name, result)
    : pushResults(L, scope, result);
}

function pushResults(L: lua_State, scope: Scope, results: readonly LuaValue[]): number {
  const count = results.length;
  if (count > 10) reserve(L, count);
  for (let i = 0; i < count; i++) {
    let value: TValue;
    try {
      value = toLua(scope, results[i]);
    } catch (thrown) {
      return raiseThrown(L, scope, thrown);
    }
    L.stack[L.top++] = value;
  }
  return count;
}

/** Asks the kernel; where it has no answer yet, the task waits. */
function suspend(L: lua_State, scope: Scope, name: string, first: Suspension): number {
  let suspension = first;
  for (;;) {
    if ((L.nny > 0 || scope.barriers > 0) && mayWait(suspension.request)) {
      return refuse(L, scope, name);
    }
    let answer: Answer | null;
    try {
      answer = scope.kernel.perform(suspension.request);
    } catch (thrown) {
      return raiseThrown(L, scope, thrown);
    }
    if (answer === null) return wait(L, scope, name, suspension);
    const result = resultsOf(L, scope, suspension, answer);
    if (!(result instanceof Suspension)) return pushResults(L, scope, result);
    suspension = result;
  }
}

function resultsOf(L: lua_State, scope: Scope, suspension: Suspension, answer: Answer): LuaResult {
  scope.running = L;
  try {
    return suspension.results(answer);
  } catch (thrown) {
    return raiseThrown(L, scope, thrown);
  }
}

function wait(L: lua_State, scope: Scope, name: string, suspension: Suspension): number {
  scope.task.waiting = suspension;
  scope.task.blockedIn = L;
  return ldo.lua_yieldk(L, 0, name, resumed);
}

/** The innermost thread runs again: the task's answer is there. */
function resumed(L: lua_State, _status: number, name: string): number {
  const scope = L.owner;
  const { task } = scope;
  const { waiting, answer } = task;
  if (waiting === null || answer === null) throw new Error('resumed without an answer');
  task.waiting = null;
  task.blockedIn = null;
  task.answer = null;
  return finish(L, scope, name, resultsOf(L, scope, waiting, answer));
}

/** Some requests never wait; all others are refused where the VM cannot suspend, on every host alike. */
function mayWait(request: Request): boolean {
  switch (request.op) {
    case 'fork':
      return false;
    case 'select':
      return !request.orElse;
    case 'receive':
      return request.timeoutMs !== 0;
    default:
      return true;
  }
}

function refuse(L: lua_State, scope: Scope, name: string): never {
  const handled = inHandler(L);
  // The handler of xpcall would be called for its own error, over and over.
  if (handled) L.errfunc = 0;
  const place = handled ? 'a message handler of xpcall' : obstacle(L);
  return raiseInvalid(L, scope, `cannot wait inside ${place}: ${name}`);
}

/** True while the message handler of this thread's xpcall runs. */
function inHandler(L: lua_State): boolean {
  if (L.errfunc === 0) return false;
  const handler = L.stack[L.errfunc]?.value;
  for (let ci = L.ci.previous; ci !== null; ci = ci.previous) {
    if (ci.func?.value === handler) return true;
  }
  return false;
}

/** What cannot be suspended: the innermost library function that is waiting for a Lua function. */
function obstacle(L: lua_State): string {
  for (let thread: lua_State | null = L; thread !== null; thread = thread.resumer) {
    for (let ci = thread.ci.previous; ci !== null; ci = ci.previous) {
      const name = nameOfNative(ci.func?.value);
      if (name === 'table.sort') return 'a table.sort comparator';
      if (name === 'string.gsub') return 'a string.gsub callback';
      if (name !== null) return `a callback of ${name}`;
    }
  }
  return 'a callback of the VM';
}
