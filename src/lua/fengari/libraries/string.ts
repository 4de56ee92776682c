/** The string library. Its functions take an error, or any host object with a text, as that text. */
import { hostObject, raiseArgument } from '../errors.js';
import {
  argument,
  type LuaFunction,
  lapi,
  lauxlib,
  type lua_State,
  stringOf,
  Tag,
  type TString,
  type TValue,
} from '../vm.js';
import { chargeBytes, checkSize } from './costs.js';
import { format } from './format.js';
import { type Functions, fengariString, pick } from './harvest.js';
import { packFunctions } from './pack.js';
import { patternFunctions } from './patterns.js';
import { pushBytes } from './tostring.js';

function withTexts(fn: LuaFunction, charged: boolean): LuaFunction {
  return (L) => {
    for (let i = 1; ; i++) {
      const value = argument(L, i);
      if (value === undefined) return fn(L);
      if (value.type === Tag.USERDATA) useText(L, value);
      if (charged && value.type === Tag.STRING)
        chargeBytes(L, (value.value as TString).realstring.length);
    }
  };
}

/** The stack slot is the function's own copy of its argument. */
function useText(L: lua_State, value: TValue): void {
  const object = hostObject(value);
  const text = object === null ? null : L.owner.shared.textOf(object);
  if (text === null) return;
  value.type = Tag.STRING;
  value.value = stringOf(text);
}

const char: LuaFunction = (L) => {
  const bytes = new Uint8Array(lapi.lua_gettop(L));
  for (let i = 0; i < bytes.length; i++) {
    const byte = lauxlib.luaL_checkinteger(L, i + 1);
    if (byte < 0 || byte > 255) return raiseArgument(L, i + 1, 'value out of range');
    bytes[i] = byte;
  }
  pushBytes(L, bytes);
  return 1;
};

const plainRep = pick(fengariString, ['rep']).rep as LuaFunction;

const rep: LuaFunction = (L) => {
  const count = lauxlib.luaL_checkinteger(L, 2);
  const separator = argument(L, 3);
  const bytes =
    lauxlib.luaL_checkstring(L, 1).length +
    (separator?.type === Tag.STRING ? (separator.value as TString).realstring.length : 0);
  if (bytes === 0) {
    pushBytes(L, new Uint8Array(0));
    return 1;
  }
  checkSize(L, bytes * count);
  chargeBytes(L, Math.max(0, bytes * count));
  return plainRep(L);
};

const NAMES = ['lower', 'reverse', 'upper'];

/** Functions whose work does not grow with their arguments. */
const UNCHARGED = ['byte', 'len', 'sub'];

const charged: Functions = {
  ...pick(fengariString, NAMES),
  ...packFunctions,
  ...patternFunctions,
  char,
  format,
  rep,
};

const wrapped = (functions: Functions, isCharged: boolean): Functions =>
  Object.fromEntries(
    Object.entries(functions).map(([name, fn]) => [name, withTexts(fn, isCharged)]),
  );

export const stringFunctions: Functions = {
  ...wrapped(charged, true),
  ...wrapped(pick(fengariString, UNCHARGED), false),
};
