/**
 * Time and order of a simulation: what happens at which instant, and in which order of those that
 * fall on the same one, which the seed decides. It has the only clock there is.
 */
import type { Random } from './random.js';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** Long before the real time, so that nothing in it is ever ahead of that. */
const START_MS = Date.UTC(2020, 0, 1);

export class Agenda {
  readonly #random: Random;
  /** The next one last. */
  readonly #entries: Entry[] = [];
  #nowMs = START_MS;

  constructor(random: Random) {
    this.#random = random;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Since the beginning. */
  get elapsedMs(): number {
    return this.#nowMs - START_MS;
  }

  /** Whether nothing happens before that long after the beginning. */
  isQuietUntil(elapsedMs: number): boolean {
    const next = this.#entries.at(-1);
    return !next || next.atMs - START_MS >= elapsedMs;
  }

  at(atMs: number, act: () => void): object {
    const entry: Entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#random.next(), act };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (later(this.#entries[middle] as Entry, entry)) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    return entry;
  }

  after(delayMs: number, act: () => void): object {
    return this.at(this.#nowMs + delayMs, act);
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  forget(entry: object): void {
    const place = this.#entries.indexOf(entry as Entry);
    if (place >= 0) this.#entries.splice(place, 1);
  }

  /** Turns the clock to what comes next, and does it. */
  step(): void {
    const next = this.#entries.pop();
    if (!next) return;
    this.#nowMs = next.atMs;
    next.act();
  }
}

function later(a: Entry, b: Entry): boolean {
  return a.atMs > b.atMs || (a.atMs === b.atMs && a.order > b.order);
}
