/**
 * The kernel: the state machine inside one process. It schedules the process's tasks in the order they
 * became ready, matches channels, turns signals into messages and events, and passes what it cannot
 * answer itself to its host through the {@link Syscalls} port.
 *
 * Invariants:
 * 1. Nothing runs except inside {@link Kernel.run}; every input (a signal, a timer, an answer) only
 *    makes strands ready. The same inputs in the same order lead to the same steps. An asynchronous
 *    program is the exception: `run` settles its promises, and it goes on in microtasks after that; so it
 *    says for whom it asks ({@link Kernel.request}), and the host is woken for what that made ready.
 * 2. Once `result` is set it never changes: no task runs, and every later input is ignored. A task that
 *    ends its own process (it terminates itself, or its request does) never gets an answer again: its
 *    turn stops at that request, and only then is the program closed.
 * 3. What a task does between two waits is not interleaved with other tasks of its process. One that is
 *    preempted ends the turn of the process, not its own: it goes on before any other task, so programs
 *    need no locks, and the same code does the same where nothing is preempted (in a workflow).
 * 4. A strand stands in the ready list at most once, and is either ready, running or waiting.
 */
import { messageOf } from '../core/message.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { Context, ExitResult, Signal } from '../core/signal.js';
import { type Answering, answerRequest } from './answering.js';
import type { Waiter } from './channel.js';
import { short, terminated } from './endings.js';
import type { Estate } from './estate.js';
import { DEFAULT_FLAGS, type ProcessFlags } from './flags.js';
import { Handlers } from './handlers.js';
import { Look, resultOf } from './look.js';
import { Mailbox } from './mailbox.js';
import { Outstanding, type TimerAction } from './outstanding.js';
import { type Answer, DONE, type Performer, type Program, type Task } from './program.js';
import type { HostRequest, Request } from './request.js';
import { type Signalled, takeSignal } from './signals.js';
import { AnswerStrand, ReadyList, type Strand, StrandList, stepOf, TaskStrand } from './strand.js';
import type { Syscalls } from './syscalls.js';

export interface KernelOptions {
  readonly pid: Pid;
  /** Entry id of the program. */
  readonly entry: string;
  readonly context: Context;
  readonly syscalls: Syscalls;
  /** The program stays open when the process has ended, so that it can still be looked at. */
  readonly keepsProgram?: boolean;
}

/** One row of {@link Kernel.waiting}. */
export interface Waiting {
  readonly op: Request['op'];
  readonly at: string | null;
}

export class Kernel implements Performer, Answering, Signalled {
  readonly pid: Pid;
  entry: string;
  readonly context: Context;
  readonly syscalls: Syscalls;
  mailbox = new Mailbox();
  flags: ProcessFlags = DEFAULT_FLAGS;

  private program: Program | null = null;
  private readonly ready = new ReadyList();
  private readonly strands = new StrandList();
  /** Made when there is the first: most processes only send and receive. */
  private outstanding: Outstanding | null = null;
  private current: Strand | null = null;
  /** The strand that was preempted; it is not in the ready list. */
  private preempted: Strand | null = null;
  /** The program that takes the place of the present one as soon as no task runs. */
  private next: NextProgram | null = null;
  private paused = false;
  private lastCall = 0;
  private ending: ExitResult | null = null;
  private look: Look | null = null;
  private answers: Handlers | null = null;
  private readonly keepsProgram: boolean;

  constructor(options: KernelOptions) {
    this.pid = options.pid;
    this.entry = options.entry;
    this.context = options.context;
    this.syscalls = options.syscalls;
    this.keepsProgram = options.keepsProgram === true;
  }

  // --- inputs, for the host -------------------------------------------------------------------

  /** Gives the process its program; `main` is then ready to run. */
  start(program: Program, values: readonly Value[]): void {
    this.program = program;
    this.addTask(program.start(values), 'main');
  }

  /** Gives the process what another one left to it, before it has its program. */
  inherit({ flags, deadlines, messages, events }: Estate): void {
    this.flags = flags;
    for (const message of messages) this.mailbox.put(message);
    for (const event of events) this.mailbox.putEvent(event);
    for (const deadline of deadlines) this.endAt(deadline, deadline - this.now());
  }

  /** What a process that goes on for this one has to know. Nothing is taken away. */
  estate(): Estate {
    const { messages, events } = this.mailbox.unread();
    return {
      flags: this.flags,
      deadlines: this.outstanding?.due ?? [],
      messages,
      events,
    };
  }

  /** No task has another turn until {@link resumeTurns}. */
  pauseTurns(): void {
    this.paused = true;
  }

  resumeTurns(): void {
    this.paused = false;
  }

  deliver(signal: Signal): void {
    if (this.ending !== null) return;
    if (signal.kind === 'message') this.mailbox.put(messageOf(signal));
    else takeSignal(this, signal);
  }

  /**
   * Gives the process another program: its tasks, timers and calls end, and `main` of the new one starts.
   * PID, unread messages and events, flags, names, monitors, links and the deadlines of cancellations stay
   * (docs/semantics.md, rule 10). It happens when the task that is running gives up its turn.
   */
  upgrade(program: Program, entry: string, values: readonly Value[]): void {
    if (this.ending !== null) {
      program.close();
      return;
    }
    this.next?.program.close();
    this.next = { program, entry, values };
    this.nudge();
  }

  /** A timer of {@link Syscalls.startTimer} went off. */
  fire(timer: number): void {
    const action = this.outstanding?.takeTimer(timer);
    if (typeof action === 'function') action();
    else if (action !== undefined) this.resume(action, DONE);
  }

  /** The answer to a call of {@link Syscalls.ask}. */
  answer(call: number, answer: Answer): void {
    const done = this.outstanding?.takeCall(call);
    if (typeof done === 'function') done(answer);
    else if (done !== undefined) this.resume(done, answer);
  }

  /**
   * Runs a task of the program at once, outside the turns of the process: see {@link Look}. After the end
   * too, where the program was kept.
   */
  lookWith(task: Task): ExitResult {
    if (this.current !== null || this.look !== null) throw new Error('a task is running');
    this.look = new Look(task, this.syscalls);
    try {
      return this.look.take();
    } finally {
      this.look = null;
    }
  }

  /** Adds a task whose result is for somebody outside. `ended` is never called once the process has ended. */
  answerWith(task: Task, ended: (result: ExitResult) => void): void {
    if (this.ending === null) this.add(new AnswerStrand(task, ended));
  }

  /** True where a look is being taken; it fails then, with `what` for a reason. */
  refuses(what: string): boolean {
    this.look?.refuse(what);
    return this.look !== null;
  }

  /**
   * Runs ready strands, at most `turns` turns of them, or until one is preempted.
   * @returns true while some strand is still ready.
   */
  run(turns = Number.POSITIVE_INFINITY): boolean {
    for (let left = turns; left > 0 && this.ending === null && !this.paused; left--) {
      if (this.next !== null) this.replace(this.next);
      const next = this.preempted ?? this.ready.shift();
      if (next === null) return false;
      this.preempted = null;
      this.turn(next);
      if (this.preempted !== null) break;
    }
    return this.runnable;
  }

  /**
   * Settles what an asynchronous program waits for, where that is next to run. None of the program runs: it
   * goes on in a microtask.
   * @returns true where there is still something to run.
   */
  settle(): boolean {
    if (this.current !== null || this.preempted !== null || this.next !== null)
      return this.runnable;
    for (let next = this.ready.head; next?.kind === 'request'; next = this.ready.head) {
      this.ready.shift();
      this.turn(next);
    }
    return this.runnable;
  }

  // --- state, for the host --------------------------------------------------------------------

  /** How the process ended; `null` while it lives. */
  get result(): ExitResult | null {
    return this.ending;
  }

  /** Whether a task has used up its slice and has not waited since. */
  get busy(): boolean {
    return this.preempted !== null;
  }

  get runnable(): boolean {
    if (this.ending !== null || this.paused) return false;
    return this.ready.head !== null || this.preempted !== null || this.next !== null;
  }

  /**
   * Whether `main` is its only task and waits for a message or an event, and nothing else is under way: a
   * program that starts anew here loses nothing but its variables.
   */
  get atRest(): boolean {
    const [main, other] = this.strands.toArray();
    if (this.ending !== null || this.runnable || main?.kind !== 'main' || other !== undefined) {
      return false;
    }
    return this.outstanding?.isIdle !== false && this.mailbox.awaited;
  }

  /** What the program answers to those outside. */
  get handlers(): Handlers {
    this.answers ??= new Handlers();
    return this.answers;
  }

  /** What the tasks wait for, main first. */
  waiting(): Waiting[] {
    return this.strands
      .toArray()
      .flatMap((s) => (s.waitsFor === null ? [] : [{ op: s.waitsFor, at: s.where() }]));
  }

  /** Where the task that runs, or was preempted, stands in its source; `null` where there is none. */
  where(): string | null {
    return (this.current ?? this.preempted)?.where() ?? null;
  }

  /** Ends the process now, whatever its tasks are doing. The first end wins. */
  end(result: ExitResult): void {
    if (this.ending !== null) return;
    this.ending = result.error === null ? result : { value: null, error: short(result.error) };
    this.outstanding?.close();
    this.letGo();
    this.next?.program.close();
    if (this.current === null) this.closeProgram();
  }

  // --- operations, for the program -------------------------------------------------------------

  now(): number {
    return this.syscalls.now();
  }

  perform(request: Request): Answer | null {
    if (this.look !== null) return this.look.perform(request);
    const running = this.current;
    if (running === null) throw new Error('a request was made outside a turn of its process');
    if (this.ending !== null) return null;
    const got = answerRequest(this, request, running);
    if (got === null) running.waitsFor = request.op;
    return this.ending === null ? got : null;
  }

  request(request: Request, strand: Strand): Answer | null {
    if (this.ending !== null) return null;
    const got = answerRequest(this, request, strand);
    const later = got === null || this.syscalls.spend?.() === true;
    if (later && this.ending === null) {
      strand.waitsFor = request.op;
      this.strands.add(strand);
      if (got !== null) this.resume(strand, got);
    }
    this.nudge();
    return later || this.ending !== null ? null : got;
  }

  running(): Strand {
    if (this.current === null) throw new Error('no task is running');
    return this.current;
  }

  nudge(): void {
    if (this.current !== null) return;
    if (this.runnable || this.ending !== null) this.syscalls.wake?.();
  }

  again(strand: Strand): void {
    if (this.ending !== null) return;
    this.ready.push(strand);
    if (this.current === null && !this.paused) this.syscalls.proceed?.();
  }

  // --- operations, for what answers the program's requests ---------------------------------------

  wake(waiter: Waiter, answer: Answer): void {
    if (waiter.timer !== 0) this.cancelTimer(waiter.timer);
    waiter.timer = 0;
    this.resume(waiter.key as Strand, answer);
  }

  fork(task: Task): void {
    this.addTask(task, 'task');
  }

  ask(request: HostRequest, strand: Strand): Answer | null {
    const call = ++this.lastCall;
    const answer = this.syscalls.ask(call, request);
    if (answer !== null) return answer;
    if (this.ending !== null) {
      this.syscalls.abandon(call);
      return null;
    }
    this.underWay.addCall(call, strand);
    return null;
  }

  /** Asks the host without waiting; `done` gets the answer once, perhaps before this returns. */
  begin(request: HostRequest, done: (answer: Answer) => void): number {
    if (this.refuses(request.op)) return 0;
    const call = ++this.lastCall;
    if (this.ending !== null) return call;
    this.underWay.addCall(call, done);
    const answer = this.syscalls.ask(call, request);
    if (answer !== null) this.answer(call, answer);
    return call;
  }

  /** Nobody wants the answer of {@link begin} any more; the host aborts the work if it can. */
  abandon(call: number): void {
    if (this.refuses('a cancellation')) return;
    this.outstanding?.abandon(call);
  }

  /** After `delayMs`, runs `action` once, or resumes the strand that sleeps. */
  startTimer(delayMs: number, action: TimerAction): number {
    if (this.refuses('a timer') || this.ending !== null) return 0;
    return this.underWay.startTimer(delayMs, action);
  }

  /** For signals: terminates the process at `deadline`, `delayMs` from now. */
  endAt(deadline: number, delayMs: number): void {
    this.underWay.startDeadline(deadline, delayMs, () => {
      this.end({ value: null, error: terminated('the deadline of its cancellation passed') });
    });
  }

  /** False where the timer has gone off already. */
  cancelTimer(timer: number): boolean {
    return !this.refuses('a timer') && this.outstanding?.cancelTimer(timer) === true;
  }

  // --- the inside ------------------------------------------------------------------------------

  private get underWay(): Outstanding {
    this.outstanding ??= new Outstanding(this.syscalls);
    return this.outstanding;
  }

  private replace({ program, entry, values }: NextProgram): void {
    this.next = null;
    this.letGo();
    this.program?.close();
    this.mailbox = this.mailbox.renew();
    this.answers = null;
    this.entry = entry;
    this.start(program, values);
  }

  private addTask(task: Task, kind: 'main' | 'task'): void {
    this.add(new TaskStrand(kind, task));
  }

  private add(strand: Strand): void {
    this.strands.add(strand);
    this.ready.push(strand);
  }

  private closeProgram(): void {
    if (!this.keepsProgram) this.program?.close();
  }

  private turn(strand: Strand): void {
    this.current = strand;
    const { answer } = strand;
    strand.answer = null;
    if (strand.kind === 'request') this.strands.remove(strand);
    const step = stepOf(strand, answer);
    this.current = null;
    if (this.ending !== null) this.closeProgram();
    if (step.kind === 'waiting' || this.ending !== null) return;
    if (step.kind === 'preempted') {
      this.preempted = strand;
      return;
    }
    this.strands.remove(strand);
    if (strand instanceof AnswerStrand) strand.ended(resultOf(step));
    else if (step.kind === 'failed') this.end({ value: null, error: step.error });
    else if (strand.kind === 'main') this.end({ value: step.value, error: null });
  }

  private resume(strand: Strand, answer: Answer): void {
    if (strand.waitsFor === null) return;
    strand.waitsFor = null;
    strand.answer = answer;
    this.ready.push(strand);
  }

  /** Lets go of all that the tasks wait for. */
  private letGo(): void {
    this.outstanding?.letGo();
    this.strands.clear();
    this.ready.clear();
    this.preempted = null;
  }
}

/** What {@link Kernel.upgrade} was given. */
interface NextProgram {
  readonly program: Program;
  readonly entry: string;
  readonly values: readonly Value[];
}
