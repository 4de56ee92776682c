/**
 * What the Temporal host needs of its node: the local processes that workflows talk to, the functions
 * that activities run, and the way in which ends of workflows are told to those who watch them.
 */
import type { PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { Pid } from '../../core/pid.js';
import type { Context, Delivery, ExitResult, Signal } from '../../core/signal.js';
import type { LogLevel } from '../../kernel/syscalls.js';
import type { MaybePromise, Spawned, SpawnOrder } from '../../runtime/host.js';
import type { RelationOp } from './workflow/wire.js';

/** An order to run a function entry as a short process on the node's built-in function host. */
export interface FunctionOrder {
  readonly entry: string;
  readonly values: readonly Value[];
  readonly context: Context;
  readonly options: { readonly [name: string]: Value };
  /** The workflow that called; `null` where the caller is another Temporal client. */
  readonly parent: Pid | null;
  /** Aborted when the activity is cancelled, times out or its worker must stop: the process must end. */
  readonly signal: AbortSignal;
  /** How long the activity may take. */
  readonly startToCloseMs: number;
}

export interface NodePort {
  /** Name of the node with its incarnation, as it stands in the PIDs of its processes. */
  readonly name: string;
  /** Hands a signal to a process of this node. */
  deliver(pid: Pid, signal: Signal): MaybePromise<Delivery>;
  /** A workflow begins or ends to monitor, or to be linked to, a process of this node. */
  relate(op: RelationOp, from: Pid, to: Pid): MaybePromise<Delivery>;
  /** Whether anybody on this node monitors `pid` or is linked to it. */
  isWatched(pid: Pid): boolean;
  /** Whether `pid` monitors anybody on this node. */
  isWatching(pid: Pid): boolean;
  /** This node and that workflow have lost each other: links are down, what it monitors here is forgotten. */
  disconnected(pid: Pid, error: PerdureError): void;
  /** Starts a process on a local host (registry id) of this node. */
  spawn(host: string, order: SpawnOrder): MaybePromise<Spawned>;
  /** Runs a function to its end. Rejects only where the runtime itself is at fault. */
  runFunction(order: FunctionOrder): Promise<ExitResult>;
  /** A watched workflow has ended: whoever monitors it or is linked to it must be told. */
  exited(pid: Pid, result: ExitResult): void;
  /** Keeps a clock that skips idle time from skipping, until the returned function is called. */
  hold(reason: string): () => void;
  /** A message of a workflow that nobody will read: its target, or the target's node, is gone. */
  undelivered(from: Pid | null, to: Pid, topic: string, error: PerdureError): void;
  log(
    level: LogLevel,
    message: string,
    fields: { readonly [name: string]: Value } | null,
    /** The workflow that logged, where one did. */
    source?: { readonly pid: Pid; readonly entry: string },
  ): void;
  /** Text that a workflow printed, without a line end. */
  print(text: string): void;
}
