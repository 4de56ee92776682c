/** The string library. Its functions take an error, or any host object with a text, as that text. */
import { hostObject } from '../errors.js';
import { argument, type LuaFunction, type lua_State, stringOf, Tag, type TValue } from '../vm.js';
import { format } from './format.js';
import { type Functions, fengariString, pick } from './harvest.js';

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

const NAMES = [
  'byte',
  'char',
  'find',
  'gmatch',
  'gsub',
  'len',
  'lower',
  'match',
  'pack',
  'packsize',
  'rep',
  'reverse',
  'sub',
  'unpack',
  'upper',
];

export const stringFunctions: Functions = Object.fromEntries(
  Object.entries({ ...pick(fengariString, NAMES), format }).map(([name, fn]) => [
    name,
    withTexts(fn),
  ]),
);
