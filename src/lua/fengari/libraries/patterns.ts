/** `string.find`, `match`, `gmatch` and `gsub`. */
import { raiseArgument } from '../errors.js';
import { concatBytes } from '../text.js';
import {
  argument,
  type LuaFunction,
  lapi,
  lauxlib,
  type lua_State,
  push,
  raise,
  reserve,
  Tag,
  type TValue,
  Type,
} from '../vm.js';

import { checkSize, STEPS_A_CHARGE } from './costs.js';
import type { Functions } from './harvest.js';
import { indexOfBytes, Matcher, type Work } from './matcher.js';
import { pushBytes, typeName } from './tostring.js';

const CARET = 94;
const ESCAPE = 37;
/** `^$*+?.([%-`: text without them is a pattern that only matches itself. */
const SPECIAL: ReadonlySet<number> = new Set(Array.from('^$*+?.([%-', (c) => c.charCodeAt(0)));

/** Steps of one call: seconds of work. A workflow's own budget is far smaller. */
const MAX_STEPS = 200_000_000;

/** Work of one call, charged to the process. */
class CallWork implements Work {
  private total = 0;
  private uncharged = 0;

  constructor(private readonly L: lua_State) {}

  steps(steps: number): void {
    this.total += steps;
    this.uncharged += steps;
    if (this.total > MAX_STEPS) {
      this.raise(`pattern took more than ${MAX_STEPS} steps: it backtracks too much`);
    }
    if (this.uncharged < STEPS_A_CHARGE) return;
    const charge = Math.floor(this.uncharged / STEPS_A_CHARGE);
    this.uncharged -= charge * STEPS_A_CHARGE;
    this.L.owner.spend(this.L, charge);
  }

  raise(text: string): never {
    return raise(this.L, text);
  }
}

function pushCapture(L: lua_State, value: Uint8Array | number): void {
  if (typeof value === 'number') push(L, Tag.NUMBER, value);
  else pushBytes(L, value);
}

function pushCaptures(L: lua_State, matcher: Matcher, start: number, end: number): number {
  const { count } = matcher;
  reserve(L, count);
  for (let i = 0; i < count; i++) pushCapture(L, matcher.capture(i, start, end));
  return count;
}

function search(L: lua_State, find: boolean): number {
  const subject = lauxlib.luaL_checkstring(L, 1);
  const pattern = lauxlib.luaL_checkstring(L, 2);
  const given = lauxlib.luaL_optinteger(L, 3, 1);
  const start = Math.max(0, given < 0 ? subject.length + given : given - 1);
  if (start > subject.length) {
    push(L, Tag.NIL, null);
    return 1;
  }
  const work = new CallWork(L);
  if (find && (isTrue(argument(L, 4)) || !pattern.some((byte) => SPECIAL.has(byte)))) {
    const at = indexOfBytes(subject, pattern, start, work);
    return at < 0 ? pushNil(L) : pushRange(L, at, at + pattern.length);
  }
  const anchored = pattern[0] === CARET;
  const matcher = new Matcher(subject, anchored ? pattern.subarray(1) : pattern, work);
  for (let s = start; s <= subject.length; s++) {
    const end = matcher.at(s);
    if (end >= 0) {
      matcher.flush();
      if (!find) return pushCaptures(L, matcher, s, end);
      pushRange(L, s, end);
      return 2 + (matcher.hasCaptures ? pushCaptures(L, matcher, s, end) : 0);
    }
    if (anchored) break;
  }
  matcher.flush();
  return pushNil(L);
}

function isTrue(value: TValue | undefined): boolean {
  return value !== undefined && value.type !== Tag.NIL && value.value !== false;
}

function pushNil(L: lua_State): number {
  push(L, Tag.NIL, null);
  return 1;
}

function pushRange(L: lua_State, start: number, end: number): number {
  push(L, Tag.NUMBER, start + 1);
  push(L, Tag.NUMBER, end);
  return 2;
}

const gmatch: LuaFunction = (L) => {
  const subject = lauxlib.luaL_checkstring(L, 1);
  const pattern = lauxlib.luaL_checkstring(L, 2);
  let at = 0;
  let lastEnd = -1;
  const next: LuaFunction = (thread) => {
    const matcher = new Matcher(subject, pattern, new CallWork(thread));
    for (; at <= subject.length; at++) {
      const end = matcher.at(at);
      if (end < 0 || end === lastEnd) continue;
      const start = at;
      at = end;
      lastEnd = end;
      matcher.flush();
      return pushCaptures(thread, matcher, start, end);
    }
    matcher.flush();
    return 0;
  };
  push(L, Tag.NATIVE, next);
  return 1;
};

const gsub: LuaFunction = (L) => {
  const subject = lauxlib.luaL_checkstring(L, 1);
  const given = lauxlib.luaL_checkstring(L, 2);
  const replace = replacement(L);
  const limit = lauxlib.luaL_optinteger(L, 4, subject.length + 1);
  const anchored = given[0] === CARET;
  const matcher = new Matcher(subject, anchored ? given.subarray(1) : given, new CallWork(L));
  const parts: Uint8Array[] = [];
  let size = 0;
  const add = (bytes: Uint8Array): void => {
    size += bytes.length;
    checkSize(L, size);
    parts.push(bytes);
  };
  let at = 0;
  /** From here on the subject is not in `parts` yet. */
  let kept = 0;
  let lastEnd = -1;
  let count = 0;
  while (count < limit) {
    const end = matcher.at(at);
    if (end >= 0 && end !== lastEnd) {
      count++;
      add(subject.subarray(kept, at));
      add(replace(matcher, at, end) ?? subject.subarray(at, end));
      at = end;
      kept = end;
      lastEnd = end;
    } else if (at < subject.length) at++;
    else break;
    if (anchored) break;
  }
  matcher.flush();
  add(subject.subarray(kept));
  pushBytes(L, concatBytes(parts));
  push(L, Tag.NUMBER, count);
  return 2;
};

/** What a match becomes; null leaves it as it is. */
type Replace = (matcher: Matcher, start: number, end: number) => Uint8Array | null;

function replacement(L: lua_State): Replace {
  const value = argument(L, 3);
  switch ((value?.type ?? Tag.NIL) & 0x0f) {
    case Type.NUMBER:
    case Type.STRING:
      return byText(L, lauxlib.luaL_checkstring(L, 3));
    case Type.TABLE:
      return (matcher, start, end) => {
        pushCapture(L, matcher.capture(0, start, end));
        lapi.lua_gettable(L, 3);
        return popReplacement(L);
      };
    case Type.FUNCTION:
      return (matcher, start, end) => {
        push(L, (value as TValue).type, (value as TValue).value);
        const count = pushCaptures(L, matcher, start, end);
        lapi.lua_callk(L, count, 1, null, null);
        return popReplacement(L);
      };
    default:
      return raiseArgument(L, 3, 'string/function/table expected');
  }
}

function popReplacement(L: lua_State): Uint8Array | null {
  const value = L.stack[L.top - 1] as TValue;
  if (!isTrue(value)) {
    lapi.lua_settop(L, -2);
    return null;
  }
  const type = value.type & 0x0f;
  if (type !== Type.STRING && type !== Type.NUMBER) {
    return raise(L, `invalid replacement value (a ${typeName(value)})`);
  }
  const bytes = lauxlib.luaL_checkstring(L, -1);
  lapi.lua_settop(L, -2);
  return bytes;
}

function byText(L: lua_State, text: Uint8Array): Replace {
  if (!text.includes(ESCAPE)) return () => text;
  return (matcher, start, end) => {
    const parts: Uint8Array[] = [];
    let from = 0;
    for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, from)) {
      parts.push(text.subarray(from, at));
      const letter = text[at + 1];
      if (letter === ESCAPE) parts.push(text.subarray(at, at + 1));
      else if (letter === 48) parts.push(matcher.subject.subarray(start, end));
      else if (letter !== undefined && letter > 48 && letter <= 57) {
        parts.push(captureBytes(L, matcher.capture(letter - 49, start, end)));
      } else raise(L, "invalid use of '%' in replacement string");
      from = at + 2;
    }
    parts.push(text.subarray(from));
    return concatBytes(parts);
  };
}

function captureBytes(L: lua_State, value: Uint8Array | number): Uint8Array {
  if (typeof value !== 'number') return value;
  push(L, Tag.NUMBER, value);
  const bytes = lauxlib.luaL_checkstring(L, -1);
  lapi.lua_settop(L, -2);
  return bytes;
}

export const patternFunctions: Functions = {
  find: (L) => search(L, true),
  match: (L) => search(L, false),
  gmatch,
  gsub,
};
