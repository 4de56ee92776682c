/**
 * A first-in first-out queue on a ring: push and shift cost the same however long it is. An empty one
 * holds no memory to speak of: thousands of processes have several each.
 */
export class Queue<T> {
  private ring: (T | undefined)[] = EMPTY;
  private head = 0;
  private size = 0;

  get length(): number {
    return this.size;
  }

  /** The oldest item; `undefined` when empty. */
  get first(): T | undefined {
    return this.ring[this.head];
  }

  push(item: T): void {
    if (this.size === this.ring.length) this.grow();
    this.ring[(this.head + this.size) & (this.ring.length - 1)] = item;
    this.size++;
  }

  /** The oldest item, taken out; `undefined` when empty. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.ring[this.head];
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.size--;
    if (this.size === 0 && this.ring.length > KEPT_SLOTS) this.ring = EMPTY;
    return item;
  }

  /** Takes out every item that `wanted` accepts, in order; the rest keep theirs. */
  extract(wanted: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (let left = this.size; left > 0; left--) {
      const item = this.shift() as T;
      if (wanted(item)) taken.push(item);
      else this.push(item);
    }
    return taken;
  }

  toArray(): T[] {
    return Array.from({ length: this.size }, (_, i) => {
      return this.ring[(this.head + i) & (this.ring.length - 1)] as T;
    });
  }

  private grow(): void {
    const { ring, head, size } = this;
    const larger: (T | undefined)[] = new Array(Math.max(FIRST_SLOTS, size * 2)).fill(undefined);
    for (let i = 0; i < size; i++) larger[i] = ring[(head + i) & (size - 1)];
    this.ring = larger;
    this.head = 0;
  }
}

const FIRST_SLOTS = 4;

/** A ring that a burst made larger than this is given up when the queue is empty. */
const KEPT_SLOTS = 1024;

/** Stands for no ring yet; nothing is ever written to it, because it is always full. */
const EMPTY: undefined[] = [];
