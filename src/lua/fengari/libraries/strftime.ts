/** C's strftime in UTC and the C locale. */
import { DAYS, dayOfYear, MONTHS } from '../../modules/calendar.js';

const two = (n: number): string => String(n).padStart(2, '0');
const short = (name: string | undefined): string => (name ?? '').slice(0, 3);

type Field = (d: Date) => string;

const year: Field = (d) => String(d.getUTCFullYear());
const hour12 = (d: Date): number => d.getUTCHours() % 12 || 12;
const clock: Field = (d) =>
  [d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds()].map(two).join(':');
const usDate: Field = (d) =>
  [d.getUTCMonth() + 1, d.getUTCDate(), d.getUTCFullYear() % 100].map(two).join('/');
const half: Field = (d) => (d.getUTCHours() < 12 ? 'AM' : 'PM');

/** Day of the year, from 0. */
const yearDay = (d: Date): number => dayOfYear(d) - 1;

/** Week of the year, where weeks start on `first` (0 Sunday, 1 Monday). */
function week(d: Date, first: number): number {
  return Math.floor((yearDay(d) + 7 - ((d.getUTCDay() + 7 - first) % 7)) / 7);
}

/** ISO 8601: the week belongs to the year that holds its Thursday. */
function isoWeek(d: Date): { year: number; week: number } {
  const thursday = new Date(d.getTime() + (3 - ((d.getUTCDay() + 6) % 7)) * 86_400_000);
  return { year: thursday.getUTCFullYear(), week: Math.floor(yearDay(thursday) / 7) + 1 };
}

const FIELDS: { readonly [letter: string]: Field } = {
  a: (d) => short(DAYS[d.getUTCDay()]),
  A: (d) => DAYS[d.getUTCDay()] ?? '',
  b: (d) => short(MONTHS[d.getUTCMonth()]),
  B: (d) => MONTHS[d.getUTCMonth()] ?? '',
  c: (d) =>
    `${short(DAYS[d.getUTCDay()])} ${short(MONTHS[d.getUTCMonth()])} ${String(d.getUTCDate()).padStart(2)} ${clock(d)} ${year(d)}`,
  C: (d) => two(Math.floor(d.getUTCFullYear() / 100)),
  d: (d) => two(d.getUTCDate()),
  D: usDate,
  e: (d) => String(d.getUTCDate()).padStart(2),
  F: (d) => `${year(d)}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`,
  g: (d) => two(isoWeek(d).year % 100),
  G: (d) => String(isoWeek(d).year),
  h: (d) => short(MONTHS[d.getUTCMonth()]),
  H: (d) => two(d.getUTCHours()),
  I: (d) => two(hour12(d)),
  j: (d) => String(yearDay(d) + 1).padStart(3, '0'),
  m: (d) => two(d.getUTCMonth() + 1),
  M: (d) => two(d.getUTCMinutes()),
  n: () => '\n',
  p: half,
  r: (d) => `${two(hour12(d))}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} ${half(d)}`,
  R: (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`,
  s: (d) => String(Math.floor(d.getTime() / 1000)),
  S: (d) => two(d.getUTCSeconds()),
  t: () => '\t',
  T: clock,
  u: (d) => String(d.getUTCDay() || 7),
  U: (d) => two(week(d, 0)),
  V: (d) => two(isoWeek(d).week),
  w: (d) => String(d.getUTCDay()),
  W: (d) => two(week(d, 1)),
  x: usDate,
  X: clock,
  y: (d) => two(d.getUTCFullYear() % 100),
  Y: year,
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
};

/** `date` in `layout`; null for a conversion that C does not have. */
export function strftime(date: Date, layout: string): string | null {
  let valid = true;
  const text = layout.replace(/%([EO]?)([\s\S]?)/g, (all, _modifier, letter: string) => {
    const field = Object.hasOwn(FIELDS, letter) ? FIELDS[letter] : undefined;
    if (field === undefined) valid = false;
    return field?.(date) ?? all;
  });
  return valid ? text : null;
}
