/**
 * The run queue of a local host: processes take turns, first come first served, for at most
 * `budgetMs` before timers and I/O of the Node process get theirs.
 *
 * It runs in bursts. The first process that wants a turn starts one, in the next round of the event loop;
 * asynchronous programs go on in microtasks between turns, so those who want a turn during a burst get
 * it in a microtask too, until its time is spent; the rest waits for the next burst.
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

/** Turns before the asynchronous programs among them go on. */
const TURNS_A_DRAIN = 128;

/** Its reactions are microtasks of V8's own, at a third of the cost of `queueMicrotask`. */
const MICROTASK = Promise.resolve();

type Phase =
  /** Nothing to do. */
  | 'idle'
  /** A burst begins in the next round of the event loop. */
  | 'awaited'
  /** The next drain is a microtask away, should there be one to do. */
  | 'burst'
  /** The burst's time is over; the next begins in the next round of the event loop. */
  | 'spent';

export class RunQueue {
  private readonly queue = new Queue<Runnable>();
  private phase: Phase = 'idle';
  private draining = false;
  private until = 0;
  private looks = TURNS_A_LOOK;
  private release: (() => void) | null = null;

  /** `hold` is taken while anything waits for its turn, so that a skipping clock stands still. */
  constructor(private readonly hold: () => () => void) {}

  add(runnable: Runnable): void {
    if (runnable.queued) return;
    runnable.queued = true;
    this.queue.push(runnable);
    if (this.phase === 'burst') this.drainSoon();
    else if (this.phase === 'idle') this.awaitBurst();
  }

  /**
   * Counts one more step of a program that runs between turns.
   * @returns true when the burst's time is over: the program should come back by way of the queue.
   */
  spend(): boolean {
    if (this.phase === 'idle') this.awaitBurst();
    if (this.phase === 'burst' || this.phase === 'awaited') this.look();
    return this.phase === 'spent';
  }

  /**
   * Whether a program may go on between turns without one: the burst lasts, and nobody waits for a turn. Counts
   * a step of it.
   */
  lets(): boolean {
    if (this.phase !== 'burst' || this.queue.length > 0) return false;
    this.look();
    return true;
  }

  private awaitBurst(): void {
    this.phase = 'awaited';
    this.until = performance.now() + BUDGET_MS;
    this.release ??= this.hold();
    setImmediate(this.begin);
  }

  /** The event loop went round: a burst is over, and where there is more to do the next one begins. */
  private readonly begin = (): void => {
    if (this.queue.length === 0) {
      this.phase = 'idle';
      this.release?.();
      this.release = null;
      return;
    }
    this.phase = 'burst';
    this.until = performance.now() + BUDGET_MS;
    setImmediate(this.begin);
    this.drain();
  };

  private drainSoon(): void {
    if (this.draining) return;
    this.draining = true;
    void MICROTASK.then(this.drain);
  }

  private readonly drain = (): void => {
    this.draining = true;
    for (let left = TURNS_A_DRAIN; left > 0 && this.phase === 'burst'; left--) {
      const next = this.queue.shift();
      if (next === undefined) break;
      next.queued = false;
      if (next.turn()) {
        this.add(next);
        this.looks = 1; // it has used up its turn, which may have taken long
      }
      this.look();
    }
    this.draining = false;
    if (this.queue.length > 0 && this.phase === 'burst') this.drainSoon();
  };

  private look(): void {
    if (--this.looks > 0) return;
    this.looks = TURNS_A_LOOK;
    if (performance.now() >= this.until) this.phase = 'spent';
  }
}
