/**
 * New threads. As with frames, fengari's own class begins its numbers as NaN, so that V8 keeps each of them in a
 * box; and what is ours would be added to every thread one by one.
 */
import type { lua_State } from '../raw.js';
import type { Scope } from '../scope.js';
import { Call } from './frames.js';
import { clearedValue } from './slots.js';

/** Slots of a new stack, and those of them that only error handling may use. */
const SLOTS = 40;
const SPARE = 5;
/** What a library function finds free. */
const FREE = 20;

class Thread implements lua_State {
  readonly l_G: lua_State['l_G'];
  stack: lua_State['stack'] = new Array(SLOTS);
  top = 1;
  stack_last = SLOTS - SPARE;
  readonly base_ci = new Call();
  ci: lua_State['ci'] = this.base_ci;
  status = 0;
  nny = 1;
  nCcalls = 0;
  baseCalls = -1;
  errfunc = 0;
  errorJmp: lua_State['errorJmp'] = null;
  allowhook = 1;
  hook: lua_State['hook'];
  hookmask: number;
  basehookcount: number;
  hookcount: number;
  oldpc = 0;
  owner: Scope;
  resumer: lua_State | null = null;
  blocked = false;

  constructor(from: lua_State, owner: Scope) {
    this.l_G = from.l_G;
    this.hook = from.hook;
    this.hookmask = from.hookmask;
    this.basehookcount = from.basehookcount;
    this.hookcount = from.basehookcount;
    this.owner = owner;
    this.stack[0] = clearedValue();
    this.base_ci.top = 1 + FREE;
  }
}

/** A thread with nothing on its stack, whose instructions are counted as those of `from` are. */
export function newThread(from: lua_State, owner: Scope): lua_State {
  return new Thread(from, owner);
}
