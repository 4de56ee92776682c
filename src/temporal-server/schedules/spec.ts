/**
 * A schedule's spec: brought into the form that is kept, and asked for its next time. As Temporal's
 * service/worker/scheduler/spec.go, but for the hash that spreads jitter, which is our own.
 */
import { durationMs, type temporal, timestampMs } from '../proto.js';
import { compileCalendar } from './calendar.js';
import {
  type Interval,
  MAX_YEAR,
  MIN_YEAR,
  parseCron,
  type Range,
  SpecError,
  type StructuredCalendar,
  structured,
} from './calendar-text.js';
import { countTimes, firstTime, gridOf, type Times } from './days.js';
import { zoneOf } from './zone.js';

export type Spec = temporal.api.schedule.v1.IScheduleSpec;

/** A time of the spec, and when it is due with its jitter. */
export interface ScheduledTime {
  readonly nominalMs: number;
  readonly dueMs: number;
}

/** Times that were gone through. */
export interface Passed {
  readonly count: number;
  readonly last: ScheduledTime | undefined;
}

/** To ask it costs about as much for a year as for a minute, whatever the spec. */
export interface CompiledSpec {
  /** The first time of those after `afterMs`, which may be due later; undefined when there is none. */
  next(afterMs: number): ScheduledTime | undefined;
  /** Those after `afterMs` that are due at `untilMs` at the latest: as many as `next` from one to the other gives. */
  upTo(afterMs: number, untilMs: number): Passed;
}

const MAX_COMMENT_BYTES = 200;
const LAST_MS = Date.UTC(MAX_YEAR, 11, 31, 23, 59, 59);

/** How many times are gone through one by one; more are gone through day by day. */
const STEPS = 50;

/** The spec with its calendars and cron strings as ranges. Throws {@link SpecError}. */
export function canonicalSpec(spec: Spec): Spec {
  const crons = (spec.cronString ?? []).map(parseCron);
  const zones = new Set(crons.map(({ zone }) => zone));
  const [cronZone = ''] = zones;
  const own = spec.timezoneName ?? '';
  if (zones.size > 1 || (cronZone !== '' && own !== '' && own !== cronZone))
    throw new SpecError('conflicting timezone names');
  if (spec.timezoneData && spec.timezoneData.length > 0)
    throw new SpecError('time zones by their data are not supported by this embedded server');
  const canonical: Spec = {
    structuredCalendar: [
      ...(spec.structuredCalendar ?? []),
      ...(spec.calendar ?? []).map(structured),
      ...crons.flatMap(({ calendar }) => calendar ?? []),
    ],
    interval: [...(spec.interval ?? []), ...crons.flatMap(({ interval }) => interval ?? [])],
    excludeStructuredCalendar: [
      ...(spec.excludeStructuredCalendar ?? []),
      ...(spec.excludeCalendar ?? []).map(structured),
    ],
    startTime: spec.startTime ?? null,
    endTime: spec.endTime ?? null,
    jitter: spec.jitter ?? null,
    timezoneName: own || cronZone,
  };
  for (const calendar of canonical.structuredCalendar ?? []) checkCalendar(calendar);
  for (const interval of canonical.interval ?? []) checkInterval(interval);
  zoneOf(canonical.timezoneName ?? '');
  return canonical;
}

function checkCalendar(calendar: StructuredCalendar): void {
  const problems: string[] = [];
  const check = (ranges: Range[] | null | undefined, field: string, min: number, max: number) => {
    for (const { start: from, end: to, step } of ranges ?? []) {
      const [start, end] = [from ?? 0, to ?? 0];
      if (start < min || start > max)
        problems.push(`${field} Start is not in range [${min}-${max}]`);
      if (end !== 0 && (end < start || end > max))
        problems.push(`${field} End is before Start or not in range [${min}-${max}]`);
      if ((step ?? 0) < 0) problems.push(`${field} has invalid Step`);
    }
  };
  check(calendar.second, 'Second', 0, 59);
  check(calendar.minute, 'Minute', 0, 59);
  check(calendar.hour, 'Hour', 0, 23);
  check(calendar.dayOfMonth, 'DayOfMonth', 1, 31);
  check(calendar.month, 'Month', 1, 12);
  check(calendar.year, 'Year', MIN_YEAR, MAX_YEAR);
  check(calendar.dayOfWeek, 'DayOfWeek', 0, 6);
  if (Buffer.byteLength(calendar.comment ?? '') > MAX_COMMENT_BYTES)
    problems.push('comment is too long');
  if (problems.length > 0) throw new SpecError(`invalid calendar spec: ${problems.join(', ')}`);
}

function checkInterval({ interval, phase }: Interval): void {
  const periodMs = durationMs(interval);
  const phaseMs = durationMs(phase);
  if (periodMs < 1000) throw new SpecError('interval is too small');
  if (phaseMs < 0) throw new SpecError('phase is negative');
  if (phaseMs >= periodMs) throw new SpecError('phase cannot be greater than Interval');
}

/** @param seed - spreads the jitter of different schedules */
export function compileSpec(spec: Spec, seed: string): CompiledSpec {
  return new Compiled(spec, seed);
}

class Compiled implements CompiledSpec {
  readonly #times: Times;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #jitterMs: number;
  readonly #seed: string;
  /** No time follows this instant: that was a long search, perhaps. */
  #noneAfterMs = Number.POSITIVE_INFINITY;

  constructor(spec: Spec, seed: string) {
    const zone = zoneOf(spec.timezoneName ?? '');
    const compiled = (each: StructuredCalendar) => compileCalendar(each, zone);
    this.#times = {
      zone,
      calendars: (spec.structuredCalendar ?? []).map(compiled),
      excluded: (spec.excludeStructuredCalendar ?? []).map(compiled),
      intervals: spec.interval ?? [],
    };
    this.#startMs = timestampMs(spec.startTime) ?? 0;
    this.#endMs = Math.min(timestampMs(spec.endTime) ?? LAST_MS, LAST_MS);
    this.#jitterMs = durationMs(spec.jitter);
    this.#seed = seed;
  }

  next(afterMs: number): ScheduledTime | undefined {
    if (afterMs >= this.#noneAfterMs) return undefined;
    const nominalMs = this.#firstIncluded(Math.max(afterMs, this.#startMs - 1000));
    if (nominalMs === undefined) this.#noneAfterMs = afterMs;
    return nominalMs === undefined ? undefined : this.#scheduled(nominalMs);
  }

  upTo(afterMs: number, untilMs: number): Passed {
    let last: ScheduledTime | undefined;
    for (let count = 0; count < STEPS; count++) {
      const next = this.next(last?.dueMs ?? afterMs);
      if (!next || next.dueMs > untilMs) return { count, last };
      last = next;
    }
    const rest = this.#counted(last?.dueMs ?? afterMs, untilMs);
    return { count: STEPS + rest.count, last: rest.last ?? last };
  }

  /** As {@link upTo}, day by day. */
  #counted(afterMs: number, untilMs: number): Passed {
    const toMs = Math.min(untilMs, this.#endMs);
    const { count, lastMs } = countTimes(this.#times, afterMs, toMs);
    if (lastMs === undefined) return { count, last: undefined };
    const last = this.#scheduled(lastMs);
    if (last.dueMs <= untilMs) return { count, last };
    // Jitter puts the last one off beyond the end, and no other: none passes the time that follows it.
    const before = countTimes(this.#times, afterMs, lastMs - 1000);
    return {
      count: before.count,
      last: before.lastMs === undefined ? undefined : this.#scheduled(before.lastMs),
    };
  }

  #firstIncluded(afterMs: number): number | undefined {
    let fromMs = afterMs;
    for (let steps = 0; steps < STEPS; steps++) {
      const nominalMs = this.#nextNominal(fromMs);
      if (nominalMs === undefined || nominalMs > this.#endMs) return undefined;
      if (!this.#times.excluded.some((calendar) => calendar.matches(nominalMs))) return nominalMs;
      fromMs = nominalMs;
    }
    return firstTime(this.#times, fromMs, this.#endMs);
  }

  /** Exclusions do not count. */
  #nextNominal(afterMs: number): number | undefined {
    let first = Number.POSITIVE_INFINITY;
    for (const calendar of this.#times.calendars)
      first = Math.min(first, calendar.next(afterMs) ?? first);
    for (const interval of this.#times.intervals)
      first = Math.min(first, nextOfInterval(interval, afterMs));
    return Number.isFinite(first) ? first : undefined;
  }

  #scheduled(nominalMs: number): ScheduledTime {
    if (this.#jitterMs <= 0) return { nominalMs, dueMs: nominalMs };
    // Not past the time that follows.
    const following = this.#nextNominal(nominalMs) ?? Number.POSITIVE_INFINITY;
    const limitMs = Math.min(this.#jitterMs, following - nominalMs);
    const jitterMs = Math.floor(fraction(`${nominalMs}${this.#seed}`) * limitMs);
    return { nominalMs, dueMs: nominalMs + jitterMs };
  }
}

/** Intervals count from the epoch, in whole seconds. */
function nextOfInterval(interval: Interval, afterMs: number): number {
  const { period, shift } = gridOf(interval);
  const after = Math.floor(afterMs / 1000);
  return ((Math.floor((after - shift) / period) + 1) * period + shift) * 1000;
}

/** A number from 0 to 1 that is always the same for a text (FNV-1a, well mixed). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** The spec with the defaults of its ranges filled in, as describe shows it. */
export function shownSpec(spec: Spec): Spec {
  const whole = (ranges: Range[] | null | undefined) =>
    (ranges ?? []).map(({ start, end, step }) => ({
      start: start ?? 0,
      end: Math.max(end ?? 0, start ?? 0),
      step: step || 1,
    }));
  const shown = (calendar: StructuredCalendar): StructuredCalendar => ({
    ...calendar,
    second: whole(calendar.second),
    minute: whole(calendar.minute),
    hour: whole(calendar.hour),
    dayOfMonth: whole(calendar.dayOfMonth),
    month: whole(calendar.month),
    year: whole(calendar.year),
    dayOfWeek: whole(calendar.dayOfWeek),
  });
  return {
    ...spec,
    structuredCalendar: (spec.structuredCalendar ?? []).map(shown),
    excludeStructuredCalendar: (spec.excludeStructuredCalendar ?? []).map(shown),
  };
}
