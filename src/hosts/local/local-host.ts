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
import type { Host, ProcessInfo, Spawned, SpawnOrder } from '../../runtime/host.js';
import type { Node } from '../../runtime/node.js';
import { notFound } from '../../runtime/observer-host.js';
import { LocalProcess, type LocalWorld } from './local-process.js';
import type { FunctionCaller, Outside, Programs } from './programs.js';
import { RunQueue } from './run-queue.js';

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
  private readonly programs: Programs;
  private readonly mailboxLimit: number;
  private readonly maxProcesses: number;
  private readonly processes = new Map<Pid, LocalProcess>();
  private readonly queue: RunQueue;
  private lastId = 0;
  private stopping = false;
  private whenEmpty: (() => void) | null = null;

  constructor(options: LocalHostOptions) {
    this.id = options.id;
    this.node = options.node;
    this.programs = options.programs;
    this.functions = options.functions;
    this.outside = options.outside;
    this.mailboxLimit = options.mailboxLimit ?? MAILBOX_LIMIT;
    this.maxProcesses = options.maxProcesses ?? Number.POSITIVE_INFINITY;
    this.queue = new RunQueue(() => this.node.clock.hold('local processes'));
  }

  async start(): Promise<void> {}

  spawn(order: SpawnOrder): Spawned {
    const taken = order.name === null ? undefined : this.node.names.lookup(order.name);
    if (taken !== undefined) return this.joinExisting(taken, order);
    const refusal = this.refusal();
    if (refusal !== null) return { error: refusal };
    const pid = formatPid(this.id, String(++this.lastId), this.node.name);
    const process = new LocalProcess(pid, order, this);
    try {
      process.kernel.start(this.programs.open(order.entry, process.kernel), order.values);
    } catch (thrown) {
      return { error: PerdureError.from(thrown) };
    }
    this.processes.set(pid, process);
    if (order.name !== null) this.node.names.register(order.name, pid);
    this.deliverStartup(pid, order);
    this.wake(process);
    return { pid, started: true };
  }

  deliver(pid: Pid, signal: Signal): Delivery {
    const process = this.processes.get(pid);
    if (process === undefined || process.kernel.result !== null) {
      return { accepted: false, error: notFound(pid) };
    }
    if (signal.kind === 'message' && process.kernel.mailbox.depth >= this.mailboxLimit) {
      return { accepted: false, error: mailboxFull(pid, this.mailboxLimit) };
    }
    process.kernel.deliver(signal);
    if (process.kernel.runnable || process.kernel.result !== null) this.wake(process);
    return ACCEPTED;
  }

  describe(pid: Pid): ProcessInfo | undefined {
    return this.processes.get(pid)?.info();
  }

  list(): readonly ProcessInfo[] {
    return [...this.processes.values()].map((process) => process.info());
  }

  /** Cancels every process, and terminates what is left when the time is over. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true;
    if (this.processes.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
    });
    for (const process of [...this.processes.values()]) this.askToStop(process, timeoutMs);
    // Stop timeouts are real time, also where the clock of the processes skips.
    const timer = setTimeout(() => this.terminateAll(), timeoutMs);
    await empty;
    clearTimeout(timer);
  }

  // --- for processes ----------------------------------------------------------------------------

  wake(process: LocalProcess): void {
    if (this.processes.has(process.pid)) this.queue.add(process);
  }

  reap(process: LocalProcess): void {
    if (!this.processes.delete(process.pid)) return;
    const { result } = process.kernel;
    if (result === null) throw new Error(`${process.pid} was reaped alive`);
    this.node.exited(process.pid, result);
    if (this.processes.size === 0) this.whenEmpty?.();
  }

  // --- the inside -------------------------------------------------------------------------------

  private refusal(): PerdureError | null {
    if (this.stopping) {
      return new PerdureError(ErrorKind.UNAVAILABLE, `host ${this.id} is stopping`);
    }
    if (this.processes.size < this.maxProcesses) return null;
    return new PerdureError(
      ErrorKind.RATE_LIMITED,
      `host ${this.id} runs ${this.maxProcesses} processes, its max_processes`,
    );
  }

  /** A name that is taken gives the process that has it, and it gets the startup messages. */
  private joinExisting(pid: Pid, order: SpawnOrder): Spawned {
    this.deliverStartup(pid, order);
    return { pid, started: false };
  }

  private deliverStartup(pid: Pid, order: SpawnOrder): void {
    const { parent: from, context } = order;
    for (const { topic, values } of order.messages) {
      void this.node.deliver(pid, { kind: 'message', from, topic, values, context });
    }
  }

  private askToStop(process: LocalProcess, timeoutMs: number): void {
    const { pid, kernel } = process;
    const reason = 'the runtime is stopping';
    if (!kernel.mailbox.readsEvents) this.deliver(pid, { kind: 'terminate', from: null, reason });
    else this.deliver(pid, { kind: 'cancel', from: null, reason, deadlineMs: timeoutMs });
  }

  private terminateAll(): void {
    for (const pid of [...this.processes.keys()]) {
      this.deliver(pid, { kind: 'terminate', from: null, reason: 'it did not stop in time' });
    }
  }
}

function mailboxFull(pid: Pid, limit: number): PerdureError {
  return new PerdureError(
    ErrorKind.RATE_LIMITED,
    `the mailbox of ${pid} is full: ${limit} messages are unread (mailbox_limit)`,
  );
}
