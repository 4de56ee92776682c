import { describe, expect, it } from '@jest/globals';
import { evaluate, refusal, start } from '../../support/modules.js';

const startMs = Date.UTC(2026, 0, 2, 15, 4, 5) + 250;
const at = { startMs };

describe('time.now', () => {
  it('is the clock of the process', () => {
    expect(evaluate('return { time.now():unix(), time.now():unix_milli() }', at)).toEqual([
      startMs / 1000 - 0.25,
      startMs,
    ]);
  });

  it('measures what passed', () => {
    const host = start(`local before = time.now()
      time.sleep("1s")
      return time.now():sub(before):milliseconds()`);
    expect(host.turn(1000).value).toBe(1000);
  });

  it('has the fields of the calendar, in UTC', () => {
    expect(
      evaluate(
        `local t = time.now()
        return { t:year(), t:month(), t:day(), t:hour(), t:minute(), t:second(), t:nanosecond(),
          t:weekday(), t:year_day() }`,
        at,
      ),
    ).toEqual([2026, 1, 2, 15, 4, 5, 250_000_000, 5, 2]);
  });

  it('compares and adds with operators and methods alike', () => {
    expect(
      evaluate(
        `local t = time.now()
        local later = t:add("1m")
        return { t < later, t <= t, t == t:add(0), later > t, t:before(later), later:after(t),
          t:equal(later), (later - t):seconds(), (t + "1m") == later, (later - "1m") == t,
          tostring(later) }`,
        at,
      ),
    ).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      60,
      true,
      true,
      '2026-01-02T15:05:05.25Z',
    ]);
  });

  it('carries fractions of a second over', () => {
    expect(
      evaluate(
        'return { tostring(time.now():add("800ms")), tostring(time.now():add("-300ms")) }',
        at,
      ),
    ).toEqual(['2026-01-02T15:04:06.05Z', '2026-01-02T15:04:04.95Z']);
  });

  it('cannot be compared with what is no time', () => {
    expect(evaluate('return (pcall(function() return time.now() < 5 end))')).toBe(false);
    expect(evaluate('return (pcall(function() return time.now() + {} end))')).toBe(false);
    expect(refusal('time.now():add({})')).toMatch(/^INVALID: time:add: argument 1/);
    expect(refusal('time.now():before("now")')).toMatch(/must be a Time/);
  });

  it('travels as RFC 3339 text', () => {
    expect(evaluate('return { at = time.now(), took = time.parse_duration("90s") }', at)).toEqual({
      at: '2026-01-02T15:04:05.25Z',
      took: '1m30s',
    });
  });
});

describe('durations', () => {
  it('are texts, numbers of nanoseconds, or values with every unit', () => {
    expect(
      evaluate(`local d = time.parse_duration("1h30m")
        return { d:hours(), d:minutes(), d:seconds(), d:milliseconds(), d:microseconds(),
          d:nanoseconds(), tostring(d), time.parse_duration(1.5 * time.SECOND):milliseconds(),
          d == time.parse_duration("90m"), time.parse_duration("1s") < d }`),
    ).toEqual([
      1.5,
      90,
      5400,
      5_400_000,
      5_400_000_000,
      5_400_000_000_000,
      '1h30m0s',
      1500,
      true,
      true,
    ]);
  });

  it('have unit constants in nanoseconds', () => {
    expect(evaluate('return { time.NANOSECOND, time.MILLISECOND, time.HOUR }')).toEqual([
      1, 1e6, 3600e9,
    ]);
  });

  it('are refused where they are none', () => {
    expect(refusal('time.parse_duration("soon")')).toMatch(/^INVALID: .*"soon"/);
  });

  it('are raised by waits, whose results nobody looks at', () => {
    expect(() => evaluate('time.sleep(0/0)')).toThrow(/argument 1 \(duration\)/);
    expect(() => evaluate('time.sleep()')).toThrow(/argument 1 \(duration\).*got nil/);
    expect(() => evaluate('time.sleep_until({})')).toThrow(/argument 1 \(time\)/);
  });
});

describe('sleeping', () => {
  it.each([
    ['"100ms"', 100],
    ['100 * time.MILLISECOND', 100],
    ['time.parse_duration("2s")', 2000],
    ['"24h"', 86_400_000],
  ])('%s takes that long', (duration, ms) => {
    const host = start(`return time.sleep(${duration})`);
    host.turn(ms - 1);
    expect(host.kernel.result).toBeNull();
    expect(host.turn(1).value).toBe(true);
  });

  it.each([
    ['a time', 'time.now():add("5s")'],
    ['seconds since the epoch', `${startMs / 1000 + 5}`],
    ['text', '"2026-01-02T15:04:10.25Z"'],
    ['text of another zone', '"2026-01-02T17:04:10.25+02:00"'],
  ])('until %s ends then', (_what, deadline) => {
    const host = start(`return time.sleep_until(${deadline})`, at);
    host.turn(4999);
    expect(host.kernel.result).toBeNull();
    expect(host.turn(1).value).toBe(true);
  });

  it('until a time that has passed does not take long', () => {
    expect(start('return time.sleep_until(0)', at).turn(0).value).toBe(true);
  });

  it('in two coroutines goes on at the same time', () => {
    const host = start(`local done = channel.new(2)
      for i = 1, 2 do coroutine.spawn(function() time.sleep("1s") done:send(i) end) end
      return { (done:receive()), (done:receive()) }`);
    expect(host.turn(1000).value).toEqual([1, 2]);
  });
});

describe('timers as channels', () => {
  it('time.after delivers a time value once', () => {
    const host = start(`local t = time.after("1s"):receive()
      return { t:unix(), time.now() == t }`);
    expect(host.turn(1000).value).toEqual([1, true]);
  });

  it('a timer can be stopped and set anew', () => {
    const host = start(`local t = time.timer("1s")
      local stopped = t:stop()
      time.sleep("2s")
      local early = t:channel():try_receive()
      local active = t:reset("1s")
      return { stopped, tostring(early), active, t:response():receive():unix(), t:stop() }`);
    expect(host.turn(3000).value).toEqual([true, 'nil', false, 3, false]);
  });

  it('a timer that went off unread forgets it when stopped', () => {
    const host = start(`local t = time.timer("1s")
      time.sleep("2s")
      local active = t:stop()
      local stale, ok = t:channel():try_receive()
      return { active, tostring(stale), ok }`);
    expect(host.turn(2000).value).toEqual([false, 'nil', false]);
  });

  it('a ticker ticks until it is stopped, at multiples of its interval', () => {
    const host = start(`local t, seen = time.ticker("10ms"), {}
      for _ = 1, 3 do table.insert(seen, t:channel():receive():unix_milli()) end
      t:stop()
      return seen`);
    expect(host.turn(1000).value).toEqual([10, 20, 30]);
    expect(host.timerCount).toBe(0);
  });

  it('a ticker that nobody reads keeps one tick only', () => {
    const host = start(`local t = time.ticker("10ms")
      time.sleep("95ms")
      local first = t:response():receive():unix_milli()
      local second, ok = t:response():try_receive()
      t:stop()
      return { first, ok }`);
    expect(host.turn(100).value).toEqual([10, false]);
  });

  it('a ticker of no length is refused', () => {
    expect(refusal('time.ticker(0)')).toMatch(/^INVALID: .*longer than 0/);
  });
});

describe('layouts', () => {
  const formatted = (layout: string) => evaluate(`return time.now():format(${layout})`, at);

  it.each([
    ['time.RFC3339', '2026-01-02T15:04:05Z'],
    ['time.RFC3339NANO', '2026-01-02T15:04:05.25Z'],
    ['time.RFC1123', 'Fri, 02 Jan 2026 15:04:05 UTC'],
    ['time.ANSIC', 'Fri Jan  2 15:04:05 2026'],
    ['time.KITCHEN', '3:04PM'],
    ['"2006-01-02 15:04:05.000"', '2026-01-02 15:04:05.250'],
    ['"Monday, January 2 2006 at 03:04 pm"', 'Friday, January 2 2026 at 03:04 pm'],
    ['"002 __2 06 -0700"', '002   2 26 +0000'],
    ['"Janet Monsoon"', 'Janet Monsoon'],
  ])('format by %s', (layout, text) => {
    expect(formatted(layout)).toBe(text);
  });

  const parsed = (layout: string, text: string) =>
    evaluate(`return tostring(time.parse(${layout}, "${text}"))`);

  it.each([
    ['time.RFC3339', '2026-01-02T15:04:05Z', '2026-01-02T15:04:05Z'],
    ['time.RFC3339', '2026-01-02T15:04:05.123456789-05:00', '2026-01-02T20:04:05.123456789Z'],
    ['time.RFC1123', 'Fri, 02 Jan 2026 15:04:05 GMT', '2026-01-02T15:04:05Z'],
    ['time.DATE_ONLY', '2024-02-29', '2024-02-29T00:00:00Z'],
    ['"Jan _2 2006 3:04PM"', 'Mar  7 2026 12:30AM', '2026-03-07T00:30:00Z'],
    ['"2/1/06"', '31/12/99', '1999-12-31T00:00:00Z'],
  ])('parse by %s: %s', (layout, text, expected) => {
    expect(parsed(layout, text)).toBe(expected);
  });

  it.each([
    ['time.DATE_ONLY', '2026-13-01', /month out of range/],
    ['time.DATE_ONLY', '2026-02-30', /day out of range/],
    ['time.DATE_ONLY', '2026-02-03x', /character 11/],
    ['time.RFC3339', 'yesterday', /year of four digits/],
  ])('refuse by %s: %s', (layout, text, why) => {
    expect(refusal(`time.parse(${layout}, "${text}")`)).toMatch(why);
  });

  it('read back what they wrote', () => {
    expect(
      evaluate(`local t = time.unix(1767366245, 123456789)
        return time.parse(time.RFC3339NANO, tostring(t)) == t`),
    ).toBe(true);
  });
});
