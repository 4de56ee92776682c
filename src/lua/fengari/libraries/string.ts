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
  type TValue,
} from '../vm.js';
import { format } from './format.js';
import { type Functions, fengariString, pick } from './harvest.js';
import { packFunctions } from './pack.js';
import { pushBytes } from './tostring.js';

function withTexts(fn: LuaFunction): LuaFunction {
  return (L) => {
    for (let i = 1; ; i++) {
      const value = argument(L, i);
      if (value === undefined) return fn(L);
      if (value.type === Tag.USERDATA) useText(L, value);
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

const NAMES = [
  'byte',
  'find',
  'gmatch',
  'gsub',
  'len',
  'lower',
  'match',
  'rep',
  'reverse',
  'sub',
  'upper',
];

export const stringFunctions: Functions = Object.fromEntries(
  Object.entries({ ...pick(fengariString, NAMES), ...packFunctions, char, format }).map(
    ([name, fn]) => [name, withTexts(fn)],
  ),
);
