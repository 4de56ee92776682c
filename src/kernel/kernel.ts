/**
 * The kernel: the state machine inside one process. It schedules the process's tasks in the order they
 * became ready, matches channels, turns signals into messages and events, and passes what it cannot
 * answer itself to its host through the {@link Syscalls} port.
 *
 * Invariants:
 * 1. Nothing runs except inside {@link Kernel.run}; every input (a signal, a timer, an answer) only
 *    makes tasks ready. The same inputs in the same order lead to the same steps.
 * 2. Once `result` is set it never changes: no task runs, and every later input is ignored. A task that
 *    ends its own process (it terminates itself, or its request does) never gets an answer again: its
 *    turn stops at that request, and only then is the program closed.
 * 3. What a task does between two waits is not interleaved with other tasks of its process. One that is
 *    preempted ends the turn of the process, not its own: it goes on before any other task, so programs
 *    need no locks, and the same code does the same where nothing is preempted (in a workflow).
 * 4. A task stands in the ready queue at most once, and is either ready, running or waiting.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import { Queue } from '../core/queue.js';
import type { Context, ExitResult, Signal } from '../core/signal.js';
import { type Channel, type SelectCase, Waiter } from './channel.js';
import { Mailbox } from './mailbox.js';
import { Message } from './message.js';
import type { Answer, Item, Performer, Program, Step, Task } from './program.js';
import type { HostRequest, KernelRequest, Request } from './request.js';
import type { Syscalls } from './syscalls.js';

export interface KernelOptions {
  readonly pid: Pid;
  /** Entry id of the program. */
  readonly entry: string;
  readonly context: Context;
  readonly syscalls: Syscalls;
}

/** Flags that a program sets for its own process (`process.set_options`). */
export interface ProcessFlags {
  /** Failures of linked processes arrive as LINK_DOWN events instead of ending this one. */
  readonly trapLinks: boolean;
}

interface Running {
  readonly task: Task;
  readonly main: boolean;
  /** What it waits for, by the name of the request; `null` while ready or running. */
  waitsFor: Request['op'] | null;
  answer: Answer | null;
}

/** One row of {@link Kernel.waiting}. */
export interface Waiting {
  readonly op: Request['op'];
  readonly at: string | null;
}

export class Kernel implements Performer {
  readonly pid: Pid;
  readonly entry: string;
  readonly context: Context;
  readonly syscalls: Syscalls;
  readonly mailbox = new Mailbox();
  flags: ProcessFlags = { trapLinks: false };

  private program: Program | null = null;
  private readonly ready = new Queue<Running>();
  private readonly tasks = new Set<Running>();
  private readonly timers = new Map<number, () => void>();
  private readonly calls = new Map<number, (answer: Answer) => void>();
  private current: Running | null = null;
  /** The task that was preempted; it is not in the ready queue. */
  private preempted: Running | null = null;
  private lastTimer = 0;
  private lastCall = 0;
  private ending: ExitResult | null = null;

  constructor(options: KernelOptions) {
    this.pid = options.pid;
    this.entry = options.entry;
    this.context = options.context;
    this.syscalls = options.syscalls;
  }

  // --- inputs, for the host -------------------------------------------------------------------

  /** Gives the process its program; `main` is then ready to run. */
  start(program: Program, values: readonly Value[]): void {
    this.program = program;
    this.addTask(program.start(values), true);
  }

  deliver(signal: Signal): void {
    if (this.ending !== null) return;
    switch (signal.kind) {
      case 'message':
        this.mailbox.put(new Message(signal.from, signal.topic, signal.values, signal.context));
        break;
      case 'exit':
        this.putExit('EXIT', signal.from, signal.result);
        break;
      case 'link_down':
        this.linkDown(signal.from, signal.result);
        break;
      case 'cancel':
        if (signal.stopping === true && !this.mailbox.readsEvents) {
          this.end({ value: null, error: terminated(signal.reason) });
        } else this.cancel(signal.from, signal.reason, signal.deadlineMs);
        break;
      case 'terminate':
        this.end({ value: null, error: terminated(signal.reason) });
        break;
      case 'outdated':
        this.mailbox.putEvent({ kind: 'OUTDATED', from: signal.from, at: this.now() });
        break;
      default: // links and monitors are the node's business, not the kernel's
        break;
    }
  }

  /** A timer of {@link Syscalls.startTimer} went off. */
  fire(timer: number): void {
    const action = this.timers.get(timer);
    if (action === undefined) return;
    this.timers.delete(timer);
    action();
  }

  /** The answer to a call of {@link Syscalls.ask}. */
  answer(call: number, answer: Answer): void {
    const done = this.calls.get(call);
    if (done === undefined) return;
    this.calls.delete(call);
    done(answer);
  }

  /**
   * Runs ready tasks, at most `turns` turns of them, or until one is preempted.
   * @returns true while some task is still ready.
   */
  run(turns = Number.POSITIVE_INFINITY): boolean {
    for (let left = turns; left > 0 && this.ending === null; left--) {
      const next = this.preempted ?? this.ready.shift();
      if (next === undefined) return false;
      this.preempted = null;
      this.turn(next);
      if (this.preempted !== null) break;
    }
    return this.runnable;
  }

  // --- state, for the host --------------------------------------------------------------------

  /** How the process ended; `null` while it lives. */
  get result(): ExitResult | null {
    return this.ending;
  }

  get runnable(): boolean {
    return this.ending === null && (this.ready.length > 0 || this.preempted !== null);
  }

  /** What the tasks wait for, main first. */
  waiting(): Waiting[] {
    return [...this.tasks].flatMap((t) =>
      t.waitsFor === null ? [] : [{ op: t.waitsFor, at: t.task.where() }],
    );
  }

  /** Where the task that runs, or was preempted, stands in its source; `null` where there is none. */
  where(): string | null {
    return (this.current ?? this.preempted)?.task.where() ?? null;
  }

  /** Ends the process now, whatever its tasks are doing. The first end wins. */
  end(result: ExitResult): void {
    if (this.ending !== null) return;
    this.ending = result;
    for (const timer of this.timers.keys()) this.syscalls.cancelTimer(timer);
    for (const call of this.calls.keys()) this.syscalls.abandon(call);
    this.timers.clear();
    this.calls.clear();
    this.tasks.clear();
    this.preempted = null;
    if (this.current === null) this.program?.close();
  }

  // --- operations, for the program -------------------------------------------------------------

  now(): number {
    return this.syscalls.now();
  }

  perform(request: Request): Answer | null {
    const running = this.current;
    if (running === null) throw new Error('a request was made outside a turn of its process');
    if (this.ending !== null) return null;
    const answer = this.tryPerform(request, running);
    if (answer === null) running.waitsFor = request.op;
    return this.ending === null ? answer : null;
  }

  /** Asks the host without waiting; `done` gets the answer once, perhaps before this returns. */
  begin(request: HostRequest, done: (answer: Answer) => void): number {
    const call = ++this.lastCall;
    if (this.ending !== null) return call;
    this.calls.set(call, done);
    const answer = this.syscalls.ask(call, request);
    if (answer !== null) this.answer(call, answer);
    return call;
  }

  /** Nobody wants the answer of {@link begin} any more; the host aborts the work if it can. */
  abandon(call: number): void {
    if (this.calls.delete(call)) this.syscalls.abandon(call);
  }

  /** Runs `action` once, after `delayMs`. */
  startTimer(delayMs: number, action: () => void): number {
    const timer = ++this.lastTimer;
    if (this.ending !== null) return timer;
    this.timers.set(timer, action);
    this.syscalls.startTimer(timer, Math.max(0, delayMs));
    return timer;
  }

  /** False where the timer has gone off already. */
  cancelTimer(timer: number): boolean {
    const live = this.timers.delete(timer);
    if (live) this.syscalls.cancelTimer(timer);
    return live;
  }

  // --- the inside ------------------------------------------------------------------------------

  private addTask(task: Task, main: boolean): void {
    const running: Running = { task, main, waitsFor: null, answer: null };
    this.tasks.add(running);
    this.ready.push(running);
  }

  private turn(running: Running): void {
    this.current = running;
    const answer = running.answer;
    running.answer = null;
    const step = stepOf(running.task, answer);
    this.current = null;
    if (this.ending !== null) this.program?.close();
    if (step.kind === 'waiting' || this.ending !== null) return;
    if (step.kind === 'preempted') {
      this.preempted = running;
      return;
    }
    this.tasks.delete(running);
    if (step.kind === 'failed') this.end({ value: null, error: step.error });
    else if (running.main) this.end({ value: step.value, error: null });
  }

  private resume(running: Running, answer: Answer): void {
    if (running.waitsFor === null) return;
    running.waitsFor = null;
    running.answer = answer;
    this.ready.push(running);
  }

  private tryPerform(request: Request, running: Running): Answer | null {
    switch (request.op) {
      case 'receive':
      case 'offer':
      case 'select':
      case 'sleep':
      case 'fork':
        return this.performHere(request, running);
      default:
        return this.performThere(request, running);
    }
  }

  private performHere(request: KernelRequest, running: Running): Answer | null {
    switch (request.op) {
      case 'receive':
        return this.receive(request.channel, request.timeoutMs, running);
      case 'offer':
        return this.offer(request.channel, request.item, running);
      case 'select':
        return this.select(request.cases, request.orElse, running);
      case 'sleep':
        this.startTimer(request.delayMs, () => this.resume(running, DONE));
        return null;
      case 'fork':
        this.addTask(request.task, false);
        return DONE;
    }
  }

  private performThere(request: HostRequest, running: Running): Answer | null {
    const call = ++this.lastCall;
    const answer = this.syscalls.ask(call, request);
    if (answer !== null) return answer;
    if (this.ending === null) this.calls.set(call, (late) => this.resume(running, late));
    else this.syscalls.abandon(call);
    return null;
  }

  private receive(channel: Channel, timeoutMs: number | null, running: Running): Answer | null {
    const polled = channel.poll();
    if (polled !== null) return { value: polled.value, ok: polled.ok, error: null };
    if (timeoutMs !== null && timeoutMs <= 0) return timedOut();
    const waiter = new Waiter((answer) => {
      if (timer !== 0) this.cancelTimer(timer);
      this.resume(running, answer);
    }, false);
    channel.awaitItem(waiter);
    const timer =
      timeoutMs === null
        ? 0
        : this.startTimer(timeoutMs, () => {
            waiter.leave();
            this.resume(running, timedOut());
          });
    return null;
  }

  private offer(channel: Channel, item: Item, running: Running): Answer | null {
    if (channel.closed) return CLOSED_OFFER;
    if (channel.offer(item)) return DONE;
    channel.awaitRoom(new Waiter((answer) => this.resume(running, answer), false), item);
    return null;
  }

  private select(cases: readonly SelectCase[], orElse: boolean, running: Running): Answer | null {
    for (const { channel, sends, item } of cases) {
      if (sends) {
        if (channel.closed) return CLOSED_OFFER;
        if (channel.offer(item)) return selected(channel, null, true);
      } else {
        const polled = channel.poll();
        if (polled !== null) return selected(channel, polled.value, polled.ok);
      }
    }
    if (orElse) return selected(null, null, false);
    const waiter = new Waiter((answer) => this.resume(running, answer), true);
    for (const { channel, sends, item } of cases) {
      if (sends) channel.awaitRoom(waiter, item);
      else channel.awaitItem(waiter);
    }
    return null;
  }

  private putExit(kind: 'EXIT' | 'LINK_DOWN', from: Pid, result: ExitResult): void {
    this.mailbox.putEvent({ kind, from, result, at: this.now() });
  }

  private linkDown(from: Pid, result: ExitResult): void {
    if (this.flags.trapLinks) this.putExit('LINK_DOWN', from, result);
    else this.end({ value: null, error: result.error ?? terminated(null) });
  }

  private cancel(from: Pid | null, reason: string | null, deadlineMs: number | null): void {
    const deadline = deadlineMs === null ? null : this.now() + deadlineMs;
    this.mailbox.putEvent({ kind: 'CANCEL', from, reason, deadline, at: this.now() });
    if (deadlineMs === null) return;
    this.startTimer(deadlineMs, () => {
      this.end({ value: null, error: terminated('the deadline of its cancellation passed') });
    });
  }
}

/** A turn of a task; what an engine throws ends the process, and never the host that runs it. */
function stepOf(task: Task, answer: Answer | null): Step {
  try {
    return task.resume(answer);
  } catch (thrown) {
    return { kind: 'failed', error: PerdureError.from(thrown) };
  }
}

/** The answer of a request that has nothing to say. */
export const DONE: Answer = Object.freeze({ value: null, ok: true, error: null });

const CLOSED_OFFER: Answer = Object.freeze({
  value: null,
  ok: false,
  error: new PerdureError(ErrorKind.INVALID, 'channel is closed'),
});

function selected(channel: Channel | null, value: Item, ok: boolean): Answer {
  return { value: { channel, value, ok }, ok: true, error: null };
}

function timedOut(): Answer {
  return {
    value: null,
    ok: false,
    error: new PerdureError(ErrorKind.TIMEOUT, 'receive timed out'),
  };
}

/** The error of a process that was terminated (docs/semantics.md, rule 5: CANCELED, "terminated"). */
export function terminated(reason: string | null): PerdureError {
  const message = reason === null ? 'process terminated' : `process terminated: ${reason}`;
  return new PerdureError(ErrorKind.CANCELED, message);
}
