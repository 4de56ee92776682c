/** What an observer of a node can see. One typed stream; listeners must not throw. */
import type { PerdureError } from '../core/errors.js';
import type { Pid } from '../core/pid.js';
import type { ExitResult } from '../core/signal.js';

export type NodeEvent =
  | {
      readonly kind: 'spawned';
      readonly pid: Pid;
      readonly entry: string;
      readonly parent: Pid | null;
      readonly name: string | null;
      readonly at: number;
    }
  /** Two processes have been linked. */
  | { readonly kind: 'linked'; readonly pid: Pid; readonly to: Pid; readonly at: number }
  /** A mailbox has come to hold half of its limit: its process does not keep up. */
  | {
      readonly kind: 'mailbox_filling';
      readonly pid: Pid;
      readonly entry: string;
      readonly depth: number;
      readonly limit: number;
      readonly at: number;
    }
  /** A process has not waited for anything for `ms`; others get their turns, later. Once a long turn. */
  | {
      readonly kind: 'slow_turn';
      readonly pid: Pid;
      readonly entry: string;
      /** Where it is in its source, `order.lua:42`. */
      readonly where: string | null;
      readonly ms: number;
      readonly at: number;
    }
  | { readonly kind: 'exited'; readonly pid: Pid; readonly result: ExitResult; readonly at: number }
  /** A message that nobody will read: its target is gone, unknown or full. */
  | {
      readonly kind: 'undeliverable';
      readonly from: Pid | null;
      readonly to: string;
      readonly topic: string;
      readonly error: PerdureError;
      readonly at: number;
    }
  /** A service changed its state; see the supervisor for the states. */
  | {
      readonly kind: 'service';
      readonly id: string;
      readonly state: string;
      readonly detail: string | null;
      readonly at: number;
    }
  /** A supervisor starts a child again. */
  | {
      readonly kind: 'restarted';
      readonly supervisor: Pid;
      /** Entry id of the supervisor. */
      readonly entry: string;
      readonly child: string;
      /** How the child failed; `null` where it ended well. */
      readonly error: PerdureError | null;
      /** What is used up of the supervisor's restarts: `2 of 3 within 5s`. */
      readonly budget: string;
      readonly at: number;
    }
  /** A program logged a line. */
  | {
      readonly kind: 'log';
      readonly level: string;
      readonly message: string;
      readonly pid: Pid | null;
      readonly entry: string | null;
      readonly fields: { readonly [name: string]: unknown } | null;
      readonly at: number;
    };

export type NodeListener = (event: NodeEvent) => void;

export class EventStream {
  private readonly listeners = new Set<NodeListener>();

  /** @returns a function that ends the subscription. */
  subscribe(listener: NodeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Lets hot paths skip making an event that nobody reads. */
  get observed(): boolean {
    return this.listeners.size > 0;
  }

  publish(event: NodeEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
