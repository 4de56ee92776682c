/**
 * A map from numbers that holds its only entry in itself: most processes have one timer or one call at
 * a time, and a Map made and thrown away for each of them costs more than what it keeps.
 */
export class Pocket<V> {
  private key = 0;
  private value: V | undefined = undefined;
  private more: Map<number, V> | null = null;

  /** `key` is greater than 0, and not in it yet. */
  add(key: number, value: V): void {
    if (this.key === 0) {
      this.key = key;
      this.value = value;
      return;
    }
    this.more ??= new Map();
    this.more.set(key, value);
  }

  /** The entry, taken out. */
  take(key: number): V | undefined {
    if (this.key !== key) {
      const value = this.more?.get(key);
      this.more?.delete(key);
      return value;
    }
    const { value } = this;
    this.key = 0;
    this.value = undefined;
    return value;
  }

  keys(): number[] {
    return [...(this.key === 0 ? [] : [this.key]), ...(this.more?.keys() ?? [])];
  }
}
