import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type TimerEntry, TimerQueue } from '../../../src/hosts/local/timer-queue.js';
import type { Clock } from '../../../src/runtime/clock.js';

/** A clock that a spec turns; it counts the timers it has. */
class TurnedClock implements Clock {
  timers = new Map<object, { at: number; fire: () => void }>();
  private ms = 0;
  now(): number {
    return this.ms;
  }
  setTimer(delayMs: number, fire: () => void): object {
    const handle = {};
    this.timers.set(handle, { at: this.ms + delayMs, fire });
    return handle;
  }
  clearTimer(timer: object): void {
    this.timers.delete(timer);
  }
  hold(): () => void {
    return () => {};
  }
  turn(ms: number): void {
    for (this.ms += ms; ; ) {
      const due = [...this.timers].find(([, { at }]) => at <= this.ms);
      if (due === undefined) return;
      this.timers.delete(due[0]);
      due[1].fire();
    }
  }
}

describe('the timers of a local host', () => {
  it('go off in the order in which they fall due, never early, and not when cancelled', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('start' as const), ms: fc.nat(50) }),
      fc.record({ op: fc.constant('cancel' as const), ms: fc.nat(20) }),
      fc.record({ op: fc.constant('turn' as const), ms: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const clock = new TurnedClock();
        const queue = new TimerQueue(clock);
        const fired: number[] = [];
        const model = new Map<number, { due: number; entry: TimerEntry }>();
        const expected: number[] = [];
        steps.forEach(({ op, ms }, timer) => {
          if (op === 'start') {
            const entry = queue.start({ timerFired: (t) => fired.push(t) }, timer, ms);
            model.set(timer, { due: clock.now() + ms, entry });
          } else if (op === 'cancel') {
            const [found] = [...model].slice(ms);
            if (found === undefined) return;
            model.delete(found[0]);
            queue.cancel(found[1].entry);
          } else {
            clock.turn(ms);
            const due = [...model].filter(([, { due }]) => due <= clock.now());
            due.sort(([a, x], [b, y]) => x.due - y.due || a - b);
            for (const [t] of due) model.delete(t);
            expected.push(...due.map(([t]) => t));
          }
          expect(fired).toEqual(expected);
          expect(clock.timers.size).toBe(model.size === 0 ? 0 : 1);
        });
      }),
    );
  });
});
