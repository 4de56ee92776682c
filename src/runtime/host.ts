/**
 * The host port: what runs processes. A `process.host` runs them in this Node process, a
 * `temporal.worker` as durable workflows; the router knows them only by this.
 */
import type { ProcessDefinition } from '../core/definition.js';
import type { PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { Context, Delivery, Signal } from '../core/signal.js';

/** An order to start a process; see the fields of the same name of `process.spawn` and its spawner. */
export interface SpawnOrder {
  readonly entry: string;
  /** The program itself, where it is a function and not an entry: local hosts only. */
  readonly definition?: ProcessDefinition | null;
  readonly values: readonly Value[];
  /** `null`: the host makes up an id. A name that is taken gives the process that has it. */
  readonly name: string | null;
  readonly messages: readonly { readonly topic: string; readonly values: readonly Value[] }[];
  readonly context: Context;
  readonly options: { readonly [name: string]: Value };
  /** Who spawns; `null` for the program around the runtime. */
  readonly parent: Pid | null;
}

/** `started` is false where the name belonged to a process that was there already. */
export type Spawned =
  | { readonly pid: Pid; readonly started: boolean }
  | { readonly error: PerdureError };

/** Answers at once where the host can, so that the hot path makes no promise. */
export type MaybePromise<T> = T | Promise<T>;

export type ProcessStatus = 'running' | 'waiting' | 'done' | 'failed';

export interface ProcessInfo {
  readonly pid: Pid;
  readonly entry: string;
  readonly status: ProcessStatus;
  readonly parent: Pid | null;
  /** What it waits for and where, main first: `receive order.lua:12`. */
  readonly waitsFor: readonly string[];
  /** Messages not yet received. */
  readonly mailboxDepth: number;
}

/** A process with those it is bound to, as far as this node knows. */
export interface ProcessDetails extends ProcessInfo {
  /** Whom it is linked to. */
  readonly links: readonly Pid[];
  /** Whom it monitors. */
  readonly monitors: readonly Pid[];
}

export interface Host {
  /** Registry id, the host part of its PIDs. */
  readonly id: string;
  start(): Promise<void>;
  /** Ends what lives only here, within `timeoutMs`; durable processes stay open. */
  stop(timeoutMs: number): Promise<void>;
  spawn(order: SpawnOrder): MaybePromise<Spawned>;
  deliver(pid: Pid, signal: Signal): MaybePromise<Delivery>;
  /**
   * Delivers as {@link Host.deliver}; `undefined` where it has no process with this PID, which may be
   * anybody's. Hosts have it that find a process faster than its host can be read from the PID.
   */
  reach?(pid: Pid, signal: Signal): Delivery | undefined;
  /** `undefined` where it has never heard of the process. */
  describe(pid: Pid): MaybePromise<ProcessInfo | undefined>;
  list(): MaybePromise<readonly ProcessInfo[]>;
}
