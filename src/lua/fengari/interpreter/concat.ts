/** `a .. b .. c`: as many texts at once as there are. */
import {
  lobject,
  lstring,
  ltm,
  type lua_State,
  type TString,
  type TValueType as TValue,
} from '../raw.js';
import { Event, isNumber } from './metamethods.js';
import { isText } from './operators.js';
import { copy, setTop } from './slots.js';
import { STRING } from './tags.js';

/** Makes one value of the `count` topmost ones, from the right. */
export function concat(L: lua_State, count: number): void {
  let left = count;
  do {
    const joined = joinTop(L, left);
    left -= joined - 1;
    setTop(L, L.top - joined + 1);
  } while (left > 1);
}

/** Joins two values or more; returns how many. The result is in place of the first. */
function joinTop(L: lua_State, limit: number): number {
  const { stack, top } = L;
  const a = stack[top - 2] as TValue;
  const b = stack[top - 1] as TValue;
  if (!(isText(a) || isNumber(a)) || !toText(L, b)) {
    ltm.luaT_trybinTM(L, a, b, a, Event.CONCAT);
    return 2;
  }
  if (lengthOf(b) === 0) {
    toText(L, a);
    return 2;
  }
  if (isText(a) && lengthOf(a) === 0) {
    copy(b, a);
    return 2;
  }
  let size = lengthOf(b);
  let n = 1;
  for (; n < limit; n++) {
    const value = stack[top - n - 1] as TValue;
    if (!toText(L, value)) break;
    size += lengthOf(value);
  }
  const first = stack[top - n] as TValue;
  const bytes = joined(stack, top - n, top, size);
  first.type = STRING;
  first.value = new lstring.TString(null, bytes);
  return n;
}

function joined(stack: readonly TValue[], from: number, to: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let i = from; i < to; i++) {
    const part = ((stack[i] as TValue).value as TString).realstring;
    const { length } = part;
    if (length > SHORT) bytes.set(part, at);
    else for (let j = 0; j < length; j++) bytes[at + j] = part[j] as number;
    at += length;
  }
  return bytes;
}

/** Up to here a loop is quicker than a call that copies. */
const SHORT = 32;

const lengthOf = (value: TValue): number => (value.value as TString).realstring.length;

/** Turns a number into text; false for what is neither. */
function toText(L: lua_State, value: TValue): boolean {
  if (isText(value)) return true;
  if (!isNumber(value)) return false;
  lobject.luaO_tostring(L, value);
  return true;
}
