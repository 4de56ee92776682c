/**
 * A map that can be changed and then kept or dropped at a cost of what changed, not of its size:
 * a transaction on a run with thousands of pending timers touches only the few that it is about.
 * At most one draft of a base at a time.
 */
export class Overlay<K, V> {
  readonly #base: Map<K, V>;
  /** Made with the first change: a draft has an overlay for each collection, and changes few of them. */
  #changes: Map<K, V | undefined> | undefined;
  #size: number;

  constructor(base: Map<K, V>) {
    this.#base = base;
    this.#size = base.size;
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return this.#changes?.has(key) ? this.#changes.get(key) : this.#base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    if (!this.has(key)) this.#size += 1;
    this.#change(key, value);
  }

  delete(key: K): void {
    if (!this.has(key)) return;
    this.#size -= 1;
    this.#change(key, undefined);
  }

  #change(key: K, value: V | undefined): void {
    this.#changes ??= new Map();
    this.#changes.set(key, value);
  }

  *values(): IterableIterator<V> {
    for (const [key, value] of this.#base) if (!this.#changes?.has(key)) yield value;
    for (const value of this.changes.values()) if (value !== undefined) yield value;
  }

  /** What this draft changes: the new value, or undefined where the key goes. */
  get changes(): ReadonlyMap<K, V | undefined> {
    return this.#changes ?? (NONE as ReadonlyMap<K, V | undefined>);
  }

  /** Makes the changes the base's own. */
  keep(): void {
    if (!this.#changes) return;
    for (const [key, value] of this.#changes) {
      if (value === undefined) this.#base.delete(key);
      else this.#base.set(key, value);
    }
    this.#changes = undefined;
  }
}

const NONE: ReadonlyMap<unknown, unknown> = new Map();
