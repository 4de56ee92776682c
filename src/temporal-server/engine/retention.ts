/**
 * Forgets closed runs whose time is over. The store knows which those are.
 *
 * Retention is real time: time that was skipped takes nothing away from who wants to look.
 */
import { type Clock, realNow, type TimerHandle } from '../clock.js';
import type { RunKey } from '../history/state.js';
import type { Store } from '../store.js';

/** How long a drop that could not be written is left alone before it is tried again. */
const RETRY_MS = 10_000;

export class Retention {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #drop: (key: RunKey) => void | Promise<void>;
  #timer: { readonly atMs: number; readonly handle: TimerHandle } | undefined;
  #sweeping = false;
  #closed = false;

  constructor(clock: Clock, store: Store, drop: (key: RunKey) => void | Promise<void>) {
    this.#clock = clock;
    this.#store = store;
    this.#drop = drop;
  }

  /** Drops what is over, and waits for what comes next. To be called when a run has closed. */
  check(): void {
    if (this.#closed || this.#sweeping) return;
    const keys = this.#store.expired(realNow(this.#clock));
    const drops = keys.map((key) => this.#drop(key)).filter((drop) => drop !== undefined);
    if (drops.length === 0) {
      this.#wait(this.#store.nextExpiryMs());
      return;
    }
    this.#sweeping = true;
    const done = (next: () => void) => {
      this.#sweeping = false;
      next();
    };
    Promise.all(drops).then(
      () => done(() => this.check()),
      // The disk may be full: the runs are there still.
      () => done(() => this.#wait(realNow(this.#clock) + RETRY_MS)),
    );
  }

  #wait(untilMs: number | undefined): void {
    if (this.#timer && this.#timer.atMs === untilMs) return;
    if (this.#timer) this.#clock.clearTimer(this.#timer.handle);
    this.#timer = undefined;
    if (untilMs === undefined || this.#closed) return;
    const fire = () => {
      this.#timer = undefined;
      this.check();
    };
    const atMs = this.#clock.now() + untilMs - realNow(this.#clock);
    const handle = this.#clock.setTimer(atMs, fire, { skippable: false });
    this.#timer = { atMs: untilMs, handle };
  }

  /** Drops nothing any more. */
  close(): void {
    this.#closed = true;
    this.#wait(undefined);
  }
}
