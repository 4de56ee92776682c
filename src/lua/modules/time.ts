/**
 * `time`: the process's clock, durations, and waiting. A bare number is nanoseconds, as the unit
 * constants are; texts are durations (`"1h30m"`). In a workflow the clock is that of the current task and
 * every wait is a durable timer.
 */
import { formatDuration } from '../../core/duration.js';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import {
  type LuaModule,
  type LuaValue,
  ModuleAccess,
  type ModuleCall,
  type ObjectType,
  type Suspension,
  Use,
} from '../module.js';
import { command } from './answers.js';
import { type Args, durationNs, fn, method, raising } from './args.js';
import { Duration, durationType, Nanoseconds } from './duration.js';
import { Instant, instantGetters } from './instant.js';
import { Layout } from './layout.js';
import { after, Ticker, Timer, tickerType, timerType } from './timers.js';

const LAYOUTS = {
  ANSIC: 'Mon Jan _2 15:04:05 2006',
  RFC822: '02 Jan 06 15:04 MST',
  RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
  RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
  RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
  RFC3339: Layout.RFC3339.text,
  RFC3339NANO: Layout.RFC3339NANO.text,
  KITCHEN: '3:04PM',
  STAMP: 'Jan _2 15:04:05',
  DATE_TIME: '2006-01-02 15:04:05',
  DATE_ONLY: '2006-01-02',
  TIME_ONLY: '15:04:05',
};

const now = (call: ModuleCall): Instant => Instant.fromMs(call.kernel.now());

const otherTime = (args: Args): Instant => args.instance(0, Instant, 'a Time');

const instantType: ObjectType<Instant> = {
  of: Instant,
  name: 'Time',
  methods: {
    ...instantGetters,
    add: method('time:add', ['duration'], (self, args) => [self.plus(args.durationNs(0))]),
    /** The Duration since an earlier Time, or the Time a duration ago. */
    sub: method('time:sub', ['time or duration'], (self, args) => {
      const other = args.at(0);
      return [other instanceof Instant ? self.since(other) : self.plus(-args.durationNs(0))];
    }),
    before: method('time:before', ['time'], (self, args) => [self.isBefore(otherTime(args))]),
    after: method('time:after', ['time'], (self, args) => [otherTime(args).isBefore(self)]),
    equal: method('time:equal', ['time'], (self, args) => [self.equals(otherTime(args))]),
    format: method('time:format', ['layout'], (self, args) => [
      new Layout(args.stringOr(0, LAYOUTS.RFC3339)).format(self),
    ]),
  },
  tostring: String,
  plain: String,
  equals: (a, b) => a.equals(b),
  less: (a, b) => a.isBefore(b),
  add: (a, b) => shift(a instanceof Instant ? a : b, a instanceof Instant ? b : a, 1),
  subtract: (a, b) => {
    if (a instanceof Instant && b instanceof Instant) return a.since(b);
    return shift(a, b, -1);
  },
};

/** For the operators, which raise like Lua's own arithmetic: they have no second result for an error. */
function shift(time: LuaValue, by: LuaValue, sign: 1 | -1): Instant {
  const ns = durationNs(by);
  if (time instanceof Instant && ns !== undefined) return time.plus(sign * ns);
  throw new PerdureError(ErrorKind.INVALID, 'arithmetic on a Time needs a duration beside it');
}

function sleepMs(delayMs: number): Suspension {
  return command({ op: 'sleep', delayMs: Math.max(0, delayMs) });
}

/** A Time, seconds since the epoch, or RFC 3339 text. */
function instantOf(args: Args, i: number): Instant {
  const value = args.at(i);
  if (value instanceof Instant) return value;
  if (typeof value === 'string') return parse(Layout.RFC3339, value);
  if (typeof value === 'number' && Number.isFinite(value)) return Instant.fromUnix(value);
  return args.fail(i, 'must be a Time, seconds since the epoch, or RFC 3339 text');
}

function parse(layout: Layout, text: string): Instant {
  const { seconds, nanos } = layout.parse(text);
  return new Instant(seconds, nanos);
}

/** A duration that is more than nothing; a ticker of 0 would never let anything else run. */
function positiveMs(args: Args): number {
  const ms = args.durationMs(0);
  return ms > 0 ? ms : args.fail(0, 'must be longer than 0', formatDuration(ms));
}

export const timeModule: LuaModule = {
  name: 'time',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    now: (call) => [now(call)],
    unix: fn('time.unix', ['seconds', 'nanoseconds'], (args) => [
      Instant.fromUnix(args.number(0), args.at(1) === null ? 0 : args.number(1)),
    ]),
    parse: fn('time.parse', ['layout', 'text'], (args) => [
      parse(new Layout(args.string(0)), args.string(1)),
    ]),
    parse_duration: fn('time.parse_duration', ['duration'], (args) => [
      new Duration(args.durationNs(0)),
    ]),
    sleep: raising('time.sleep', ['duration'], (args) => sleepMs(args.durationMs(0))),
    sleep_until: raising('time.sleep_until', ['time'], (args, call) =>
      sleepMs(instantOf(args, 0).ms - call.kernel.now()),
    ),
    after: fn('time.after', ['duration'], (args, call) => [after(call.kernel, args.durationMs(0))]),
    timer: fn('time.timer', ['duration'], (args, call) => [
      new Timer(call.kernel, args.durationMs(0)),
    ]),
    ticker: fn('time.ticker', ['duration'], (args, call) => [
      new Ticker(call.kernel, positiveMs(args)),
    ]),
  },
  constants: { ...Nanoseconds, ...LAYOUTS },
  types: [instantType, durationType, timerType, tickerType],
};
