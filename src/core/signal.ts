/**
 * Signals: what travels between processes. A closed set; a user's message is one member of it.
 * Events: what a program reads from `process.events()`.
 */
import type { PerdureError } from './errors.js';
import type { Value } from './payload.js';
import type { Pid } from './pid.js';

/** How a process ended: the first value that `main` returned, or an error. Never both. */
export interface ExitResult {
  readonly value: Value;
  readonly error: PerdureError | null;
}

/** Values that a process hands on to everything it starts (`ctx` in Lua). Immutable. */
export type Context = { readonly [key: string]: Value };

export const EMPTY_CONTEXT: Context = Object.freeze({});

export interface MessageSignal {
  readonly kind: 'message';
  /** Who sent it; `null` where that is not a process (an outside Temporal client). */
  readonly from: Pid | null;
  readonly topic: string;
  readonly values: readonly Value[];
  /** The sender's context, where the sender had one. */
  readonly context: Context | null;
}

export type Signal =
  | MessageSignal
  /** A monitored process ended. */
  | { readonly kind: 'exit'; readonly from: Pid; readonly result: ExitResult }
  /** A linked process failed. */
  | { readonly kind: 'link_down'; readonly from: Pid; readonly result: ExitResult }
  | {
      readonly kind: 'cancel';
      readonly from: Pid | null;
      readonly reason: string | null;
      readonly deadlineMs: number | null;
      /** The target is being stopped for good: one on this node that never asked for its events ends at once. */
      readonly stopping?: boolean;
    }
  | { readonly kind: 'terminate'; readonly from: Pid | null; readonly reason: string | null }
  | { readonly kind: 'monitor'; readonly from: Pid }
  | { readonly kind: 'unmonitor'; readonly from: Pid }
  | { readonly kind: 'link'; readonly from: Pid }
  | { readonly kind: 'unlink'; readonly from: Pid }
  /** The program's source has changed; an upgradable process may start anew. */
  | { readonly kind: 'outdated'; readonly from: Pid | null };

export const EventKind = {
  CANCEL: 'CANCEL',
  EXIT: 'EXIT',
  LINK_DOWN: 'LINK_DOWN',
  OUTDATED: 'OUTDATED',
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** What `process.events()` yields. `at` is the process's own clock, in ms since the epoch. */
export type ProcessEvent =
  | {
      readonly kind: 'EXIT' | 'LINK_DOWN';
      readonly from: Pid;
      readonly result: ExitResult;
      readonly at: number;
    }
  | {
      readonly kind: 'CANCEL';
      readonly from: Pid | null;
      readonly reason: string | null;
      readonly deadline: number | null;
      readonly at: number;
    }
  | { readonly kind: 'OUTDATED'; readonly from: Pid | null; readonly at: number };

/** What became of a signal handed to a host. */
export type Delivery =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly error: PerdureError };

export const ACCEPTED: Delivery = Object.freeze({ accepted: true });

/** Topics that start with this belong to perdure itself. */
export const RESERVED_TOPIC_PREFIX = '@';
