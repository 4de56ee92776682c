/** `require`: the libraries that a source imports, and the modules that it may use. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { LuaSource } from '../engine.js';
import { ModuleAccess } from '../module.js';
import { raiseThrown } from './errors.js';
import { standardLibraries } from './libraries/standard.js';
import type { Scope } from './scope.js';
import { readable } from './text.js';
import { type LuaFunction, lauxlib, type lua_State, push, Tag, type TValue } from './vm.js';

/** The `require` of one source: whoever calls it, it gives what that source imports and may use. */
export function requireFor(source: LuaSource): LuaFunction {
  return (L) => {
    const scope = L.owner;
    const name = readable(lauxlib.luaL_checkstring(L, 1));
    const library = Object.hasOwn(source.imports, name) ? source.imports[name] : undefined;
    if (library !== undefined) return pushLibrary(L, scope, library);
    const problem = whyNot(scope, source, name);
    if (problem !== null) return raiseThrown(L, scope, problem);
    push(L, Tag.TABLE, scope.library(name));
    return 1;
  };
}

/** Libraries ran before the source that imports them; `true` stands for one that returned nothing. */
function pushLibrary(L: lua_State, scope: Scope, library: LuaSource): number {
  const value = scope.loaded.get(library.entry) as TValue;
  if (value.type === Tag.NIL) push(L, Tag.BOOLEAN, true);
  else push(L, value.type, value.value);
  return 1;
}

/** Why `source` may not require the module; `null` where it may. */
export function whyNot(scope: Scope, source: LuaSource, name: string): PerdureError | null {
  const module = scope.shared.modules.get(name);
  if (module === undefined) {
    return Object.hasOwn(standardLibraries, name) ? null : notFound(scope, source, name);
  }
  if (!module.uses.includes(scope.use)) {
    const where = module.uses.join(', ');
    return new PerdureError(
      ErrorKind.PERMISSION_DENIED,
      `module "${name}" cannot be used here (${scope.use}); it can be used in: ${where}`,
    );
  }
  if (module.access === ModuleAccess.BUILTIN || source.modules?.includes(name)) return null;
  if (source.modules === null && module.access === ModuleAccess.SAFE) return null;
  return new PerdureError(
    ErrorKind.PERMISSION_DENIED,
    `module "${name}" is not listed in the modules of ${source.entry}; add it to \`modules:\``,
  );
}

function notFound(scope: Scope, source: LuaSource, name: string): PerdureError {
  const known = [...Object.keys(source.imports), ...scope.shared.modules.keys()].join(', ');
  return new PerdureError(
    ErrorKind.NOT_FOUND,
    `module "${name}" not found: ${source.entry} has no import and perdure no module of that name (known: ${known})`,
  );
}
