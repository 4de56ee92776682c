/** The math library, on doubles. Randomness is the host's, so that a workflow replays it. */

import { raiseArgument } from '../errors.js';
import { isExactWhole, MAX_EXACT, toWhole } from '../numerals.js';
import {
  argument,
  type LuaFunction,
  lauxlib,
  push,
  pushText,
  Tag,
  type TValue,
  Type,
} from '../vm.js';
import { asNumber } from './base.js';
import type { Functions } from './harvest.js';

const unary =
  (operate: (x: number) => number): LuaFunction =>
  (L) => {
    push(L, Tag.NUMBER, operate(lauxlib.luaL_checknumber(L, 1)));
    return 1;
  };

const extreme =
  (better: (a: number, b: number) => boolean): LuaFunction =>
  (L) => {
    let best = lauxlib.luaL_checknumber(L, 1);
    for (let i = 2; argument(L, i) !== undefined; i++) {
      const n = lauxlib.luaL_checknumber(L, i);
      if (better(n, best)) best = n;
    }
    push(L, Tag.NUMBER, best);
    return 1;
  };

const log: LuaFunction = (L) => {
  const x = lauxlib.luaL_checknumber(L, 1);
  const base = argument(L, 2);
  push(L, Tag.NUMBER, base === undefined ? Math.log(x) : logIn(x, lauxlib.luaL_checknumber(L, 2)));
  return 1;
};

function logIn(x: number, base: number): number {
  if (base === 2) return Math.log2(x);
  return base === 10 ? Math.log10(x) : Math.log(x) / Math.log(base);
}

const atan: LuaFunction = (L) => {
  const y = lauxlib.luaL_checknumber(L, 1);
  const x = argument(L, 2) === undefined ? 1 : lauxlib.luaL_checknumber(L, 2);
  push(L, Tag.NUMBER, Math.atan2(y, x));
  return 1;
};

const fmod: LuaFunction = (L) => {
  push(L, Tag.NUMBER, lauxlib.luaL_checknumber(L, 1) % lauxlib.luaL_checknumber(L, 2));
  return 1;
};

const modf: LuaFunction = (L) => {
  const x = lauxlib.luaL_checknumber(L, 1);
  const whole = Math.trunc(x);
  push(L, Tag.NUMBER, whole);
  push(L, Tag.NUMBER, Number.isFinite(x) ? x - whole : Number.isNaN(x) ? x : 0);
  return 2;
};

/** `math.random()`, `math.random(m)`, `math.random(m, n)`. */
const random: LuaFunction = (L) => {
  const r = L.owner.kernel.syscalls.random();
  if (argument(L, 1) === undefined) {
    push(L, Tag.NUMBER, r);
    return 1;
  }
  const first = lauxlib.luaL_checkinteger(L, 1);
  const hasTwo = argument(L, 2) !== undefined;
  const low = hasTwo ? first : 1;
  const high = hasTwo ? lauxlib.luaL_checkinteger(L, 2) : first;
  if (low > high) return raiseArgument(L, hasTwo ? 2 : 1, 'interval is empty');
  push(L, Tag.NUMBER, Math.min(high, low + Math.floor(r * (high - low + 1))));
  return 1;
};

/** Accepted and ignored: the host seeds, for a seed of the program's own could not be replayed. */
const randomseed: LuaFunction = () => 0;

const type: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  const value = argument(L, 1) as TValue;
  if ((value.type & 0x0f) !== Type.NUMBER) push(L, Tag.NIL, null);
  else pushText(L, isExactWhole(value.value as number) ? 'integer' : 'float');
  return 1;
};

const tointeger: LuaFunction = (L) => {
  lauxlib.luaL_checkany(L, 1);
  const n = asNumber(argument(L, 1) as TValue);
  if (n === null || toWhole(n) === false) push(L, Tag.NIL, null);
  else push(L, Tag.NUMBER, n);
  return 1;
};

const ult: LuaFunction = (L) => {
  const a = BigInt.asUintN(64, BigInt(lauxlib.luaL_checkinteger(L, 1)));
  const b = BigInt.asUintN(64, BigInt(lauxlib.luaL_checkinteger(L, 2)));
  push(L, Tag.BOOLEAN, a < b);
  return 1;
};

export const mathFunctions: Functions = {
  abs: unary(Math.abs),
  acos: unary(Math.acos),
  asin: unary(Math.asin),
  atan,
  ceil: unary(Math.ceil),
  cos: unary(Math.cos),
  deg: unary((x) => x * (180 / Math.PI)),
  exp: unary(Math.exp),
  floor: unary(Math.floor),
  fmod,
  log,
  max: extreme((a, b) => a > b),
  min: extreme((a, b) => a < b),
  modf,
  rad: unary((x) => x * (Math.PI / 180)),
  random,
  randomseed,
  sin: unary(Math.sin),
  sqrt: unary(Math.sqrt),
  tan: unary(Math.tan),
  tointeger,
  type,
  ult,
};

export const mathConstants: { readonly [name: string]: number } = {
  huge: Number.POSITIVE_INFINITY,
  maxinteger: MAX_EXACT,
  mininteger: -MAX_EXACT,
  pi: Math.PI,
};
