import type { ProcessDefinition } from '../core/definition.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { Context } from '../core/signal.js';
import type { Channel, SelectCase } from './channel.js';
import type { Item, Task } from './program.js';

export type Request = KernelRequest | HostRequest;

export type KernelRequest =
  /** Answer: the item and ok; with `timeoutMs`, `error` TIMEOUT once that has passed. */
  | { readonly op: 'receive'; readonly channel: Channel; readonly timeoutMs: number | null }
  /** Waits until a receiver or a place in the buffer takes the item. INVALID on a closed channel. */
  | { readonly op: 'offer'; readonly channel: Channel; readonly item: Item }
  /** Answer: a {@link Selected}. `orElse`: do not wait. */
  | { readonly op: 'select'; readonly cases: readonly SelectCase[]; readonly orElse: boolean }
  | { readonly op: 'sleep'; readonly delayMs: number }
  /** Adds a task to this process; never waits. */
  | { readonly op: 'fork'; readonly task: Task };

/** What a select chose: the first case, in the order given, that was ready. */
export interface Selected {
  /** `null`: none was ready and the select had a default. */
  readonly channel: Channel | null;
  readonly value: Item;
  readonly ok: boolean;
}

/** A message that is delivered before any other one. */
export interface StartupMessage {
  readonly topic: string;
  readonly values: readonly Value[];
}

/**
 * Options by their full name (`temporal.workflow.id`, ...; Lua programs may leave `temporal.` out, hosts
 * never see that); each host reads its own.
 */
export type Options = { readonly [name: string]: Value };

export interface SpawnRequest {
  /** Entry id, `namespace:name`; the name of a `definition`. */
  readonly entry: string;
  /** The program itself, where a TypeScript program spawns a function and not an entry. */
  readonly definition?: ProcessDefinition | null;
  /** Registry id of the host. */
  readonly host: string;
  readonly values: readonly Value[];
  readonly name: string | null;
  readonly messages: readonly StartupMessage[];
  /** Complete: what the spawner inherited, with its own additions merged in. */
  readonly context: Context;
  readonly options: Options;
  readonly monitor: boolean;
  readonly link: boolean;
}

export interface CallRequest {
  readonly entry: string;
  readonly values: readonly Value[];
  readonly context: Context;
  readonly options: Options;
}

/** What only the host can do. Answers carry a `Value`; failures carry an error. */
export type HostRequest =
  | {
      readonly op: 'send';
      readonly target: string;
      readonly topic: string;
      readonly values: readonly Value[];
    }
  /** Answer: the PID. */
  | { readonly op: 'spawn'; readonly spawn: SpawnRequest }
  /** Spawn and wait for the end. Answer: what `main` returned. */
  | { readonly op: 'exec'; readonly spawn: SpawnRequest }
  /** Call a function. Answer: what it returned. */
  | { readonly op: 'call'; readonly call: CallRequest }
  | { readonly op: 'monitor' | 'unmonitor' | 'link' | 'unlink'; readonly pid: Pid }
  | { readonly op: 'terminate'; readonly pid: Pid; readonly reason: string | null }
  | {
      readonly op: 'cancel';
      readonly pid: Pid;
      readonly reason: string | null;
      readonly deadlineMs: number | null;
      /** See the signal of that name. */
      readonly stopping?: boolean;
    }
  | { readonly op: 'register' | 'unregister' | 'lookup'; readonly name: string }
  /** Another program for this process. Answered only where that cannot be. */
  | { readonly op: 'upgrade'; readonly entry: string; readonly values: readonly Value[] }
  /** Environment variable, where the host lets the process see it. Answer: text or nil. */
  | { readonly op: 'env'; readonly name: string }
  /** An HTTP exchange, where the host allows one. */
  | { readonly op: 'http'; readonly http: HttpRequest }
  /** A child workflow, run to its end on its own worker. Workflow only. */
  | {
      readonly op: 'workflow_exec';
      readonly entry: string;
      readonly values: readonly Value[];
      readonly context: Context;
      readonly options: Options;
    }
  /** Workflow only. Answer: the version number. */
  | { readonly op: 'version'; readonly change: string; readonly min: number; readonly max: number }
  /** Workflow only: search attributes and memo to set; `null` removes one. */
  | {
      readonly op: 'attributes';
      readonly search: { readonly [name: string]: Value };
      readonly memo: { readonly [name: string]: Value };
    }
  /** Workflow only. Answer: a map with workflow_id, run_id, history_length, ... */
  | { readonly op: 'workflow_info' };

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | Uint8Array | null;
  readonly timeoutMs: number | null;
}

/** Answer to `http`, as a value: the status is data, only a failed exchange is an error. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | Uint8Array;
}
