/** The part of `os` that is only about time: the process's clock, in UTC, in the C locale. */
import { raiseArgument } from '../errors.js';
import { readable } from '../text.js';
import {
  appendEntry,
  argument,
  type LuaFunction,
  lauxlib,
  ltable,
  type lua_State,
  push,
  pushText,
  raise,
  stringOf,
  type Table,
  Tag,
  TValue,
} from '../vm.js';
import { asNumber } from './base.js';
import type { Functions } from './harvest.js';
import { strftime } from './strftime.js';

/** Seconds, as a workflow sees them: they stand still within one task. */
const nowSeconds = (L: lua_State): number => Math.floor(L.owner.kernel.now() / 1000);

const time: LuaFunction = (L) => {
  const value = argument(L, 1);
  if (value === undefined || value.type === Tag.NIL) push(L, Tag.NUMBER, nowSeconds(L));
  else {
    lauxlib.luaL_checktype(L, 1, Tag.TABLE);
    push(L, Tag.NUMBER, secondsOf(L, value.value as Table));
  }
  return 1;
};

/** Fields outside their range carry over, as in C: month 14 is February of the next year. */
function secondsOf(L: lua_State, table: Table): number {
  const field = (name: string, otherwise: number | null): number => {
    const value = table.strong.get(stringOf(name).hash)?.value;
    const n = value === undefined ? otherwise : asNumber(value);
    if (n === null) return raise(L, `field '${name}' missing in date table`);
    return Number.isInteger(n) ? n : raise(L, `field '${name}' is not an integer`);
  };
  const date = new Date(0);
  date.setUTCFullYear(field('year', null), field('month', null) - 1, field('day', null));
  date.setUTCHours(field('hour', 12), field('min', 0), field('sec', 0));
  const ms = date.getTime();
  return Number.isNaN(ms) ? raise(L, 'time out of range') : ms / 1000;
}

const date: LuaFunction = (L) => {
  const value = argument(L, 1);
  const given = value === undefined || value.type === Tag.NIL;
  const format = given ? '%c' : readable(lauxlib.luaL_checkstring(L, 1));
  const seconds = argument(L, 2) === undefined ? nowSeconds(L) : lauxlib.luaL_checkinteger(L, 2);
  const moment = new Date(seconds * 1000);
  if (Number.isNaN(moment.getTime())) return raiseArgument(L, 2, 'time out of range');
  const layout = format.startsWith('!') ? format.slice(1) : format;
  if (layout.startsWith('*t')) {
    push(L, Tag.TABLE, dateTable(L, moment));
    return 1;
  }
  const text = strftime(moment, layout);
  if (text === null) return raiseArgument(L, 1, `invalid conversion specifier in '${format}'`);
  pushText(L, text);
  return 1;
};

function dateTable(L: lua_State, moment: Date): Table {
  const startOfYear = Date.UTC(moment.getUTCFullYear(), 0, 1);
  const fields: [string, number][] = [
    ['year', moment.getUTCFullYear()],
    ['month', moment.getUTCMonth() + 1],
    ['day', moment.getUTCDate()],
    ['hour', moment.getUTCHours()],
    ['min', moment.getUTCMinutes()],
    ['sec', moment.getUTCSeconds()],
    ['wday', moment.getUTCDay() + 1],
    ['yday', Math.floor((moment.getTime() - startOfYear) / 86_400_000) + 1],
  ];
  const table = ltable.luaH_new(L);
  const set = (name: string, value: TValue): void => {
    const key = stringOf(name);
    appendEntry(table, key.hash, new TValue(Tag.STRING, key), value);
  };
  for (const [name, n] of fields) set(name, new TValue(Tag.NUMBER, n));
  set('isdst', new TValue(Tag.BOOLEAN, false));
  return table;
}

/** Processor time would differ between machines and replays: this is the process's clock, in seconds. */
const clock: LuaFunction = (L) => {
  push(L, Tag.NUMBER, L.owner.kernel.now() / 1000);
  return 1;
};

const difftime: LuaFunction = (L) => {
  const later = lauxlib.luaL_checknumber(L, 1);
  const earlier = argument(L, 2) === undefined ? 0 : lauxlib.luaL_checknumber(L, 2);
  push(L, Tag.NUMBER, later - earlier);
  return 1;
};

export const osFunctions: Functions = { clock, date, difftime, time };
