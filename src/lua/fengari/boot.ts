/**
 * The first turn of `main`: the libraries that a source imports run, then its own chunk, then the
 * method out of what the chunk returned. Each of them may wait, so every step has a continuation.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { LuaSource } from '../engine.js';
import { closureOf } from './compile.js';
import { raiseThrown } from './errors.js';
import type { Scope } from './scope.js';
import { toLua } from './values-in.js';
import {
  appendEntry,
  callThen,
  type LuaFunction,
  lapi,
  type lua_State,
  MULTIPLE,
  push,
  reserve,
  stringIn,
  type Table,
  Tag,
  TValue,
  Type,
} from './vm.js';

/** The function that the first thread of `main` runs; its results are those of the method. */
export function bootFunction(scope: Scope, values: readonly Value[]): LuaFunction {
  return (L) =>
    guarded(L, scope, () => advance(L, { scope, values, left: loadOrder(scope.source) }));
}

function guarded(L: lua_State, scope: Scope, step: () => number): number {
  try {
    return step();
  } catch (thrown) {
    if (!(thrown instanceof PerdureError)) throw thrown; // the VM's own way of unwinding
    return raiseThrown(L, scope, thrown);
  }
}

interface Boot {
  readonly scope: Scope;
  readonly values: readonly Value[];
  /** Sources still to run; the program's own is the last. */
  readonly left: LuaSource[];
}

function advance(L: lua_State, boot: Boot): number {
  const { scope, left } = boot;
  const source = left[0];
  if (source === undefined) return enter(L, boot);
  const proto = scope.shared.compile(source);
  const globals = scope.globalsOf(source);
  addImports(scope, source, globals);
  push(L, Tag.CLOSURE, closureOf(L, proto, globals));
  return callThen(L, 0, 1, boot, ran);
}

function ran(L: lua_State, _status: number, boot: Boot): number {
  finishSource(L, boot);
  return guarded(L, boot.scope, () => advance(L, boot));
}

/** What the chunk returned is on top of the stack. */
function finishSource(L: lua_State, { scope, left }: Boot): void {
  const source = left.shift() as LuaSource;
  const value = L.stack[L.top - 1] as TValue;
  scope.loaded.set(source.entry, new TValue(value.type, value.value));
  lapi.lua_settop(L, 0);
}

/** What a source imports are globals of its own; a global that is there already wins over the name. */
function addImports(scope: Scope, source: LuaSource, globals: Table): void {
  for (const [alias, library] of Object.entries(source.imports)) {
    const key = scope.shared.text(alias);
    const value = scope.loaded.get(library.entry);
    if (value === undefined || globals.strong.get(key.hash) !== undefined) continue;
    appendEntry(
      globals,
      key.hash,
      new TValue(Tag.STRING, key),
      new TValue(value.type, value.value),
    );
  }
}

function enter(L: lua_State, { scope, values }: Boot): number {
  const method = methodOf(scope);
  reserve(L, values.length + 1);
  push(L, method.type, method.value);
  for (const value of values) L.stack[L.top++] = toLua(scope, value);
  return callThen(L, values.length, MULTIPLE, null, returned);
}

const returned = (L: lua_State): number => lapi.lua_gettop(L);

function methodOf(scope: Scope): TValue {
  const { source } = scope;
  const value = scope.loaded.get(source.entry) as TValue;
  if ((value.type & 0x0f) === Type.FUNCTION) return value;
  if (value.type !== Tag.TABLE) {
    throw noMethod(source, 'it must return a table of functions, or the function itself');
  }
  const table = value.value as Table;
  const method = table.strong.get(scope.shared.text(source.method).hash)?.value;
  if (method !== undefined && (method.type & 0x0f) === Type.FUNCTION) return method;
  const names = functionsIn(table);
  throw noMethod(
    source,
    names.length === 0 ? 'the table it returns has no functions' : `it has ${names.join(', ')}`,
  );
}

function noMethod(source: LuaSource, why: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `${source.entry} (${source.file}) has no method "${source.method}": ${why}`,
    { details: { entry: source.entry, file: source.file, method: source.method } },
  );
}

function functionsIn(table: Table): string[] {
  const names: string[] = [];
  for (let e = table.f; e !== undefined; e = e.n) {
    const name = stringIn(e.key);
    if (name !== null && (e.value.type & 0x0f) === Type.FUNCTION) names.push(name);
  }
  return names;
}

/** A source after everything that it imports, each once. */
export function loadOrder(source: LuaSource): LuaSource[] {
  const order: LuaSource[] = [];
  const visit = (at: LuaSource, above: readonly LuaSource[]): void => {
    if (above.some((s) => s.entry === at.entry)) {
      const names = [...above, at].map((s) => s.entry).join(' -> ');
      throw new PerdureError(ErrorKind.INVALID, `libraries import each other: ${names}`);
    }
    if (order.some((s) => s.entry === at.entry)) return;
    for (const library of Object.values(at.imports)) visit(library, [...above, at]);
    order.push(at);
  };
  visit(source, []);
  return order;
}
