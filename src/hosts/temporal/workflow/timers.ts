/** Durable timers of a workflow's kernel. */
import { sleep } from '@temporalio/workflow';
import { type Cancellable, cancellable } from './shield.js';

/** Temporal's server makes a hundred years of whatever is longer; a replay would ask for something else. */
const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

export class Timers {
  private readonly running = new Map<number, Cancellable<void>>();

  constructor(private readonly fire: (timer: number) => void) {}

  start(timer: number, delayMs: number, summary: string | null): void {
    const options = summary === null ? {} : { summary };
    const running = cancellable(() => sleep(Math.min(delayMs, LONGEST_MS), options));
    this.running.set(timer, running);
    running.result.then(
      () => {
        if (this.running.delete(timer)) this.fire(timer);
      },
      () => {}, // cancelled by its owner
    );
  }

  cancel(timer: number): void {
    const running = this.running.get(timer);
    this.running.delete(timer);
    running?.cancel();
  }
}
