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
  /** The readings of a clock at which it may match. */
  readonly readings: Readings;
  /**
   * An instant after `atMs`, which matches, before which all times that `of` has match too; Infinity when no year
   * ends them.
   */
  matchesUntil(atMs: number, of: Readings): number;
}

/** Hours, minutes and seconds of a clock. */
export interface Readings {
  readonly hours: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly seconds: ReadonlySet<number>;
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
    readings: compiled.readings,
    matchesUntil: (atMs, of) => compiled.matchesUntil(atMs, of),
  };
}

function includes(all: ReadonlySet<number>, some: ReadonlySet<number>): boolean {
  for (const each of some) if (!all.has(each)) return false;
  return true;
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

  get readings(): Readings {
    return { hours: this.#hours, minutes: this.#minutes, seconds: this.#seconds };
  }

  matchesUntil(atMs: number, of: Readings): number {
    const units = this.#wholeUnits(of);
    const offset = this.#zone(atMs);
    const local = Math.floor((atMs + offset) / 1000) * 1000;
    const daysEnd = units[0] === DAY_MS ? this.#daysUntil(local) : Number.NEGATIVE_INFINITY;
    if (daysEnd > atMs) return daysEnd;
    for (const unitMs of units) {
      const endMs = (Math.floor(local / unitMs) + 1) * unitMs - offset;
      if (this.#zone(endMs - 1000) === offset) return endMs; // no clock is changed on the way
    }
    return local + 1000 - offset;
  }

  /** The units of time of which all that `of` has matches if a part of it does, the longest first. */
  #wholeUnits(of: Readings): number[] {
    if (!includes(this.#seconds, of.seconds)) return [];
    if (!includes(this.#minutes, of.minutes)) return [MINUTE_MS];
    if (!includes(this.#hours, of.hours)) return [HOUR_MS, MINUTE_MS];
    return [DAY_MS, HOUR_MS, MINUTE_MS];
  }

  /**
   * Where whole days match one after the other: the start of the last of them. The day before has to match too, and
   * the last one is left over: clocks that are changed go back or on by less than a day.
   */
  #daysUntil(local: number): number {
    const dayMs = Math.floor(local / DAY_MS) * DAY_MS;
    if (this.#hasEveryDay()) return Number.POSITIVE_INFINITY;
    if (!this.#hasDay(new Date(dayMs - DAY_MS))) return Number.NEGATIVE_INFINITY;
    let lastMs = dayMs;
    while (this.#hasDay(new Date(lastMs + DAY_MS))) {
      lastMs += DAY_MS;
      if (new Date(lastMs).getUTCFullYear() > MAX_YEAR) return Number.POSITIVE_INFINITY;
    }
    return lastMs > dayMs ? lastMs - this.#zone(lastMs) : Number.NEGATIVE_INFINITY;
  }

  #hasEveryDay(): boolean {
    const { size } = this.#years;
    return size === 0 && this.#months.size + this.#days.size + this.#weekdays.size === 12 + 31 + 7;
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
      if (!this.#hours.has(date.getUTCHours())) at = (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
      else if (!this.#minutes.has(date.getUTCMinutes()))
        at = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
      else if (!this.#seconds.has(date.getUTCSeconds())) at += 1000;
      else return at;
    }
    return undefined;
  }
}
