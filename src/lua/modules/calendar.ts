/** Names and sums of the calendar, as Go's layouts spell them. No locale: every machine must print the same. */

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Sunday first, as `Date.getUTCDay` counts. */
export const DAYS: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];

/** 1 to 366, in UTC. */
export function dayOfYear(date: Date): number {
  const start = new Date(date);
  start.setUTCMonth(0, 1);
  return Math.round((date.getTime() - start.getTime()) / 86_400_000) + 1;
}

/** A point in time as numbers; see `Instant`, which is one. */
export interface Moment {
  readonly seconds: number;
  readonly nanos: number;
}
