import type { Clock, ClockTimer } from './clock.js';

/** The longest delay that `setTimeout` takes; longer ones run in several legs. */
const LONGEST_LEG_MS = 2 ** 31 - 1;

class SystemTimer {
  handle: ReturnType<typeof setTimeout> | undefined;
}

/** Real time. Holds mean nothing to it: it never skips. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fire: () => void): ClockTimer {
    const timer = new SystemTimer();
    this.leg(timer, delayMs, fire);
    return timer;
  }

  clearTimer(timer: ClockTimer): void {
    if (timer instanceof SystemTimer) clearTimeout(timer.handle);
  }

  hold(): () => void {
    return () => {};
  }

  private leg(timer: SystemTimer, leftMs: number, fire: () => void): void {
    timer.handle =
      leftMs > LONGEST_LEG_MS
        ? setTimeout(() => this.leg(timer, leftMs - LONGEST_LEG_MS, fire), LONGEST_LEG_MS)
        : setTimeout(fire, leftMs);
  }
}
