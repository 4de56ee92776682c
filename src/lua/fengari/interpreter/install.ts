/**
 * Puts the interpreter in the place of fengari's own: all that fengari's modules call of it, they call by their
 * exported objects, so these are what is changed. Of fengari's VM there remain the compiler, with the protected
 * call that it runs in, metatables, tables, comparisons, and errors with the names of variables in them.
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
