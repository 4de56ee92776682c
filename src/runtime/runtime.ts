/**
 * The runtime as a Node program sees it: start processes, talk to them, wait for their end. All of it
 * goes the way that processes themselves go, through the node.
 */

import {
  type EntryReference,
  entryIdOf,
  type ProcessDefinition,
  type Sent,
  type Spawnable,
} from '../core/definition.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { Message } from '../core/message.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { ExitResult } from '../core/signal.js';
import { copyValues, type SpawnOptions, spawnParts } from '../core/spawn-options.js';
import type { NodeListener } from './events.js';
import type { ProcessDetails, ProcessInfo } from './host.js';
import type { Node } from './node.js';
import type { NodeMailbox } from './node-mailbox.js';
import type { SupervisorView } from './supervisor/index.js';

/** How a process ended; `T` is what its `main` returns. */
export interface ExitOf<T> {
  /** What `main` returned, as plain data; `null` where it failed. */
  readonly value: Sent<T> | null;
  readonly error: PerdureError | null;
}

/** A process that was started from outside. */
export interface ProcessHandle<T = unknown> {
  readonly pid: Pid;
  /** How it ended. Never rejects; a failure is in `error`. */
  readonly exit: Promise<ExitOf<T>>;
}

/**
 * Names the host for an entry, or (`null`) for a TypeScript function.
 * @throws PerdureError where there is no choice, or no single one.
 */
export type HostChoice = (entry: string | null, requested: string | undefined) => string;

/** The host of function calls. */
export const FUNCTIONS = 'perdure:functions';

export class Runtime {
  constructor(
    private readonly node: Node,
    private readonly choose: HostChoice,
  ) {}

  /** Name of this node, incarnation included: the node part of its PIDs. */
  get nodeName(): string {
    return this.node.name;
  }

  /**
   * Starts a process of `entry`.
   * @throws PerdureError NOT_FOUND (entry, host), INVALID (arguments), and what the host says.
   */
  spawn(entry: string, options?: SpawnOptions): Promise<ProcessHandle>;
  /** Starts a TypeScript function, or an entry that was given types, with its types. */
  spawn<In extends readonly unknown[], Out>(
    what: ProcessDefinition<In, Out> | EntryReference<In, Out>,
    options?: SpawnOptions<In>,
  ): Promise<ProcessHandle<Out>>;
  async spawn<Out>(
    what: Spawnable<never, Out>,
    options: SpawnOptions = {},
  ): Promise<ProcessHandle<Out>> {
    const id = entryIdOf(what);
    const definition = id === null ? (what as ProcessDefinition<never, Out>) : null;
    const host = this.choose(id, options.host);
    const spawning = this.node.spawn(host, {
      ...spawnParts(options),
      entry: id ?? (definition?.name as string),
      definition,
      parent: null,
    });
    // Not awaited where it is there at once: the process must not end before it is watched.
    const answer = spawning instanceof Promise ? await spawning : spawning;
    if ('error' in answer) throw answer.error;
    return { pid: answer.pid, exit: this.exitOf(answer.pid) as Promise<ExitOf<Out>> };
  }

  /** Calls a function entry and gives what it returned. @throws PerdureError the function's failure. */
  async call(entry: string, ...args: readonly unknown[]): Promise<Value> {
    const { exit } = await this.spawn(entry, { host: FUNCTIONS, args });
    const { value, error } = await exit;
    if (error !== null) throw error;
    return value;
  }

  /** Sends a message. @throws PerdureError NOT_FOUND, RATE_LIMITED, INVALID. */
  async send(to: string, topic: string, ...values: readonly unknown[]): Promise<void> {
    const copied = copyValues(values, 'payload');
    const delivery = await this.node.send(to, new Message(null, topic, copied, null));
    if (!delivery.accepted) throw delivery.error;
  }

  /**
   * A mailbox of this program's own, with a PID: processes can answer to it, and it can monitor and link.
   * Close it when it is not needed any more.
   * @param options.name registers it under a name
   * @throws PerdureError ALREADY_EXISTS where the name is taken.
   */
  mailbox(options: { readonly name?: string } = {}): NodeMailbox {
    return this.node.openMailbox(options.name ?? null);
  }

  /** Asks a process to end: it reads CANCEL, and is terminated when the deadline passes. */
  async cancel(pid: Pid, reason: string | null, deadlineMs: number | null): Promise<void> {
    const signal = { kind: 'cancel', from: null, reason, deadlineMs } as const;
    const delivery = await this.node.deliver(pid, signal);
    if (!delivery.accepted) throw delivery.error;
  }

  /** Ends a process at once; it cannot prevent it. */
  async terminate(pid: Pid, reason: string | null = null): Promise<void> {
    const delivery = await this.node.deliver(pid, { kind: 'terminate', from: null, reason });
    if (!delivery.accepted) throw delivery.error;
  }

  /** How `pid` ends; NOT_FOUND where nobody knows it. Never rejects. */
  exitOf(pid: Pid): Promise<ExitResult> {
    return new Promise((resolve) => {
      this.node.observe(pid, resolve);
    });
  }

  /**
   * A supervisor of this node, by PID or registered name: its children as they are now.
   * @throws PerdureError NOT_FOUND where no supervisor is known by that.
   */
  supervisor(target: string): SupervisorView {
    const view = this.node.supervisors.get(this.node.names.lookup(target) ?? target);
    if (view !== undefined) return view;
    throw new PerdureError(ErrorKind.NOT_FOUND, `supervisor not found: ${target}`);
  }

  /** What a process is doing; `undefined` where nobody has heard of it. */
  async describe(pid: Pid): Promise<ProcessDetails | undefined> {
    return this.node.describe(pid);
  }

  async list(): Promise<readonly ProcessInfo[]> {
    return this.node.list();
  }

  /** Subscribes to all that happens on this node. @returns a function that ends the subscription. */
  on(listener: NodeListener): () => void {
    return this.node.events.subscribe(listener);
  }
}
