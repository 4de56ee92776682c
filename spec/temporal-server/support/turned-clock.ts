/** A clock that is ahead of real time by as much as it was turned. */
import { type Clock, systemClock } from '../../../src/temporal-server/index.js';

export interface TurnedClock extends Clock {
  /** What is due by then falls due at once. */
  turn(byMs: number): void;
  /** What is due by then falls due just after somebody has looked at the clock: in the midst of a request. */
  turnAtNextLook(byMs: number): void;
}

export function turnedClock(): TurnedClock {
  const real = systemClock();
  const timers = new Map<object, { readonly atMs: number; readonly fire: () => void }>();
  let aheadMs = 0;
  let looked: (() => void) | undefined;
  const fallDue = () => {
    for (const [handle, { atMs, fire }] of [...timers])
      if (atMs <= real.now() + aheadMs && timers.delete(handle)) fire();
  };
  return {
    now() {
      if (looked) queueMicrotask(looked);
      looked = undefined;
      return real.now() + aheadMs;
    },
    hold: real.hold,
    setTimer(atMs, fire) {
      const handle = {};
      timers.set(handle, { atMs, fire });
      return handle;
    },
    clearTimer: (handle) => void timers.delete(handle),
    turn(byMs) {
      aheadMs += byMs;
      fallDue();
    },
    turnAtNextLook(byMs) {
      aheadMs += byMs;
      looked = fallDue;
    },
  };
}
