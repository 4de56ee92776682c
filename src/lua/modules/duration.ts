/** A span of time, as Lua sees it (`time.parse_duration`, `later:sub(earlier)`). */
import { formatDuration } from '../../core/duration.js';
import type { ObjectType } from '../module.js';

/** What the unit constants of the `time` module stand for, in nanoseconds. */
export const Nanoseconds = {
  NANOSECOND: 1,
  MICROSECOND: 1e3,
  MILLISECOND: 1e6,
  SECOND: 1e9,
  MINUTE: 60e9,
  HOUR: 3600e9,
} as const;

export class Duration {
  /** @param ns nanoseconds; exact to 2^53, which is 104 days */
  constructor(readonly ns: number) {}

  /** As Go prints it: `1h30m0s`. The module's functions and the `temporal.*` options read this back. */
  toString(): string {
    return formatDuration(this.ns / 1e6);
  }
}

export const durationType: ObjectType<Duration> = {
  of: Duration,
  name: 'Duration',
  methods: {
    nanoseconds: (_call, self) => [self.ns],
    microseconds: (_call, self) => [self.ns / Nanoseconds.MICROSECOND],
    milliseconds: (_call, self) => [self.ns / Nanoseconds.MILLISECOND],
    seconds: (_call, self) => [self.ns / Nanoseconds.SECOND],
    minutes: (_call, self) => [self.ns / Nanoseconds.MINUTE],
    hours: (_call, self) => [self.ns / Nanoseconds.HOUR],
  },
  tostring: String,
  plain: String,
  equals: (a, b) => a.ns === b.ns,
  less: (a, b) => a.ns < b.ns,
};
