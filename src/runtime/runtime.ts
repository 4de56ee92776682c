/**
 * The runtime as a Node program sees it: start processes, talk to them, wait for their end. All of it
 * goes the way that processes themselves go, through the node.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { copyValue, type Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import { type Context, EMPTY_CONTEXT, type ExitResult } from '../core/signal.js';
import type { NodeListener } from './events.js';
import type { ProcessInfo } from './host.js';
import type { Node } from './node.js';
import type { SupervisorView } from './supervisor/index.js';

export interface SpawnOptions {
  /** Registry id of the host; left out, the entry's own choice (see `docs/semantics.md`). */
  readonly host?: string;
  /** Arguments of `main`. Copied by the payload rules. */
  readonly args?: readonly unknown[];
  /** A name that is taken gives the process that has it. */
  readonly name?: string;
  /** Delivered before any other message. */
  readonly messages?: readonly { readonly topic: string; readonly values: readonly unknown[] }[];
  /** What the process reads by `ctx.get`. */
  readonly context?: { readonly [key: string]: unknown };
  /** Options of the host (`temporal.workflow.id`, ...). */
  readonly options?: { readonly [name: string]: unknown };
}

/** A process that was started from outside. */
export interface ProcessHandle {
  readonly pid: Pid;
  /** How it ended. Never rejects; a failure is in `error`. */
  readonly exit: Promise<ExitResult>;
}

/** Names the host for an entry. @throws PerdureError where there is no choice, or no single one. */
export type HostChoice = (entry: string, requested: string | undefined) => string;

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
  async spawn(entry: string, options: SpawnOptions = {}): Promise<ProcessHandle> {
    const answer = await this.node.spawn(this.choose(entry, options.host), {
      entry,
      values: copyAll(options.args, 'args'),
      name: options.name ?? null,
      messages: (options.messages ?? []).map(({ topic, values }) => ({
        topic,
        values: copyAll(values, `messages.${topic}`),
      })),
      context: copyMap(options.context, 'context'),
      options: copyMap(options.options, 'options'),
      parent: null,
    });
    if ('error' in answer) throw answer.error;
    return { pid: answer.pid, exit: this.exitOf(answer.pid) };
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
    const message = { from: null, to, topic, values: copyAll(values, 'payload'), context: null };
    const delivery = await this.node.send(message);
    if (!delivery.accepted) throw delivery.error;
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

  async describe(pid: Pid): Promise<ProcessInfo | undefined> {
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

function copyAll(values: readonly unknown[] | undefined, path: string): Value[] {
  return (values ?? []).map((value, i) => copyValue(value, `${path}[${i + 1}]`));
}

function copyMap(map: { readonly [key: string]: unknown } | undefined, path: string): Context {
  if (map === undefined) return EMPTY_CONTEXT;
  const copied = copyValue(map, path);
  if (copied === null || typeof copied !== 'object' || Array.isArray(copied)) {
    throw new PerdureError(ErrorKind.INVALID, `${path} must be a map with string keys`);
  }
  return copied as Context;
}
