/**
 * A schedule's spec: brought into the form that is kept, and asked for its next time. As Temporal's
 * service/worker/scheduler/spec.go, but for the hash that spreads jitter, which is our own.
 */
import { durationMs, type temporal, timestampMs } from '../proto.js';
import { type CompiledCalendar, compileCalendar, type Readings } from './calendar.js';
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
import { zoneOf } from './zone.js';

export type Spec = temporal.api.schedule.v1.IScheduleSpec;

/** A time of the spec, and when it is due with its jitter. */
export interface ScheduledTime {
  readonly nominalMs: number;
  readonly dueMs: number;
}

export interface CompiledSpec {
  /** The first time that is due after `afterMs`; undefined when there is none, or none within {@link MAX_EXCLUDED}. */
  next(afterMs: number): ScheduledTime | undefined;
}

const MAX_COMMENT_BYTES = 200;

/**
 * How many excluded spans are passed over in the search for a time. Temporal's server has no such bound: it walks to
 * the end of the year 2100, which nobody else is to wait for here.
 */
const MAX_EXCLUDED = 2000;

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
  const zone = zoneOf(spec.timezoneName ?? '');
  const calendars = (spec.structuredCalendar ?? []).map((each) => compileCalendar(each, zone));
  const excluded = (spec.excludeStructuredCalendar ?? []).map((each) =>
    compileCalendar(each, zone),
  );
  const intervals = spec.interval ?? [];
  const startMs = timestampMs(spec.startTime) ?? 0;
  const lastMs = Date.UTC(MAX_YEAR, 11, 31, 23, 59, 59);
  const endMs = Math.min(timestampMs(spec.endTime) ?? lastMs, lastMs);
  const jitterMs = durationMs(spec.jitter);
  const readings = readingsOf(calendars, intervals);
  const firstIncluded = (afterMs: number): number | undefined => {
    let fromMs = afterMs;
    for (let spans = 0; spans <= MAX_EXCLUDED; spans++) {
      const nominalMs = nextNominal(calendars, intervals, fromMs);
      if (nominalMs === undefined || nominalMs > endMs) return undefined;
      const exclusion = excluded.find((calendar) => calendar.matches(nominalMs));
      if (!exclusion) return nominalMs;
      const untilMs = exclusion.matchesUntil(nominalMs, readings);
      if (untilMs > endMs) return undefined;
      fromMs = untilMs - 1000;
    }
    return undefined;
  };
  return {
    next(afterMs) {
      const nominalMs = firstIncluded(Math.max(afterMs, startMs - 1000));
      if (nominalMs === undefined) return undefined;
      if (jitterMs <= 0) return { nominalMs, dueMs: nominalMs };
      // Not past the time that follows.
      const following = nextNominal(calendars, intervals, nominalMs) ?? Number.POSITIVE_INFINITY;
      const limitMs = Math.min(jitterMs, following - nominalMs);
      return {
        nominalMs,
        dueMs: nominalMs + Math.floor(fraction(`${nominalMs}${seed}`) * limitMs),
      };
    },
  };
}

/**
 * What a clock may read at the times of a spec, and perhaps at some more: those of an interval stand on a grid, and
 * clocks differ from UTC by quarters of an hour.
 */
function readingsOf(
  calendars: readonly CompiledCalendar[],
  intervals: readonly Interval[],
): Readings {
  const hours = new Set(calendars.flatMap(({ readings }) => [...readings.hours]));
  const minutes = new Set(calendars.flatMap(({ readings }) => [...readings.minutes]));
  const seconds = new Set(calendars.flatMap(({ readings }) => [...readings.seconds]));
  for (const { interval, phase } of intervals) {
    const period = Math.floor(durationMs(interval) / 1000);
    const shift = Math.floor(durationMs(phase) / 1000);
    const onGrid = (grid: number, at: number) => period % grid !== 0 || (shift - at) % grid === 0;
    for (let hour = 0; hour < 24; hour++) hours.add(hour);
    for (let minute = 0; minute < 60; minute++)
      if (onGrid(900, minute * 60 + (shift % 60))) minutes.add(minute);
    for (let second = 0; second < 60; second++) if (onGrid(60, second)) seconds.add(second);
  }
  return { hours, minutes, seconds };
}

function nextNominal(
  calendars: readonly CompiledCalendar[],
  intervals: readonly Interval[],
  afterMs: number,
): number | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (const calendar of calendars) first = Math.min(first, calendar.next(afterMs) ?? first);
  for (const interval of intervals) first = Math.min(first, nextOfInterval(interval, afterMs));
  return Number.isFinite(first) ? first : undefined;
}

/** Intervals count from the epoch, in whole seconds. */
function nextOfInterval({ interval, phase }: Interval, afterMs: number): number {
  const after = Math.floor(afterMs / 1000);
  const period = Math.max(Math.floor(durationMs(interval) / 1000), 1);
  const shift = Math.max(Math.floor(durationMs(phase) / 1000), 0);
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
