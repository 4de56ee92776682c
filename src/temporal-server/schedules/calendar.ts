/**
 * When a structured calendar matches: at every instant whose clock reading in the zone fits, with a
 * resolution of a second. An hour that a zone's clocks skip has no such instant, one that they
 * repeat has two, as Temporal documents it (its server misses the first of the two east of
 * Greenwich, where it comes from another day).
 */
import { MAX_YEAR, type Range, type StructuredCalendar } from './calendar-text.js';
import type { Zone } from './zone.js';

const DAY_MS = 86_400_000;

export interface CompiledCalendar {
  /** The first instant after `afterMs` that matches; undefined when there is none. */
  next(afterMs: number): number | undefined;
  matches(atMs: number): boolean;
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
  const compiled = new Calendar(calendar, zone);
  return {
    next: (afterMs) => compiled.next(afterMs),
    matches: (atMs) => compiled.matches(atMs),
  };
}

class Calendar {
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
      this.#hasDay(local) &&
      this.#hours.has(local.getUTCHours()) &&
      this.#minutes.has(local.getUTCMinutes()) &&
      this.#seconds.has(local.getUTCSeconds())
    );
  }

  next(afterMs: number): number | undefined {
    const fromMs = (Math.floor(afterMs / 1000) + 1) * 1000;
    // The day before too: where clocks go back over midnight it comes once more.
    let dayMs = Math.floor((fromMs + this.#zone(fromMs)) / DAY_MS) * DAY_MS - DAY_MS;
    for (; new Date(dayMs).getUTCFullYear() <= MAX_YEAR; dayMs += DAY_MS) {
      if (!this.#hasDay(new Date(dayMs))) continue;
      const found = this.#nextOfDay(dayMs, fromMs);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #hasDay(local: Date): boolean {
    return (
      (this.#years.size === 0 || this.#years.has(local.getUTCFullYear())) &&
      this.#months.has(local.getUTCMonth() + 1) &&
      this.#days.has(local.getUTCDate()) &&
      this.#weekdays.has(local.getUTCDay())
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
      if (!this.#hours.has(date.getUTCHours())) at = (Math.floor(at / 3_600_000) + 1) * 3_600_000;
      else if (!this.#minutes.has(date.getUTCMinutes()))
        at = (Math.floor(at / 60_000) + 1) * 60_000;
      else if (!this.#seconds.has(date.getUTCSeconds())) at += 1000;
      else return at;
    }
    return undefined;
  }
}
