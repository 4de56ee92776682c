/**
 * Go's time layouts: a layout is the reference time `Mon Jan 2 15:04:05 MST 2006`, written the way
 * the text should look. What is no part of it is literal. See the docs of Go's package `time`.
 */
import { DAYS, dayOfYear, MONTHS, type Moment } from './calendar.js';
import { readLayout } from './layout-reader.js';

const TOKEN =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|002|0[1-6]|15|PM|pm|[-Z]07(?::00:00|0000|:00|00)?|[.,](?:0+|9+)(?!\d)|[1-5]/g;

const pad = (n: number, width: number, fill = '0'): string => String(n).padStart(width, fill);

export class Layout {
  static readonly RFC3339 = new Layout('2006-01-02T15:04:05Z07:00');
  static readonly RFC3339NANO = new Layout('2006-01-02T15:04:05.999999999Z07:00');

  /** Literals at even places, tokens at odd ones. */
  private readonly parts: readonly string[];

  constructor(readonly text: string) {
    const parts: string[] = [];
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
      parts.push(text.slice(end, match.index), match[0]);
      end = match.index + match[0].length;
    }
    parts.push(text.slice(end));
    this.parts = parts;
  }

  format(time: Moment): string {
    const date = new Date(time.seconds * 1000);
    return this.parts.map((part, i) => (i % 2 === 0 ? part : write(part, date, time))).join('');
  }

  /** @throws PerdureError INVALID saying where `text` and the layout part. */
  parse(text: string): Moment {
    return readLayout(this.parts, text, this.text);
  }
}

function write(token: string, date: Date, time: Moment): string {
  const hour = date.getUTCHours();
  switch (token) {
    case '2006':
      return pad(date.getUTCFullYear(), 4);
    case '06':
      return pad(date.getUTCFullYear() % 100, 2);
    case 'January':
      return MONTHS[date.getUTCMonth()] ?? '';
    case 'Jan':
      return (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3);
    case '01':
      return pad(date.getUTCMonth() + 1, 2);
    case '1':
      return String(date.getUTCMonth() + 1);
    case 'Monday':
      return DAYS[date.getUTCDay()] ?? '';
    case 'Mon':
      return (DAYS[date.getUTCDay()] ?? '').slice(0, 3);
    case '02':
      return pad(date.getUTCDate(), 2);
    case '_2':
      return pad(date.getUTCDate(), 2, ' ');
    case '2':
      return String(date.getUTCDate());
    case '002':
      return pad(dayOfYear(date), 3);
    case '__2':
      return pad(dayOfYear(date), 3, ' ');
    case '15':
      return pad(hour, 2);
    case '03':
      return pad(hour % 12 || 12, 2);
    case '3':
      return String(hour % 12 || 12);
    case '04':
      return pad(date.getUTCMinutes(), 2);
    case '4':
      return String(date.getUTCMinutes());
    case '05':
      return pad(date.getUTCSeconds(), 2);
    case '5':
      return String(date.getUTCSeconds());
    case 'PM':
      return hour < 12 ? 'AM' : 'PM';
    case 'pm':
      return hour < 12 ? 'am' : 'pm';
    case 'MST':
      return 'UTC';
    default:
      return token[0] === 'Z' ? 'Z' : token[0] === '-' ? zeroOffset(token) : fraction(token, time);
  }
}

const zeroOffset = (token: string): string => token.replace('-07', '+00');

/** `.000` shows that many digits, `.999` as many as there are without trailing zeros. */
function fraction(token: string, time: Moment): string {
  const digits = pad(time.nanos, 9)
    .slice(0, token.length - 1)
    .padEnd(token.length - 1, '0');
  if (token[1] === '0') return `${token[0]}${digits}`;
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? '' : `${token[0]}${trimmed}`;
}
