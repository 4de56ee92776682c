/**
 * The local host: runs processes in this Node process. `process.host` entries are one each; functions
 * have their own (`perdure:functions`).
 *
 * Invariants:
 * 1. A process is in `processes` from spawn until it was reaped; reaping reports its exit once.
 * 2. Ending a process only marks it and queues a turn, so that a chain of linked processes falls in
 *    a loop, not in a recursion.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { formatPid, type Pid } from '../../core/pid.js';
import { ACCEPTED, type Delivery, type Signal } from '../../core/signal.js';
import { openDefinition } from '../../js/program.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Program } from '../../kernel/program.js';
import type { Host, ProcessInfo, Spawned, SpawnOrder } from '../../runtime/host.js';
import type { Node } from '../../runtime/node.js';
import { notFound } from '../../runtime/program-host.js';
import { LocalProcess, type LocalWorld } from './local-process.js';
import { ProcessTable } from './process-table.js';
import type { FunctionCaller, Outside, Programs } from './programs.js';
import { RunQueue } from './run-queue.js';
import { TimerQueue } from './timer-queue.js';

export interface LocalHostOptions {
  readonly id: string;
  readonly node: Node;
  readonly programs: Programs;
  readonly functions: FunctionCaller;
  readonly outside: Outside;
  /** Messages a process may leave unread before senders get RATE_LIMITED. Default 100,000. */
  readonly mailboxLimit?: number | undefined;
  /** Processes alive at once before spawn gives RATE_LIMITED. Default: no limit. */
  readonly maxProcesses?: number | undefined;
}

const MAILBOX_LIMIT = 100_000;

export class LocalHost implements Host, LocalWorld {
  readonly id: string;
  readonly node: Node;
  readonly functions: FunctionCaller;
  readonly outside: Outside;
  readonly timers: TimerQueue;
  readonly programs: Programs;
  private readonly mailboxLimit: number;
  /** Unread messages of one process that observers are told of. */
  private readonly mailboxMark: number;
  private readonly maxProcesses: number;
  private readonly processes: ProcessTable;
  private readonly queue: RunQueue;
  private stopped: Promise<void> | null = null;
  private whenEmpty: (() => void) | null = null;

  constructor(options: LocalHostOptions) {
    this.id = options.id;
    this.node = options.node;
    this.programs = options.programs;
    this.functions = options.functions;
    this.outside = options.outside;
    this.timers = new TimerQueue(this.node.clock);
    this.mailboxLimit = options.mailboxLimit ?? MAILBOX_LIMIT;
    this.mailboxMark = Math.ceil(this.mailboxLimit / 2);
    this.maxProcesses = options.maxProcesses ?? Number.POSITIVE_INFINITY;
    this.processes = new ProcessTable(formatPid(this.id, '', this.node.name).slice(0, -1));
    this.queue = new RunQueue(() => this.node.clock.hold('local processes'));
  }

  async start(): Promise<void> {}

  spawn(order: SpawnOrder): Spawned {
    const taken = order.name === null ? undefined : this.node.names.lookup(order.name);
    if (taken !== undefined) return this.joinExisting(taken, order);
    const refusal = this.refusal(order);
    if (refusal !== null) return { error: refusal };
    const id = this.processes.nextId();
    const pid = this.processes.pidOf(id);
    const process = new LocalProcess(id, pid, order, this);
    try {
      process.kernel.start(this.open(order, process.kernel), order.values);
    } catch (thrown) {
      return { error: PerdureError.from(thrown) };
    }
    this.processes.add(process);
    if (order.name !== null) this.node.names.register(order.name, pid);
    if (order.messages.length > 0) this.deliverStartup(pid, order);
    this.wake(process);
    return { pid, started: true };
  }

  deliver(pid: Pid, signal: Signal): Delivery {
    return this.reach(pid, signal) ?? { accepted: false, error: notFound(pid) };
  }

  reach(pid: Pid, signal: Signal): Delivery | undefined {
    const process = this.processes.get(pid);
    if (process === undefined) return undefined;
    const { kernel } = process;
    const watching = isWatching(signal);
    process.bonded ||= watching;
    if (kernel.result !== null) {
      // Its exit is about to be told: whoever watches it until then is owed the real result.
      return watching ? ACCEPTED : { accepted: false, error: notFound(pid) };
    }
    if (signal.kind === 'message' && kernel.mailbox.depth >= this.mailboxLimit) {
      return { accepted: false, error: mailboxFull(pid, this.mailboxLimit) };
    }
    kernel.deliver(signal);
    if (kernel.mailbox.depth === this.mailboxMark && signal.kind === 'message') {
      this.noteFilling(process);
    }
    this.go(process);
    return ACCEPTED;
  }

  describe(pid: Pid): ProcessInfo | undefined {
    return this.processes.get(pid)?.info();
  }

  list(): readonly ProcessInfo[] {
    return this.processes.toArray().map((process) => process.info());
  }

  /**
   * Asks a process to end within `withinMs`: it reads CANCEL, or is terminated at once where it never
   * asked for its events. False where there is no such process.
   */
  askToStop(pid: Pid, withinMs: number, reason: string): boolean {
    const stop = {
      kind: 'cancel',
      from: null,
      reason,
      deadlineMs: withinMs,
      stopping: true,
    } as const;
    return this.deliver(pid, stop).accepted;
  }

  /** Asks every process to end, and terminates what is left when the time is over. */
  stop(timeoutMs: number): Promise<void> {
    this.stopped ??= this.stopAll(timeoutMs);
    return this.stopped;
  }

  private async stopAll(timeoutMs: number): Promise<void> {
    if (this.processes.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
    });
    for (const { pid } of this.processes.toArray()) {
      this.askToStop(pid, timeoutMs, 'the runtime is stopping');
    }
    // Stop timeouts are real time, also where the clock of the processes skips.
    const timer = setTimeout(() => this.terminateAll(), timeoutMs);
    await empty;
    clearTimeout(timer);
  }

  // --- for processes ----------------------------------------------------------------------------

  wake(process: LocalProcess): void {
    if (process.reaped) return;
    // The names of the dead are free at once, not when their turn comes.
    if (process.kernel.result !== null) this.node.names.release(process.pid);
    this.queue.add(process);
  }

  proceed(process: LocalProcess): void {
    if (this.queue.lets() && !process.turn()) return;
    this.wake(process);
  }

  spend(): boolean {
    return this.queue.spend();
  }

  reap(process: LocalProcess): void {
    if (process.reaped) return;
    process.reaped = true;
    this.processes.delete(process);
    const { result } = process.kernel;
    if (result === null) throw new Error(`${process.pid} was reaped alive`);
    this.node.exited(process.pid, result, process.bonded);
    if (this.processes.size === 0) this.whenEmpty?.();
  }

  // --- the inside -------------------------------------------------------------------------------

  private open({ entry, definition }: SpawnOrder, kernel: Kernel): Program {
    return definition === null || definition === undefined
      ? this.programs.open(entry, kernel)
      : openDefinition(definition, kernel);
  }

  /** A signal came: an asynchronous program that waited for it goes on by itself, any other gets a turn. */
  private go(process: LocalProcess): void {
    const { kernel } = process;
    if (kernel.runnable && this.queue.lets() && !kernel.settle()) return;
    if (kernel.runnable || kernel.result !== null) this.wake(process);
  }

  private noteFilling({ pid, kernel }: LocalProcess): void {
    const { events, clock } = this.node;
    const { entry, mailbox } = kernel;
    if (!events.observed) return;
    const { depth } = mailbox;
    const limit = this.mailboxLimit;
    events.publish({ kind: 'mailbox_filling', pid, entry, depth, limit, at: clock.now() });
  }

  private refusal(order: SpawnOrder): PerdureError | null {
    if (this.stopped !== null) {
      return new PerdureError(ErrorKind.UNAVAILABLE, `host ${this.id} is stopping`);
    }
    if (order.messages.length > this.mailboxLimit) return tooManyStartup(this.mailboxLimit);
    if (this.processes.size < this.maxProcesses) return null;
    return new PerdureError(
      ErrorKind.RATE_LIMITED,
      `host ${this.id} runs ${this.maxProcesses} processes, its max_processes`,
    );
  }

  /** A name that is taken gives the process that has it, and it gets the startup messages. */
  private joinExisting(pid: Pid, order: SpawnOrder): Spawned {
    const refused = this.deliverStartup(pid, order);
    return refused === null ? { pid, started: false } : { error: refused };
  }

  /** @returns why a message was refused; the ones before it have been delivered. */
  private deliverStartup(pid: Pid, order: SpawnOrder): PerdureError | null {
    const { parent: from, context } = order;
    for (const { topic, values } of order.messages) {
      const delivery = this.node.deliver(pid, { kind: 'message', from, topic, values, context });
      if (!(delivery instanceof Promise) && !delivery.accepted) return delivery.error;
    }
    return null;
  }

  private terminateAll(): void {
    for (const { pid } of this.processes.toArray()) {
      this.deliver(pid, { kind: 'terminate', from: null, reason: 'it did not stop in time' });
    }
  }
}

/** Signals of those who want to hear of an exit, or no longer do. */
function isWatching({ kind }: Signal): boolean {
  if (kind === 'message') return false; // most are
  return kind === 'monitor' || kind === 'link' || kind === 'unmonitor' || kind === 'unlink';
}

function tooManyStartup(limit: number): PerdureError {
  return new PerdureError(
    ErrorKind.RATE_LIMITED,
    `more startup messages than a mailbox holds: ${limit} (mailbox_limit)`,
  );
}

function mailboxFull(pid: Pid, limit: number): PerdureError {
  return new PerdureError(
    ErrorKind.RATE_LIMITED,
    `the mailbox of ${pid} is full: ${limit} messages are unread (mailbox_limit)`,
  );
}
