/**
 * One RPC in progress, as its handler sees it.
 *
 * A call holds the clock from its arrival to its answer, except while it is parked: a parked call
 * (a long poll) waits for something to happen, and takes its hold again in the very step in which
 * it happens, so that time cannot move between an event and its delivery.
 */
import type { Clock } from '../clock.js';

export interface Call {
  /** Whether the client has gone: a task must not be handed to it any more. */
  readonly gone: boolean;
  /** The client's deadline by `performance.now()`, which no change of the machine's clock moves; infinite without one. */
  readonly deadlineMs: number;
  /**
   * Waits until `subscribe`'s callback gets a value, or gives undefined after `limitMs` of real
   * time, when the client goes, or when the server closes. The function that `subscribe` returns
   * ends the subscription; it is called in every case.
   */
  park<T>(
    limitMs: number,
    subscribe: (deliver: (value: T) => void) => () => void,
  ): Promise<T | undefined>;
}

/** What is common to all calls of a server. */
export interface CallHost {
  readonly clock: Clock;
  /** Calls `end` when the server closes; the returned function forgets it. */
  onClose(end: () => void): () => void;
}

export class RunningCall implements Call {
  readonly #host: CallHost;
  readonly #name: string;
  readonly deadlineMs: number;
  #release: () => void;
  #gone = false;
  #onGone: (() => void) | undefined;

  constructor(host: CallHost, name: string, deadlineMs: number) {
    this.#host = host;
    this.#name = name;
    this.deadlineMs = deadlineMs;
    this.#release = host.clock.hold(name);
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** The client cancelled or its connection broke. */
  lose(): void {
    this.#gone = true;
    this.#onGone?.();
  }

  /** The answer is on its way. */
  end(): void {
    this.#release();
  }

  park<T>(
    limitMs: number,
    subscribe: (deliver: (value: T) => void) => () => void,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      let settled = false;
      let unsubscribe: (() => void) | undefined;
      const settle = (value: T | undefined) => {
        if (settled) return;
        settled = true;
        this.#release();
        this.#release = this.#host.clock.hold(this.#name);
        clearTimeout(limit);
        forget();
        this.#onGone = undefined;
        unsubscribe?.();
        resolve(value);
      };
      const limit = setTimeout(settle, Math.max(limitMs, 0), undefined);
      const forget = this.#host.onClose(() => settle(undefined));
      this.#onGone = () => settle(undefined);
      unsubscribe = subscribe(settle);
      if (settled) unsubscribe();
      else if (this.#gone) settle(undefined);
      else this.#release();
    });
  }
}
