import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { skippingClock, systemClock } from '../../src/temporal-server/index.js';
import { type TimerEntry, TimerHeap } from '../../src/temporal-server/timer-heap.js';

describe('the timer heap', () => {
  it('gives timers in the order they are due, whatever was taken out in between', () => {
    const timers = fc.array(fc.record({ atMs: fc.nat(50), removed: fc.boolean() }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(timers, (specs) => {
        const heap = new TimerHeap();
        const entries = specs.map(({ atMs }) => heap.add(atMs, () => {}));
        const kept = entries.filter((entry, i) => !specs[i]?.removed || !heap.remove(entry));
        const popped: TimerEntry[] = [];
        for (let due = heap.popDue(100); due; due = heap.popDue(100)) popped.push(due);
        const expected = [...kept].sort((a, b) => a.atMs - b.atMs || a.order - b.order);
        expect(popped).toEqual(expected);
        expect(heap.size).toBe(0);
      }),
    );
  });

  /** Instants in no order. */
  function* instants(count: number): Iterable<number> {
    for (let i = 0, atMs = 7; i < count; i++) {
      atMs = (atMs * 48_271) % (2 ** 31 - 1);
      yield atMs;
    }
  }

  it('holds a million timers and fires them in order', () => {
    const heap = new TimerHeap();
    for (const atMs of instants(1_000_000)) heap.add(atMs, () => {});
    let fired = 0;
    let lastMs = -1;
    for (let due = heap.popDue(2 ** 31); due; due = heap.popDue(2 ** 31)) {
      if (due.atMs < lastMs) throw new Error(`${due.atMs} fired after ${lastMs}`);
      lastMs = due.atMs;
      fired += 1;
    }
    expect(fired).toBe(1_000_000);
  }, 120_000);

  it('costs little more than ten times as much for ten times as many timers', () => {
    /** How often instants are looked at: no clock, so that it is the same on every machine. */
    const looks = (count: number): number => {
      const heap = new TimerHeap();
      let seen = 0;
      for (const atMs of instants(count)) {
        const counted = {
          valueOf() {
            seen += 1;
            return atMs;
          },
        };
        heap.add(counted as unknown as number, () => {});
      }
      while (heap.popDue(2 ** 31));
      return seen;
    };
    expect(looks(50_000)).toBeLessThan(14 * looks(5000));
  });

  it('gives nothing that is not due', () => {
    const heap = new TimerHeap();
    heap.add(10, () => {});
    expect(heap.popDue(9)).toBeUndefined();
    expect(heap.popDue(10)).toBeDefined();
  });
});

describe('the system clock', () => {
  it('fires at the instant and not before, and not when cleared', async () => {
    const clock = systemClock();
    const atMs = clock.now() + 5;
    const cleared = clock.setTimer(atMs, () => {
      throw new Error('a cleared timer fired');
    });
    clock.clearTimer(cleared);
    const firedMs = await new Promise<number>((resolve) => {
      const alive = setInterval(() => {}, 1000);
      clock.setTimer(atMs, () => {
        clearInterval(alive);
        resolve(clock.now());
      });
    });
    expect(firedMs).toBeGreaterThanOrEqual(atMs);
  });
});

describe('the system clock, when the clock of the machine is changed', () => {
  const HOUR_MS = 3_600_000;

  it('follows it forward, and never back', () => {
    let [wall, steady] = [1e12, 1e12];
    const { now } = systemClock({ wall: () => wall, steady: () => steady });
    const pass = (ms: number, putMs = 0) => {
      steady += ms;
      wall += ms + putMs;
      return now();
    };
    expect(pass(10)).toBe(1e12 + 10);
    expect(pass(10, 500)).toBe(1e12 + 20); // kept right, no jump
    expect(pass(10, HOUR_MS)).toBe(1e12 + 30 + 500 + HOUR_MS);
    expect(pass(10, -2 * HOUR_MS)).toBe(1e12 + 40 + 500 + HOUR_MS);
    expect(pass(10, HOUR_MS)).toBe(1e12 + 50 + 500 + HOUR_MS); // where it was
    expect(pass(10, 2 * HOUR_MS)).toBe(1e12 + 60 + 500 + 2 * HOUR_MS);
  });

  it('does not go ahead of it where the process is held up between two looks at it', () => {
    let [time, heldUpMs] = [1e12, 0];
    const look = () => {
      const seen = time;
      time += heldUpMs;
      return seen;
    };
    const { now } = systemClock({ wall: look, steady: look });
    heldUpMs = HOUR_MS;
    now();
    heldUpMs = 0;
    expect(now()).toBe(time);
  });

  it('begins with the time that the machine says', () => {
    const wall = 1e12 - HOUR_MS;
    expect(systemClock({ wall: () => wall, steady: () => 1e12 }).now()).toBe(wall);
  });

  it('fires what is due by then, soon after it was put forward', () => {
    jest.useFakeTimers();
    try {
      let wall = 1e12;
      const clock = systemClock({ wall: () => wall, steady: () => 1e12 });
      const fired: string[] = [];
      clock.setTimer(1e12 + HOUR_MS / 2, () => fired.push('in half an hour'));
      clock.setTimer(1e12 + 2 * HOUR_MS, () => fired.push('in two hours'));
      jest.advanceTimersByTime(60_000);
      expect(fired).toEqual([]);
      wall += HOUR_MS;
      jest.advanceTimersByTime(5000);
      expect(fired).toEqual(['in half an hour']);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('the skipping clock', () => {
  const HOUR_MS = 3_600_000;

  function fires(clock: ReturnType<typeof skippingClock>, afterMs: number): Promise<number> {
    const alive = setInterval(() => {}, 1000);
    return new Promise((resolve) => {
      clock.setTimer(clock.now() + afterMs, () => {
        clearInterval(alive);
        resolve(clock.now());
      });
    });
  }

  it('jumps to the earliest timer, one after the other', async () => {
    const clock = skippingClock();
    const startMs = clock.now();
    const [second, first] = await Promise.all([fires(clock, 2 * HOUR_MS), fires(clock, HOUR_MS)]);
    expect(first - startMs).toBeGreaterThanOrEqual(HOUR_MS);
    expect(first - startMs).toBeLessThan(HOUR_MS + 1000);
    expect(second - startMs).toBeGreaterThanOrEqual(2 * HOUR_MS);
  });

  it('stays while it is held, and names who holds it', async () => {
    const clock = skippingClock({ graceMs: 1 });
    const release = clock.hold('at work');
    const fired = fires(clock, HOUR_MS);
    const other = clock.hold('at work too');
    other();
    other();
    expect(clock.holds()).toEqual(['at work']);
    await new Promise((resolve) =>
      clock.setTimer(clock.now() + 30, () => resolve(undefined), { skippable: false }),
    );
    expect(clock.skippedMs()).toBe(0);
    release();
    await fired;
    expect(clock.skippedMs()).toBeGreaterThan(HOUR_MS - 1000);
  });

  it('neither skips to nor over a timer of real time', async () => {
    const clock = skippingClock({ graceMs: 1 });
    let real = false;
    clock.setTimer(clock.now() + 60_000, () => (real = true), { skippable: false });
    await fires(clock, HOUR_MS);
    expect(real).toBe(false);
  });
});
