/** The only file that imports fengari. Everything else goes through `vm.ts`, which mends it first. */

// Before lstrlib: the two require each other, and this way round neither reads what is not there yet
// (Node warns on stderr of the other way round).
import 'fengari/src/lualib.js';

export { default as defs } from 'fengari/src/defs.js';
export { default as lapi } from 'fengari/src/lapi.js';
export { default as lauxlib } from 'fengari/src/lauxlib.js';
export { default as ldebug } from 'fengari/src/ldebug.js';
export { default as ldo } from 'fengari/src/ldo.js';
export { default as lfunc } from 'fengari/src/lfunc.js';
export {
  default as lobject,
  type Entry,
  type LClosure,
  type Proto,
  type Table,
  type TValue as TValueType,
  type Udata,
} from 'fengari/src/lobject.js';
export { type CallInfo, default as lstate, type lua_State } from 'fengari/src/lstate.js';
export { default as lstring, type TString } from 'fengari/src/lstring.js';
export { default as ltable } from 'fengari/src/ltable.js';
export { default as ltm } from 'fengari/src/ltm.js';
export { default as lualib } from 'fengari/src/lualib.js';
export { default as lvm } from 'fengari/src/lvm.js';
