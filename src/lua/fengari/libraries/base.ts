/** The global functions. `dofile`, `loadfile`, `io` and the rest of `debug` do not exist. */
import { closureOf, loadText } from '../compile.js';
import { raiseArgument } from '../errors.js';
import { formatNumber, isExactWhole, parseInBase, parseNumber } from '../numerals.js';
import { concatBytes, encodeText, readable } from '../text.js';
import {
  argument,
  insertAt,
  type LuaFunction,
  lapi,
  lauxlib,
  ltable,
  type lua_State,
  OK,
  protectThen,
  push,
  pushText,
  raise,
  stringOf,
  type Table,
  Tag,
  type TString,
  TValue,
  Type,
  YIELD,
} from '../vm.js';
import { type Functions, fengariBase, pick } from './harvest.js';
import { ipairs, pairs } from './pairs.js';
import { pushBytes, tostringBytes, typeName } from './tostring.js';

const tostring: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  pushBytes(L, tostringBytes(L, argument(L, 1) as TValue));
  return 1;
};

const TAB = encodeText('\t');

const print: LuaFunction = (L) => {
  const parts: Uint8Array[] = [];
  const count = lapi.lua_gettop(L);
  for (let i = 1; i <= count; i++) {
    if (i > 1) parts.push(TAB);
    parts.push(tostringBytes(L, argument(L, i) as TValue));
  }
  L.owner.kernel.syscalls.print(readable(concatBytes(parts)));
  return 0;
};

const tonumber: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  const value = argument(L, 1) as TValue;
  const base = argument(L, 2);
  const n = base === undefined || base.type === Tag.NIL ? asNumber(value) : inBase(L, value);
  if (n === null) push(L, Tag.NIL, null);
  else push(L, Tag.NUMBER, n);
  return 1;
};

/** The number that `value` is or spells, else null. */
export function asNumber(value: TValue): number | null {
  const type = value.type & 0x0f;
  if (type === Type.NUMBER) return value.value as number;
  return type === Type.STRING ? parseNumber((value.value as TString).realstring) : null;
}

function inBase(L: lua_State, value: TValue): number | null {
  const base = lauxlib.luaL_checkinteger(L, 2);
  lauxlib.luaL_checktype(L, 1, Type.STRING);
  if (base < 2 || base > 36) lauxlib.luaL_argerror(L, 2, encodeText('base out of range'));
  return parseInBase(readable((value.value as TString).realstring), base);
}

/** `load(chunk, name, mode, env)`: text only; `env` is the program's globals unless given. */
const load: LuaFunction = (L) => loadChunk(L, L.owner.env);

/** A `load` whose chunks run in `globals` unless they are given others. */
export const loadInto =
  (globals: Table): LuaFunction =>
  (L) =>
    loadChunk(L, globals);

function loadChunk(L: lua_State, globals: Table): number {
  const chunk = argument(L, 1);
  const text = chunk?.type === Tag.STRING ? (chunk.value as TString).realstring : readAll(L);
  const given = argument(L, 2);
  const name =
    given?.type === Tag.STRING ? (given.value as TString).realstring : chunkName(chunk, text);
  const mode = argument(L, 3);
  if (mode?.type === Tag.STRING && !readable((mode.value as TString).realstring).includes('t')) {
    return failLoad(L, "attempt to load a text chunk (mode is not 't')");
  }
  const env = argument(L, 4);
  const proto = loadText(L, text, name);
  if (typeof proto === 'string') return failLoad(L, proto);
  const closure = closureOf(L, proto, globals);
  if (env !== undefined) (closure.upvals[0] as TValue).setfrom(env);
  push(L, Tag.CLOSURE, closure);
  return 1;
}

function chunkName(chunk: TValue | undefined, text: Uint8Array): Uint8Array {
  return chunk?.type === Tag.STRING ? text : encodeText('=(load)');
}

function failLoad(L: lua_State, message: string): number {
  push(L, Tag.NIL, null);
  pushText(L, message);
  return 2;
}

/** The pieces that a reader function gives, until nil or an empty one. */
function readAll(L: lua_State): Uint8Array {
  lauxlib.luaL_checktype(L, 1, Type.FUNCTION);
  const reader = argument(L, 1) as TValue;
  const parts: Uint8Array[] = [];
  for (;;) {
    push(L, reader.type, reader.value);
    lapi.lua_callk(L, 0, 1, null, null);
    const piece = L.stack[L.top - 1] as TValue;
    lapi.lua_settop(L, -2);
    if (piece.type === Tag.NIL) break;
    if (piece.type !== Tag.STRING) return raise(L, 'reader function must return a string');
    const bytes = (piece.value as TString).realstring;
    if (bytes.length === 0) break;
    parts.push(bytes);
  }
  return concatBytes(parts);
}

/** Memory is the host's affair; programs that ask get harmless answers, the same everywhere. */
const collectgarbage: LuaFunction = (L) => {
  const option = argument(L, 1);
  const name =
    option?.type === Tag.STRING ? readable((option.value as TString).realstring) : 'collect';
  if (name === 'isrunning') push(L, Tag.BOOLEAN, true);
  else push(L, Tag.NUMBER, 0);
  return 1;
};

/** `extra` values below the results are not for the caller. */
function finishCall(L: lua_State, status: number, extra: number): number {
  if (status === OK || status === YIELD) return lapi.lua_gettop(L) - extra;
  const error = L.stack[L.top - 1] as TValue;
  push(L, Tag.BOOLEAN, false);
  push(L, error.type, error.value);
  return 2;
}

const pcall: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  insertAt(L, L.ci.funcOff + 1, Tag.BOOLEAN, true);
  const args = lapi.lua_gettop(L) - 2;
  return protectThen(L, args, 0, 0, finishCall);
};

const xpcall: LuaFunction = (L) => {
  const count = lapi.lua_gettop(L);
  lauxlib.luaL_checktype(L, 2, Type.FUNCTION);
  const fn = argument(L, 1) as TValue;
  insertAt(L, L.ci.funcOff + 3, fn.type, fn.value);
  insertAt(L, L.ci.funcOff + 3, Tag.BOOLEAN, true);
  return protectThen(L, count - 2, 2, 2, finishCall);
};

const PROTECTED = new TValue(Tag.STRING, stringOf('__metatable'));

const setmetatable: LuaFunction = (L) => {
  lauxlib.luaL_checktype(L, 1, Type.TABLE);
  const given = argument(L, 2);
  if (given?.type !== Tag.NIL && given?.type !== Tag.TABLE) {
    return raiseArgument(L, 2, 'nil or table expected');
  }
  const table = argument(L, 1)?.value as Table;
  if (table.metatable !== null && !ltable.luaH_get(L, table.metatable, PROTECTED).ttisnil()) {
    return raise(L, 'cannot change a protected metatable');
  }
  table.metatable = given.value as Table | null; // the value of nil is null
  push(L, Tag.TABLE, table);
  return 1;
};

/** A checked cast (`number(x)`): the value itself where it has the type, else an error. */
function cast(
  type: string,
  accepts: (value: TValue) => boolean,
  got: (value: TValue | undefined) => string = typeName,
): LuaFunction {
  return (L) => {
    const value = argument(L, 1);
    if (value === undefined || !accepts(value)) {
      return raise(L, `${type} expected, got ${got(value)}`);
    }
    push(L, value.type, value.value);
    return 1;
  };
}

const isNumber = (value: TValue): boolean => (value.type & 0x0f) === Type.NUMBER;

const isWhole = (value: TValue): boolean => isNumber(value) && isExactWhole(value.value as number);

/** What is wrong with a number that is not whole is not its type. */
const typeOrNumber = (value: TValue | undefined): string =>
  value !== undefined && isNumber(value) ? formatNumber(value.value as number) : typeName(value);

/** `string(x)`: what the `string` table does when it is called. */
export const castToString = cast('string', (value) => (value.type & 0x0f) === Type.STRING);

export const baseFunctions: Functions = {
  ...pick(fengariBase, [
    'assert',
    'error',
    'getmetatable',
    'next',
    'rawequal',
    'rawget',
    'rawlen',
    'rawset',
    'select',
    'type',
  ]),
  boolean: cast('boolean', (value) => (value.type & 0x0f) === Type.BOOLEAN),
  collectgarbage,
  ipairs,
  integer: cast('integer', isWhole, typeOrNumber),
  load,
  number: cast('number', isNumber),
  pairs,
  pcall,
  print,
  setmetatable,
  tonumber,
  tostring,
  xpcall,
};
