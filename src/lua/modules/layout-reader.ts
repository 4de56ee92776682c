/** Reading a time out of text by a Go layout; the other half of `layout.ts`. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { DAYS, MONTHS, type Moment } from './calendar.js';

/** What was read so far; Go's defaults where the text does not say. */
interface Fields {
  year: number;
  month: number;
  day: number;
  yearDay: number | null;
  hour: number;
  pm: boolean | null;
  minute: number;
  second: number;
  nanos: number;
  offsetSeconds: number;
}

/**
 * @param parts the layout, literals at even places and tokens at odd ones
 * @throws PerdureError INVALID saying where `text` and `layout` part
 */
export function readLayout(parts: readonly string[], text: string, layout: string): Moment {
  const cursor = new Cursor(text, layout);
  const fields: Fields = {
    year: 0,
    month: 1,
    day: 1,
    yearDay: null,
    hour: 0,
    pm: null,
    minute: 0,
    second: 0,
    nanos: 0,
    offsetSeconds: 0,
  };
  parts.forEach((part, i) => {
    if (i % 2 === 0) cursor.literal(part);
    else read(part, cursor, fields, parts[i + 1] === '' ? parts[i + 2] : undefined);
  });
  cursor.end();
  return toMoment(fields, cursor);
}

class Cursor {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly layout: string,
  ) {}

  literal(part: string): void {
    if (!this.text.startsWith(part, this.at)) throw this.error(`expected "${part}"`);
    this.at += part.length;
  }

  /** What `pattern` (sticky) finds here. */
  match(pattern: RegExp, what: string): string {
    const found = this.tryMatch(pattern);
    if (found === null) throw this.error(`expected ${what}`);
    return found;
  }

  tryMatch(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  number(pattern: RegExp, what: string, min: number, max: number): number {
    const n = Number(this.match(pattern, what));
    if (n < min || n > max) throw this.error(`${what} out of range`);
    return n;
  }

  /** The index of the name that stands here, whole or by its first three letters. */
  name(names: readonly string[], whole: boolean, what: string): number {
    const ahead = this.text.slice(this.at).toLowerCase();
    const index = names.findIndex((name) => {
      return ahead.startsWith((whole ? name : name.slice(0, 3)).toLowerCase());
    });
    if (index < 0) throw this.error(`expected ${what}`);
    this.at += whole ? (names[index] ?? '').length : 3;
    return index;
  }

  end(): void {
    if (this.at < this.text.length) throw this.error('text goes on');
  }

  error(why: string): PerdureError {
    return new PerdureError(
      ErrorKind.INVALID,
      `"${this.text}" does not match the layout "${this.layout}" at character ${this.at + 1}: ${why}`,
    );
  }
}

const ONE_OR_TWO = /\d\d?/y;
const TWO = /\d\d/y;
const PADDED = / ?\d\d?/y;
const FRACTION = /[.,]\d+/y;

function read(token: string, cursor: Cursor, fields: Fields, next: string | undefined): void {
  switch (token) {
    case '2006':
      fields.year = Number(cursor.match(/\d{4}/y, 'a year of four digits'));
      break;
    case '06': {
      const year = Number(cursor.match(TWO, 'a year of two digits'));
      fields.year = year >= 69 ? 1900 + year : 2000 + year;
      break;
    }
    case 'January':
    case 'Jan':
      fields.month = cursor.name(MONTHS, token === 'January', 'the name of a month') + 1;
      break;
    case '01':
    case '1':
      fields.month = cursor.number(token === '01' ? TWO : ONE_OR_TWO, 'month', 1, 12);
      break;
    case 'Monday':
    case 'Mon':
      cursor.name(DAYS, token === 'Monday', 'the name of a day');
      break;
    case '02':
      fields.day = cursor.number(TWO, 'day', 1, 31);
      break;
    case '_2':
    case '2':
      fields.day = cursor.number(token === '2' ? ONE_OR_TWO : PADDED, 'day', 1, 31);
      break;
    case '002':
    case '__2':
      fields.yearDay = cursor.number(/ {0,2}\d{1,3}/y, 'day of the year', 1, 366);
      break;
    case '15':
      fields.hour = cursor.number(ONE_OR_TWO, 'hour', 0, 23);
      break;
    case '03':
    case '3':
      fields.hour = cursor.number(token === '03' ? TWO : ONE_OR_TWO, 'hour', 0, 12);
      break;
    case '04':
    case '4':
      fields.minute = cursor.number(token === '04' ? TWO : ONE_OR_TWO, 'minute', 0, 59);
      break;
    case '05':
    case '5': {
      fields.second = cursor.number(token === '05' ? TWO : ONE_OR_TWO, 'second', 0, 59);
      // As in Go, a fraction may follow the seconds even where the layout has none.
      const rest = isFraction(next) ? null : cursor.tryMatch(FRACTION);
      if (rest !== null) fields.nanos = nanosOf(rest);
      break;
    }
    case 'PM':
    case 'pm':
      fields.pm = cursor.match(/[ap]m/iy, 'AM or PM').toLowerCase() === 'pm';
      break;
    case 'MST':
      cursor.match(/UTC|GMT/y, 'UTC');
      break;
    default:
      readRest(token, cursor, fields);
  }
}

function readRest(token: string, cursor: Cursor, fields: Fields): void {
  if (!isFraction(token)) {
    fields.offsetSeconds = offsetOf(token, cursor);
  } else if (token[1] === '9') {
    const found = cursor.tryMatch(FRACTION);
    if (found !== null) fields.nanos = nanosOf(found);
  } else {
    const exact = new RegExp(`[.,]\\d{${token.length - 1}}`, 'y');
    fields.nanos = nanosOf(cursor.match(exact, 'fractions of a second'));
  }
}

const isFraction = (token: string | undefined): boolean => /^[.,]/.test(token ?? '');

const nanosOf = (text: string): number => Number(text.slice(1, 10).padEnd(9, '0'));

function offsetOf(token: string, cursor: Cursor): number {
  if (token[0] === 'Z' && cursor.tryMatch(/Z/y) !== null) return 0;
  const colon = token.includes(':') ? ':' : '';
  const more = Math.floor((token.replaceAll(':', '').length - 3) / 2);
  const pattern = new RegExp(`[+-]\\d\\d(?:${colon}\\d\\d){${more}}`, 'y');
  const text = cursor.match(pattern, 'an offset from UTC');
  const [hours = 0, minutes = 0, seconds = 0] = (text.match(/\d\d/g) ?? []).map(Number);
  const size = hours * 3600 + minutes * 60 + seconds;
  return text[0] === '-' ? -size : size;
}

function toMoment(fields: Fields, cursor: Cursor): Moment {
  const date = new Date(0);
  date.setUTCFullYear(fields.year, fields.month - 1, fields.day);
  if (fields.yearDay !== null) date.setUTCFullYear(fields.year, 0, fields.yearDay);
  else if (date.getUTCDate() !== fields.day) throw cursor.error('day out of range');
  date.setUTCHours(hourOf(fields), fields.minute, fields.second);
  return { seconds: date.getTime() / 1000 - fields.offsetSeconds, nanos: fields.nanos };
}

function hourOf({ hour, pm }: Fields): number {
  if (pm === null) return hour;
  return (hour % 12) + (pm ? 12 : 0);
}
