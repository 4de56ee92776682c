/** A first-in first-out queue on a ring: push and shift cost the same however long it is. */
export class Queue<T> {
  private ring: (T | undefined)[] = new Array(8).fill(undefined);
  private head = 0;
  private size = 0;

  get length(): number {
    return this.size;
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
    const items = this.toArray();
    this.ring = items.concat(new Array(items.length).fill(undefined));
    this.head = 0;
  }
}
