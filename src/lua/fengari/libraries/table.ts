/** The table library. fengari's functions take positions of 31 bits; a larger one is said to be wrong. */
import { raiseArgument } from '../errors.js';
import { concatBytes, encodeText } from '../text.js';
import {
  argument,
  type LuaFunction,
  lapi,
  lauxlib,
  ltable,
  type lua_State,
  raise,
  type Table,
  Tag,
  type TValue,
  Type,
} from '../vm.js';
import { asNumber } from './base.js';
import { chargeBytes, checkSize } from './costs.js';
import { type Functions, fengariTable, pick } from './harvest.js';
import { pushBytes, typeName } from './tostring.js';

const LIMIT = 2 ** 31;

/** Elements that a call goes over, from its arguments; they are counted as instructions. */
type Cost = (L: lua_State) => number;

const number = (L: lua_State, index: number, otherwise: number): number => {
  const value = argument(L, index);
  return (value === undefined ? null : asNumber(value)) ?? otherwise;
};

const lengthOf: Cost = (L) => (argument(L, 1)?.type === Tag.TABLE ? lauxlib.luaL_len(L, 1) : 0);

const costs: { readonly [name: string]: Cost } = {
  insert: (L) => (lapi.lua_gettop(L) < 3 ? 0 : lengthOf(L) - number(L, 2, 0)),
  move: (L) => number(L, 3, 0) - number(L, 2, 0),
  remove: (L) => (lapi.lua_gettop(L) < 2 ? 0 : lengthOf(L) - number(L, 2, 0)),
  sort: (L) => lengthOf(L) * Math.log2(2 + Math.max(0, lengthOf(L))),
};

function charged(fn: LuaFunction, cost: Cost | undefined): LuaFunction {
  if (cost === undefined) return fn;
  return (L) => {
    const elements = Math.floor(cost(L));
    if (elements > CHARGED_FROM) L.owner.spend(L, elements);
    return fn(L);
  };
}

/** Fewer elements cost no more than the call. */
const CHARGED_FROM = 10;

/** `fn`, which takes positions as its arguments number `positions`. */
function withPositions(fn: LuaFunction, positions: readonly number[]): LuaFunction {
  return (L) => {
    for (const i of positions) {
      const value = argument(L, i);
      const n = value === undefined ? null : asNumber(value);
      if (n !== null && Math.abs(n) >= LIMIT) {
        return raiseArgument(L, i, 'position out of range (it must be below 2^31)');
      }
    }
    return fn(L);
  };
}

/** Which arguments of a function are positions. */
const POSITIONS: { readonly [name: string]: readonly number[] } = {
  move: [2, 3, 4],
  pack: [],
  remove: [2],
  sort: [],
  unpack: [2, 3],
};

const plainInsert = pick(fengariTable, ['insert']).insert as LuaFunction;
const insertAt = withPositions(charged(plainInsert, costs.insert), [2]);

/** With two arguments the second one is the item, which may be any number. */
const insert: LuaFunction = (L) => {
  if (lapi.lua_gettop(L) !== 2) return insertAt(L);
  const list = argument(L, 1) as TValue;
  if (list.type !== Tag.TABLE || (list.value as Table).metatable !== null) return plainInsert(L);
  const table = list.value as Table;
  ltable.luaH_setint(table, ltable.luaH_getn(table) + 1, argument(L, 2) as TValue);
  return 0;
};

const concat: LuaFunction = (L) => {
  if (argument(L, 1)?.type !== Tag.USERDATA) lauxlib.luaL_checktype(L, 1, Type.TABLE);
  const length = lauxlib.luaL_len(L, 1);
  const separator = argument(L, 2);
  const given = separator !== undefined && separator.type !== Tag.NIL;
  const between = given ? lauxlib.luaL_checkstring(L, 2) : encodeText('');
  const from = lauxlib.luaL_optinteger(L, 3, 1);
  const to = lauxlib.luaL_optinteger(L, 4, length);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let i = from; i <= to; i++) {
    const part = element(L, i);
    if (i > from) parts.push(between);
    parts.push(part);
    size += part.length + between.length;
    checkSize(L, size);
    if (parts.length % CONCAT_STEP === 0) L.owner.spend(L, CONCAT_STEP);
  }
  chargeBytes(L, size);
  pushBytes(L, concatBytes(parts));
  return 1;
};

const CONCAT_STEP = 1000;

function element(L: lua_State, index: number): Uint8Array {
  lapi.lua_geti(L, 1, index);
  const value = L.stack[L.top - 1] as TValue;
  const type = value.type & 0x0f;
  if (type !== Type.STRING && type !== Type.NUMBER) {
    return raise(L, `invalid value (${typeName(value)}) at index ${index} in table for 'concat'`);
  }
  const bytes = lauxlib.luaL_checkstring(L, -1);
  lapi.lua_settop(L, -2);
  return bytes;
}

export const tableFunctions: Functions = {
  ...Object.fromEntries(
    Object.entries(pick(fengariTable, Object.keys(POSITIONS))).map(([name, fn]) => [
      name,
      withPositions(charged(fn, costs[name]), POSITIONS[name] ?? []),
    ]),
  ),
  concat: withPositions(concat, [3, 4]),
  insert,
};
