/** A map that takes no room, and no time to clear, before something is put into it. */
export class LateMap<K, V> {
  private map: Map<K, V> | null = null;

  get(key: K): V | undefined {
    return this.map?.get(key);
  }

  set(key: K, value: V): void {
    this.map ??= new Map();
    this.map.set(key, value);
  }

  clear(): void {
    this.map = null;
  }
}
