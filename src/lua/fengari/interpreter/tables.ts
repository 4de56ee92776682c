/** Reading and writing `t[k]`: the common cases here and now, the rest by metamethods. */
import {
  type Entry,
  ldebug,
  lobject,
  ltable,
  ltm,
  type lua_State,
  type Table,
  type TString,
  type TValueType as TValue,
} from '../raw.js';
import { encodeText } from '../text.js';
import { callMetamethod, Event, isFunction } from './metamethods.js';
import { copy } from './slots.js';
import { BASIC, NIL, NUMBER, STRING, TABLE } from './tags.js';

const INDEX = encodeText('index');

/** How long a chain of `__index` may be. */
const MAX_CHAIN = 2000;

/** What the table itself has under `key`; a frozen nil for nothing. */
function rawGet(L: lua_State, table: Table, key: TValue): TValue {
  const type = key.type;
  let entry: Entry | undefined;
  if (type === STRING) entry = table.strong.get((key.value as TString).hash);
  else if ((type & BASIC) === NUMBER) entry = table.strong.get(key.value);
  else return ltable.luaH_get(L, table, key);
  return entry === undefined ? lobject.luaO_nilobject : entry.value;
}

/** Puts `t[key]` into the slot `to`. */
export function getTable(L: lua_State, t: TValue, key: TValue, to: number): void {
  if (t.type === TABLE) {
    const table = t.value as Table;
    const value = rawGet(L, table, key);
    if (value.type !== NIL || table.metatable === null) {
      copy(value, L.stack[to] as TValue);
      return;
    }
  }
  getByMetatable(L, t, key, to);
}

function getByMetatable(L: lua_State, of: TValue, key: TValue, to: number): void {
  let t = of;
  for (let i = 0; i < MAX_CHAIN; i++) {
    let method: TValue | null;
    if (t.type === TABLE) {
      const table = t.value as Table;
      const value = rawGet(L, table, key);
      method = value.type === NIL ? ltm.fasttm(L, table.metatable, Event.INDEX) : null;
      if (method === null) {
        copy(value, L.stack[to] as TValue);
        return;
      }
    } else {
      method = ltm.luaT_gettmbyobj(L, t, Event.INDEX);
      if (method.type === NIL) ldebug.luaG_typeerror(L, t, INDEX);
    }
    if (isFunction(method)) {
      callMetamethod(L, method, t, key, L.stack[to] as TValue, 1);
      return;
    }
    t = method;
  }
  ldebug.luaG_runerror(L, encodeText("'__index' chain too long; possible loop"));
}

/** `t[key] = value`. */
export function setTable(L: lua_State, t: TValue, key: TValue, value: TValue): void {
  if (t.type === TABLE && value.type !== NIL) {
    const table = t.value as Table;
    const type = key.type;
    let entry: Entry | undefined;
    if (type === STRING) entry = table.strong.get((key.value as TString).hash);
    else if ((type & BASIC) === NUMBER) entry = table.strong.get(key.value);
    if (entry !== undefined) {
      copy(value, entry.value);
      table.flags = 0; // what it has as a metatable may have changed
      return;
    }
  }
  setByMetatable(L, t, key, value);
}

function setByMetatable(L: lua_State, of: TValue, key: TValue, value: TValue): void {
  let t = of;
  for (let i = 0; i < MAX_CHAIN; i++) {
    let method: TValue | null;
    if (t.type === TABLE) {
      const table = t.value as Table;
      method =
        table.metatable !== null && rawGet(L, table, key).type === NIL
          ? ltm.fasttm(L, table.metatable, Event.NEWINDEX)
          : null;
      if (method === null) {
        ltable.luaH_setfrom(L, table, key, value);
        table.flags = 0;
        return;
      }
    } else {
      method = ltm.luaT_gettmbyobj(L, t, Event.NEWINDEX);
      if (method.type === NIL) ldebug.luaG_typeerror(L, t, INDEX);
    }
    if (isFunction(method)) {
      callMetamethod(L, method, t, key, value, 0);
      return;
    }
    t = method;
  }
  ldebug.luaG_runerror(L, encodeText("'__newindex' chain too long; possible loop"));
}

/** How many items one instruction puts into a new table at most. */
const LIST_PART = 50;

/** Puts `count` values above a new table into it, or all with 0; they are its part numbered `part`. */
export function setList(L: lua_State, at: number, count: number, part: number): void {
  const { stack } = L;
  const table = (stack[at] as TValue).value as Table;
  const before = (part - 1) * LIST_PART;
  const items = count === 0 ? L.top - at - 1 : count;
  for (let n = 1; n <= items; n++) {
    ltable.luaH_setint(table, before + n, stack[at + n] as TValue);
  }
}
