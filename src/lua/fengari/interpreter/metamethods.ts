/**
 * Calls of metamethods. They nest a loop on JavaScript's stack, so a wait inside one leaves by exception, and
 * `finish-op.ts` completes the instruction when the answer is there.
 */
import {
  ldebug,
  ldo,
  lobject,
  ltm,
  type lua_State,
  lvm,
  type TValueType as TValue,
} from '../raw.js';
import { encodeText } from '../text.js';
import { copy, pushCopy, setTop } from './slots.js';
import { BASIC, FUNCTION, IS_LUA, NIL, NUMBER } from './tags.js';

const Value = lobject.TValue;
const { TMS } = ltm;

export const Event = {
  INDEX: TMS.TM_INDEX as number,
  NEWINDEX: TMS.TM_NEWINDEX as number,
  ADD: TMS.TM_ADD as number,
  SUB: TMS.TM_SUB as number,
  MUL: TMS.TM_MUL as number,
  MOD: TMS.TM_MOD as number,
  POW: TMS.TM_POW as number,
  DIV: TMS.TM_DIV as number,
  IDIV: TMS.TM_IDIV as number,
  BAND: TMS.TM_BAND as number,
  BNOT: TMS.TM_BNOT as number,
  UNM: TMS.TM_UNM as number,
  CONCAT: TMS.TM_CONCAT as number,
} as const;

/** Calls `fn(a, b)` for its result, which goes into `last`, or `fn(a, b, last)` for none. */
export function callMetamethod(
  L: lua_State,
  fn: TValue,
  a: TValue,
  b: TValue,
  last: TValue,
  results: number,
): void {
  const at = L.top;
  pushCopy(L, fn);
  pushCopy(L, a);
  pushCopy(L, b);
  if (results === 0) pushCopy(L, last);
  if ((L.ci.callstatus & IS_LUA) !== 0) ldo.luaD_call(L, at, results);
  else ldo.luaD_callnoyield(L, at, results);
  if (results === 0) return;
  copy(L.stack[L.top - 1] as TValue, last);
  setTop(L, L.top - 1);
}

/** The result of the metamethod of either operand; false where neither has one. */
export function callBinary(
  L: lua_State,
  a: TValue,
  b: TValue,
  into: TValue,
  event: number,
): boolean {
  let fn = ltm.luaT_gettmbyobj(L, a, event);
  if (fn.type === NIL) fn = ltm.luaT_gettmbyobj(L, b, event);
  if (fn.type === NIL) return false;
  callMetamethod(L, fn, a, b, into, 1);
  return true;
}

/** What the metamethod of a comparison says; null where there is none. */
export function callOrder(L: lua_State, a: TValue, b: TValue, event: number): boolean | null {
  const result = new Value(NIL, null);
  return callBinary(L, a, b, result, event) ? !result.l_isfalse() : null;
}

const ARITHMETIC = encodeText('perform arithmetic on');
const BITWISE = encodeText('perform bitwise operation on');

/** The metamethod of an operator, or the error that there is none. */
export function operateByMetamethod(
  L: lua_State,
  a: TValue,
  b: TValue,
  into: TValue,
  event: number,
): void {
  if (callBinary(L, a, b, into, event)) return;
  if (event === Event.CONCAT) ldebug.luaG_concaterror(L, a, b);
  if (!isBitwise(event)) ldebug.luaG_opinterror(L, a, b, ARITHMETIC);
  if (lvm.tonumber(a) !== false && lvm.tonumber(b) !== false) ldebug.luaG_tointerror(L, a, b);
  ldebug.luaG_opinterror(L, a, b, BITWISE);
}

const isBitwise = (event: number): boolean =>
  (event >= Event.BAND && event < Event.UNM) || event === Event.BNOT;

export const isFunction = (value: TValue): boolean => (value.type & BASIC) === FUNCTION;

export const isNumber = (value: TValue): boolean => (value.type & BASIC) === NUMBER;
