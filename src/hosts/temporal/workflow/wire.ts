/**
 * Names and shapes that the sandbox, the node side and other nodes agree on. They stand in histories:
 * a change of meaning here makes running workflows diverge.
 */
import type { ErrorData } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { Pid } from '../../../core/pid.js';
import type { Context, Signal } from '../../../core/signal.js';

/** The one header of perdure, on starts, signals and activities: a JSON object. */
export const HEADER = 'perdure';

/** On a workflow start. Without it, the workflow was started by another Temporal client. */
export interface StartHeader {
  readonly pid: Pid;
  readonly context: Context;
  readonly parent: Pid | null;
  /**
   * Startup messages, where the server cannot take them as a signal (conflict policy `fail`, children). For
   * the first run alone: retries and cron runs of the chain have the same header.
   */
  readonly messages?: readonly StartupBatch[number][];
  /** The parent links it: the id of that link. */
  readonly link?: string;
  /** What the run before this one has left, where one did (carried.ts). */
  readonly carried?: Value;
}

/** On a signal. */
export interface SignalHeader {
  readonly from: Pid | null;
  readonly context: Context | null;
}

/** On an activity. */
export interface ActivityHeader {
  readonly parent: Pid;
  readonly context: Context;
  readonly options: { readonly [name: string]: Value };
  /** The call names a retry policy, so an error that says nothing about retrying is retried. */
  readonly retries: boolean;
}

/** Signals of perdure itself; a user's topic never starts with `@`. */
export const OwnSignal = {
  /** Startup messages: one argument, a {@link StartupBatch}. */
  BATCH: '@batch',
  /** A cancel request: one argument, a {@link CancelNote}. */
  CANCEL: '@cancel',
  /** A monitored local process ended: one argument, an {@link EndNote}. */
  EXIT: '@exit',
  /** A linked local process failed: one argument, an {@link EndNote}. */
  LINK_DOWN: '@link_down',
  /** Somebody has made a link: one argument, a {@link LinkNote}. */
  LINK: '@link',
  /** Somebody has removed a link, or ended normally: one argument, a {@link LinkNote}. */
  UNLINK: '@unlink',
} as const;
export type OwnSignal = (typeof OwnSignal)[keyof typeof OwnSignal];

export type StartupBatch = readonly {
  readonly topic: string;
  readonly values: readonly Value[];
}[];

/** What a cancel request says; JSON in the request's reason. */
export interface CancelNote {
  readonly reason: string | null;
  readonly deadline: number | null;
  readonly from: Pid | null;
}

export type RelationOp = 'monitor' | 'unmonitor' | 'link' | 'unlink';

/**
 * What a node had heard of a workflow when it sent something: the number of its last item about a monitor
 * or link. What the workflow has asked for since then is not known yet to who sent this.
 */
export interface Seen {
  /** '' where it had heard nothing. A note has `null` where it may have forgotten. */
  readonly sender: string;
  readonly seq: number;
}

/** How a local process ended. */
export interface EndNote {
  readonly from: Pid;
  readonly value: Value;
  readonly error: ErrorData | null;
  readonly seen: Seen | null;
}

/** A link that is made or removed; between two workflows each link has an id. */
export interface LinkNote {
  readonly from: Pid;
  readonly ids: readonly string[];
  readonly seen: Seen | null;
}

/** What another process tells a workflow about a monitor or a link between them. */
export type Notice =
  | { readonly kind: 'exit' | 'link_down'; readonly note: EndNote }
  | { readonly kind: 'link' | 'unlink'; readonly note: LinkNote };

/** Activities that perdure itself runs. */
export const OwnActivity = {
  /** Hands a {@link PeerBatch} to processes of one node; on that node's own task queue. */
  DELIVER: 'perdure.deliver',
  /** Starts a process on a local host of whichever node takes it. Answers the PID. */
  SPAWN: 'perdure.spawn',
  /** Starts a workflow as a client does: a {@link StartNote}. Answers the PID. */
  START: 'perdure.start',
  /**
   * Lives as long as a workflow has to do with processes of one node, on that node's own task queue and
   * heartbeaten by it: its end is the node's. One argument, a {@link LeaseNote}.
   */
  LEASE: 'perdure.lease',
  /** Ends as a workflow ends. One argument, a {@link WatchNote}. */
  WATCH: 'perdure.watch',
  /** Tells a workflow of a link. One argument, a {@link LinkOrder}. Answers the id of its present run. */
  LINK: 'perdure.link',
  /** Says why a {@link ClosedRun} has failed: what tells a parent that a child was terminated has no reason. */
  FAILURE: 'perdure.failure',
  /** Terminates a workflow. */
  TERMINATE: 'perdure.terminate',
  /** Makes sure of search attributes. Answers name → type. */
  ATTRIBUTES: 'perdure.attributes',
} as const;
export type OwnActivity = (typeof OwnActivity)[keyof typeof OwnActivity];

export const OWN_ACTIVITY_PREFIX = 'perdure.';

/**
 * Whether an activity only waits for something to end: it runs for as long as its workflow likes, holds no
 * place in a worker, and is no work that a clock has to wait for.
 */
export function isLasting(activityType: string): boolean {
  return activityType === OwnActivity.LEASE || activityType === OwnActivity.WATCH;
}

export interface LeaseNote {
  /** The workflow. */
  readonly pid: Pid;
  /** The node, its incarnation included. */
  readonly node: string;
}

export interface WatchNote {
  readonly workflow_id: string;
  /** The run to begin with; `null`: the present one. */
  readonly run_id: string | null;
}

export interface LinkOrder {
  readonly pid: Pid;
  readonly note: LinkNote;
}

/** Signals of one workflow run to processes of one node. `seq` counts up: a receiver drops what it has seen. */
export interface PeerBatch {
  readonly sender: string;
  readonly items: readonly {
    readonly seq: number;
    readonly to: Pid;
    readonly signal: PeerSignal;
  }[];
}

/** The signals that a workflow may send to a local process, as plain JSON. */
export type PeerSignal = Extract<Signal, { kind: 'message' | 'cancel' | 'terminate' | RelationOp }>;

export interface SpawnNote {
  readonly host: string;
  readonly entry: string;
  readonly values: readonly Value[];
  readonly name: string | null;
  readonly messages: StartupBatch;
  readonly context: Context;
  readonly options: { readonly [name: string]: Value };
  readonly parent: Pid;
  /** The workflow monitors it, or is linked to it, from its start. */
  readonly monitor: boolean;
  readonly link: boolean;
}

export interface SpawnAnswer {
  readonly pid: Pid;
  /** Whether the process is new and its node knows of the monitor and the link that were asked for. */
  readonly bound: boolean;
}

/** The first run of a chain that has ended. */
export interface ClosedRun {
  readonly workflow_id: string;
  readonly run_id: string;
}

/** The start of a workflow with what no command of a workflow can ask for. */
export interface StartNote {
  readonly entry: string;
  /** Registry id of the worker that is to run it. */
  readonly worker: string;
  readonly values: readonly Value[];
  readonly workflow_id: string;
  /** Whether the id was made up: a clash is then a mistake. */
  readonly made_up: boolean;
  /** The same in every attempt, so that a start whose answer was lost is not made twice. */
  readonly request_id: string;
  readonly messages: StartupBatch;
  readonly context: Context;
  readonly options: { readonly [name: string]: Value };
  readonly parent: Pid;
}

/** Type of a search attribute, as Temporal names it. */
export const AttributeType = {
  TEXT: 'TEXT',
  KEYWORD: 'KEYWORD',
  INT: 'INT',
  DOUBLE: 'DOUBLE',
  BOOL: 'BOOL',
  DATETIME: 'DATETIME',
  KEYWORD_LIST: 'KEYWORD_LIST',
} as const;
export type AttributeType = (typeof AttributeType)[keyof typeof AttributeType];

/** Memo field with the hash of the Lua source that a workflow started with. */
export const SOURCE_MEMO = 'perdure.source';

/** Names that Temporal keeps for itself; a signal of such a name fails every task of its target. */
export function isReservedByTemporal(name: string): boolean {
  return (
    name.startsWith('__temporal_') || name === '__stack_trace' || name === '__enhanced_stack_trace'
  );
}
