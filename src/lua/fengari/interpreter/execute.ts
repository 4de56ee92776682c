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
  type TValueType as TValue,
} from '../raw.js';
import { FRAME, finish, finishClosing, LEAVE, type Outcome, precall } from './calls.js';
import { copyVarargs, makeClosure } from './closures.js';
import { concat } from './concat.js';
import { countedDown } from './count.js';
import { enterTail, finishLoopCall, startLoopCall, stuck } from './loops.js';
import { Event } from './metamethods.js';
import { jump, K, operand } from './operands.js';
import { arithmetic, equals, isFalse, prepareFor } from './operators.js';
import { clear, close, copy, setTop } from './slots.js';
import { getTable, setList, setTable } from './tables.js';
import { ALL, BASIC, BOOLEAN, CLOSURE, FLOAT, FRESH, IS_LUA, NIL, NUMBER, TABLE } from './tags.js';

type Instruction = CallInfo['l_code'][number];

export function execute(L: lua_State): void {
  const { stack } = L;
  const counted = L.hookmask !== 0;
  let ci = L.ci;
  let x: TValue;
  let y: TValue;
  let to: TValue;
  let holds: boolean;
  let outcome: Outcome;
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
        case 3: // LOADBOOL
          to = stack[ra] as TValue;
          to.type = BOOLEAN;
          to.value = i.B !== 0;
          if (i.C !== 0) pc++;
          break;
        case 4: // LOADNIL
          for (let at = ra; at <= ra + i.B; at++) clear(stack[at] as TValue);
          break;
        case 5: // GETUPVAL
          copy(closure.upvals[i.B] as TValue, stack[ra] as TValue);
          break;
        case 6: // GETTABUP
          ci.l_savedpc = pc;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          getTable(L, closure.upvals[i.B] as TValue, y, ra);
          break;
        case 7: // GETTABLE
          ci.l_savedpc = pc;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          getTable(L, stack[base + i.B] as TValue, y, ra);
          break;
        case 8: // SETTABUP
          ci.l_savedpc = pc;
          x = operand(stack, base, k, i.B);
          y = operand(stack, base, k, i.C);
          setTable(L, closure.upvals[i.A] as TValue, x, y);
          break;
        case 9: // SETUPVAL
          copy(stack[ra] as TValue, closure.upvals[i.B] as TValue);
          break;
        case 10: // SETTABLE
          ci.l_savedpc = pc;
          x = (i.B < K ? stack[base + i.B] : k[i.B - K]) as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          setTable(L, stack[ra] as TValue, x, y);
          break;
        case 11: // NEWTABLE
          to = stack[ra] as TValue;
          to.value = ltable.luaH_new(L);
          to.type = TABLE;
          break;
        case 12: // SELF
          ci.l_savedpc = pc;
          x = stack[base + i.B] as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          copy(x, stack[ra + 1] as TValue);
          getTable(L, x, y, ra);
          break;
        case 13: // ADD
          x = (i.B < K ? stack[base + i.B] : k[i.B - K]) as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) + (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.ADD);
          }
          break;
        case 14: // SUB
          x = (i.B < K ? stack[base + i.B] : k[i.B - K]) as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) - (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.SUB);
          }
          break;
        case 15: // MUL
          x = (i.B < K ? stack[base + i.B] : k[i.B - K]) as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          to = stack[ra] as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            to.value = (x.value as number) * (y.value as number);
            to.type = FLOAT;
          } else {
            ci.l_savedpc = pc;
            arithmetic(L, x, y, to, Event.MUL);
          }
          break;
        case 16: // MOD
        case 17: // POW
        case 18: // DIV
        case 19: // IDIV
          ci.l_savedpc = pc;
          x = operand(stack, base, k, i.B);
          y = operand(stack, base, k, i.C);
          arithmetic(L, x, y, stack[ra] as TValue, Event.MOD + i.opcode - 16);
          break;
        case 20: // BAND
        case 21: // BOR
        case 22: // BXOR
        case 23: // SHL
        case 24: // SHR
          ci.l_savedpc = pc;
          x = operand(stack, base, k, i.B);
          y = operand(stack, base, k, i.C);
          ltm.luaT_trybinTM(L, x, y, stack[ra] as TValue, Event.BAND + i.opcode - 20);
          break;
        case 25: // UNM
          ci.l_savedpc = pc;
          x = stack[base + i.B] as TValue;
          arithmetic(L, x, x, stack[ra] as TValue, Event.UNM);
          break;
        case 26: // BNOT
          ci.l_savedpc = pc;
          x = stack[base + i.B] as TValue;
          ltm.luaT_trybinTM(L, x, x, stack[ra] as TValue, Event.BNOT);
          break;
        case 27: // NOT
          to = stack[ra] as TValue;
          to.value = isFalse(stack[base + i.B] as TValue);
          to.type = BOOLEAN;
          break;
        case 28: // LEN
          ci.l_savedpc = pc;
          lvm.luaV_objlen(L, stack[ra] as TValue, stack[base + i.B] as TValue);
          break;
        case 29: // CONCAT
          ci.l_savedpc = pc;
          setTop(L, base + i.C + 1);
          concat(L, i.C - i.B + 1);
          copy(stack[base + i.B] as TValue, stack[ra] as TValue);
          setTop(L, ci.top);
          break;
        case 30: // JMP
          if (i.A !== 0) close(stack, ra - 1, L.top);
          pc += i.sBx;
          break;
        case 31: // EQ
          ci.l_savedpc = pc;
          x = operand(stack, base, k, i.B);
          y = operand(stack, base, k, i.C);
          pc = equals(L, x, y) === (i.A !== 0) ? jump(L, code, base, pc) : pc + 1;
          break;
        case 32: // LT
          x = (i.B < K ? stack[base + i.B] : k[i.B - K]) as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            holds = (x.value as number) < (y.value as number);
          } else {
            ci.l_savedpc = pc;
            holds = lvm.luaV_lessthan(L, x, y) !== 0;
          }
          pc = holds === (i.A !== 0) ? jump(L, code, base, pc) : pc + 1;
          break;
        case 33: // LE
          x = (i.B < K ? stack[base + i.B] : k[i.B - K]) as TValue;
          y = (i.C < K ? stack[base + i.C] : k[i.C - K]) as TValue;
          if ((x.type & BASIC) === NUMBER && (y.type & BASIC) === NUMBER) {
            holds = (x.value as number) <= (y.value as number);
          } else {
            ci.l_savedpc = pc;
            holds = lvm.luaV_lessequal(L, x, y) !== 0;
          }
          pc = holds === (i.A !== 0) ? jump(L, code, base, pc) : pc + 1;
          break;
        case 34: // TEST
          pc = isFalse(stack[ra] as TValue) === (i.C !== 0) ? pc + 1 : jump(L, code, base, pc);
          break;
        case 35: // TESTSET
          x = stack[base + i.B] as TValue;
          if (isFalse(x) === (i.C !== 0)) pc++;
          else {
            copy(x, stack[ra] as TValue);
            pc = jump(L, code, base, pc);
          }
          break;
        case 36: // CALL
          if (i.B !== 0) setTop(L, ra + i.B); // else the instruction before has set it
          ci.l_savedpc = pc;
          outcome = precall(L, ra, i.C - 1);
          if (outcome === LEAVE) return;
          if (outcome === FRAME) {
            ci = L.ci;
            continue frames;
          }
          if (i.C !== 0) setTop(L, ci.top);
          break;
        case 37: // TAILCALL
          if (i.B !== 0) setTop(L, ra + i.B);
          ci.l_savedpc = pc;
          outcome = precall(L, ra, ALL);
          if (outcome === LEAVE) return;
          if (outcome === FRAME) {
            ci = enterTail(L, ci);
            continue frames;
          }
          break;
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
          to = stack[ra] as TValue;
          const step = (stack[ra + 2] as TValue).value as number;
          const next = (to.value as number) + step;
          const limit = (stack[ra + 1] as TValue).value as number;
          if (step > 0 ? next <= limit : limit <= next) {
            pc += i.sBx;
            if (next === to.value) {
              ci.l_savedpc = pc;
              stuck(next);
            }
            to.value = next;
            to = stack[ra + 3] as TValue;
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
        case 41: // TFORCALL
          startLoopCall(L, ra);
          ci.l_savedpc = pc;
          outcome = precall(L, ra + 3, i.C);
          if (outcome === LEAVE) return;
          if (outcome === FRAME) {
            ci = L.ci;
            continue frames;
          }
          setTop(L, ci.top);
          finishLoopCall(L, ci);
          pc = ci.l_savedpc;
          break;
        case 42: // TFORLOOP
          x = stack[ra + 1] as TValue;
          if (x.type !== NIL) {
            copy(x, stack[ra] as TValue);
            pc += i.sBx;
          }
          break;
        case 43: // SETLIST
          setList(L, ra, i.B, i.C !== 0 ? i.C : (code[pc++] as Instruction).Ax);
          setTop(L, ci.top);
          break;
        case 44: // CLOSURE
          to = stack[ra] as TValue;
          to.value = makeClosure(L, closure.p.p[i.Bx] as Proto, closure.upvals, base);
          to.type = CLOSURE;
          break;
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
