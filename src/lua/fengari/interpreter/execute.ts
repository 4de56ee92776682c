/**
 * The loop that runs Lua functions. It runs the innermost frame of a thread, those of the Lua functions that
 * this one calls, and ends
 *
 * 1. when that frame has returned,
 * 2. when the thread was suspended (`L.status` is YIELD then), or
 * 3. when it is a library function's turn, which asked for the call that has ended (`calls.ts`).
 *
 * All three by returning: an exception is an error, or leaves a place that could not return. fengari left its
 * loop by an exception for each wait, and V8 makes no feedback for a function that never returns: it ran
 * in the interpreter for good.
 *
 * Frames keep what others read (errors, hooks, whoever resumes) in their CallInfo; the loop holds the rest in
 * variables. `l_savedpc` is brought up to date before all that can raise, call or be seen.
 *
 * It is one function, for speed: each case is the instruction in its usual form, and a call for the others.
 * Cases are plain numbers so that V8 makes a jump table of them.
 */
import {
  type CallInfo,
  type LClosure,
  ltable,
  ltm,
  type lua_State,
  lvm,
  type Proto,
  type Table,
  type TValueType as TValue,
} from '../raw.js';
import { DONE, FRAME, finish, finishClosing, LEAVE, precall } from './calls.js';
import { copyVarargs, makeClosure } from './closures.js';
import { concat } from './concat.js';
import { countedDown } from './count.js';
import { enterTail, finishLoopCall, stuck } from './loops.js';
import { Event } from './metamethods.js';
import { arithmetic, equals, isFalse, modulo, prepareFor } from './operators.js';
import { close, copy, setTop } from './slots.js';
import { getTable, setTable } from './tables.js';
import { ALL, BASIC, BOOLEAN, CLOSURE, FLOAT, FRESH, IS_LUA, NIL, NUMBER, TABLE } from './tags.js';

type Instruction = CallInfo['l_code'][number];

/** In B and C: from here on constants, below slots. */
const K = 256;

export function execute(L: lua_State): void {
  const { stack } = L;
  const counted = L.hookmask !== 0;
  let ci = L.ci;
  ci.callstatus |= FRESH;
  frames: for (;;) {
    const closure = ci.func.value as LClosure;
    const { k } = closure.p;
    const code = ci.l_code;
    const base = ci.l_base;
    let pc = ci.l_savedpc;
    for (;;) {
      const i = code[pc++] as Instruction;
      if (counted && --L.hookcount === 0) {
        ci.l_savedpc = pc;
        if (countedDown(L, ci)) return;
      }
      const ra = base + i.A;
      switch (i.opcode) {
        case 0: // MOVE
          copy(stack[base + i.B] as TValue, stack[ra] as TValue);
          break;
        case 1: // LOADK
          copy(k[i.Bx] as TValue, stack[ra] as TValue);
          break;
        case 2: // LOADKX
          copy(k[(code[pc++] as Instruction).Ax] as TValue, stack[ra] as TValue);
          break;
        case 3: {
          // LOADBOOL
          const to = stack[ra] as TValue;
          to.type = BOOLEAN;
          to.value = i.B !== 0;
          if (i.C !== 0) pc++;
          break;
        }
        case 4: // LOADNIL
          for (let at = ra; at <= ra + i.B; at++) {
            const to = stack[at] as TValue;
            to.type = NIL;
            to.value = null;
          }
          break;
        case 5: // GETUPVAL
          copy(closure.upvals[i.B] as TValue, stack[ra] as TValue);
          break;
        case 6: {
          // GETTABUP
          const c = i.C;
          ci.l_savedpc = pc;
          const key = (c < K ? stack[base + c] : k[c - K]) as TValue;
          getTable(L, closure.upvals[i.B] as TValue, key, ra);
          break;
        }
        case 7: {
          // GETTABLE
          const c = i.C;
          ci.l_savedpc = pc;
          const key = (c < K ? stack[base + c] : k[c - K]) as TValue;
          getTable(L, stack[base + i.B] as TValue, key, ra);
          break;
        }
        case 8: // SETTABUP
          ci.l_savedpc = pc;
          setTable(
            L,
            closure.upvals[i.A] as TValue,
            operand(stack, base, k, i.B),
            operand(stack, base, k, i.C),
          );
          break;
        case 9: // SETUPVAL
          copy(stack[ra] as TValue, closure.upvals[i.B] as TValue);
          break;
        case 10: {
          // SETTABLE
          const b = i.B;
          const c = i.C;
          ci.l_savedpc = pc;
          const key = (b < K ? stack[base + b] : k[b - K]) as TValue;
          const value = (c < K ? stack[base + c] : k[c - K]) as TValue;
          setTable(L, stack[ra] as TValue, key, value);
          break;
        }
        case 11: {
          // NEWTABLE
          const to = stack[ra] as TValue;
          to.value = ltable.luaH_new(L);
          to.type = TABLE;
          break;
        }
        case 12: {
          // SELF
          const c = i.C;
          ci.l_savedpc = pc;
          const key = (c < K ? stack[base + c] : k[c - K]) as TValue;
          const object = stack[base + i.B] as TValue;
          copy(object, stack[ra + 1] as TValue);
          getTable(L, object, key, ra);
          break;
        }
        case 13: {
          // ADD
          const b = i.B;
          const c = i.C;
          const x = (b < K ? stack[base + b] : k[b - K]) as TValue;
          const y = (c < K ? stack[base + c] : k[c - K]) as TValue;
          const to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) + (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.ADD);
          }
          break;
        }
        case 14: {
          // SUB
          const b = i.B;
          const c = i.C;
          const x = (b < K ? stack[base + b] : k[b - K]) as TValue;
          const y = (c < K ? stack[base + c] : k[c - K]) as TValue;
          const to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) - (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.SUB);
          }
          break;
        }
        case 15: {
          // MUL
          const b = i.B;
          const c = i.C;
          const x = (b < K ? stack[base + b] : k[b - K]) as TValue;
          const y = (c < K ? stack[base + c] : k[c - K]) as TValue;
          const to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) * (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.MUL);
          }
          break;
        }
        case 16: {
          // MOD
          const x = operand(stack, base, k, i.B);
          const y = operand(stack, base, k, i.C);
          const to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = modulo(x.value as number, y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.MOD);
          }
          break;
        }
        case 18: {
          // DIV
          const x = operand(stack, base, k, i.B);
          const y = operand(stack, base, k, i.C);
          const to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) / (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.DIV);
          }
          break;
        }
        case 17: // POW
        case 19: {
          // IDIV
          const event = i.opcode === 17 ? Event.POW : Event.IDIV;
          ci.l_savedpc = pc;
          arithmetic(
            L,
            operand(stack, base, k, i.B),
            operand(stack, base, k, i.C),
            stack[ra] as TValue,
            event,
          );
          break;
        }
        case 20: // BAND
        case 21: // BOR
        case 22: // BXOR
        case 23: // SHL
        case 24: // SHR
          ci.l_savedpc = pc;
          ltm.luaT_trybinTM(
            L,
            operand(stack, base, k, i.B),
            operand(stack, base, k, i.C),
            stack[ra] as TValue,
            Event.BAND + i.opcode - 20, // both stand in one order
          );
          break;
        case 25: {
          // UNM
          const x = stack[base + i.B] as TValue;
          ci.l_savedpc = pc;
          arithmetic(L, x, x, stack[ra] as TValue, Event.UNM);
          break;
        }
        case 26: {
          // BNOT
          const x = stack[base + i.B] as TValue;
          ci.l_savedpc = pc;
          ltm.luaT_trybinTM(L, x, x, stack[ra] as TValue, Event.BNOT);
          break;
        }
        case 27: {
          // NOT
          const to = stack[ra] as TValue;
          to.value = isFalse(stack[base + i.B] as TValue);
          to.type = BOOLEAN;
          break;
        }
        case 28: // LEN
          ci.l_savedpc = pc;
          lvm.luaV_objlen(L, stack[ra] as TValue, stack[base + i.B] as TValue);
          break;
        case 29: {
          // CONCAT
          const b = i.B;
          ci.l_savedpc = pc;
          setTop(L, base + i.C + 1);
          concat(L, i.C - b + 1);
          copy(stack[base + b] as TValue, stack[ra] as TValue);
          setTop(L, ci.top);
          break;
        }
        case 30: // JMP
          if (i.A !== 0) close(stack, ra - 1, L.top);
          pc += i.sBx;
          break;
        case 31: {
          // EQ
          const x = operand(stack, base, k, i.B);
          const y = operand(stack, base, k, i.C);
          ci.l_savedpc = pc;
          if (equals(L, x, y) === (i.A !== 0)) pc = jump(L, code, base, pc);
          else pc++;
          break;
        }
        case 32: {
          // LT
          const b = i.B;
          const c = i.C;
          const x = (b < K ? stack[base + b] : k[b - K]) as TValue;
          const y = (c < K ? stack[base + c] : k[c - K]) as TValue;
          let result: boolean;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            result = (x.value as number) < (y.value as number);
          } else {
            ci.l_savedpc = pc;
            result = lvm.luaV_lessthan(L, x, y) !== 0;
          }
          if (result === (i.A !== 0)) pc = jump(L, code, base, pc);
          else pc++;
          break;
        }
        case 33: {
          // LE
          const b = i.B;
          const c = i.C;
          const x = (b < K ? stack[base + b] : k[b - K]) as TValue;
          const y = (c < K ? stack[base + c] : k[c - K]) as TValue;
          let result: boolean;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            result = (x.value as number) <= (y.value as number);
          } else {
            ci.l_savedpc = pc;
            result = lvm.luaV_lessequal(L, x, y) !== 0;
          }
          if (result === (i.A !== 0)) pc = jump(L, code, base, pc);
          else pc++;
          break;
        }
        case 34: // TEST
          if (isFalse(stack[ra] as TValue) === (i.C !== 0)) pc++;
          else pc = jump(L, code, base, pc);
          break;
        case 35: {
          // TESTSET
          const x = stack[base + i.B] as TValue;
          if (isFalse(x) === (i.C !== 0)) pc++;
          else {
            copy(x, stack[ra] as TValue);
            pc = jump(L, code, base, pc);
          }
          break;
        }
        case 36: {
          // CALL
          const b = i.B;
          if (b !== 0) setTop(L, ra + b); // else the instruction before has set it
          ci.l_savedpc = pc;
          const outcome = precall(L, ra, i.C - 1);
          if (outcome === DONE) {
            if (i.C !== 0) setTop(L, ci.top);
            break;
          }
          if (outcome === LEAVE) return;
          ci = L.ci;
          continue frames;
        }
        case 37: {
          // TAILCALL
          if (i.B !== 0) setTop(L, ra + i.B);
          ci.l_savedpc = pc;
          const outcome = precall(L, ra, ALL);
          if (outcome === DONE) break;
          if (outcome === LEAVE) return;
          ci = enterTail(L, ci);
          continue frames;
        }
        case 38: {
          // RETURN
          const wanted = ci.nresults;
          const count = i.B !== 0 ? i.B - 1 : L.top - ra;
          if (closure.p.p.length > 0) finishClosing(L, ci, ra, count);
          else finish(L, ci, ra, count);
          if ((ci.callstatus & FRESH) !== 0) return;
          ci = L.ci;
          if ((ci.callstatus & IS_LUA) === 0) return;
          if (wanted !== ALL) setTop(L, ci.top);
          if ((ci.l_code[ci.l_savedpc - 1] as Instruction).opcode === 41) finishLoopCall(L, ci);
          continue frames;
        }
        case 39: {
          // FORLOOP
          const index = stack[ra] as TValue;
          const by = (stack[ra + 2] as TValue).value as number;
          const next = (index.value as number) + by;
          const limit = (stack[ra + 1] as TValue).value as number;
          if (by > 0 ? next <= limit : limit <= next) {
            pc += i.sBx;
            if (next === index.value) {
              ci.l_savedpc = pc;
              stuck(next);
            }
            index.value = next;
            const to = stack[ra + 3] as TValue;
            to.type = FLOAT;
            to.value = next;
          }
          break;
        }
        case 40: // FORPREP
          ci.l_savedpc = pc;
          prepareFor(L, ra);
          pc += i.sBx;
          break;
        case 41: {
          // TFORCALL
          setTop(L, ra + 6);
          copy(stack[ra] as TValue, stack[ra + 3] as TValue);
          copy(stack[ra + 1] as TValue, stack[ra + 4] as TValue);
          copy(stack[ra + 2] as TValue, stack[ra + 5] as TValue);
          ci.l_savedpc = pc;
          const outcome = precall(L, ra + 3, i.C);
          if (outcome === LEAVE) return;
          if (outcome === FRAME) {
            ci = L.ci;
            continue frames;
          }
          setTop(L, ci.top);
          finishLoopCall(L, ci);
          pc = ci.l_savedpc;
          break;
        }
        case 42: {
          // TFORLOOP
          const first = stack[ra + 1] as TValue;
          if (first.type !== NIL) {
            copy(first, stack[ra] as TValue);
            pc += i.sBx;
          }
          break;
        }
        case 43: {
          // SETLIST
          const count = i.B !== 0 ? i.B : L.top - ra - 1;
          const part = i.C !== 0 ? i.C : (code[pc++] as Instruction).Ax;
          const table = (stack[ra] as TValue).value as Table;
          const before = (part - 1) * LIST_PART;
          for (let n = count; n > 0; n--) {
            ltable.luaH_setint(table, before + n, stack[ra + n] as TValue);
          }
          setTop(L, ci.top);
          break;
        }
        case 44: {
          // CLOSURE
          const to = stack[ra] as TValue;
          to.value = makeClosure(L, closure.p.p[i.Bx] as Proto, closure.upvals, base);
          to.type = CLOSURE;
          break;
        }
        case 45: // VARARG
          ci.l_savedpc = pc;
          copyVarargs(L, ci, closure.p.numparams, ra, i.B - 1);
          break;
        default:
          throw new Error(`invalid opcode ${i.opcode}`);
      }
    }
  }
}

/** How many items SETLIST puts into a table at once. */
const LIST_PART = 50;

function operand(stack: readonly TValue[], base: number, k: readonly TValue[], n: number): TValue {
  return (n < K ? stack[base + n] : k[n - K]) as TValue;
}

/** The jump that follows a comparison; returns the instruction that it leads to. */
function jump(L: lua_State, code: readonly Instruction[], base: number, pc: number): number {
  const i = code[pc] as Instruction;
  if (i.A !== 0) close(L.stack, base + i.A - 1, L.top);
  return pc + i.sBx + 1;
}
