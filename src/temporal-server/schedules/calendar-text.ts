/**
 * Calendars written as text, and cron strings, as the structured calendars that Temporal keeps.
 * The grammar and the texts of errors are those of its service/worker/scheduler/calendar.go.
 */
import { duration, type temporal } from '../proto.js';
import { goDurationMs } from './duration.js';

type Api = typeof temporal.api.schedule.v1;
type Message<N extends keyof Api> = Api[N] extends { create(p?: infer P): unknown }
  ? NonNullable<P>
  : never;
export type Range = Message<'Range'>;
export type Calendar = Message<'CalendarSpec'>;
export type StructuredCalendar = Message<'StructuredCalendarSpec'>;
export type Interval = Message<'IntervalSpec'>;

export const MIN_YEAR = 2000;
export const MAX_YEAR = 2100;

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

interface Field {
  readonly name: string;
  readonly fallback: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for a number, by a prefix of this length at least. */
  readonly names?: {
    readonly of: readonly string[];
    readonly first: number;
    readonly prefix: number;
  };
}

const FIELDS = {
  second: { name: 'Second', fallback: '0', min: 0, max: 59 },
  minute: { name: 'Minute', fallback: '0', min: 0, max: 59 },
  hour: { name: 'Hour', fallback: '0', min: 0, max: 23 },
  dayOfWeek: {
    name: 'DayOfWeek',
    fallback: '*',
    min: 0,
    max: 7,
    names: { of: WEEKDAYS, first: 0, prefix: 2 },
  },
  dayOfMonth: { name: 'DayOfMonth', fallback: '*', min: 1, max: 31 },
  month: {
    name: 'Month',
    fallback: '*',
    min: 1,
    max: 12,
    names: { of: MONTHS, first: 1, prefix: 3 },
  },
  year: { name: 'Year', fallback: '*', min: MIN_YEAR, max: MAX_YEAR },
} as const satisfies { readonly [key: string]: Field };

type FieldName = keyof typeof FIELDS;

/** Thrown by everything that reads a schedule's spec: what is wrong, in Temporal's words. */
export class SpecError extends Error {}

/** A calendar of texts as one of ranges. Throws {@link SpecError} with all that is wrong. */
export function structured(calendar: Calendar): StructuredCalendar {
  const problems: string[] = [];
  const read = (field: FieldName): Range[] => {
    try {
      return ranges(calendar[field] ?? '', FIELDS[field]);
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      problems.push(error.message);
      return [];
    }
  };
  const result: StructuredCalendar = {
    second: read('second'),
    minute: read('minute'),
    hour: read('hour'),
    dayOfWeek: read('dayOfWeek'),
    dayOfMonth: read('dayOfMonth'),
    month: read('month'),
    year: read('year'),
    comment: calendar.comment ?? '',
  };
  if (problems.length > 0) throw new SpecError(problems.join(', '));
  return result;
}

/** `1-5/2,8`: ranges with steps. All years are no range. */
function ranges(text: string, field: Field): Range[] {
  const trimmed = text.trim() || field.fallback;
  if (trimmed === '*' && field.min === MIN_YEAR) return [];
  return trimmed.split(',').flatMap((part) => rangesOfPart(part, field));
}

function rangesOfPart(part: string, field: Field): Range[] {
  const { name, min, max } = field;
  const [span = '', stepText, ...rest] = part.split('/');
  if (rest.length > 0) throw new SpecError(`${name} has too many slashes`);
  if (stepText === '') throw new SpecError(`${name} missing step value`);
  const step = stepText === undefined ? 1 : integer(stepText);
  if (step === undefined) throw new SpecError(`parsing "${stepText}": invalid syntax`);
  if (step < 1) throw new SpecError(`${name} has invalid Step`);
  let [start, end] = [min, max];
  if (span.includes('-')) {
    const [from = '', to = '', ...more] = span.split('-');
    if (more.length > 0) throw new SpecError(`${name} has too many dashes`);
    start = value(from, field, min) ?? raise(`${name} Start is not in range [${min}-${max}]`);
    end =
      value(to, field, start) ??
      raise(`${name} End is before Start or not in range [${min}-${max}]`);
  } else if (span !== '*') {
    start = value(span, field, min) ?? raise(`${name} is not in range [${min}-${max}]`);
    if (stepText === undefined) end = start;
  }
  return field.max === 7 && end === 7 ? withSunday(start, step) : [range(start, end, step)];
}

/** A range of weekdays up to 7, which is Sunday as 0 is. */
function withSunday(start: number, step: number): Range[] {
  const hits = (7 - start) % step === 0 && (step > 1 || start > 1);
  const sunday = hits ? [{ start: 0 }] : [];
  return hits && start === 7 ? sunday : [...sunday, range(start, 6, step)];
}

function range(start: number, end: number, step: number): Range {
  return { start, ...(end !== start && { end }), ...(step !== 1 && { step }) };
}

function raise(message: string): never {
  throw new SpecError(message);
}

function integer(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/** A number or a name of the field, not below `min`; undefined when it is neither. */
function value(text: string, { names, max }: Field, min: number): number | undefined {
  const named =
    names && text.length >= names.prefix
      ? names.of.findIndex((each) => each.startsWith(text.toLowerCase()))
      : -1;
  const found = named >= 0 ? named + (names?.first ?? 0) : integer(text);
  return found !== undefined && found >= min && found <= max ? found : undefined;
}

/** What a cron string says. */
export interface Cron {
  readonly calendar?: StructuredCalendar;
  readonly interval?: Interval;
  /** Empty when it names none. */
  readonly zone: string;
}

const PREDEFINED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
    '@monthly': '0 0 1 * *',
    '@weekly': '0 0 * * 0',
    '@daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@hourly': '0 * * * *',
  }),
);

/** Which fields the words of a cron string are, by how many there are. */
const LAYOUTS: { readonly [words: number]: readonly FieldName[] } = {
  5: ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'],
  6: ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek', 'year'],
  7: ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek', 'year'],
};

export function parseCron(text: string): Cron {
  const match = /^(?:CRON_)?TZ=(\S*)(\s+[\s\S]*)?$/.exec(text.trim());
  if (match && match[2] === undefined)
    throw new SpecError('CronString has time zone but missing fields');
  const zone = match?.[1] ?? '';
  const [fields = '', ...comments] = (match?.[2] ?? text).trim().split('#');
  const cron = fields.trim();
  const comment = comments.join('#').trim();
  if (cron.startsWith('@every')) return { interval: every(cron), zone: '' };
  const words = (PREDEFINED.get(cron) ?? cron).split(/\s+/).filter((word) => word !== '');
  const layout = LAYOUTS[words.length];
  if (!layout) throw new SpecError('CronString does not have 5-7 fields');
  const calendar = Object.fromEntries(layout.map((field, index) => [field, words[index] ?? '']));
  return { calendar: structured({ ...calendar, comment }), zone };
}

/** `@every 14h/3h`: a period, and where in it. */
function every(cron: string): Interval {
  const [, text] = /^@every\s+(\S+)$/.exec(cron) ?? [];
  if (!text) throw new SpecError('CronString does not have interval after @every');
  const [period = '', phase] = text.split('/');
  return {
    interval: duration(goDuration(period)),
    ...(phase !== undefined && { phase: duration(goDuration(phase)) }),
  };
}

function goDuration(text: string): number {
  return goDurationMs(text) ?? raise(`time: invalid duration "${text}"`);
}
