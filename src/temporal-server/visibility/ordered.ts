/**
 * Things in the order of the list calls, each at the place of its run.
 *
 * They are in one of two arrays, open or closed, each sorted so that the first of a list is at the end:
 * runs start and close in the order of time, so that keeping order is an append.
 */

/** Where a list has a run. */
export interface ListPlace {
  /** Null while it is open. */
  readonly closedAtMs: number | null;
  readonly startedAtMs: number;
  readonly runId: string;
}

/** As Temporal sorts. */
function order(a: ListPlace, b: ListPlace): number {
  const closed = (b.closedAtMs ?? Number.MAX_VALUE) - (a.closedAtMs ?? Number.MAX_VALUE);
  if (closed !== 0) return closed;
  if (a.startedAtMs !== b.startedAtMs) return b.startedAtMs - a.startedAtMs;
  return a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0;
}

export class Ordered<T> {
  readonly #placeOf: (item: T) => ListPlace;
  readonly #open: T[] = [];
  readonly #closed: T[] = [];

  constructor(placeOf: (item: T) => ListPlace) {
    this.#placeOf = placeOf;
  }

  insert(item: T): void {
    const place = this.#placeOf(item);
    const home = this.#home(place);
    const at = this.#countAfter(home, place);
    if (at === home.length) home.push(item);
    else home.splice(at, 0, item);
  }

  /** What is at just this place. */
  at(place: ListPlace): T | undefined {
    const home = this.#home(place);
    const item = home[this.#countAfter(home, place)];
    return item !== undefined && order(this.#placeOf(item), place) === 0 ? item : undefined;
  }

  /** Takes away what is at this place, which must be there. */
  remove(place: ListPlace): void {
    const home = this.#home(place);
    home.splice(this.#countAfter(home, place), 1);
  }

  /** In list order, what comes after `place` where one is given, each as `show` gives it. */
  *from<S>(place: ListPlace | undefined, show: (item: T) => S): Iterable<S> {
    for (const home of [this.#open, this.#closed]) {
      const count = place ? this.#countAfter(home, place) : home.length;
      for (let at = count - 1; at >= 0; at--) yield show(home[at] as T);
    }
  }

  #home({ closedAtMs }: ListPlace): T[] {
    return closedAtMs === null ? this.#open : this.#closed;
  }

  /** How many of `sorted` (last of the list first) come after `place` in the list. */
  #countAfter(sorted: readonly T[], place: ListPlace): number {
    const last = sorted.at(-1);
    if (last !== undefined && order(place, this.#placeOf(last)) < 0) return sorted.length;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(place, this.#placeOf(sorted[middle] as T)) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
