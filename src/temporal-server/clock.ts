/**
 * The clock of a server, and of whatever shares it.
 *
 * 1. A timer never fires before `now()` has reached its instant.
 * 2. A skipping clock jumps only to its earliest skippable timer, only while nobody holds it, and
 *    only after {@link SKIP_GRACE_MS} of real time without any hold.
 * 3. A timer set with `skippable: false` measures real time: a jump neither fires it nor brings it
 *    nearer (heartbeats, workflow task and sticky timeouts).
 */
import { type TimerEntry, TimerHeap } from './timer-heap.js';

/** A timer that was set; opaque to its owner. */
export type TimerHandle = object;

export interface TimerOptions {
  /** Whether time may be skipped to reach it. Default true. */
  readonly skippable?: boolean;
}

export interface Clock {
  /** Milliseconds since the epoch; may be fractional, never goes back. */
  now(): number;
  /** Calls `fire` once `now()` has reached `atMs`. */
  setTimer(atMs: number, fire: () => void, options?: TimerOptions): TimerHandle;
  /** Forgets a timer; one that has fired or was cleared is ignored. */
  clearTimer(handle: TimerHandle): void;
  /**
   * Keeps time from being skipped until the returned function is called (calling it again does
   * nothing). On a clock that never skips it costs nothing and does nothing.
   *
   * @param reason - what is going on, for {@link SkippingClock.holds}
   */
  hold(reason: string): () => void;
  /** How far it has jumped ahead of real time, in milliseconds. Left out by a clock that never does. */
  skippedMs?(): number;
  /** Makes it at least so late: for a server that goes on from where one has stopped. */
  advanceTo?(atMs: number): void;
}

/** The time that timers measure which are not skippable. */
export function realNow(clock: Clock): number {
  return clock.now() - (clock.skippedMs?.() ?? 0);
}

/**
 * How long, in real milliseconds, a skipping clock waits after the last hold was released before it
 * jumps: long enough for an answer that is on its way to another part of the same machine to lead
 * to the next call, short enough not to be noticed.
 */
export const SKIP_GRACE_MS = 15;

/** How far the machine's clock has to be put forward to be followed: less is the drift of a clock that is kept right. */
const JUMP_MS = 1000;

/** How long a timer waits before it looks at the time again: the machine may have slept, or its clock been put forward. */
const MAX_WAIT_MS = 5000;

/** The clocks of the machine. */
export interface Machine {
  /** Milliseconds since the epoch; may be put forward and back. */
  readonly wall: () => number;
  /** The same, going on evenly from some start; not while the machine sleeps, and whatever is done to the other. */
  readonly steady: () => number;
}

const MACHINE: Machine = {
  wall: Date.now,
  steady: () => performance.timeOrigin + performance.now(),
};

/**
 * The machine's time, which never goes back: it goes on evenly, and follows a clock that is put forward. A clock that
 * is put back catches up with it.
 */
function machineTime({ wall, steady }: Machine): () => number {
  const apartMs = wall() - steady();
  let offsetMs = Math.abs(apartMs) > JUMP_MS ? apartMs : 0;
  return () => {
    // In this order: where the process is held up in between, the wall seems to be behind, not put forward.
    const wallMs = wall();
    const steadyMs = steady();
    const aheadMs = wallMs - steadyMs;
    if (aheadMs > offsetMs + JUMP_MS) offsetMs = aheadMs;
    return steadyMs + offsetMs;
  };
}

/** Runs a heap of timers off one Node timer. The delay is measured by the clock the heap is on. */
class HeapDriver {
  readonly heap = new TimerHeap();
  readonly #now: () => number;
  #timeout: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(atMs: number, fire: () => void): TimerEntry {
    const entry = this.heap.add(atMs, fire);
    if (atMs < this.#armedFor) this.rearm();
    return entry;
  }

  rearm(): void {
    clearTimeout(this.#timeout);
    const first = this.heap.peek();
    this.#armedFor = first?.atMs ?? Number.POSITIVE_INFINITY;
    if (!first) return;
    const delayMs = Math.ceil(Math.min(Math.max(first.atMs - this.#now(), 0), MAX_WAIT_MS));
    this.#timeout = setTimeout(() => this.fireDue(), delayMs);
    // A pending timer is no reason to keep a program alive: its server or its processes are.
    this.#timeout.unref();
  }

  fireDue(): void {
    const now = this.#now();
    for (let due = this.heap.popDue(now); due; due = this.heap.popDue(now)) due.fire();
    this.rearm();
  }
}

/** Real time. Holds do nothing. */
export function systemClock(machine: Machine = MACHINE): Clock {
  const now = machineTime(machine);
  const driver = new HeapDriver(now);
  const release = () => {};
  return {
    now,
    setTimer: (atMs, fire) => driver.add(atMs, fire),
    clearTimer: (handle) => void driver.heap.remove(handle as TimerEntry),
    hold: () => release,
  };
}

export interface SkippingClockOptions {
  /** Real milliseconds without a hold before a jump. Default {@link SKIP_GRACE_MS}. */
  readonly graceMs?: number;
}

/** A clock that skips; see the rules at the top of this file. */
export interface SkippingClock extends Clock {
  /** Why time may not skip just now: the reasons of all holds. */
  holds(): string[];
  /** How far it has jumped ahead of real time, in milliseconds. */
  skippedMs(): number;
}

/** A clock that jumps to its earliest timer whenever nothing is going on. */
export function skippingClock(options: SkippingClockOptions = {}): SkippingClock {
  return new Skipping(options.graceMs ?? SKIP_GRACE_MS);
}

class Skipping implements SkippingClock {
  readonly #graceMs: number;
  readonly #machineNow = machineTime(MACHINE);
  readonly #virtual = new HeapDriver(() => this.now());
  readonly #real = new HeapDriver(this.#machineNow);
  readonly #holds = new Set<{ readonly reason: string }>();
  #skippedMs = 0;
  #grace: NodeJS.Timeout | undefined;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  now(): number {
    return this.#machineNow() + this.#skippedMs;
  }

  skippedMs(): number {
    return this.#skippedMs;
  }

  advanceTo(atMs: number): void {
    this.#skippedMs += Math.max(atMs - this.now(), 0);
    this.#virtual.fireDue();
  }

  holds(): string[] {
    return [...this.#holds].map((hold) => hold.reason);
  }

  setTimer(atMs: number, fire: () => void, options: TimerOptions = {}): TimerHandle {
    if (options.skippable === false) return this.#real.add(atMs - this.#skippedMs, fire);
    const entry = this.#virtual.add(atMs, fire);
    this.#considerSkip();
    return entry;
  }

  clearTimer(handle: TimerHandle): void {
    const entry = handle as TimerEntry;
    if (!this.#virtual.heap.remove(entry)) this.#real.heap.remove(entry);
  }

  hold(reason: string): () => void {
    const hold = { reason };
    this.#holds.add(hold);
    clearTimeout(this.#grace);
    this.#grace = undefined;
    return () => {
      if (this.#holds.delete(hold)) this.#considerSkip();
    };
  }

  /** Starts the grace period when nothing is going on and there is something to skip to. */
  #considerSkip(): void {
    if (this.#grace || this.#holds.size > 0 || this.#virtual.heap.size === 0) return;
    const grace = setTimeout(() => this.#afterGrace(grace), this.#graceMs);
    grace.unref();
    this.#grace = grace;
  }

  /** One more turn of the event loop, so that input already received is handled first. */
  #afterGrace(grace: NodeJS.Timeout): void {
    setImmediate(() => {
      if (this.#grace !== grace) return; // held in between: another grace period will come
      this.#grace = undefined;
      this.#skip();
    });
  }

  #skip(): void {
    const first = this.#virtual.heap.peek();
    if (!first) return;
    this.#skippedMs += Math.max(first.atMs - this.now(), 0);
    this.#virtual.fireDue();
    this.#considerSkip();
  }
}
