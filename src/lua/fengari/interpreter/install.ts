/**
 * The interpreter: what runs compiled Lua, written for V8, in the place of fengari's own. fengari left its loop by an
 * exception at each wait, deleted stack slots, and took every number for one of two kinds.
 *
 * - `execute.ts` is the loop; `operators.ts`, `tables.ts`, `concat.ts`, `closures.ts` and `loops.ts` are the rest of its
 *   instructions, `count.ts` the countdown of the meter, `finish-op.ts` what is left of an instruction after a wait.
 * - `calls.ts` and `frames.ts` own calls, `metamethods.ts` those of metamethods.
 * - `thread.ts` and `new-thread.ts` own threads, `protected.ts` errors that are caught, `slots.ts` the stack.
 *
 * All that fengari's modules call of it, they call by their exported objects, so these are what is changed. Of
 * fengari's VM there remain the compiler, with the protected call that it runs in, metatables, tables,
 * comparisons, and errors with the names of variables in them.
 */
import { ldo, lstate, ltm, lvm } from '../raw.js';
import { concat } from './concat.js';
import { execute } from './execute.js';
import { finishInstruction } from './finish-op.js';
import { pushFrame } from './frames.js';
import { callBinary, callMetamethod, callOrder, operateByMetamethod } from './metamethods.js';
import { protectedCall, runProtected } from './protected.js';
import { setTop } from './slots.js';
import { getTable, setTable } from './tables.js';
import { call, callWithoutWait, resumeThread, suspendThread } from './thread.js';

export function installInterpreter(): void {
  lstate.luaE_extendCI = pushFrame;
  lvm.luaV_execute = execute;
  lvm.luaV_finishOp = finishInstruction;
  lvm.luaV_concat = concat;
  lvm.luaV_gettable = getTable;
  lvm.settable = setTable;
  ltm.luaT_callTM = callMetamethod;
  ltm.luaT_callbinTM = callBinary;
  ltm.luaT_callorderTM = callOrder;
  ltm.luaT_trybinTM = operateByMetamethod;
  ldo.adjust_top = setTop;
  ldo.luaD_call = call;
  ldo.luaD_callnoyield = callWithoutWait;
  ldo.luaD_pcall = protectedCall;
  ldo.luaD_rawrunprotected = runProtected;
  ldo.lua_resume = resumeThread;
  ldo.lua_yieldk = suspendThread;
  ldo.lua_yield = (L, values) => suspendThread(L, values, null, null);
}
