/**
 * A binary heap of timers, earliest first, and in the order they were set where they are due at the
 * same instant. Each entry knows its place, so that taking one out costs O(log n): with a million
 * timers set and cleared at random it neither scans nor leaves dead entries behind.
 */
export interface TimerEntry {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
  /** Place in the heap; -1 once it has fired or was cleared. Written by the heap alone. */
  place: number;
}

export class TimerHeap {
  readonly #entries: TimerEntry[] = [];
  #order = 0;

  get size(): number {
    return this.#entries.length;
  }

  peek(): TimerEntry | undefined {
    return this.#entries[0];
  }

  add(atMs: number, fire: () => void): TimerEntry {
    const entry: TimerEntry = { atMs, order: this.#order++, fire, place: this.#entries.length };
    this.#entries.push(entry);
    this.#up(entry);
    return entry;
  }

  /** Takes `entry` out; false when it is not in the heap any more. */
  remove(entry: TimerEntry): boolean {
    const place = entry.place;
    if (place < 0 || this.#entries[place] !== entry) return false;
    const last = this.#entries.pop() as TimerEntry;
    entry.place = -1;
    if (last !== entry) {
      this.#put(last, place);
      this.#up(last);
      this.#down(last);
    }
    return true;
  }

  /** Takes out the earliest entry if it is due at `nowMs`. */
  popDue(nowMs: number): TimerEntry | undefined {
    const first = this.#entries[0];
    if (!first || first.atMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #up(entry: TimerEntry): void {
    while (entry.place > 0) {
      const place = entry.place;
      const parent = this.#entries[(place - 1) >> 1] as TimerEntry;
      if (!earlier(entry, parent)) return;
      this.#put(entry, parent.place);
      this.#put(parent, place);
    }
  }

  #down(entry: TimerEntry): void {
    for (;;) {
      const place = entry.place;
      const left = this.#entries[2 * place + 1];
      const right = this.#entries[2 * place + 2];
      const child = left && right && earlier(right, left) ? right : left;
      if (!child || !earlier(child, entry)) return;
      this.#put(entry, child.place);
      this.#put(child, place);
    }
  }

  #put(entry: TimerEntry, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}

function earlier(a: TimerEntry, b: TimerEntry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
