/**
 * The times of a spec day by day, for searches that pass over many of them: a day costs about as much as a single
 * time does, however many times it has, because days on which the same calendars match have the same times.
 *
 * Jitter, and where a spec begins and ends, are none of its business.
 */
import { durationMs } from '../proto.js';
import type { CompiledCalendar } from './calendar.js';
import type { Interval } from './calendar-text.js';
import { unchangedUntil, type Zone } from './zone.js';

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
/** Days that intervals share the phases of: more are not remembered. */
const MAX_REMEMBERED = 10_000;

/** What a search goes through. */
export interface Times {
  readonly zone: Zone;
  readonly calendars: readonly CompiledCalendar[];
  readonly excluded: readonly CompiledCalendar[];
  readonly intervals: readonly Interval[];
}

/** Seconds between two times of an interval, and how long after the epoch the first of them is. */
export function gridOf({ interval, phase }: Interval): { period: number; shift: number } {
  return {
    period: Math.max(Math.floor(durationMs(interval) / 1000), 1),
    shift: Math.max(Math.floor(durationMs(phase) / 1000), 0),
  };
}

/** The first time after `afterMs`, up to `untilMs`, that is not excluded. */
export function firstTime(times: Times, afterMs: number, untilMs: number): number | undefined {
  const patterns = new Patterns(times);
  for (const stretch of stretches(times.zone, afterMs, untilMs)) {
    if (patterns.count(stretch) === 0) continue;
    const second = patterns.seconds(stretch).indexOf(1, stretch.from);
    if (second >= 0 && second <= stretch.to) return atOf(stretch, second);
  }
  return undefined;
}

/** How many times after `afterMs`, up to `untilMs`, are not excluded, and the last of them. */
export function countTimes(
  times: Times,
  afterMs: number,
  untilMs: number,
): { readonly count: number; readonly lastMs: number | undefined } {
  const patterns = new Patterns(times);
  let count = 0;
  let last: Stretch | undefined;
  for (const stretch of stretches(times.zone, afterMs, untilMs)) {
    const found = patterns.count(stretch);
    if (found > 0) last = stretch;
    count += found;
  }
  const lastMs = last && atOf(last, patterns.seconds(last).lastIndexOf(1, last.to));
  return { count, lastMs };
}

/** A day of the zone's clocks, or the part of it before or after they are changed. */
interface Stretch {
  /** Midnight, as if in UTC. */
  readonly dayMs: number;
  readonly offsetMs: number;
  /** Its first and last second of the day. */
  readonly from: number;
  readonly to: number;
}

function atOf({ dayMs, offsetMs }: Stretch, second: number): number {
  return dayMs + second * 1000 - offsetMs;
}

/** The days from the second after `afterMs` to `untilMs`. */
function* stretches(zone: Zone, afterMs: number, untilMs: number): Generator<Stretch> {
  let fromMs = (Math.floor(afterMs / 1000) + 1) * 1000;
  while (fromMs <= untilMs) {
    const offsetMs = zone(fromMs);
    const endMs = Math.min(unchangedUntil(zone, fromMs), untilMs + 1);
    while (fromMs < endMs) {
      const dayMs = Math.floor((fromMs + offsetMs) / DAY_MS) * DAY_MS;
      const nextMs = Math.min(dayMs + DAY_MS - offsetMs, endMs);
      const from = (fromMs + offsetMs - dayMs) / 1000;
      const to = Math.ceil((nextMs + offsetMs - dayMs) / 1000) - 1;
      yield { dayMs, offsetMs, from, to };
      fromMs = nextMs;
    }
  }
}

/** What days have in common on which the same calendars match. */
interface Base {
  readonly key: string;
  /** A byte for each second: of the calendars, without what is excluded. */
  readonly seconds: Uint8Array;
  readonly count: number;
  readonly excluded: Uint8Array;
  readonly excludesAll: boolean;
}

/** Which seconds of a day are times of the spec; remembered for the length of one search. */
class Patterns {
  readonly #times: Times;
  readonly #grids: readonly { readonly period: number; readonly shift: number }[];
  readonly #bases = new Map<string, Base>();
  readonly #counts = new Map<string, number>();

  constructor(times: Times) {
    this.#times = times;
    this.#grids = times.intervals.map(gridOf);
  }

  count(stretch: Stretch): number {
    const base = this.#base(stretch.dayMs);
    if (base.excludesAll || (base.count === 0 && this.#grids.length === 0)) return 0;
    if (stretch.from > 0 || stretch.to < DAY_SECONDS - 1)
      return ones(this.seconds(stretch).subarray(stretch.from, stretch.to + 1));
    if (this.#grids.length === 0) return base.count;
    const key = `${base.key} ${this.#firsts(stretch).join()}`;
    let count = this.#counts.get(key);
    if (count !== undefined) return count;
    count = base.count + this.#addIntervals(base, stretch, base.seconds.slice());
    if (this.#counts.size < MAX_REMEMBERED) this.#counts.set(key, count);
    return count;
  }

  /** A byte for each second of the whole day. */
  seconds(stretch: Stretch): Uint8Array {
    const base = this.#base(stretch.dayMs);
    if (this.#grids.length === 0) return base.seconds;
    const seconds = base.seconds.slice();
    this.#addIntervals(base, stretch, seconds);
    return seconds;
  }

  #base(dayMs: number): Base {
    const day = new Date(dayMs);
    const has = (calendar: CompiledCalendar) => (calendar.hasDay(day) ? '1' : '0');
    const { calendars, excluded } = this.#times;
    const key = `${calendars.map(has).join('')} ${excluded.map(has).join('')}`;
    let base = this.#bases.get(key);
    if (base) return base;
    base = { key, ...baseOf(calendars, excluded, day) };
    this.#bases.set(key, base);
    return base;
  }

  /** The first second of the day at which each interval has a time. */
  #firsts({ dayMs, offsetMs }: Stretch): number[] {
    const start = (dayMs - offsetMs) / 1000;
    return this.#grids.map(({ period, shift }) => (((shift - start) % period) + period) % period);
  }

  /** Marks the times of intervals. Gives how many are new. */
  #addIntervals({ excluded }: Base, stretch: Stretch, seconds: Uint8Array): number {
    const firsts = this.#firsts(stretch);
    let added = 0;
    for (const [index, { period }] of this.#grids.entries())
      for (let at = firsts[index] ?? 0; at < DAY_SECONDS; at += period) {
        if (excluded[at] || seconds[at]) continue;
        seconds[at] = 1;
        added += 1;
      }
    return added;
  }
}

function baseOf(
  calendars: readonly CompiledCalendar[],
  exclusions: readonly CompiledCalendar[],
  day: Date,
): Omit<Base, 'key'> {
  const seconds = new Uint8Array(DAY_SECONDS);
  const excluded = new Uint8Array(DAY_SECONDS);
  for (const calendar of calendars) if (calendar.hasDay(day)) calendar.mark(seconds);
  for (const calendar of exclusions) if (calendar.hasDay(day)) calendar.mark(excluded);
  if (calendars.length > 0)
    for (let at = 0; at < DAY_SECONDS; at++) if (excluded[at]) seconds[at] = 0;
  return {
    seconds,
    count: calendars.length > 0 ? ones(seconds) : 0,
    excluded,
    excludesAll: !excluded.includes(0),
  };
}

function ones(seconds: Uint8Array): number {
  let count = 0;
  for (const second of seconds) count += second;
  return count;
}
