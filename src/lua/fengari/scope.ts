/**
 * What the parts of the engine share, as narrow interfaces: {@link Shared} of one engine, {@link Scope}
 * of one process, {@link TaskScope} of one task. The classes behind them are `engine.ts`, `process.ts`
 * and `task.ts`.
 */
import type { Kernel } from '../../kernel/kernel.js';
import type { Answer } from '../../kernel/program.js';
import type { LuaSource } from '../engine.js';
import type { LuaModule, ModuleCall, NativeFunction, Suspension, Use } from '../module.js';
import type { LuaFunction, lua_State, Proto, Table, TString, Udata } from './vm.js';

export interface Shared {
  /** The main thread; it makes the others and never runs code. */
  readonly state: lua_State;
  readonly modules: ReadonlyMap<string, LuaModule>;
  /** The Lua string of a text; short ones are kept, for field names and topics come again and again. */
  text(text: string): TString;
  /** How Lua sees `object`; null where no module declared its class. */
  formOf(object: object): ObjectForm | null;
  /** The text of a host object whose type has `tostring`, else null. */
  textOf(object: object): string | null;
  /** The name of a host object's type, for messages. */
  nameOf(object: object): string;
  /** What a host object stands for in a payload, as a function; null where it cannot be sent. */
  plainOf(object: object): (() => import('../../core/payload.js').Value) | null;
  /** The same NativeFunction is always the same Lua function. */
  native(fn: NativeFunction): LuaFunction;
  compile(source: LuaSource): Proto;
}

/** How Lua sees the objects of one class. */
export interface ObjectForm {
  /** Of the userdata that stand for them. */
  readonly metatable: Table;
  /** Their userdata is remembered only once a program has passed it on. */
  readonly fleeting: boolean;
}

export interface Scope {
  readonly shared: Shared;
  readonly kernel: Kernel;
  readonly use: Use;
  readonly source: LuaSource;
  /** The globals of the program. */
  readonly env: Table;
  readonly call: ModuleCall;
  /**
   * One userdata for each host object, so that `==` and table keys work. Not for messages and their like: a
   * WeakMap keeps what it is given until the next full collection, since each userdata refers to its key.
   */
  readonly userdata: WeakMap<object, Udata>;
  /** What a loaded library returned, by entry id. */
  readonly loaded: Map<string, import('./vm.js').TValue>;
  /** The globals of a source: the program's, or those of a library of its own. */
  globalsOf(source: LuaSource): Table;
  /** The process's own table of a standard library or module; null where there is none. */
  library(name: string): Table | null;
  /** A number that stands for an object in `tostring`, in the order of asking. */
  numberOf(object: object): number;
  /** The thread in which a module function is running. */
  running: lua_State;
  /** The task that is running, or ran last. */
  task: TaskScope;
  /** Counts the work of a library function that runs on `L` as so many VM instructions. */
  spend(L: lua_State, instructions: number): void;
  /** Resumes in progress from a place that cannot be suspended. */
  barriers: number;
}

export interface TaskScope {
  /** Its first thread; user coroutines are others. */
  readonly base: lua_State;
  /** What it waits with; null while it runs. */
  waiting: Suspension | null;
  /** Its slice was used up: it stopped between two instructions, and goes on there. */
  interrupted: boolean;
  /** It waits or was interrupted: a yield of its threads is not the program's own. */
  readonly suspended: boolean;
  /** The innermost thread when it began to wait, or was interrupted. */
  blockedIn: lua_State | null;
  answer: Answer | null;
}
