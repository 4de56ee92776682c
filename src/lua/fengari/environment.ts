/** What an engine's programs find in their globals: the standard library, and its modules. */
import type { LuaSource } from '../engine.js';
import {
  type LuaModule,
  type LuaValue,
  ModuleAccess,
  NativeFunction,
  type Use,
} from '../module.js';
import { lazyTable, type Make, Pattern } from './lazy-table.js';
import { loadInto } from './libraries/base.js';
import { baseLibrary, callString, standardLibraries } from './libraries/standard.js';
import { fallThrough } from './library-globals.js';
import { nativeFunction } from './native.js';
import { requireFor } from './require.js';
import type { Scope, Shared } from './scope.js';
import { toLua } from './values-in.js';
import {
  appendEntry,
  type Entry,
  ltable,
  stringOf,
  type Table,
  Tag,
  type TString,
  TValue,
  Type,
} from './vm.js';

export class Environment {
  private readonly patterns = new Map<string, Pattern>();
  private readonly globalsOf = new WeakMap<LuaSource, Map<Use, Pattern>>();
  private readonly metatables = new WeakMap<LuaSource, Table>();
  private readonly stringIndex: TValue;
  private readonly callable: Table;

  constructor(private readonly shared: Shared) {
    const strings = this.lockedTable({ __index: new TValue(Tag.TABLE, null) });
    shared.state.l_G.mt[Type.STRING] = strings;
    this.stringIndex = fieldOf(strings, '__index');
    this.callable = this.lockedTable({ __call: new TValue(Tag.NATIVE, callString) });
  }

  /** The fields of a library or module; null where there is no such thing. */
  private pattern(name: string): Pattern | null {
    let pattern = this.patterns.get(name);
    if (pattern === undefined) {
      const made = this.makePattern(name);
      if (made === null) return null;
      pattern = made;
      this.patterns.set(name, pattern);
    }
    return pattern;
  }

  /** The globals that a program starts with. */
  globals(source: LuaSource, use: Use): Pattern {
    let byUse = this.globalsOf.get(source);
    if (byUse === undefined) {
      byUse = new Map();
      this.globalsOf.set(source, byUse);
    }
    let pattern = byUse.get(use);
    if (pattern === undefined) {
      pattern = this.makeGlobals(source, use);
      byUse.set(use, pattern);
    }
    return pattern;
  }

  /** The globals of a library in one process (`library-globals.ts`). */
  libraryGlobals(scope: Scope, source: LuaSource): Table {
    let metatable = this.metatables.get(source);
    if (metatable === undefined) {
      metatable = this.lockedTable(fallThrough(source));
      this.metatables.set(source, metatable);
    }
    const table = lazyTable(scope, this.globals(source, scope.use));
    const own = (name: string, value: TValue): void => {
      const key = this.shared.text(name);
      appendEntry(table, key.hash, new TValue(Tag.STRING, key), value);
    };
    own('_G', new TValue(Tag.TABLE, table));
    own('load', new TValue(Tag.NATIVE, loadInto(table)));
    table.metatable = metatable;
    return table;
  }

  /** A process's own copy of a library or module; null where there is no such thing. */
  copyFor(scope: Scope, name: string): Table | null {
    const pattern = this.pattern(name);
    if (pattern === null) return null;
    const table = lazyTable(scope, pattern);
    if (name === 'string') table.metatable = this.callable;
    return table;
  }

  /** `("x"):upper()` finds the `string` table of the process that runs. */
  useStrings(scope: Scope): void {
    this.stringIndex.value = scope.library('string');
  }

  private makeGlobals(source: LuaSource, use: Use): Pattern {
    const globals = new Pattern().addAll(baseLibrary);
    globals.set('_G', (scope) => new TValue(Tag.TABLE, scope.env));
    globals.share('require', Tag.NATIVE, requireFor(source));
    const names = new Set(Object.keys(standardLibraries));
    for (const module of this.shared.modules.values()) {
      const wanted =
        module.access === ModuleAccess.BUILTIN || source.modules?.includes(module.name) === true;
      if (wanted && module.uses.includes(use)) names.add(module.name);
    }
    for (const name of names) globals.set(name, libraryField(name));
    return globals;
  }

  /** A module may add functions to a standard library of its name (`coroutine.spawn`). */
  private makePattern(name: string): Pattern | null {
    const standard = Object.hasOwn(standardLibraries, name) ? standardLibraries[name] : undefined;
    const module = this.shared.modules.get(name);
    if (standard === undefined && module === undefined) return null;
    const pattern = new Pattern();
    if (standard !== undefined) pattern.addAll(standard);
    if (module !== undefined) addModule(pattern, module);
    return pattern;
  }

  /** A metatable with these fields, which no program can reach, so that all may share it. */
  private lockedTable(fields: { readonly [name: string]: TValue }): Table {
    const table = ltable.luaH_new(this.shared.state);
    const add = (key: TString, item: TValue): void =>
      appendEntry(table, key.hash, new TValue(Tag.STRING, key), item);
    add(stringOf('__metatable'), new TValue(Tag.BOOLEAN, false));
    for (const [name, value] of Object.entries(fields)) add(stringOf(name), value);
    table.flags = 0;
    return table;
  }
}

const fieldOf = (table: Table, name: string): TValue =>
  (table.strong.get(stringOf(name).hash) as Entry).value;

const libraryField =
  (name: string): Make =>
  (scope) => {
    const table: Table | null = scope.library(name);
    return table === null ? null : new TValue(Tag.TABLE, table);
  };

function addModule(pattern: Pattern, module: LuaModule): void {
  for (const [name, fn] of Object.entries(module.functions)) {
    pattern.share(name, Tag.NATIVE, nativeFunction(`${module.name}.${name}`, fn));
  }
  for (const [name, value] of Object.entries(module.constants ?? {})) {
    pattern.set(name, constant(`${module.name}.${name}`, value));
  }
}

/** A constant is converted once a process, so that its tables are that process's own. */
function constant(fullName: string, value: LuaValue): Make {
  if (!(value instanceof NativeFunction)) return (scope) => toLua(scope, value);
  const fn = nativeFunction(fullName, value.invoke);
  return () => new TValue(Tag.NATIVE, fn);
}
