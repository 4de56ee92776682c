/**
 * Functions of fengari's own libraries. They keep no state, so they are taken out of a scratch state
 * once, when this file is loaded, and serve every engine.
 */
import { lualib } from '../raw.js';
import {
  type LuaFunction,
  lapi,
  lstate,
  push,
  stringIn,
  type Table,
  Tag,
  type TValue,
} from '../vm.js';

export type Functions = { readonly [name: string]: LuaFunction };

export const fengariBase = harvest(lualib.luaopen_base);
export const fengariString = harvest(lualib.luaopen_string);
export const fengariTable = harvest(lualib.luaopen_table);
export const fengariUtf8 = harvest(lualib.luaopen_utf8);

function harvest(open: LuaFunction): Functions {
  const L = lstate.lua_newstate();
  push(L, Tag.NATIVE, open);
  lapi.lua_callk(L, 0, 1, null, null);
  const table = (L.stack[L.top - 1] as TValue).value as Table;
  const functions: { [name: string]: LuaFunction } = {};
  for (let e = table.f; e !== undefined; e = e.n) {
    const name = stringIn(e.key);
    if (name !== null && e.value.type === Tag.NATIVE)
      functions[name] = e.value.value as LuaFunction;
  }
  return functions;
}

/** The functions of these names. */
export function pick(functions: Functions, names: readonly string[]): Functions {
  return Object.fromEntries(
    names.map((name) => {
      const fn = functions[name];
      if (fn === undefined) throw new Error(`fengari has no ${name}`);
      return [name, fn];
    }),
  );
}
