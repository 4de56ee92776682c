/** JavaScript values on their way into Lua. */
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import { LuaRef, type LuaValue, NativeFunction } from '../module.js';
import { FengariRef } from './ref.js';
import type { Scope } from './scope.js';
import { appendEntry, bytesString, lobject, ltable, type Table, Tag, TValue } from './vm.js';

/** `value` as a new Lua value. @throws PerdureError INTERNAL for what Lua must not see. */
export function toLua(scope: Scope, value: LuaValue | undefined): TValue {
  switch (typeof value) {
    case 'string':
      return new TValue(Tag.STRING, scope.shared.text(value));
    case 'number':
      return new TValue(Tag.NUMBER, value);
    case 'boolean':
      return new TValue(Tag.BOOLEAN, value);
    case 'object':
      return value === null ? nil() : objectToLua(scope, value);
    case 'undefined':
      return nil();
    default:
      throw unwelcome(`a ${typeof value}`);
  }
}

const nil = (): TValue => new TValue(Tag.NIL, null);

function objectToLua(scope: Scope, value: object): TValue {
  if (Array.isArray(value)) return new TValue(Tag.TABLE, listToLua(scope, value));
  if (value instanceof FengariRef) return new TValue(value.tag, value.object);
  if (value instanceof NativeFunction) return new TValue(Tag.NATIVE, scope.shared.native(value));
  const known = scope.userdata.get(value);
  if (known !== undefined) return new TValue(Tag.USERDATA, known);
  if (value instanceof Uint8Array) return new TValue(Tag.STRING, bytesString(value.slice()));
  if (isPlainMap(value)) return new TValue(Tag.TABLE, mapToLua(scope, value));
  return userdataFor(scope, value);
}

/** A map of any realm: its prototype is null, or an Object.prototype. */
function isPlainMap(value: object): value is { [key: string]: LuaValue } {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === null || Object.getPrototypeOf(proto) === null;
}

function userdataFor(scope: Scope, value: object): TValue {
  const form = scope.shared.formOf(value);
  if (form === null) {
    const name = value instanceof LuaRef ? 'a value of another engine' : value.constructor?.name;
    throw unwelcome(isPerdureError(value) ? 'an error' : `an object of class ${name}`);
  }
  const userdata = new lobject.Udata(scope.shared.state, 0);
  userdata.metatable = form.metatable;
  userdata.data = value;
  if (!form.fleeting) scope.userdata.set(value, userdata);
  return new TValue(Tag.USERDATA, userdata);
}

function listToLua(scope: Scope, items: readonly LuaValue[]): Table {
  const table = ltable.luaH_new(scope.shared.state);
  for (let i = 0; i < items.length; i++) {
    const item = toLua(scope, items[i]);
    if (item.type !== Tag.NIL) appendEntry(table, i + 1, new TValue(Tag.NUMBER, i + 1), item);
  }
  return table;
}

function mapToLua(scope: Scope, map: { [key: string]: LuaValue }): Table {
  const table = ltable.luaH_new(scope.shared.state);
  for (const key of Object.keys(map)) {
    const item = toLua(scope, map[key]);
    if (item.type === Tag.NIL) continue;
    const text = scope.shared.text(key);
    appendEntry(table, text.hash, new TValue(Tag.STRING, text), item);
  }
  return table;
}

function unwelcome(what: string): PerdureError {
  return new PerdureError(ErrorKind.INTERNAL, `${what} has no form in Lua; declare an ObjectType`);
}
