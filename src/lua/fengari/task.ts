/** A task: a first thread, the coroutines that run inside it, and what it waits with. */
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import { type Answer, PREEMPTED, type Step, type Task, WAITING } from '../../kernel/program.js';
import type { Suspension } from '../module.js';
import { errorOf, hostObject } from './errors.js';
import { positionOf } from './position.js';
import type { LuaProcess } from './process.js';
import type { TaskScope } from './scope.js';
import { readable } from './text.js';
import { payloadOf } from './values-out.js';
import { lapi, ldo, type lua_State, OK, Tag, type TString, type TValue, YIELD } from './vm.js';

export class LuaTask implements Task, TaskScope {
  waiting: Suspension | null = null;
  interrupted = false;
  blockedIn: lua_State | null = null;
  answer: Answer | null = null;
  private state: 'new' | 'alive' | 'ended' = 'new';

  /** The function to run and its `args` arguments are on the stack of `base`. */
  constructor(
    private readonly process: LuaProcess,
    readonly base: lua_State,
    private readonly args: number,
  ) {}

  resume(answer: Answer | null): Step {
    if (this.process.closed || this.state === 'ended') return WAITING;
    const args = this.state === 'new' ? this.args : 0;
    this.interrupted = false;
    this.base.blocked = false;
    this.state = 'alive';
    this.answer = answer;
    this.process.enter(this);
    const status = ldo.lua_resume(this.base, null, args);
    this.base.blocked = status === YIELD; // its thread is the kernel's to resume, not another task's
    if (status === YIELD) return this.interrupted ? PREEMPTED : WAITING;
    this.state = 'ended';
    return status === OK ? this.result() : { kind: 'failed', error: this.failure() };
  }

  get suspended(): boolean {
    return this.interrupted || this.waiting !== null;
  }

  where(): string | null {
    if (this.state !== 'alive' || this.process.closed) return null;
    return positionOf(this.blockedIn ?? this.base);
  }

  private failure(): PerdureError {
    return errorOf(this.process.shared, this.base);
  }

  /** The first result is the value; text or an error in second place means failure. */
  private result(): Step {
    const { base } = this;
    const count = lapi.lua_gettop(base);
    const from = base.top - count;
    if (count > 1) {
      const error = failureIn(base.stack[from + 1] as TValue);
      if (error !== null) return { kind: 'failed', error };
    }
    try {
      return { kind: 'done', value: count === 0 ? null : this.copy(base.stack[from] as TValue) };
    } catch (thrown) {
      return { kind: 'failed', error: PerdureError.from(thrown) };
    }
  }

  private copy(value: TValue): Value {
    return payloadOf(this.process.shared, value, 'result');
  }
}

function failureIn(value: TValue): PerdureError | null {
  if (value.type === Tag.STRING) {
    const { realstring } = value.value as TString;
    return new PerdureError(ErrorKind.UNKNOWN, readable(realstring));
  }
  const object = hostObject(value);
  return isPerdureError(object) ? object : null;
}
