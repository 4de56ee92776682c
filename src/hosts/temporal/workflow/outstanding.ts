/**
 * What a workflow has asked for and the server has not yet confirmed: sends, signals, starts of children.
 * Commands that are still open when a workflow closes never happen, so the close waits for them.
 */
import { sleep } from '@temporalio/workflow';
import { cancellable } from './shield.js';

export class Outstanding {
  private count = 0;
  private onIdle: (() => void) | null = null;

  /** Counts `work` until it settles; its failure is its owner's business. */
  add<T>(work: Promise<T>): Promise<T> {
    this.count++;
    const done = () => {
      if (--this.count === 0) this.onIdle?.();
    };
    work.then(done, done);
    return work;
  }

  get idle(): boolean {
    return this.count === 0;
  }

  /** Waits until nothing is outstanding, at most `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    if (this.idle) return;
    const limit = cancellable(() => sleep(limitMs));
    await new Promise<void>((resolve) => {
      this.onIdle = () => {
        limit.cancel();
        resolve();
      };
      limit.result.then(resolve, resolve);
    });
  }
}
