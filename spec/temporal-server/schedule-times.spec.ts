import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { duration, timestamp } from '../../src/temporal-server/proto.js';
import { compileCalendar } from '../../src/temporal-server/schedules/calendar.js';
import { parseCron } from '../../src/temporal-server/schedules/calendar-text.js';
import { countTimes } from '../../src/temporal-server/schedules/days.js';
import { canonicalSpec, compileSpec, type Spec } from '../../src/temporal-server/schedules/spec.js';
import { zoneOf } from '../../src/temporal-server/schedules/zone.js';
import { cpu } from './support/cpu.js';

/** The first times of a spec after an instant, as UTC to the second. */
function times(spec: Spec, after: string, count: number): string[] {
  const compiled = compileSpec(canonicalSpec(spec), 'seed');
  const found: string[] = [];
  let atMs = Date.parse(after);
  while (found.length < count) {
    const next = compiled.next(atMs);
    if (!next) break;
    atMs = next.dueMs;
    found.push(new Date(atMs).toISOString().slice(0, 19));
  }
  return found;
}

const cron = (...cronString: string[]) => ({ cronString });

describe('the times of a schedule', () => {
  it.each<[string, Spec, string, string[]]>([
    [
      'a cron string on weekdays',
      cron('0 12 * * MON-FRI'),
      '2026-03-06T00:00:00Z',
      ['2026-03-06T12:00:00', '2026-03-09T12:00:00'],
    ],
    [
      'both days of a cron string have to match',
      cron('0 0 13 * FRI'),
      '2026-03-01T00:00:00Z',
      ['2026-03-13T00:00:00', '2026-11-13T00:00:00'],
    ],
    [
      'a cron string with seconds and years',
      cron('30 0 12 1 1 * 2030'),
      '2026-01-01T00:00:00Z',
      ['2030-01-01T12:00:30'],
    ],
    [
      '@every with a phase',
      cron('@every 6h/1h'),
      '2026-01-01T00:00:00Z',
      ['2026-01-01T01:00:00', '2026-01-01T07:00:00'],
    ],
    ['@daily', cron('@daily'), '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00']],
    ['7 is Sunday', cron('0 0 * * 7'), '2026-03-02T00:00:00Z', ['2026-03-08T00:00:00']],
    [
      'a calendar of texts',
      { calendar: [{ hour: '3-7/2', month: 'jan,feb', dayOfMonth: '31' }] },
      '2026-01-31T04:00:00Z',
      ['2026-01-31T05:00:00', '2026-01-31T07:00:00', '2027-01-31T03:00:00'],
    ],
    [
      'whichever of several comes first',
      {
        calendar: [{ hour: '12' }],
        interval: [{ interval: duration(10 * 3_600_000), phase: duration(3_600_000) }],
      },
      '1970-01-01T00:00:00Z',
      ['1970-01-01T01:00:00', '1970-01-01T11:00:00', '1970-01-01T12:00:00', '1970-01-01T21:00:00'],
    ],
    [
      'what is excluded is left out',
      { cronString: ['0 0 * * *'], excludeCalendar: [{ hour: '*', dayOfWeek: 'sat,sun' }] },
      '2026-03-05T12:00:00Z',
      ['2026-03-06T00:00:00', '2026-03-09T00:00:00'],
    ],
    [
      'the first and the last instant are part of the span',
      {
        cronString: ['0 * * * *'],
        startTime: timestamp(Date.parse('2026-01-01T05:00:00Z')),
        endTime: timestamp(Date.parse('2026-01-01T06:00:00Z')),
      },
      '2026-01-01T00:00:00Z',
      ['2026-01-01T05:00:00', '2026-01-01T06:00:00'],
    ],
    [
      'a time zone',
      { cronString: ['0 12 * * *'], timezoneName: 'Europe/Berlin' },
      '2026-03-28T00:00:00Z',
      ['2026-03-28T11:00:00', '2026-03-29T10:00:00'],
    ],
    [
      'a time zone in the cron string',
      cron('TZ=America/New_York 30 8 * * *'),
      '2026-07-01T00:00:00Z',
      ['2026-07-01T12:30:00'],
    ],
    [
      'a time that clocks skip is left out',
      { cronString: ['30 2 * * *'], timezoneName: 'Europe/Berlin' },
      '2026-03-28T00:00:00Z',
      ['2026-03-28T01:30:00', '2026-03-30T00:30:00'],
    ],
    [
      'a time that clocks repeat comes twice',
      { cronString: ['30 2 * * *'], timezoneName: 'Europe/Berlin' },
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00', '2026-10-25T01:30:00', '2026-10-26T01:30:00'],
    ],
    ['a day that never comes', cron('0 0 30 2 *'), '2026-01-01T00:00:00Z', []],
    ['nothing at all', {}, '2026-01-01T00:00:00Z', []],
  ])('%s', (_, spec, after, expected) => {
    expect(times(spec, after, Math.max(expected.length, 1)).slice(0, expected.length)).toEqual(
      expected,
    );
    if (expected.length === 0) expect(times(spec, after, 1)).toEqual([]);
  });

  it('are those instants whose clock fits, and no other', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
    ];
    const days = [
      '2026-03-08',
      '2026-03-29',
      '2026-04-04',
      '2026-10-03',
      '2026-10-25',
      '2026-11-01',
    ];
    const some = (max: number) =>
      fc.array(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 3 }).map((v) => v.join(','));
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...days),
        fc.integer({ min: 0, max: 24 * 60 }),
        some(59),
        some(23),
        (zoneName, day, minutes, minute, hour) => {
          const { calendar = {} } = parseCron(`${minute} ${hour} * * *`);
          const compiled = compileCalendar(calendar, zoneOf(zoneName));
          const afterMs = Date.parse(`${day}T00:00:00Z`) + minutes * 60_000;
          let expected = afterMs + 60_000;
          while (!compiled.matches(expected)) expected += 60_000;
          expect(compiled.next(afterMs)).toBe(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each<[string, Spec]>([
    ['all of it', { excludeCalendar: [{ second: '*', minute: '*', hour: '*' }] }],
    [
      'all of it, in a time zone',
      {
        excludeCalendar: [{ second: '*', minute: '*', hour: '*' }],
        timezoneName: 'Europe/Berlin',
      },
    ],
    [
      'weekdays and weekends',
      {
        excludeCalendar: [
          { second: '*', minute: '*', hour: '*', dayOfWeek: 'mon-fri' },
          { second: '*', minute: '*', hour: '*', dayOfWeek: 'sat,sun' },
        ],
      },
    ],
    [
      'both halves of each minute',
      {
        excludeCalendar: [
          { second: '0-29', minute: '*', hour: '*' },
          { second: '30-59', minute: '*', hour: '*' },
        ],
        timezoneName: 'Europe/Berlin',
      },
    ],
  ])('end at once where the exclusions leave none: %s', (_, spec) => {
    const everySecond = { ...spec, interval: [{ interval: duration(1000) }] };
    expect(times(everySecond, '2026-01-01T00:00:00Z', 1)).toEqual([]);
  });

  it('go on after a year of minutes that are excluded', () => {
    const spec = {
      cronString: ['* * * * *'],
      excludeCalendar: [{ minute: '*', hour: '*', year: '2026' }],
    };
    expect(times(spec, '2026-01-01T00:00:00Z', 1)).toEqual(['2027-01-01T00:00:00']);
  });

  it('go on after a span that is excluded for years', () => {
    const spec = {
      interval: [{ interval: duration(1000) }],
      excludeCalendar: [{ second: '*', minute: '*', hour: '*', year: '2020-2090' }],
      timezoneName: 'America/New_York',
    };
    expect(times(spec, '2026-01-01T12:00:00Z', 1)).toEqual(['2091-01-01T05:00:00']);
  });

  it('are the same as without passing over what is excluded', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe'];
    const days = [
      '2009-10-31',
      '2026-03-07',
      '2026-03-28',
      '2026-04-04',
      '2026-10-03',
      '2026-10-24',
    ];
    const some = (max: number, min = 0) =>
      fc.oneof(
        fc.constant('*'),
        fc
          .array(fc.integer({ min, max }), { minLength: 1, maxLength: 6 })
          .map((values) => values.join(',')),
      );
    const exclusion = fc.record({
      second: fc.constantFrom('*', '0'),
      minute: some(59),
      hour: some(23),
      dayOfWeek: some(6),
      month: some(12, 1),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...days),
        fc.array(exclusion, { minLength: 1, maxLength: 2 }),
        fc.constantFrom(60_000, 7 * 60_000, 3_600_000),
        (timezoneName, day, excludeCalendar, periodMs) => {
          const spec = canonicalSpec({
            interval: [{ interval: duration(periodMs) }],
            excludeCalendar,
            timezoneName,
          });
          const calendars = (spec.excludeStructuredCalendar ?? []).map((each) =>
            compileCalendar(each, zoneOf(timezoneName)),
          );
          const afterMs = Date.parse(`${day}T00:00:00Z`);
          const endMs = afterMs + 2 * 24 * 3_600_000;
          const expected: number[] = [];
          for (let atMs = afterMs; atMs <= endMs; atMs += 60_000)
            if (atMs > afterMs && atMs % periodMs === 0 && !calendars.some((c) => c.matches(atMs)))
              expected.push(atMs);
          const compiled = compileSpec(spec, 'seed');
          const found: number[] = [];
          let next = compiled.next(afterMs);
          for (; next && next.dueMs <= endMs; next = compiled.next(next.dueMs))
            found.push(next.dueMs);
          expect(found).toEqual(expected);
          const { count, lastMs } = countTimes(
            {
              zone: zoneOf(timezoneName),
              calendars: [],
              excluded: calendars,
              intervals: spec.interval ?? [],
            },
            afterMs,
            endMs,
          );
          expect([count, lastMs]).toEqual([expected.length, expected.at(-1)]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('are as many when they are counted as when one is asked for after the other', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe'];
    const some = (max: number, min = 0) =>
      fc.oneof(
        fc.constant('*'),
        fc
          .array(fc.integer({ min, max }), { minLength: 1, maxLength: 5 })
          .map((values) => values.join(',')),
      );
    const calendar = fc.record({
      second: fc.constantFrom('0', '7', '0,30'),
      minute: some(59),
      hour: some(23),
      dayOfWeek: some(6),
      dayOfMonth: some(28, 1),
    });
    const calendars = fc.array(calendar, { maxLength: 2 });
    const interval = fc
      .tuple(fc.integer({ min: 61, max: 90_000 }), fc.nat(60))
      .map(([every, phase]) => ({
        interval: duration(every * 1000),
        phase: duration(phase * 1000),
      }));
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        calendars,
        calendars,
        fc.array(interval, { maxLength: 2 }),
        fc.constantFrom(0, 5000, 7_200_000),
        fc.integer({ min: Date.UTC(2026, 2, 20), max: Date.UTC(2026, 3, 10) }),
        fc.integer({ min: 0, max: 9 * 86_400_000 }),
        (timezoneName, included, excludeCalendar, intervals, jitterMs, afterMs, lengthMs) => {
          const compiled = compileSpec(
            canonicalSpec({
              calendar: included,
              excludeCalendar,
              interval: intervals,
              jitter: duration(jitterMs),
              timezoneName,
            }),
            'seed',
          );
          const found: number[] = [];
          let next = compiled.next(afterMs);
          for (; next && next.dueMs <= afterMs + lengthMs; next = compiled.next(next.dueMs))
            found.push(next.dueMs);
          const { count, last } = compiled.upTo(afterMs, afterMs + lengthMs);
          expect([count, last?.dueMs]).toEqual([found.length, found.at(-1)]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('go on where each of thousands is excluded by itself', () => {
    const hourly = {
      interval: [{ interval: duration(3_600_000) }],
      excludeCalendar: [{ minute: '0', hour: '*', year: '2026-2028' }],
    };
    expect(times(hourly, '2026-01-01T00:00:00Z', 1)).toEqual(['2029-01-01T00:00:00']);
    const everySeventh = {
      interval: [{ interval: duration(7000) }],
      excludeCalendar: [{ second: '*', minute: '0-58', hour: '*' }],
    };
    expect(times(everySeventh, '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T00:59:02']);
  });

  it('are found at once where few or no days have them', () => {
    const never = compileSpec(canonicalSpec(cron('0 0 30 2 *')), 'seed');
    const rare = compileSpec(canonicalSpec(cron('0 0 29 2 MON')), 'seed');
    const spent = cpu();
    for (let i = 0; i < 50; i++) {
      expect(never.next(i)).toBeUndefined();
      expect(rare.next(Date.UTC(2026, 0, 1 + i))?.dueMs).toBe(Date.UTC(2044, 1, 29));
    }
    expect(spent()).toBeLessThan(500);
  });

  it('of a year of seconds are counted, not walked', () => {
    const year = 365 * 86_400_000;
    const everySecond = compileSpec(
      canonicalSpec({
        interval: [{ interval: duration(1000) }],
        excludeCalendar: [{ second: '*', minute: '*', hour: '0-11' }],
        timezoneName: 'Europe/Berlin',
      }),
      'seed',
    );
    const from = Date.UTC(2025, 0, 1);
    const spent = cpu();
    // The hours that clocks skip and repeat are excluded.
    expect(everySecond.upTo(from - 1000, from - 1000 + year)).toEqual({
      count: (365 / 2) * 86_400,
      last: { nominalMs: from + year - 3_600_000 - 1000, dueMs: from + year - 3_600_000 - 1000 },
    });
    expect(spent()).toBeLessThan(1000);
  });

  it('are spread by jitter, always in the same way, and never past the next time', () => {
    const spec = { cronString: ['* * * * *'], jitter: duration(3_600_000) };
    const first = times(spec, '2026-01-01T00:00:00Z', 20);
    expect(times(spec, '2026-01-01T00:00:00Z', 20)).toEqual(first);
    expect(new Set(first.map((at) => at.slice(17))).size).toBeGreaterThan(5);
    expect([...first].sort()).toEqual(first);
  });

  it.each<[string, Spec]>([
    ['CronString does not have 5-7 fields', cron('0 12 * *')],
    ['Minute is not in range [0-59]', cron('99 12 * * *')],
    ['Hour Start is not in range [0-23]', cron('0 30-31 * * *')],
    ['DayOfMonth End is before Start or not in range [1-31]', cron('0 0 5-3 * *')],
    ['Minute has too many slashes', cron('1/2/3 * * * *')],
    ['Minute has too many dashes', cron('1-2-3 * * * *')],
    ['Minute missing step value', cron('1/ * * * *')],
    ['Minute has invalid Step', cron('1/0 * * * *')],
    ['Minute is not in range [0-59], Month is not in range [1-12]', cron('x * * nomonth *')],
    ['CronString does not have interval after @every', cron('@every')],
    ['time: invalid duration "soon"', cron('@every soon')],
    ['CronString has time zone but missing fields', cron('TZ=UTC')],
    ['conflicting timezone names', cron('TZ=UTC * * * * *', 'TZ=Europe/Paris * * * * *')],
    ['unknown time zone Nowhere/X', { timezoneName: 'Nowhere/X' }],
    ['interval is too small', { interval: [{ interval: duration(10) }] }],
    [
      'phase cannot be greater than Interval',
      { interval: [{ interval: duration(2000), phase: duration(2000) }] },
    ],
    [
      'invalid calendar spec: Second has invalid Step, Hour Start is not in range [0-23]',
      { structuredCalendar: [{ hour: [{ start: 24 }], second: [{ step: -1 }] }] },
    ],
  ])('are refused: %s', (message, spec) => {
    expect(() => canonicalSpec(spec)).toThrow(message);
  });
});
