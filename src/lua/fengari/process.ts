/** A program in Lua: globals of its own, and the tasks that run in them. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Program, Task } from '../../kernel/program.js';
import type { LuaSource, OpenOptions } from '../engine.js';
import type { LuaRef, LuaValue, ModuleCall, Use } from '../module.js';
import { bootFunction } from './boot.js';
import type { Environment } from './environment.js';
import { lazyTable } from './lazy-table.js';
import { Meter } from './meter.js';
import { positionOf } from './position.js';
import { FengariRef } from './ref.js';
import type { Scope, Shared, TaskScope } from './scope.js';
import { LuaTask } from './task.js';
import { toLua } from './values-in.js';
import {
  type lua_State,
  newThread,
  push,
  reserve,
  type Table,
  Tag,
  type TValue,
  type Udata,
} from './vm.js';

export class LuaProcess implements Program, Scope {
  readonly kernel: Kernel;
  readonly use: Use;
  readonly source: LuaSource;
  readonly env: Table;
  readonly call: ModuleCall;
  readonly loaded = new Map<string, TValue>();
  userdata = new WeakMap<object, Udata>();
  running: lua_State;
  task!: TaskScope; // set by `enter` before any Lua runs
  barriers = 0;
  closed = false;
  private readonly tables = new Map<string, Table>();
  private readonly meter: Meter | null;
  private numbers: WeakMap<object, number> | null = null;
  private lastNumber = 0;

  constructor(
    readonly shared: Shared,
    private readonly environment: Environment,
    options: OpenOptions,
  ) {
    this.kernel = options.kernel;
    this.use = options.use;
    this.source = options.source;
    this.running = shared.state;
    this.meter = Meter.of(options.budget, options.slice);
    this.call = new ProcessCall(this);
    this.env = lazyTable(this, environment.globals(this.source, this.use));
  }

  start(values: readonly Value[]): Task {
    const thread = this.newThread();
    push(thread, Tag.NATIVE, bootFunction(this, values));
    return new LuaTask(this, thread, 0);
  }

  close(): void {
    this.closed = true;
    this.loaded.clear();
    this.tables.clear();
    this.userdata = new WeakMap();
  }

  /** A task gets its turn: what is one a state, not one a process, is set to this process. */
  enter(task: TaskScope): void {
    this.task = task;
    this.barriers = 0;
    this.meter?.startTurn();
    this.environment.useStrings(this);
  }

  spend(L: lua_State, instructions: number): void {
    this.meter?.spend(L, instructions);
  }

  globalsOf(source: LuaSource): Table {
    return source === this.source ? this.env : this.environment.libraryGlobals(this, source);
  }

  library(name: string): Table | null {
    let table = this.tables.get(name);
    if (table === undefined) {
      const made = this.environment.copyFor(this, name);
      if (made === null) return null;
      table = made;
      this.tables.set(name, table);
    }
    return table;
  }

  numberOf(object: object): number {
    this.numbers ??= new WeakMap();
    let n = this.numbers.get(object);
    if (n === undefined) {
      n = ++this.lastNumber;
      this.numbers.set(object, n);
    }
    return n;
  }

  /** A thread for a task; user coroutines are made by `coroutine.create`. */
  private newThread(): lua_State {
    const { state } = this.shared;
    const thread = newThread(state, this);
    this.meter?.watch(thread);
    return thread;
  }

  /** A task that runs a Lua function of this process. */
  fork(fn: LuaRef, args: readonly LuaValue[]): Task {
    if (!(fn instanceof FengariRef) || fn.kind !== 'function') {
      throw new PerdureError(ErrorKind.INVALID, `a function is needed to start a task`);
    }
    const thread = this.newThread();
    reserve(thread, args.length + 1);
    push(thread, fn.tag, fn.object);
    for (const value of args) thread.stack[thread.top++] = toLua(this, value);
    return new LuaTask(this, thread, args.length);
  }
}

/** What a module function sees of its caller. */
class ProcessCall implements ModuleCall {
  readonly kernel: Kernel;
  readonly use: Use;

  constructor(private readonly process: LuaProcess) {
    this.kernel = process.kernel;
    this.use = process.use;
  }

  where(): string {
    return positionOf(this.process.running) ?? this.process.source.file;
  }

  task(fn: LuaRef, args: readonly LuaValue[]): Task {
    return this.process.fork(fn, args);
  }
}
