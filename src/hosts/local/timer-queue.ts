/**
 * The timers of a local host's processes, on one timer of the clock: those that fall due in the same
 * millisecond go off together, and a heap says which millisecond is next.
 *
 * Invariants:
 * 1. No timer goes off early; of two, the one that falls due first goes off first, and of two that fall
 *    due together the one that was started first.
 * 2. The clock has one timer, for the first of the due times, while there is any.
 */
import type { Clock, ClockTimer } from '../../runtime/clock.js';

/** Whose timer it is. */
export interface TimerOwner {
  timerFired(timer: number): void;
}

/** A running timer. */
export class TimerEntry {
  previous: TimerEntry | null = null;
  next: TimerEntry | null = null;

  constructor(
    readonly owner: TimerOwner,
    readonly timer: number,
    readonly slot: Slot,
  ) {}
}

/** The timers of one millisecond, in the order in which they were started. */
class Slot {
  first: TimerEntry | null = null;
  last: TimerEntry | null = null;

  constructor(readonly dueMs: number) {}
}

/** Due times without timers that the heap may hold before it is made anew. */
const STALE = 1024;

export class TimerQueue {
  private readonly slots = new Map<number, Slot>();
  /** Due times, a binary heap; those whose timers were all cancelled stay until their turn. */
  private times: number[] = [];
  private armed: { readonly dueMs: number; readonly handle: ClockTimer } | null = null;

  constructor(private readonly clock: Clock) {}

  start(owner: TimerOwner, timer: number, delayMs: number): TimerEntry {
    const slot = this.slotOf(Math.ceil(this.clock.now() + delayMs));
    const entry = new TimerEntry(owner, timer, slot);
    entry.previous = slot.last;
    if (slot.last === null) slot.first = entry;
    else slot.last.next = entry;
    slot.last = entry;
    return entry;
  }

  cancel(entry: TimerEntry): void {
    const { slot } = entry;
    if (this.slots.get(slot.dueMs) !== slot) return; // it is going off right now
    if (entry.previous === null) slot.first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) slot.last = entry.previous;
    else entry.next.previous = entry.previous;
    if (slot.first !== null) return;
    this.slots.delete(slot.dueMs);
    if (this.slots.size === 0) this.disarm();
    else if (this.times.length > 2 * this.slots.size + STALE) this.compact();
  }

  private slotOf(dueMs: number): Slot {
    let slot = this.slots.get(dueMs);
    if (slot === undefined) {
      slot = new Slot(dueMs);
      this.slots.set(dueMs, slot);
      push(this.times, dueMs);
      if (this.armed === null || dueMs < this.armed.dueMs) this.arm(dueMs);
    }
    return slot;
  }

  private readonly fire = (): void => {
    this.armed = null;
    const now = this.clock.now();
    for (let due = this.times[0]; due !== undefined && due <= now; due = this.times[0]) {
      shift(this.times);
      const slot = this.slots.get(due);
      this.slots.delete(due);
      for (let entry = slot?.first ?? null; entry !== null; entry = entry.next) {
        entry.owner.timerFired(entry.timer);
      }
    }
    const next = this.times[0];
    if (next !== undefined && this.slots.size > 0) this.arm(next);
  };

  private arm(dueMs: number): void {
    this.disarm();
    const delayMs = Math.max(0, dueMs - this.clock.now());
    this.armed = { dueMs, handle: this.clock.setTimer(delayMs, this.fire) };
  }

  private disarm(): void {
    if (this.armed !== null) this.clock.clearTimer(this.armed.handle);
    this.armed = null;
    if (this.slots.size === 0) this.times = [];
  }

  /** A sorted list is a heap. */
  private compact(): void {
    this.times = [...this.slots.keys()].sort((a, b) => a - b);
  }
}

function push(heap: number[], time: number): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const other = heap[above] as number;
    if (other <= time) break;
    heap[at] = other;
    at = above;
  }
  heap[at] = time;
}

function shift(heap: number[]): void {
  const time = heap.pop() as number;
  const size = heap.length;
  if (size === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= size) break;
    if (below + 1 < size && (heap[below + 1] as number) < (heap[below] as number)) below++;
    if ((heap[below] as number) >= time) break;
    heap[at] = heap[below] as number;
    at = below;
  }
  heap[at] = time;
}
