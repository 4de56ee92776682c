/**
 * The globals of a library. Its own are the standard library, the modules that it may use, and what it
 * imports; its `require` and `load` are its own too. Every other global is the program's, to read and to
 * write, apart from the program's modules that the library may not require: what one source lists in
 * `modules:` is never there for another.
 */
import type { LuaSource } from '../engine.js';
import { whyNot } from './require.js';
import type { Scope } from './scope.js';
import { argument, type LuaFunction, lapi, push, stringIn, Tag, TValue } from './vm.js';

/** The metamethods of a library's globals. */
export function fallThrough(source: LuaSource): {
  readonly __index: TValue;
  readonly __newindex: TValue;
} {
  const index: LuaFunction = (L) => {
    const key = argument(L, 2) as TValue;
    push(L, Tag.TABLE, L.owner.env);
    push(L, key.type, key.value);
    lapi.lua_gettable(L, -2);
    const name = stringIn(key);
    if (name !== null && isForeign(L.owner, source, name, L.stack[L.top - 1] as TValue)) {
      push(L, Tag.NIL, null);
    }
    return 1;
  };
  return { __index: new TValue(Tag.NATIVE, index), __newindex: new TValue(Tag.NATIVE, setGlobal) };
}

/** True for the table of a module that the source may not require. */
function isForeign(scope: Scope, source: LuaSource, name: string, value: TValue): boolean {
  return (
    value.type === Tag.TABLE &&
    scope.shared.modules.has(name) &&
    value.value === scope.library(name) &&
    whyNot(scope, source, name) !== null
  );
}

const setGlobal: LuaFunction = (L) => {
  push(L, Tag.TABLE, L.owner.env);
  lapi.lua_rotate(L, 2, 1);
  lapi.lua_settable(L, 2);
  return 0;
};
