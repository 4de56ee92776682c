/**
 * A host for one process, made for specs: the clock is a variable, what the process asks for is
 * recorded, and every answer is given by hand. No time passes and nothing is random.
 */
import type { PerdureError } from '../../src/core/errors.js';
import type { Value } from '../../src/core/payload.js';
import { formatPid, type Pid } from '../../src/core/pid.js';
import { type Context, EMPTY_CONTEXT } from '../../src/core/signal.js';
import { Kernel } from '../../src/kernel/kernel.js';
import type { Answer, Program } from '../../src/kernel/program.js';
import type { HostRequest } from '../../src/kernel/request.js';
import type { LogLevel, Syscalls } from '../../src/kernel/syscalls.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: { readonly [name: string]: Value } | null;
}

export interface TestHostOptions {
  readonly pid?: Pid;
  readonly entry?: string;
  readonly context?: Context;
  /** Answers a request at once; `null` leaves it open for {@link TestHost.answer}. */
  readonly onAsk?: (request: HostRequest) => Answer | null;
  /** Milliseconds since the epoch. */
  readonly startMs?: number;
}

export class TestHost implements Syscalls {
  readonly kernel: Kernel;
  /** Requests that nobody has answered yet, by call number. */
  readonly asked = new Map<number, HostRequest>();
  /** Every request, in order. */
  readonly requests: HostRequest[] = [];
  /** Calls whose answer the process gave up, in order. */
  readonly abandoned: number[] = [];
  readonly printed: string[] = [];
  readonly logged: LogLine[] = [];
  /** What `random` gives, one after the other; 0.5 when there are none left. */
  readonly randoms: number[] = [];
  private readonly timers = new Map<number, number>();
  private readonly onAsk: (request: HostRequest) => Answer | null;
  private nowMs: number;

  constructor(options: TestHostOptions = {}) {
    this.nowMs = options.startMs ?? 0;
    this.onAsk = options.onAsk ?? (() => null);
    const pid = options.pid ?? formatPid('test:host', '1');
    this.kernel = new Kernel({
      pid,
      entry: options.entry ?? 'test:process',
      context: options.context ?? EMPTY_CONTEXT,
      syscalls: this,
    });
  }

  // --- what a spec does ------------------------------------------------------------------------

  /** Starts the program and runs it until it waits or ends. */
  run(program: Program, ...values: Value[]): this {
    this.kernel.start(program, values);
    this.kernel.run();
    return this;
  }

  /** Delivers a message and runs until idle. */
  send(topic: string, ...values: Value[]): this {
    this.kernel.deliver({ kind: 'message', from: null, topic, values, context: null });
    this.kernel.run();
    return this;
  }

  /** Turns the clock: timers that fall due go off in order, the process running after each. */
  turn(ms: number): this {
    const end = this.nowMs + ms;
    for (let next = this.nextTimer(end); next !== null; next = this.nextTimer(end)) {
      const [timer, at] = next;
      this.timers.delete(timer);
      this.nowMs = at;
      this.kernel.fire(timer);
      this.kernel.run();
    }
    this.nowMs = end;
    return this;
  }

  /** Answers the oldest open request and runs until idle. */
  answer(value: unknown, error: PerdureError | null = null): this {
    const call = this.asked.keys().next();
    if (call.done) throw new Error('nothing was asked');
    this.asked.delete(call.value);
    this.kernel.answer(call.value, { value, ok: error === null, error });
    this.kernel.run();
    return this;
  }

  /** What the process returned. @throws its error, or an Error while it still runs. */
  get value(): Value {
    const { result } = this.kernel;
    if (result === null) {
      throw new Error(
        `the process still runs; it waits for ${JSON.stringify(this.kernel.waiting())}`,
      );
    }
    if (result.error !== null) throw result.error;
    return result.value;
  }

  /** The error that the process ended with; `null` when it ended well. */
  get error(): PerdureError | null {
    const { result } = this.kernel;
    if (result === null) throw new Error('the process still runs');
    return result.error;
  }

  /** How many timers have been started and not gone off. */
  get timerCount(): number {
    return this.timers.size;
  }

  // --- the syscalls port -----------------------------------------------------------------------

  now(): number {
    return this.nowMs;
  }

  random(): number {
    return this.randoms.shift() ?? 0.5;
  }

  startTimer(timer: number, delayMs: number): void {
    this.timers.set(timer, this.nowMs + delayMs);
  }

  cancelTimer(timer: number): void {
    this.timers.delete(timer);
  }

  ask(call: number, request: HostRequest): Answer | null {
    this.requests.push(request);
    const answer = this.onAsk(request);
    if (answer === null) this.asked.set(call, request);
    return answer;
  }

  abandon(call: number): void {
    this.asked.delete(call);
    this.abandoned.push(call);
  }

  log(level: LogLevel, message: string, fields: { readonly [name: string]: Value } | null): void {
    this.logged.push({ level, message, fields });
  }

  print(text: string): void {
    this.printed.push(text);
  }

  /** The timer that falls due first, up to `end`; of two at once, the one started first. */
  private nextTimer(end: number): [number, number] | null {
    let next: [number, number] | null = null;
    for (const [timer, at] of this.timers) {
      if (at <= end && (next === null || at < next[1])) next = [timer, at];
    }
    return next;
  }
}
