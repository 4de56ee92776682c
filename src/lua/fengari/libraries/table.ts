/** The table library. fengari's functions take positions of 31 bits; a larger one is said to be wrong. */
import { raiseArgument } from '../errors.js';
import { argument, type LuaFunction, lapi } from '../vm.js';
import { asNumber } from './base.js';
import { type Functions, fengariTable, pick } from './harvest.js';

const LIMIT = 2 ** 31;

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
  concat: [3, 4],
  move: [2, 3, 4],
  pack: [],
  remove: [2],
  sort: [],
  unpack: [2, 3],
};

const plainInsert = pick(fengariTable, ['insert']).insert as LuaFunction;
const insertAt = withPositions(plainInsert, [2]);

/** With two arguments the second one is the item, which may be any number. */
const insert: LuaFunction = (L) => {
  return lapi.lua_gettop(L) < 3 ? plainInsert(L) : insertAt(L);
};

export const tableFunctions: Functions = {
  ...Object.fromEntries(
    Object.entries(pick(fengariTable, Object.keys(POSITIONS))).map(([name, fn]) => [
      name,
      withPositions(fn, POSITIONS[name] ?? []),
    ]),
  ),
  insert,
};
