/**
 * When a structured calendar matches: at every instant whose clock reading in the zone fits, with a
 * resolution of a second. An hour that a zone's clocks skip has no such instant, one that they
 * repeat has two, as Temporal documents it (its server misses the first of the two east of
 * Greenwich, where it comes from another day).
 */
import { MAX_YEAR, type Range, type StructuredCalendar } from './calendar-text.js';
import type { Zone } from './zone.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface CompiledCalendar {
  /** The first instant after `afterMs` that matches; undefined when there is none. */
  next(afterMs: number): number | undefined;
  matches(atMs: number): boolean;
  /** Whether it may match on a day of the zone's clocks. @param day - its midnight, as if in UTC */
  hasDay(day: Date): boolean;
  /** Marks the seconds of such a day at which it matches. @param seconds - one byte for each of the day */
  mark(seconds: Uint8Array): void;
}

function setOf(ranges: readonly Range[] | null | undefined): ReadonlySet<number> {
  const values = new Set<number>();
  for (const { start, end, step } of ranges ?? []) {
    const first = start ?? 0;
    for (let value = first; value <= Math.max(end ?? 0, first); value += step || 1)
      values.add(value);
  }
  return values;
}

export function compileCalendar(calendar: StructuredCalendar, zone: Zone): CompiledCalendar {
  return new Calendar(calendar, zone);
}

class Calendar implements CompiledCalendar {
  readonly #zone: Zone;
  readonly #years: ReadonlySet<number>;
  readonly #months: ReadonlySet<number>;
  readonly #days: ReadonlySet<number>;
  readonly #weekdays: ReadonlySet<number>;
  readonly #hours: ReadonlySet<number>;
  readonly #minutes: ReadonlySet<number>;
  readonly #seconds: ReadonlySet<number>;

  constructor(calendar: StructuredCalendar, zone: Zone) {
    this.#zone = zone;
    this.#years = setOf(calendar.year);
    this.#months = setOf(calendar.month);
    this.#days = setOf(calendar.dayOfMonth);
    this.#weekdays = setOf(calendar.dayOfWeek);
    this.#hours = setOf(calendar.hour);
    this.#minutes = setOf(calendar.minute);
    this.#seconds = setOf(calendar.second);
  }

  matches(atMs: number): boolean {
    const local = new Date(Math.floor((atMs + this.#zone(atMs)) / 1000) * 1000);
    return (
      this.hasDay(local) &&
      this.#hours.has(local.getUTCHours()) &&
      this.#minutes.has(local.getUTCMinutes()) &&
      this.#seconds.has(local.getUTCSeconds())
    );
  }

  next(afterMs: number): number | undefined {
    const fromMs = (Math.floor(afterMs / 1000) + 1) * 1000;
    // The day before too: where clocks go back over midnight it comes once more.
    const firstMs = Math.floor((fromMs + this.#zone(fromMs)) / DAY_MS) * DAY_MS - DAY_MS;
    let dayMs = this.#firstDay(firstMs);
    while (dayMs !== undefined) {
      const found = this.#nextOfDay(dayMs, fromMs);
      if (found !== undefined) return found;
      dayMs = this.#firstDay(dayMs + DAY_MS);
    }
    return undefined;
  }

  mark(seconds: Uint8Array): void {
    for (const hour of this.#hours)
      for (const minute of this.#minutes)
        for (const second of this.#seconds) seconds[(hour * 60 + minute) * 60 + second] = 1;
  }

  /** The first day at or after `fromMs` that it has: years and months that it has not are passed over whole. */
  #firstDay(fromMs: number): number | undefined {
    let atMs = fromMs;
    for (;;) {
      const date = new Date(atMs);
      const year = date.getUTCFullYear();
      const month = date.getUTCMonth();
      if (year > MAX_YEAR) return undefined;
      if (!this.#hasYear(year)) atMs = Date.UTC(year + 1, 0);
      else if (!this.#months.has(month + 1)) atMs = Date.UTC(year, month + 1);
      else if (this.hasDay(date)) return atMs;
      else atMs += DAY_MS;
    }
  }

  #hasYear(year: number): boolean {
    return this.#years.size === 0 || this.#years.has(year);
  }

  hasDay(day: Date): boolean {
    return (
      this.#hasYear(day.getUTCFullYear()) &&
      this.#months.has(day.getUTCMonth() + 1) &&
      this.#days.has(day.getUTCDate()) &&
      this.#weekdays.has(day.getUTCDay())
    );
  }

  /** The first match of a day of the zone, under each distance from UTC that it begins or ends with. */
  #nextOfDay(dayMs: number, fromMs: number): number | undefined {
    const offsets = new Set([this.#zone(dayMs - DAY_MS / 2), this.#zone(dayMs + 1.5 * DAY_MS)]);
    let first: number | undefined;
    for (const offset of offsets) {
      for (
        let local = this.#nextTime(Math.max(dayMs, fromMs + offset), dayMs);
        local !== undefined;
        local = this.#nextTime(local + 1000, dayMs)
      ) {
        const atMs = local - offset;
        if (first !== undefined && atMs >= first) break;
        if (offsets.size > 1 && this.#zone(atMs) !== offset) continue;
        first = atMs;
        break;
      }
    }
    return first;
  }

  /** The first time of day at or after `local` that matches, on the day that starts at `dayMs`. */
  #nextTime(local: number, dayMs: number): number | undefined {
    let at = local;
    while (at < dayMs + DAY_MS) {
      const date = new Date(at);
      if (!this.#hours.has(date.getUTCHours())) at = (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
      else if (!this.#minutes.has(date.getUTCMinutes()))
        at = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
      else if (!this.#seconds.has(date.getUTCSeconds())) at += 1000;
      else return at;
    }
    return undefined;
  }
}
