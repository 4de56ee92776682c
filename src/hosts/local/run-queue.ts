/**
 * The run queue of a local host: processes take turns, first come first served, for at most
 * `budgetMs` before timers and I/O of the Node process get theirs.
 */
import { performance } from 'node:perf_hooks';
import { Queue } from '../../core/queue.js';

/** Something that can take a turn. */
export interface Runnable {
  /** Runs for a while. @returns true when it wants another turn. */
  turn(): boolean;
  /** True while it stands in the queue; owned by the queue. */
  queued: boolean;
}

/** How long processes run before the event loop goes round, in ms of real time. */
const BUDGET_MS = 5;

/** Turns between two looks at the real clock, where none of them was long. */
const TURNS_A_LOOK = 32;

export class RunQueue {
  private readonly queue = new Queue<Runnable>();
  private scheduled = false;
  private release: (() => void) | null = null;

  /** `hold` is taken while anything waits for its turn, so that a skipping clock stands still. */
  constructor(private readonly hold: () => () => void) {}

  add(runnable: Runnable): void {
    if (runnable.queued) return;
    runnable.queued = true;
    this.queue.push(runnable);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.release ??= this.hold();
    setImmediate(this.drain);
  }

  private readonly drain = (): void => {
    this.scheduled = false;
    const until = performance.now() + BUDGET_MS;
    do {
      for (let left = TURNS_A_LOOK; left > 0; left--) {
        const next = this.queue.shift();
        if (next === undefined) {
          this.idle();
          return;
        }
        next.queued = false;
        if (!next.turn()) continue;
        this.add(next);
        break; // it has used up its turn, which may have taken long
      }
    } while (performance.now() < until);
    this.schedule();
  };

  private idle(): void {
    this.release?.();
    this.release = null;
  }
}
