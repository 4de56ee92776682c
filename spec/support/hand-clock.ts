import type { Clock, ClockTimer } from '../../src/runtime/clock.js';

interface HandTimer {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that stands still until a spec turns it. */
export class HandClock implements Clock {
  private readonly timers = new Set<HandTimer>();
  private time = 1_000_000;

  now(): number {
    return this.time;
  }

  setTimer(delayMs: number, fire: () => void): ClockTimer {
    const timer: HandTimer = { at: this.time + delayMs, fire };
    this.timers.add(timer);
    return timer;
  }

  clearTimer(timer: ClockTimer): void {
    this.timers.delete(timer as HandTimer);
  }

  hold(): () => void {
    return () => {};
  }

  /** Timers that have not gone off. */
  get pending(): number {
    return this.timers.size;
  }

  /** Turns it by `ms`; what falls due goes off in order, `settle` being awaited after each. */
  async turn(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let due = this.next(end); due !== undefined; due = this.next(end)) {
      this.timers.delete(due);
      this.time = due.at;
      due.fire();
      await settle();
    }
    this.time = end;
  }

  private next(end: number): HandTimer | undefined {
    let next: HandTimer | undefined;
    for (const timer of this.timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}
