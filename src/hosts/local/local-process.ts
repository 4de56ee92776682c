/**
 * A process of this Node process: a kernel whose syscalls are immediate actions on the node. The send
 * and receive path makes no promise; only what reaches another host or the network does.
 */

import { performance } from 'node:perf_hooks';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { Message } from '../../core/message.js';
import type { Value } from '../../core/payload.js';
import { isPid, type Pid } from '../../core/pid.js';
import { Pocket } from '../../core/pocket.js';
import type { Delivery } from '../../core/signal.js';
import { Kernel } from '../../kernel/kernel.js';
import { type Answer, DONE } from '../../kernel/program.js';
import type { HostRequest, SpawnRequest } from '../../kernel/request.js';
import type { LogLevel, Syscalls } from '../../kernel/syscalls.js';
import type { MaybePromise, ProcessInfo, Spawned, SpawnOrder } from '../../runtime/host.js';
import type { Node } from '../../runtime/node.js';
import type { FunctionCaller, Outside, Programs } from './programs.js';
import type { Runnable } from './run-queue.js';
import type { TimerEntry, TimerOwner, TimerQueue } from './timer-queue.js';

export interface LocalWorld {
  readonly programs: Programs;
  readonly node: Node;
  readonly functions: FunctionCaller;
  readonly outside: Outside;
  readonly timers: TimerQueue;
  /** The process wants a turn. */
  wake(process: LocalProcess): void;
  /** The process wants a turn, and can have it now. */
  proceed(process: LocalProcess): void;
  /** A program took a step between turns. @returns true when it has to come back by way of the queue. */
  spend(): boolean;
  /** The process has ended. */
  reap(process: LocalProcess): void;
}

/** Turns of one process before the next process has its own. */
const TURNS = 200;

/** How long a process may go without waiting before observers are told. */
const SLOW_MS = 500;

export class LocalProcess implements Syscalls, Runnable, TimerOwner {
  readonly kernel: Kernel;
  queued = false;
  /** Its end was reported; owned by the host. */
  reaped = false;
  /** Whether it ever watched anybody or was watched, by a monitor or a link: else nobody is to be told of its end. */
  bonded = false;
  /** When it began to be busy without waiting, in ms; 0 when it is not. */
  private busySince = 0;
  private readonly parent: Pid | null;
  private timers: Pocket<TimerEntry> | null = null;
  /** How to stop the work of a call that is under way. */
  private aborts: Pocket<() => void> | null = null;

  constructor(
    /** The number in its PID. */
    readonly id: number,
    pid: Pid,
    order: SpawnOrder,
    private readonly world: LocalWorld,
  ) {
    const { entry, context } = order;
    this.parent = order.parent;
    this.kernel = new Kernel({ pid, entry, context, syscalls: this });
  }

  get pid(): Pid {
    return this.kernel.pid;
  }

  turn(): boolean {
    const more = this.runKernel();
    if (this.kernel.busy) this.noteBusy();
    else this.busySince = 0;
    if (this.kernel.result === null) return more;
    this.world.reap(this);
    return false;
  }

  info(): ProcessInfo {
    const { result } = this.kernel;
    const waits = this.kernel.waiting();
    const status =
      result !== null
        ? result.error
          ? 'failed'
          : 'done'
        : waits.length > 0
          ? 'waiting'
          : 'running';
    return {
      pid: this.pid,
      entry: this.kernel.entry,
      status,
      parent: this.parent,
      waitsFor: waits.map(({ op, at }) => (at === null ? op : `${op} ${at}`)),
      mailboxDepth: this.kernel.mailbox.depth,
    };
  }

  // --- syscalls ---------------------------------------------------------------------------------

  now(): number {
    return this.world.node.clock.now();
  }

  random(): number {
    return this.world.outside.random();
  }

  startTimer(timer: number, delayMs: number): void {
    this.timers ??= new Pocket();
    this.timers.add(timer, this.world.timers.start(this, timer, delayMs));
  }

  cancelTimer(timer: number): void {
    const entry = this.timers?.take(timer);
    if (entry !== undefined) this.world.timers.cancel(entry);
  }

  timerFired(timer: number): void {
    this.timers?.take(timer);
    this.kernel.fire(timer);
    this.world.wake(this);
  }

  abandon(call: number): void {
    this.aborts?.take(call)?.();
  }

  wake(): void {
    this.world.wake(this);
  }

  proceed(): void {
    this.world.proceed(this);
  }

  spend(): boolean {
    return this.world.spend();
  }

  log(level: LogLevel, message: string, fields: { readonly [name: string]: Value } | null): void {
    this.world.outside.log(level, message, this.pid, this.kernel.entry, fields);
  }

  print(text: string): void {
    this.world.outside.print(text);
  }

  ask(call: number, request: HostRequest): Answer | null {
    const { node } = this.world;
    switch (request.op) {
      case 'send':
        return this.settle(
          call,
          node.send(request.target, new Message(this.pid, request.topic, request.values, null)),
          delivered,
        );
      case 'spawn':
        return this.settle(call, this.spawn(request.spawn), spawned);
      case 'exec':
        return this.exec(call, request.spawn);
      case 'call':
        return this.callFunction(call, request);
      case 'monitor':
      case 'unmonitor':
      case 'link':
      case 'unlink':
      case 'terminate':
      case 'cancel':
        return this.toward(call, request);
      case 'register':
      case 'unregister':
      case 'lookup':
        return this.names(request.op, request.name);
      case 'upgrade':
        return this.upgrade(request.entry, request.values);
      case 'env': {
        const value = this.world.outside.env(request.name);
        return value === undefined ? failed(envNotFound(request.name)) : answered(value);
      }
      case 'http':
        return this.http(call, request);
      case 'version':
      case 'attributes':
      case 'workflow_info':
      case 'workflow_exec':
        return failed(workflowOnly(request.op));
    }
  }

  // --- the inside -------------------------------------------------------------------------------

  /** Programs report their failures as data; a throw is a bug of perdure and ends this process alone. */
  private runKernel(): boolean {
    try {
      return this.kernel.run(TURNS);
    } catch (thrown) {
      this.kernel.end({ value: null, error: PerdureError.from(thrown) });
      return false;
    }
  }

  /** Answers only where there is no such program: else nobody is left to read the answer. */
  private upgrade(entry: string, values: readonly Value[]): Answer | null {
    try {
      this.kernel.upgrade(this.world.programs.open(entry, this.kernel), entry, values);
      return null;
    } catch (thrown) {
      return failed(PerdureError.from(thrown));
    }
  }

  /** Looks at the real clock, which only the turns of a busy process pay for. */
  private noteBusy(): void {
    const now = performance.now();
    if (this.busySince === 0) this.busySince = now;
    const ms = now - this.busySince;
    const { events, clock } = this.world.node;
    if (ms < SLOW_MS || !events.observed) return;
    this.busySince = Number.POSITIVE_INFINITY; // said once
    const { pid, entry } = this.kernel;
    const where = this.kernel.where();
    events.publish({ kind: 'slow_turn', pid, entry, where, ms, at: clock.now() });
  }

  private spawn(request: SpawnRequest): MaybePromise<Spawned> {
    const { node } = this.world;
    const answer = node.spawn(request.host, {
      entry: request.entry,
      definition: request.definition ?? null,
      values: request.values,
      name: request.name,
      messages: request.messages,
      context: request.context,
      options: request.options,
      parent: this.pid,
    });
    return answer instanceof Promise
      ? answer.then((result) => this.bind(request, result))
      : this.bind(request, answer);
  }

  private bind(request: SpawnRequest, result: Spawned): Spawned {
    if ('error' in result) return result;
    this.bonded ||= request.monitor || request.link;
    if (request.monitor) void this.world.node.monitor(this.pid, result.pid);
    if (request.link) void this.world.node.link(this.pid, result.pid);
    return result;
  }

  private onAbort(call: number, abort: () => void): void {
    this.aborts ??= new Pocket();
    this.aborts.add(call, abort);
  }

  private exec(call: number, request: SpawnRequest): null {
    const { node } = this.world;
    let stop: (() => void) | null = null;
    const watch = (result: Spawned) => {
      if ('error' in result) return this.answerLater(call, failed(result.error));
      stop = node.observe(result.pid, ({ value, error }) => {
        this.answerLater(call, { value, ok: error === null, error });
      });
    };
    // The process that was started goes on when its caller ends; only the wait for it is given up.
    this.onAbort(call, () => stop?.());
    const answer = this.spawn({ ...request, monitor: false, link: false });
    if (answer instanceof Promise) answer.then(watch, (e: unknown) => this.fail(call, e));
    else watch(answer);
    return null;
  }

  private callFunction(call: number, request: HostRequest & { op: 'call' }): null {
    let ended = false;
    const abort = this.world.functions.call(request.call, this.pid, (answer) => {
      ended = true;
      this.answerLater(call, answer);
    });
    if (!ended) this.onAbort(call, abort);
    return null;
  }

  /** What concerns one other process, which is named by its PID or by a registered name. */
  private toward(call: number, request: HostRequest & { op: TargetOp }): Answer | null {
    const { node } = this.world;
    const pid = isPid(request.pid) ? request.pid : node.names.lookup(request.pid);
    if (pid === undefined) return failed(nameNotFound(request.pid));
    switch (request.op) {
      case 'terminate': {
        const { reason } = request;
        const answer = node.deliver(pid, { kind: 'terminate', from: this.pid, reason });
        return this.settle(call, answer, delivered);
      }
      case 'cancel': {
        const { reason, deadlineMs, stopping = false } = request;
        const signal = { kind: 'cancel', from: this.pid, reason, deadlineMs, stopping } as const;
        return this.settle(call, node.deliver(pid, signal), delivered);
      }
      default:
        this.bonded = true;
        return this.settle(call, node[request.op](this.pid, pid), delivered);
    }
  }

  private names(op: 'register' | 'unregister' | 'lookup', name: string): Answer {
    const { names } = this.world.node;
    if (op === 'lookup') {
      const pid = names.lookup(name);
      return pid === undefined ? failed(nameNotFound(name)) : answered(pid);
    }
    if (op === 'unregister') {
      return names.unregister(name, this.pid) ? DONE : failed(nameNotFound(name));
    }
    if (names.register(name, this.pid)) return DONE;
    const owner = names.lookup(name);
    return failed(
      new PerdureError(ErrorKind.ALREADY_EXISTS, `name ${name} is taken by ${owner ?? 'another'}`),
    );
  }

  private http(call: number, request: HostRequest & { op: 'http' }): null {
    const abort = new AbortController();
    const release = this.world.node.clock.hold('http');
    this.onAbort(call, () => abort.abort());
    this.world.outside
      .http(request.http, abort.signal)
      .then(
        (value) => this.answerLater(call, answered(value)),
        (thrown: unknown) => this.fail(call, thrown),
      )
      .finally(release);
    return null;
  }

  /** The answer now, or later where another host has to be asked. */
  private settle<T>(call: number, result: MaybePromise<T>, map: (r: T) => Answer): Answer | null {
    if (!(result instanceof Promise)) return map(result);
    const release = this.world.node.clock.hold('outside call');
    result
      .then(
        (value) => this.answerLater(call, map(value)),
        (thrown: unknown) => this.fail(call, thrown),
      )
      .finally(release);
    return null;
  }

  private fail(call: number, thrown: unknown): void {
    this.answerLater(call, failed(PerdureError.from(thrown)));
  }

  private answerLater(call: number, answer: Answer): void {
    this.aborts?.take(call);
    // Inside `ask` the kernel does not know the call yet: an answer must not overtake its question.
    queueMicrotask(() => {
      this.kernel.answer(call, answer);
      this.world.wake(this);
    });
  }
}

type TargetOp = 'monitor' | 'unmonitor' | 'link' | 'unlink' | 'terminate' | 'cancel';

function answered(value: Value): Answer {
  return { value, ok: true, error: null };
}

function failed(error: PerdureError): Answer {
  return { value: null, ok: false, error };
}

function delivered(delivery: Delivery): Answer {
  return delivery.accepted ? DONE : failed(delivery.error);
}

function spawned(result: Spawned): Answer {
  return 'error' in result ? failed(result.error) : answered(result.pid);
}

function nameNotFound(name: string): PerdureError {
  return new PerdureError(ErrorKind.NOT_FOUND, `name not found: ${name}`);
}

function envNotFound(name: string): PerdureError {
  return new PerdureError(ErrorKind.NOT_FOUND, `environment variable not found: ${name}`);
}

function workflowOnly(op: string): PerdureError {
  const what = op === 'workflow_info' ? 'info' : op === 'workflow_exec' ? 'exec' : op;
  return new PerdureError(
    ErrorKind.INVALID,
    `workflow.${what} works in a workflow only; this process runs on a local host`,
  );
}
