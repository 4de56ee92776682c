/**
 * Errors between Lua and TypeScript: what a module throws becomes an error object in Lua; what a
 * program did not catch becomes the PerdureError that its process ends with.
 */
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import { explainAbsent } from './absent.js';
import type { Scope, Shared } from './scope.js';
import { encodeText, readable } from './text.js';
import { toLua } from './values-in.js';
import {
  lapi,
  lauxlib,
  ldo,
  type lua_State,
  stringOf,
  type Table,
  Tag,
  type TString,
  type TValue,
  Type,
  type Udata,
} from './vm.js';

/** Raises what a module function threw as a Lua error; its value is the error object. */
export function raiseThrown(L: lua_State, scope: Scope, thrown: unknown): never {
  ldo.luaD_checkstack(L, 2);
  L.stack[L.top++] = toLua(scope, PerdureError.from(thrown, ErrorKind.INTERNAL));
  return lapi.lua_error(L);
}

/** Raises an error object of kind INVALID. */
export function raiseInvalid(L: lua_State, scope: Scope, message: string): never {
  return raiseThrown(L, scope, new PerdureError(ErrorKind.INVALID, message));
}

/** The error that a thread died of; its value is on top of its stack. */
export function errorOf(shared: Shared, L: lua_State): PerdureError {
  const value = L.stack[L.top - 1] as TValue;
  return fromValue(shared, value, tracebackOf(shared, L));
}

function fromValue(shared: Shared, value: TValue, trace: string): PerdureError {
  const object = hostObject(value);
  if (!isPerdureError(object)) {
    return new PerdureError(ErrorKind.INTERNAL, describe(shared, value), { trace });
  }
  if (object.trace !== undefined) return object;
  return new PerdureError(object.kind, object.message, {
    retryable: object.explicitRetryable,
    details: object.details,
    context: object.context,
    cause: object.cause,
    trace,
  });
}

/** The host object behind a userdata, else null. */
export function hostObject(value: TValue): object | null {
  return value.type === Tag.USERDATA ? ((value.value as Udata).data as object) : null;
}

/** The text of an error value that is not an error object. */
function describe(shared: Shared, value: TValue): string {
  switch (value.type & 0x0f) {
    case Type.STRING:
      return explainAbsent(readable((value.value as TString).realstring));
    case Type.NUMBER:
      return String(value.value);
    case Type.TABLE:
      return messageField(value.value as Table) ?? 'the error value is a table without a message';
    case Type.NIL:
      return 'the error value is nil';
    default: {
      const object = hostObject(value);
      const text = object === null ? null : shared.textOf(object);
      return text ?? 'the error value is neither text nor an error';
    }
  }
}

function messageField(table: Table): string | null {
  const value = table.strong.get(MESSAGE.hash)?.value;
  if (value === undefined || (value.type & 0x0f) !== Type.STRING) return null;
  return readable((value.value as TString).realstring);
}

const MESSAGE = stringOf('message');

/** The traceback of a thread that has stopped, innermost call first. */
function tracebackOf(shared: Shared, L: lua_State): string {
  const to = shared.state;
  const top = lapi.lua_gettop(to);
  lapi.lua_checkstack(to, 10);
  lauxlib.luaL_traceback(to, L, null, 0);
  const text = readable(((to.stack[to.top - 1] as TValue).value as TString).realstring);
  lapi.lua_settop(to, top);
  return text;
}

/** Raises `text` as an ordinary Lua error of the argument numbered `index`. */
export function raiseArgument(L: lua_State, index: number, text: string): never {
  return lauxlib.luaL_argerror(L, index, encodeText(text));
}
