/** `pairs` and `ipairs`; a `__pairs` may wait, as fengari's own cannot. */
import {
  argument,
  callThen,
  type LuaFunction,
  lapi,
  lauxlib,
  ltable,
  push,
  stringOf,
  type Table,
  Tag,
  TValue,
  Type,
} from '../vm.js';
import { fengariBase } from './harvest.js';
import { metatableOf } from './tostring.js';

const PAIRS = new TValue(Tag.STRING, stringOf('__pairs'));

export const pairs: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  const value = argument(L, 1) as TValue;
  const metatable = metatableOf(value);
  const own = metatable === null ? null : ltable.luaH_get(L, metatable, PAIRS);
  if (own === null || own.ttisnil()) {
    push(L, Tag.NATIVE, fengariBase.next);
    push(L, value.type, value.value);
    push(L, Tag.NIL, null);
    return 3;
  }
  push(L, own.type, own.value);
  push(L, value.type, value.value);
  return callThen(L, 1, 3, null, three);
};

const three = (): number => 3;

/** The iterator of `ipairs`; the fast way for items that are there. */
export const ipairsStep: LuaFunction = (L) => {
  const i = lauxlib.luaL_checkinteger(L, 2) + 1;
  const value = argument(L, 1) as TValue;
  const item = value.type === Tag.TABLE ? ltable.luaH_getint(value.value as Table, i) : null;
  push(L, Tag.NUMBER, i);
  if (item !== null && !item.ttisnil()) {
    push(L, item.type, item.value);
    return 2;
  }
  if (item !== null && (value.value as Table).metatable === null) {
    push(L, Tag.NIL, null);
    return 1;
  }
  return lapi.lua_geti(L, 1, i) === Type.NIL ? 1 : 2;
};

export const ipairs: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  const value = argument(L, 1) as TValue;
  push(L, Tag.NATIVE, ipairsStep);
  push(L, value.type, value.value);
  push(L, Tag.NUMBER, 0);
  return 3;
};
