/** What is left to do of an instruction whose call was left and has ended now. */
import type { CallInfo, lua_State, TValueType as TValue } from '../raw.js';
import { concat } from './concat.js';
import { isFalse } from './operators.js';
import { copy, setTop } from './slots.js';
import { NEGATED } from './tags.js';

export function finishInstruction(L: lua_State): void {
  const { ci } = L;
  const i = ci.l_code[ci.l_savedpc - 1] as CallInfo['l_code'][number];
  switch (i.opcode) {
    case 6: // GETTABUP
    case 7: // GETTABLE
    case 12: // SELF
    case 28: // LEN
      takeResult(L, ci.l_base + i.A);
      break;
    case 29: // CONCAT
      finishConcat(L, ci, i.B, i.A);
      break;
    case 31: // EQ
    case 32: // LT
    case 33: // LE
      finishComparison(L, ci, i.A !== 0);
      break;
    case 36: // CALL
      if (i.C !== 0) setTop(L, ci.top);
      break;
    case 41: // TFORCALL
      setTop(L, ci.top);
      break;
    default: // arithmetic; all others have no result, or are over
      if (i.opcode >= 13 && i.opcode <= 26) takeResult(L, ci.l_base + i.A);
  }
}

function takeResult(L: lua_State, to: number): void {
  copy(L.stack[L.top - 1] as TValue, L.stack[to] as TValue);
  setTop(L, L.top - 1);
}

function finishComparison(L: lua_State, ci: CallInfo, expected: boolean): void {
  let result = !isFalse(L.stack[L.top - 1] as TValue);
  setTop(L, L.top - 1);
  if ((ci.callstatus & NEGATED) !== 0) {
    ci.callstatus ^= NEGATED;
    result = !result;
  }
  if (result !== expected) ci.l_savedpc++; // not the jump that follows
}

/** The metamethod had two operands; there may be more to the left of them. */
function finishConcat(L: lua_State, ci: CallInfo, first: number, to: number): void {
  const { stack } = L;
  const top = L.top - 1;
  const left = top - 1 - (ci.l_base + first);
  copy(stack[top] as TValue, stack[top - 2] as TValue);
  if (left > 1) {
    setTop(L, top - 1);
    concat(L, left);
  }
  copy(stack[L.top - 1] as TValue, stack[ci.l_base + to] as TValue);
  setTop(L, ci.top);
}
