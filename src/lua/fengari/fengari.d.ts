/**
 * The parts of fengari's inside that the engine touches. fengari has no types of its own, and its
 * public entry loads what a sandbox must not have; so its modules are imported one by one, by `vm.ts`.
 */
declare module 'fengari/src/defs.js' {
  const defs: {
    constant_types: { readonly [name: string]: number };
  };
  export default defs;
}

declare module 'fengari/src/lobject.js' {
  import type { lua_State } from 'fengari/src/lstate.js';
  import type { TString } from 'fengari/src/lstring.js';

  export class TValue {
    constructor(type: number, value: unknown);
    type: number;
    value: unknown;
    ttisinteger(): boolean;
    ttisfloat(): boolean;
    ttisnil(): boolean;
    ttisfunction(): boolean;
    l_isfalse(): boolean;
    setfrom(other: TValue): void;
    setfltvalue(n: number): void;
    setsvalue(text: TString): void;
    svalue(): Uint8Array;
  }
  export class LClosure {
    constructor(L: lua_State, upvalues: number);
    p: Proto;
    nupvalues: number;
    upvals: TValue[];
  }
  export class Udata {
    constructor(L: lua_State, size: number);
    metatable: Table | null;
    data: unknown;
  }
  /** One instruction, decoded; `sBx` and `Bx` are what B and C are together. */
  export interface Instruction {
    readonly opcode: number;
    readonly A: number;
    readonly B: number;
    readonly C: number;
    readonly Bx: number;
    readonly Ax: number;
    readonly sBx: number;
  }
  /** A compiled function (`lfunc.js`). */
  export interface Proto {
    code: Instruction[];
    numparams: number;
    is_vararg: boolean;
    /** Slots that a frame of it has. */
    maxstacksize: number;
    k: TValue[];
    p: Proto[];
    upvalues: { instack: boolean; idx: number }[];
    source: TString;
    lineinfo: number[];
    linedefined: number;
  }
  /** A table (`ltable.js`): a map for look-up, a linked list for order. */
  export interface Table {
    strong: Map<unknown, Entry>;
    f: Entry | undefined;
    l: Entry | undefined;
    metatable: Table | null;
    flags: number;
  }
  export interface Entry {
    key: TValue;
    value: TValue;
    p: Entry | undefined | null;
    n: Entry | undefined;
  }
  const lobject: {
    TValue: typeof TValue;
    LClosure: typeof LClosure;
    Udata: new (L: lua_State, size: number) => Udata;
    luaO_nilobject: TValue;
    luaO_str2num(text: Uint8Array, into: TValue): number;
    luaO_tostring(L: lua_State, value: TValue): void;
    luaO_pushfstring(L: lua_State, format: Uint8Array, ...args: unknown[]): Uint8Array;
    luaO_pushvfstring(L: lua_State, format: Uint8Array, args: unknown[]): Uint8Array;
    luaO_arith(L: lua_State | null, op: number, a: TValue, b: TValue, into: TValue): void;
    luaO_chunkid(source: Uint8Array, limit: number): Uint8Array;
  };
  export default lobject;
}

declare module 'fengari/src/lfunc.js' {
  const lfunc: {
    Proto: { readonly prototype: object };
  };
  export default lfunc;
}

declare module 'fengari/src/lstring.js' {
  export class TString {
    constructor(L: unknown, bytes: Uint8Array);
    hash: string | null;
    readonly realstring: Uint8Array;
  }
  const lstring: { TString: typeof TString };
  export default lstring;
}

declare module 'fengari/src/lstate.js' {
  import type { Continuation } from 'fengari/src/ldo.js';
  import type { Instruction, Table, TValue } from 'fengari/src/lobject.js';

  export interface CallInfo {
    func: TValue;
    funcOff: number;
    /** Where the function stands while the call is suspended: `funcOff` then is something else. */
    extra: number;
    top: number;
    previous: CallInfo | null;
    next: CallInfo | null;
    callstatus: number;
    /** How many results the caller wants; -1 for all. */
    nresults: number;
    /** Of a Lua function: its first slot, its code, and the instruction after the one that runs. */
    l_base: number;
    l_code: readonly Instruction[];
    l_savedpc: number;
    /** Of a library function that calls or waits: what goes on when that is over. */
    c_k: Continuation<unknown> | null;
    c_ctx: unknown;
    c_old_errfunc: number;
    /** Ours: how many calls are below this one. */
    depth: number | undefined;
  }
  export interface lua_State {
    stack: TValue[];
    top: number;
    /** The last slot that may be used without growing the stack. */
    stack_last: number;
    ci: CallInfo;
    base_ci: CallInfo;
    status: number;
    /** Calls on the stack that cannot be suspended. */
    nny: number;
    /** VM loops and parsers that are nested on JavaScript's own stack. */
    nCcalls: number;
    /** Ours: what `nCcalls` is in the loop that resumed the thread; -1 before. */
    baseCalls: number;
    /** What the innermost protected run catches; its status is why. */
    errorJmp: { status: number; readonly previous: unknown } | null;
    /** 1 while count hooks may run. */
    allowhook: number;
    /** Stack index of the message handler of xpcall; 0 for none. */
    errfunc: number;
    hookcount: number;
    /** Not 0: instructions are counted, and the hook runs each `basehookcount` of them. */
    hookmask: number;
    hook: ((L: lua_State) => void) | null;
    basehookcount: number;
    l_G: {
      mt: (Table | null | undefined)[];
      atnativeerror: ((L: lua_State) => number) | null;
    };
    /** Ours: the process that the thread belongs to. */
    owner: import('./scope.js').Scope;
    /** Ours: the thread that resumed this coroutine last; null for the first thread of a task. */
    resumer: lua_State | null;
    /** Ours: a coroutine that waits for the kernel inside its resumer, so that nobody may resume it. */
    blocked: boolean;
  }
  const lstate: {
    lua_newstate(): lua_State;
    readonly CallInfo: new () => CallInfo;
    readonly CIST_LUA: number;
    /** Set on a call that was suspended by a hook. */
    readonly CIST_HOOKYIELD: number;
    luaE_extendCI(L: lua_State): CallInfo;
  };
  export default lstate;
}

declare module 'fengari/src/ltable.js' {
  import type { Table, TValue } from 'fengari/src/lobject.js';
  import type { lua_State } from 'fengari/src/lstate.js';

  const ltable: {
    luaH_new(L: lua_State): Table;
    luaH_get(L: lua_State, table: Table, key: TValue): TValue;
    luaH_getint(table: Table, key: number): TValue;
    luaH_getn(table: Table): number;
    luaH_next(L: lua_State, table: Table, keyIndex: number): boolean;
    luaH_setfrom(L: lua_State, table: Table, key: TValue, value: TValue): void;
    luaH_setint(table: Table, key: number, value: TValue): void;
  };
  export default ltable;
}

declare module 'fengari/src/ltm.js' {
  import type { TValue } from 'fengari/src/lobject.js';
  import type { lua_State } from 'fengari/src/lstate.js';

  const ltm: {
    readonly TMS: { readonly [name: string]: number };
    /** The metamethod that a metatable has for a fast event (index, newindex, len, eq), or null. */
    fasttm(L: lua_State, metatable: Table | null, event: number): TValue | null;
    luaT_callTM(
      L: lua_State,
      fn: TValue,
      a: TValue,
      b: TValue,
      into: TValue,
      hasResult: number,
    ): void;
    luaT_callbinTM(L: lua_State, a: TValue, b: TValue, into: TValue, event: number): boolean;
    luaT_callorderTM(L: lua_State, a: TValue, b: TValue, event: number): boolean | null;
    luaT_trybinTM(L: lua_State, a: TValue, b: TValue, into: TValue, event: number): void;
    luaT_gettmbyobj(L: lua_State, value: TValue, event: number): TValue;
  };
  export default ltm;
}

declare module 'fengari/src/lvm.js' {
  import type { TValue } from 'fengari/src/lobject.js';
  import type { lua_State } from 'fengari/src/lstate.js';

  const lvm: {
    tointeger(value: TValue): number | false;
    tonumber(value: TValue): number | false;
    luaV_execute(L: lua_State): void;
    luaV_finishOp(L: lua_State): void;
    luaV_concat(L: lua_State, total: number): void;
    luaV_equalobj(L: lua_State | null, a: TValue, b: TValue): number;
    luaV_lessthan(L: lua_State, a: TValue, b: TValue): number;
    luaV_lessequal(L: lua_State, a: TValue, b: TValue): number;
    luaV_objlen(L: lua_State, into: TValue, value: TValue): void;
    luaV_gettable(L: lua_State, table: TValue, key: TValue, to: number): void;
    settable(L: lua_State, table: TValue, key: TValue, value: TValue): void;
  };
  export default lvm;
}

declare module 'fengari/src/ldo.js' {
  import type { lua_State } from 'fengari/src/lstate.js';

  export type Continuation<T> = (L: lua_State, status: number, context: T) => number;
  const ldo: {
    lua_resume(L: lua_State, from: lua_State | null, args: number): number;
    lua_yield(L: lua_State, values: number): number;
    lua_yieldk<T>(L: lua_State, values: number, context: T, k: Continuation<T> | null): number;
    adjust_top(L: lua_State, top: number): void;
    luaD_call(L: lua_State, at: number, results: number): void;
    luaD_callnoyield(L: lua_State, at: number, results: number): void;
    luaD_checkstack(L: lua_State, n: number): void;
    luaD_growstack(L: lua_State, n: number): void;
    luaD_hook(L: lua_State, event: number, line: number): void;
    luaD_pcall<T>(
      L: lua_State,
      run: (L: lua_State, argument: T) => void,
      argument: T,
      top: number,
      handler: number,
    ): number;
    luaD_rawrunprotected<T>(
      L: lua_State,
      run: (L: lua_State, argument: T) => void,
      argument: T,
    ): number;
    luaD_reallocstack(L: lua_State, size: number): void;
    luaD_throw(L: lua_State, status: number): never;
  };
  export default ldo;
}

declare module 'fengari/src/ldebug.js' {
  import type { TValue } from 'fengari/src/lobject.js';
  import type { lua_State } from 'fengari/src/lstate.js';

  const ldebug: {
    lua_sethook(
      L: lua_State,
      hook: ((L: lua_State) => void) | null,
      mask: number,
      count: number,
    ): void;
    luaG_typeerror(L: lua_State, value: TValue, doing: Uint8Array): never;
    luaG_concaterror(L: lua_State, a: TValue, b: TValue): never;
    luaG_opinterror(L: lua_State, a: TValue, b: TValue, doing: Uint8Array): never;
    luaG_tointerror(L: lua_State, a: TValue, b: TValue): never;
    luaG_runerror(L: lua_State, format: Uint8Array, ...args: unknown[]): never;
  };
  export default ldebug;
}

declare module 'fengari/src/lapi.js' {
  import type { Continuation } from 'fengari/src/ldo.js';
  import type { lua_State } from 'fengari/src/lstate.js';

  const lapi: {
    lua_atnativeerror(L: lua_State, handler: (L: lua_State) => number): unknown;
    lua_callk<T>(
      L: lua_State,
      args: number,
      results: number,
      context: T,
      k: Continuation<T> | null,
    ): void;
    lua_checkstack(L: lua_State, n: number): boolean;
    lua_error(L: lua_State): never;
    lua_geti(L: lua_State, index: number, key: number): number;
    lua_gettable(L: lua_State, index: number): number;
    lua_gettop(L: lua_State): number;
    lua_load(
      L: lua_State,
      reader: (L: lua_State, data: { bytes: Uint8Array | null }) => Uint8Array | null,
      data: { bytes: Uint8Array | null },
      chunkName: Uint8Array,
      mode: Uint8Array,
    ): number;
    lua_pcallk<T>(
      L: lua_State,
      args: number,
      results: number,
      handler: number,
      context: T,
      k: Continuation<T>,
    ): number;
    lua_pushvalue(L: lua_State, index: number): void;
    lua_rotate(L: lua_State, index: number, n: number): void;
    lua_settable(L: lua_State, index: number): void;
    lua_settop(L: lua_State, top: number): void;
    lua_touserdata(L: lua_State, index: number): unknown;
  };
  export default lapi;
}

declare module 'fengari/src/lauxlib.js' {
  import type { lua_State } from 'fengari/src/lstate.js';

  const lauxlib: {
    luaL_argerror(L: lua_State, arg: number, message: Uint8Array): never;
    luaL_checkinteger(L: lua_State, arg: number): number;
    luaL_checknumber(L: lua_State, arg: number): number;
    luaL_checkstring(L: lua_State, arg: number): Uint8Array;
    luaL_checkany(L: lua_State, arg: number): void;
    luaL_checktype(L: lua_State, arg: number, type: number): void;
    luaL_error(L: lua_State, message: Uint8Array, ...args: unknown[]): never;
    luaL_len(L: lua_State, index: number): number;
    luaL_optinteger(L: lua_State, arg: number, otherwise: number): number;
    luaL_traceback(to: lua_State, from: lua_State, message: Uint8Array | null, level: number): void;
    luaL_where(L: lua_State, level: number): void;
  };
  export default lauxlib;
}

declare module 'fengari/src/lualib.js' {
  import type { lua_State } from 'fengari/src/lstate.js';

  const lualib: {
    luaopen_base(L: lua_State): number;
    luaopen_string(L: lua_State): number;
    luaopen_table(L: lua_State): number;
    luaopen_utf8(L: lua_State): number;
  };
  export default lualib;
}
