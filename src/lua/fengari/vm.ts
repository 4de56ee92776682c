/**
 * The Lua VM as the engine uses it: fengari's compiler and tables, mended (`patches.ts`), with an
 * interpreter of our own (`interpreter/`) and a few short names.
 * Stack discipline: whoever pushes calls {@link reserve} first, unless it is inside a library function
 * and pushes fewer than 20 values (LUA_MINSTACK, which fengari guarantees there).
 */
import './patches.js';
import type { lua_State, Table, TString, TValueType } from './raw.js';
import { defs, lapi, lauxlib, ldebug, ldo, lobject, lstate, lstring, ltable } from './raw.js';

export { callThen, protectThen } from './interpreter/calls.js';
export { newThread } from './interpreter/new-thread.js';
export { insertAt, moveTop, setTop } from './interpreter/slots.js';

import { decodeBytes, encodeText } from './text.js';

export type {
  CallInfo,
  Entry,
  LClosure,
  lua_State,
  Proto,
  Table,
  TString,
  Udata,
} from './raw.js';
export { lapi, lauxlib, ldebug, ldo, lobject, lstate, ltable };

export type TValue = TValueType;
export const TValue = lobject.TValue;

/** A function in the form that the VM calls: arguments on the stack, the number of results returned. */
export type LuaFunction = (L: lua_State) => number;

const types = defs.constant_types as { readonly [name: string]: number };

/** Full type tags of values. */
export const Tag = {
  NIL: types.LUA_TNIL as number,
  BOOLEAN: types.LUA_TBOOLEAN as number,
  LIGHT: types.LUA_TLIGHTUSERDATA as number,
  NUMBER: types.LUA_TNUMFLT as number,
  STRING: types.LUA_TLNGSTR as number,
  TABLE: types.LUA_TTABLE as number,
  NATIVE: types.LUA_TLCF as number,
  NATIVE_CLOSURE: types.LUA_TCCL as number,
  CLOSURE: types.LUA_TLCL as number,
  USERDATA: types.LUA_TUSERDATA as number,
  THREAD: types.LUA_TTHREAD as number,
} as const;

/** Basic types, as `tag & 0x0f` gives them. */
export const Type = {
  NIL: types.LUA_TNIL as number,
  BOOLEAN: types.LUA_TBOOLEAN as number,
  NUMBER: types.LUA_TNUMBER as number,
  STRING: types.LUA_TSTRING as number,
  TABLE: types.LUA_TTABLE as number,
  FUNCTION: types.LUA_TFUNCTION as number,
  USERDATA: types.LUA_TUSERDATA as number,
  THREAD: types.LUA_TTHREAD as number,
} as const;

export const OK = 0;
export const YIELD = 1;
export const ERROR = 2;
export const MULTIPLE = -1;

/** Makes room for `n` more values, or raises a stack overflow. */
export function reserve(L: lua_State, n: number): void {
  if (!lapi.lua_checkstack(L, n)) lauxlib.luaL_error(L, encodeText('stack overflow'));
}

export function push(L: lua_State, tag: number, value: unknown): void {
  L.stack[L.top++] = new TValue(tag, value);
}

export function pushText(L: lua_State, text: string): void {
  push(L, Tag.STRING, stringOf(text));
}

/** The `index`th argument of the library function that is running; undefined where it has none. */
export function argument(L: lua_State, index: number): TValue | undefined {
  const at = L.ci.funcOff + index;
  return at < L.top ? L.stack[at] : undefined;
}

export function stringOf(text: string): TString {
  return new lstring.TString(null, encodeText(text));
}

export function bytesString(bytes: Uint8Array): TString {
  return new lstring.TString(null, bytes);
}

const CACHED_BYTES = 256;

/** The text of a Lua string; short ones keep it, for a constant is converted over and over. */
export function textOf(string: TString): string | Uint8Array {
  const known = string as TString & { text: string | Uint8Array | undefined };
  if (known.text !== undefined) return known.text;
  const text = decodeBytes(string.realstring);
  if (typeof text === 'string' && text.length <= CACHED_BYTES) known.text = text;
  return text;
}

/** Adds a key that the table does not have yet, at its end. */
export function appendEntry(table: Table, hash: unknown, key: TValue, value: TValue): void {
  const last = table.l;
  const entry = { key, value, p: last, n: undefined };
  if (last === undefined) table.f = entry;
  else last.n = entry;
  table.l = entry;
  table.strong.set(hash, entry);
}

/** Raises `text` with the caller's position in front, as Lua's own library does. */
export function raise(L: lua_State, text: string): never {
  return lauxlib.luaL_error(L, encodeText(text.replaceAll('%', '%%')));
}

/** The value as text, where it is a string of valid UTF-8. */
export function stringIn(value: TValue): string | null {
  if (value.type !== Tag.STRING) return null;
  const text = textOf(value.value as TString);
  return typeof text === 'string' ? text : null;
}
