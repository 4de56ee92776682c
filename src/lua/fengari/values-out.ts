/** Lua values on their way out: to module functions as they are, to payloads by copy. */
import { Budget } from '../../core/budget.js';
import {
  MAX_DEPTH,
  MAX_PAYLOAD_BYTES,
  setOwn,
  unsendable,
  type Value,
} from '../../core/payload.js';
import type { LuaValue } from '../module.js';
import type { Scope, Shared } from './scope.js';
import {
  type Entry,
  type Table,
  type TString,
  type TValue,
  Type,
  textOf,
  type Udata,
} from './vm.js';

/** Makes the reference that stands for a table, a function or a coroutine. */
export type Refer = (scope: Scope, tag: number, object: object) => LuaValue;

/** `value` as module functions see it. Whole-number arithmetic has no -0, so none leaves Lua. */
export function fromLua(scope: Scope, value: TValue, refer: Refer): LuaValue {
  switch (value.type & 0x0f) {
    case Type.NIL:
      return null;
    case Type.BOOLEAN:
      return value.value !== false;
    case Type.NUMBER:
      return (value.value as number) + 0;
    case Type.STRING:
      return textOf(value.value as TString);
    case Type.USERDATA:
      return passedOn(scope, value.value as Udata);
    case Type.TABLE:
    case Type.FUNCTION:
    case Type.THREAD:
      return refer(scope, value.type, value.value as object);
    default: // a light userdata: the engine never gives one to a program
      return null;
  }
}

/** The object behind a userdata; should it come back, it comes as the same userdata. */
function passedOn({ userdata }: Scope, known: Udata): object {
  const object = known.data as object;
  if (!userdata.has(object)) userdata.set(object, known);
  return object;
}

/**
 * `value` as a payload.
 * @param limitBytes the most that its JSON may have
 * @throws PerdureError INVALID naming the path of what cannot be sent, or the limit.
 */
export function payloadOf(
  shared: Shared,
  value: TValue,
  path: string,
  limitBytes = MAX_PAYLOAD_BYTES,
): Value {
  return copy({ shared, above: [], budget: new Budget(path, limitBytes) }, value, path);
}

/** One copy: the tables that the value stands in, and what is left of the limit. */
interface Walk {
  readonly shared: Shared;
  readonly above: Table[];
  readonly budget: Budget;
}

function copy(walk: Walk, value: TValue, path: string): Value {
  switch (value.type & 0x0f) {
    case Type.NIL:
      return null;
    case Type.BOOLEAN:
      return value.value !== false;
    case Type.NUMBER:
      return (value.value as number) + 0;
    case Type.STRING: {
      const string = value.value as TString;
      walk.budget.takeText(string.realstring);
      return textOf(string);
    }
    case Type.TABLE:
      return copyTable(walk, value.value as Table, path);
    case Type.USERDATA:
      return copyObject(walk, (value.value as Udata).data as object, path);
    case Type.FUNCTION:
      throw unsendable(path, 'a function');
    default:
      throw unsendable(path, 'a coroutine');
  }
}

function copyObject({ shared, budget }: Walk, object: object, path: string): Value {
  const plain = shared.plainOf(object);
  if (plain === null) throw unsendable(path, `a ${shared.nameOf(object)}`);
  const value = plain();
  budget.takeValue(value);
  return value;
}

function copyTable(walk: Walk, table: Table, path: string): Value {
  const { above, budget } = walk;
  if (above.includes(table)) throw unsendable(path, 'a cycle');
  if (above.length >= MAX_DEPTH) throw unsendable(path, `nesting deeper than ${MAX_DEPTH}`);
  above.push(table);
  const first = firstEntry(table);
  budget.takeTable(table.strong.size);
  const result =
    first === undefined || (first.key.type & 0x0f) === Type.NUMBER
      ? copyList(walk, table, path)
      : copyMap(walk, first, path);
  above.pop();
  return result;
}

/** The entries of a table begin here; a table that is made as it is read is completed first. */
export function firstEntry(table: Table): Entry | undefined {
  (table.strong as { fill?: () => void }).fill?.();
  return table.f;
}

function copyList(walk: Walk, table: Table, path: string): Value {
  const size = table.strong.size;
  const list = new Array<Value>(size);
  for (let i = 1; i <= size; i++) {
    const entry = table.strong.get(i);
    if (entry === undefined) throw badList(table, path, i, size);
    list[i - 1] = copy(walk, entry.value, `${path}[${i}]`);
  }
  return list;
}

function badList(table: Table, path: string, hole: number, size: number): Error {
  for (let e = table.f; e !== undefined; e = e.n) {
    if ((e.key.type & 0x0f) !== Type.NUMBER) {
      return unsendable(path, 'a table with both list items and other keys');
    }
    if (!isIndex(e.key.value as number))
      return unsendable(path, `a table with the key ${e.key.value}`);
  }
  return unsendable(path, `a list with a hole (${size} items, but none at ${hole})`);
}

const isIndex = (n: number): boolean => Number.isInteger(n) && n >= 1;

function copyMap(walk: Walk, first: Entry, path: string): Value {
  const map: { [key: string]: Value } = {};
  for (let e: Entry | undefined = first; e !== undefined; e = e.n) {
    if ((e.key.type & 0x0f) !== Type.STRING) throw badKey(e.key, path);
    const key = textOf(e.key.value as TString);
    if (typeof key !== 'string') throw unsendable(path, 'a table key that is not valid UTF-8');
    const at = path === '' ? key : `${path}.${key}`;
    walk.budget.takeText(key);
    setOwn(map, key, copy(walk, e.value, at));
  }
  return map;
}

function badKey(key: TValue, path: string): Error {
  const isNumber = (key.type & 0x0f) === Type.NUMBER;
  const what = isNumber ? 'both list items and other keys' : 'keys that are neither text nor 1..n';
  return unsendable(path, `a table with ${what}`);
}
