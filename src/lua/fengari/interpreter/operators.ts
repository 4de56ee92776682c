/** Operators where the loop's own case, two numbers, is not the one at hand. */
import { ldebug, ltm, type lua_State, lvm, type TValueType as TValue } from '../raw.js';
import { encodeText } from '../text.js';
import { Event } from './metamethods.js';
import { BASIC, BOOLEAN, FLOAT, NIL, NUMBER, TEXT } from './tags.js';

/** `a op b` for the operators of arithmetic; a text that is a number counts as one. */
export function arithmetic(L: lua_State, a: TValue, b: TValue, into: TValue, event: number): void {
  const x = numberOf(a);
  const y = x === false ? false : numberOf(b);
  if (x === false || y === false) {
    ltm.luaT_trybinTM(L, a, b, into, event);
    return;
  }
  into.type = FLOAT;
  into.value = calculate(x, y, event);
}

function numberOf(value: TValue): number | false {
  return (value.type & BASIC) === NUMBER ? (value.value as number) : lvm.tonumber(value);
}

function calculate(x: number, y: number, event: number): number {
  switch (event) {
    case Event.ADD:
      return x + y;
    case Event.SUB:
      return x - y;
    case Event.MUL:
      return x * y;
    case Event.DIV:
      return x / y;
    case Event.MOD:
      return modulo(x, y);
    case Event.IDIV:
      return Math.floor(x / y);
    case Event.POW:
      return x ** y;
    default: // Event.UNM
      return -x;
  }
}

/** The remainder has the sign of the divisor. */
function modulo(x: number, y: number): number {
  const rest = x % y;
  return rest * y < 0 ? rest + y : rest;
}

export function isFalse(value: TValue): boolean {
  return value.type === NIL || (value.type === BOOLEAN && value.value === false);
}

export function equals(L: lua_State, a: TValue, b: TValue): boolean {
  if ((a.type & BASIC) === NUMBER && (b.type & BASIC) === NUMBER) return a.value === b.value;
  return lvm.luaV_equalobj(L, a, b) !== 0;
}

const LIMIT = encodeText("'for' limit must be a number");
const STEP = encodeText("'for' step must be a number");
const START = encodeText("'for' initial value must be a number");

/** Makes numbers of what a `for` loop was given, and takes the index one step back. */
export function prepareFor(L: lua_State, at: number): void {
  const { stack } = L;
  const index = stack[at] as TValue;
  loopNumber(L, stack[at + 1] as TValue, LIMIT);
  const step = loopNumber(L, stack[at + 2] as TValue, STEP);
  const start = loopNumber(L, index, START);
  index.value = start - step;
}

function loopNumber(L: lua_State, value: TValue, problem: Uint8Array): number {
  const n = lvm.tonumber(value);
  if (n === false) return ldebug.luaG_runerror(L, problem);
  value.type = FLOAT;
  value.value = n;
  return n;
}

export const isText = (value: TValue): boolean => (value.type & BASIC) === TEXT;
