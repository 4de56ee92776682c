/**
 * The context of a TypeScript process: all that it can do with itself and with others. Its rules are the
 * kernel's, the same as for Lua (docs/semantics.md); this only gives them their TypeScript form.
 *
 * Invariants:
 * 1. Once the process has ended nothing it calls here has an effect: what would be awaited never
 *    continues, and what would answer at once throws CANCELED.
 * 2. A send takes its place in the order of signals when it is called, awaited or not.
 */
import {
  entryIdOf,
  type ProcessDefinition,
  type Sent,
  type Spawnable,
} from '../core/definition.js';
import type { Message } from '../core/message.js';
import type { Value } from '../core/payload.js';
import { type Pid, parsePid } from '../core/pid.js';
import type { Context, ProcessEvent } from '../core/signal.js';
import { copyOwnValues, copyValues, type SpawnOptions, spawnParts } from '../core/spawn-options.js';
import { Channel, type SelectCase } from '../kernel/channel.js';
import type { ProcessFlags } from '../kernel/flags.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Answer, Task } from '../kernel/program.js';
import type { HostRequest, Selected, SpawnRequest } from '../kernel/request.js';
import { LogLevel } from '../kernel/syscalls.js';
import { ended, Inlet, ProcessChannel, type ReceiveOptions } from './channel.js';
import { Asker, nothing, type Reading, rejected, value } from './pending.js';

export interface MessageOptions extends ReceiveOptions {
  /** Only messages with this topic. From then on they go to `listen(topic)`, not to the inbox. */
  readonly topic?: string;
}

type Fields = { readonly [name: string]: unknown };

export interface ProcessLog {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** How a program of the process starts a further task. */
export type TaskMaker = (kernel: Kernel, body: () => unknown) => Task;

export class ProcessContext {
  private aborts: AbortController | null = null;

  private readonly asker: Asker;
  /** The host of this process, once it has spawned there. */
  private home: string | null = null;

  constructor(
    private readonly kernel: Kernel,
    private readonly makeTask: TaskMaker,
  ) {
    this.asker = new Asker(kernel);
  }

  // --- itself -----------------------------------------------------------------------------------

  get pid(): Pid {
    return this.kernel.pid;
  }

  /** Entry id, or the name of the definition. */
  get entry(): string {
    return this.kernel.entry;
  }

  /** What the process inherited from its spawner. */
  get context(): Context {
    return this.kernel.context;
  }

  /** Aborted when the process ends, however it does: for `fetch` and others that outlive it. */
  get signal(): AbortSignal {
    this.aborts ??= new AbortController();
    if (this.kernel.result !== null) this.aborts.abort(ended());
    return this.aborts.signal;
  }

  /** The process's clock, in ms since the epoch. */
  now(): number {
    return this.kernel.now();
  }

  /** `trapLinks`: failures of linked processes arrive as LINK_DOWN events instead of ending this one. */
  setOptions(options: Partial<ProcessFlags>): void {
    this.alive();
    this.kernel.flags = { ...this.kernel.flags, ...options };
  }

  /** Starts a further task of this process. Its failure is the process's; it ends with `main`. */
  fork(body: () => unknown): void {
    this.alive();
    void this.asker.ask({ op: 'fork', task: this.makeTask(this.kernel, body) }, nothing);
  }

  sleep(delayMs: number): Promise<void> {
    return this.asker.ask({ op: 'sleep', delayMs }, nothing);
  }

  /** A channel that yields the time once, `delayMs` from now: a time limit for a select. */
  after(delayMs: number): Inlet<number> {
    const channel = new Channel(1, { receiveOnly: true });
    const { kernel } = this;
    kernel.startTimer(delayMs, () => channel.offer(kernel.now()));
    return new Inlet(this.asker, channel);
  }

  /**
   * This process goes on as the program of another entry: PID, unread messages, monitors, links and names stay.
   * Never returns. @throws PerdureError NOT_FOUND, INVALID where there is no such program.
   */
  upgrade(entry: string, ...args: readonly unknown[]): Promise<never> {
    try {
      const values = copyValues(args, 'args');
      return this.asker.ask({ op: 'upgrade', entry, values }, nothing) as Promise<never>;
    } catch (error) {
      return rejected(error);
    }
  }

  /** Lines for the log, with this process's PID and entry. */
  get log(): ProcessLog {
    const at =
      (level: LogLevel) =>
      (message: string, fields?: Fields): void =>
        this.write(level, message, fields);
    const { DEBUG, INFO, WARN, ERROR } = LogLevel;
    return { debug: at(DEBUG), info: at(INFO), warn: at(WARN), error: at(ERROR) };
  }

  // --- messages and events ------------------------------------------------------------------------

  /**
   * The next message. One that lost a `Promise.race` still takes the message after it: use `timeoutMs`, or
   * a select.
   * @throws PerdureError TIMEOUT once `timeoutMs` has passed.
   */
  receive(options?: MessageOptions): Promise<Message> {
    const channel =
      options?.topic === undefined ? this.kernel.mailbox.inbox : this.topic(options.topic);
    return this.asker.ask(
      { op: 'receive', channel, timeoutMs: options?.timeoutMs ?? null },
      message,
    );
  }

  /** The next message if there is one now, else `null`. */
  tryReceive(topic?: string): Message | null {
    this.alive();
    const channel = topic === undefined ? this.kernel.mailbox.inbox : this.topic(topic);
    const polled = channel.poll();
    return polled === null ? null : (polled.value as Message);
  }

  /** The messages of one topic, the unread ones first; they no longer come to the inbox. */
  listen(topic: string): Inlet<Message> {
    return new Inlet(this.asker, this.topic(topic));
  }

  /** What is unread goes back to the inbox. False where nobody listened. */
  unlisten(topic: string): boolean {
    const listened = this.kernel.mailbox.unlisten(topic);
    this.kernel.nudge();
    return listened;
  }

  /** CANCEL, EXIT, LINK_DOWN and OUTDATED. A process that never asks for them is terminated when the app stops. */
  get events(): Inlet<ProcessEvent> {
    return new Inlet(this.asker, this.kernel.mailbox.events);
  }

  /**
   * Sends a message to a PID or a registered name. The promise settles when it was accepted: at once for a
   * local process.
   * @throws PerdureError NOT_FOUND, RATE_LIMITED (mailbox full), INVALID (reserved topic, unsendable value).
   */
  send(target: string, topic: string, ...values: unknown[]): Promise<void> {
    let copied: readonly Value[];
    try {
      copied = copyOwnValues(values, 'payload');
    } catch (error) {
      return rejected(error);
    }
    return this.asker.ask({ op: 'send', target, topic, values: copied }, nothing);
  }

  /** A channel between the tasks of this process; `capacity` 0 hands items over. */
  channel<T>(capacity = 0): ProcessChannel<T> {
    return new ProcessChannel(this.asker, new Channel(capacity));
  }

  /** Waits for the first case that can go ahead; with `orElse` it does not wait (`channel: null`). */
  select(cases: readonly SelectCase[], orElse = false): Promise<Selected> {
    return this.asker.ask({ op: 'select', cases, orElse }, value as Reading<Selected>);
  }

  // --- other processes ----------------------------------------------------------------------------

  /**
   * Starts a process, by default on this one's host.
   * @throws PerdureError NOT_FOUND (entry, host), INVALID, RATE_LIMITED (max_processes), UNAVAILABLE.
   */
  spawn<In extends readonly unknown[]>(
    what: Spawnable<In>,
    options?: SpawnOptions<In>,
  ): Promise<Pid> {
    return this.start('spawn', what, options, false, false) as Promise<Pid>;
  }

  /** Spawns and monitors, with no time for the process to end in between. */
  spawnMonitored<In extends readonly unknown[]>(
    what: Spawnable<In>,
    options?: SpawnOptions<In>,
  ): Promise<Pid> {
    return this.start('spawn', what, options, true, false) as Promise<Pid>;
  }

  /** Spawns and links, with no time for the process to end in between. */
  spawnLinked<In extends readonly unknown[]>(
    what: Spawnable<In>,
    options?: SpawnOptions<In>,
  ): Promise<Pid> {
    return this.start('spawn', what, options, false, true) as Promise<Pid>;
  }

  /** Spawns, waits for the end and gives what `main` returned. @throws PerdureError its failure. */
  exec<In extends readonly unknown[], Out>(
    what: Spawnable<In, Out>,
    options?: SpawnOptions<In>,
  ): Promise<Sent<Out>> {
    return this.start('exec', what, options, false, false) as Promise<Sent<Out>>;
  }

  /** Calls a function entry. @throws PerdureError its failure. */
  call(entry: string, ...args: readonly unknown[]): Promise<Value> {
    try {
      const values = copyValues(args, 'args');
      const call = { entry, values, context: this.context, options: {} };
      return this.asker.ask({ op: 'call', call }, value as Reading<Value>);
    } catch (error) {
      return rejected(error);
    }
  }

  /** This process reads one EXIT when `pid` ends. */
  monitor(pid: Pid): Promise<void> {
    return this.command({ op: 'monitor', pid });
  }

  unmonitor(pid: Pid): Promise<void> {
    return this.command({ op: 'unmonitor', pid });
  }

  /** When one of the two fails, the other does too, or reads LINK_DOWN (see {@link setOptions}). */
  link(pid: Pid): Promise<void> {
    return this.command({ op: 'link', pid });
  }

  unlink(pid: Pid): Promise<void> {
    return this.command({ op: 'unlink', pid });
  }

  /** The process reads CANCEL; it is terminated when the deadline passes. */
  cancel(
    pid: Pid,
    {
      reason = null,
      deadlineMs = null,
    }: { reason?: string | null; deadlineMs?: number | null } = {},
  ): Promise<void> {
    return this.command({ op: 'cancel', pid, reason, deadlineMs });
  }

  /** Ends a process at once; it cannot prevent it. */
  terminate(pid: Pid, reason: string | null = null): Promise<void> {
    return this.command({ op: 'terminate', pid, reason });
  }

  /** Gives this process a name. @throws PerdureError ALREADY_EXISTS. */
  register(name: string): Promise<void> {
    return this.command({ op: 'register', name });
  }

  /** @throws PerdureError NOT_FOUND where this process does not have the name. */
  unregister(name: string): Promise<void> {
    return this.command({ op: 'unregister', name });
  }

  /** The process that has the name, or `null`. */
  lookup(name: string): Promise<Pid | null> {
    return this.asker.ask({ op: 'lookup', name }, found);
  }

  /** For the program: the process has ended. */
  close(): void {
    this.aborts?.abort(ended());
  }

  // --- the inside -------------------------------------------------------------------------------

  private start(
    op: 'spawn' | 'exec',
    what: Spawnable,
    options: SpawnOptions = {},
    monitor: boolean,
    link: boolean,
  ): Promise<unknown> {
    try {
      const parts = spawnParts(options, this.context);
      const id = entryIdOf(what);
      const definition = id === null ? (what as ProcessDefinition) : null;
      const spawn: SpawnRequest = {
        entry: id ?? (definition?.name as string),
        definition,
        host: options.host ?? this.ownHost(),
        values: parts.values,
        name: parts.name,
        messages: parts.messages,
        context: parts.context,
        options: parts.options,
        monitor,
        link,
      };
      return this.asker.ask({ op, spawn }, value);
    } catch (error) {
      return rejected(error);
    }
  }

  private ownHost(): string {
    this.home ??= parsePid(this.pid)?.host ?? '';
    return this.home;
  }

  private command(request: HostRequest): Promise<void> {
    return this.asker.ask(request, nothing);
  }

  private topic(topic: string): Channel {
    this.alive();
    const channel = this.kernel.mailbox.listen(topic, true);
    this.kernel.nudge();
    return channel;
  }

  private write(level: LogLevel, message: string, fields?: Fields): void {
    if (this.kernel.result !== null) return;
    const copied = fields === undefined ? null : (copyValues([fields], 'fields')[0] as never);
    this.kernel.syscalls.log(level, message, copied);
  }

  private alive(): void {
    if (this.kernel.result !== null) throw ended();
  }
}

const message: Reading<Message> = ({ value, ok, error }: Answer) => {
  if (error !== null) throw error;
  if (!ok) throw ended();
  return value as Message;
};

const found: Reading<Pid | null> = ({ value, error }) => {
  if (error === null) return value as Pid;
  if (error.kind === 'NOT_FOUND') return null;
  throw error;
};
