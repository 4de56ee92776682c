/**
 * A point in time, as Lua sees it: `time.now()`. Always UTC: a workflow must read the same fields on
 * every machine, and time zone data differs between them.
 */
import type { ObjectType } from '../module.js';
import { dayOfYear } from './calendar.js';
import { Duration } from './duration.js';
import { Layout } from './layout.js';

const NS_PER_SECOND = 1e9;

export class Instant {
  constructor(
    /** Whole seconds since the epoch; negative before it. */
    readonly seconds: number,
    /** 0 to 999,999,999, counted forward from `seconds`. */
    readonly nanos: number,
  ) {}

  static fromMs(ms: number): Instant {
    const seconds = Math.floor(ms / 1000);
    return new Instant(seconds, Math.round((ms - seconds * 1000) * 1e6));
  }

  /** Seconds since the epoch, fractions included. */
  static fromUnix(unix: number, nanos = 0): Instant {
    const seconds = Math.floor(unix);
    return new Instant(seconds, 0).plus(Math.round((unix - seconds) * NS_PER_SECOND) + nanos);
  }

  get ms(): number {
    return this.seconds * 1000 + this.nanos / 1e6;
  }

  plus(ns: number): Instant {
    const whole = Math.floor(ns / NS_PER_SECOND);
    const nanos = this.nanos + Math.round(ns - whole * NS_PER_SECOND);
    const carry = Math.floor(nanos / NS_PER_SECOND);
    return new Instant(this.seconds + whole + carry, nanos - carry * NS_PER_SECOND);
  }

  /** From `earlier` to this. */
  since(earlier: Instant): Duration {
    const seconds = this.seconds - earlier.seconds;
    return new Duration(seconds * NS_PER_SECOND + (this.nanos - earlier.nanos));
  }

  isBefore(other: Instant): boolean {
    return this.seconds === other.seconds ? this.nanos < other.nanos : this.seconds < other.seconds;
  }

  equals(other: Instant): boolean {
    return this.seconds === other.seconds && this.nanos === other.nanos;
  }

  /** The calendar fields, in UTC. */
  get date(): Date {
    return new Date(this.seconds * 1000);
  }

  /** RFC 3339 with as many fraction digits as it has: `2026-01-02T03:04:05.25Z`. */
  toString(): string {
    return Layout.RFC3339NANO.format(this);
  }
}

/** The parts of {@link instantType} that need nothing but the instant; `time.ts` adds the rest. */
export const instantGetters: ObjectType<Instant>['methods'] = {
  unix: (_call, self) => [self.seconds],
  unix_milli: (_call, self) => [Math.floor(self.ms)],
  unix_micro: (_call, self) => [self.seconds * 1e6 + Math.floor(self.nanos / 1e3)],
  unix_nano: (_call, self) => [self.seconds * NS_PER_SECOND + self.nanos],
  year: (_call, self) => [self.date.getUTCFullYear()],
  month: (_call, self) => [self.date.getUTCMonth() + 1],
  day: (_call, self) => [self.date.getUTCDate()],
  hour: (_call, self) => [self.date.getUTCHours()],
  minute: (_call, self) => [self.date.getUTCMinutes()],
  second: (_call, self) => [self.date.getUTCSeconds()],
  nanosecond: (_call, self) => [self.nanos],
  /** 0 is Sunday. */
  weekday: (_call, self) => [self.date.getUTCDay()],
  year_day: (_call, self) => [dayOfYear(self.date)],
  utc: (_call, self) => [self],
};
