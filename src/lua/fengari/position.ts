/** Where a thread stands in its source. */

import { readable } from './text.js';
import { type CallInfo, type LClosure, lstate, type lua_State } from './vm.js';

/** `file:line` of the innermost Lua function, in this thread or in those that resumed it. */
export function positionOf(L: lua_State): string | null {
  for (let thread: lua_State | null = L; thread !== null; thread = thread.resumer) {
    for (let ci: CallInfo | null = thread.ci; ci !== null; ci = ci.previous) {
      if ((ci.callstatus & lstate.CIST_LUA) !== 0) return positionIn(ci);
    }
  }
  return null;
}

function positionIn(ci: CallInfo): string {
  const { p } = ci.func.value as LClosure;
  // One that was interrupted has yet to run its instruction; any other is past it.
  const interrupted = (ci.callstatus & lstate.CIST_HOOKYIELD) !== 0;
  const line = p.lineinfo[interrupted ? ci.l_savedpc : ci.l_savedpc - 1];
  return `${fileOf(p.source.realstring)}:${line ?? p.linedefined}`;
}

/** The file in a chunk's name, `@order.lua`. */
function fileOf(chunkName: Uint8Array): string {
  const name = readable(chunkName);
  return name.startsWith('@') || name.startsWith('=') ? name.slice(1) : '[string]';
}
