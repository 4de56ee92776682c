/**
 * Work of the server's own, that no client waits for: what it throws is a defect, to be seen by an observer. While the
 * store refuses to write, it is tried again; what the end of the server cuts short is taken up at the next start.
 */
import type { Clock } from '../clock.js';
import { isStoreRefusal } from '../store-errors.js';
import type { ServerEvent } from './events.js';
import type { MaybePromise } from './maybe-promise.js';

/** How long after a store has refused to write work is tried again. */
const STORE_RETRY_MS = 1000;

export class OwnWork {
  readonly #clock: Clock;
  readonly #observe: (event: ServerEvent) => void;
  #isClosed = false;

  constructor(clock: Clock, observe: (event: ServerEvent) => void) {
    this.#clock = clock;
    this.#observe = observe;
  }

  background(where: string, work: () => unknown): void {
    const failed = (error: unknown) => {
      if (!this.#isClosed || !isStoreRefusal(error))
        this.#observe({ kind: 'defect', where, error });
    };
    try {
      const result = work();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Does work however long the store refuses to write what comes of it. */
  async untilStored<T>(work: () => MaybePromise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!this.isToBeTriedAgain(error)) throw error;
        await new Promise<void>((resolve) => {
          this.#clock.setTimer(this.retryAtMs, resolve, { skippable: false });
        });
      }
    }
  }

  /** Whether work failed because the store refused it, and there will be another try. */
  isToBeTriedAgain(thrown: unknown): boolean {
    return isStoreRefusal(thrown) && !this.#isClosed;
  }

  /** When that is. */
  get retryAtMs(): number {
    return this.#clock.now() + STORE_RETRY_MS;
  }

  /** What fails from now on was cut short. */
  close(): void {
    this.#isClosed = true;
  }
}
