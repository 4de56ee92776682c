/**
 * Cron schedules as Temporal takes them: five fields (minute, hour, day of month, month, day of
 * week), the `@` names, `@every` with a Go duration, and a leading `CRON_TZ=` or `TZ=` of UTC.
 * All in UTC.
 */

interface Fields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Cron's rule: with both restricted, either day matches. */
  readonly eitherDay: boolean;
}

type Schedule =
  | { readonly kind: 'every'; readonly periodMs: number }
  | { readonly kind: 'fields'; readonly fields: Fields };

const NAMES: ReadonlyMap<string, string> = new Map(
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

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const UNIT_MS: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const MINUTE_MS = 60_000;
/** Five years of minutes would be too many to try: days that do not match are skipped whole. */
const MAX_DAYS = 366 * 5;

/** What is wrong with a schedule, in Temporal's words; undefined for a good or an empty one. */
export function cronProblem(schedule: string): string | undefined {
  return schedule === '' || parse(schedule) ? undefined : 'invalid CronSchedule.';
}

/**
 * How long after `nowMs` the next run is due, the last one having been due at `lastMs`.
 * Undefined when it never is.
 */
export function cronDelayMs(schedule: string, lastMs: number, nowMs: number): number | undefined {
  const parsed = parse(schedule);
  if (!parsed) return undefined;
  if (parsed.kind === 'every') {
    const periods = Math.max(1, Math.ceil((nowMs - lastMs) / parsed.periodMs));
    const dueMs = lastMs + periods * parsed.periodMs;
    return dueMs > nowMs ? dueMs - nowMs : parsed.periodMs;
  }
  const next = nextMatch(parsed.fields, nowMs);
  return next === undefined ? undefined : next - nowMs;
}

/** How long the first run of a schedule waits; 0 without a schedule. */
export function firstCronDelayMs(schedule: string, nowMs: number): number {
  return schedule === '' ? 0 : (cronDelayMs(schedule, nowMs, nowMs) ?? 0);
}

function parse(text: string): Schedule | undefined {
  const schedule = text.trim().replace(/^(CRON_)?TZ=(UTC|Etc\/UTC)\s+/, '');
  const every = /^@every\s+(.+)$/.exec(schedule);
  if (every) {
    const periodMs = goDurationMs(every[1] ?? '');
    return periodMs !== undefined && periodMs >= 1000 ? { kind: 'every', periodMs } : undefined;
  }
  const fields = parseFields(NAMES.get(schedule) ?? schedule);
  return fields && { kind: 'fields', fields };
}

function goDurationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|h|m|s)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

function parseFields(text: string): Fields | undefined {
  const parts = text.split(/\s+/);
  if (parts.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = parts;
  const minutes = parseField(minute, 0, 59);
  const hours = parseField(hour, 0, 23);
  const days = parseField(day, 1, 31);
  const months = parseField(month, 1, 12, MONTHS, 1);
  const weekdays = parseField(weekday, 0, 7, WEEKDAYS, 0);
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const eitherDay = !/^[*?]/.test(day) && !/^[*?]/.test(weekday);
  return { minutes, hours, days, months, weekdays, eitherDay };
}

function parseField(
  text: string,
  min: number,
  max: number,
  names: readonly string[] = [],
  base = 0,
): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|\?|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const whole = match[1] === '*' || match[1] === '?';
    const from = whole ? min : fieldValue(match[1] ?? '', names, base);
    const open = whole || (match[3] !== undefined && match[2] === undefined);
    const to = match[2] !== undefined ? fieldValue(match[2], names, base) : open ? max : from;
    const step = Number(match[3] ?? 1);
    if (!(from >= min && to <= max && from <= to && step > 0)) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

function fieldValue(text: string, names: readonly string[], base: number): number {
  const named = names.indexOf(text.toUpperCase());
  return named >= 0 ? named + base : Number(/^\d+$/.test(text) ? text : Number.NaN);
}

function nextMatch(fields: Fields, afterMs: number): number | undefined {
  let at = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  for (let day = 0; day < MAX_DAYS; day++) {
    const date = new Date(at);
    const endOfDay = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1);
    if (matchesDay(fields, date)) {
      for (; at < endOfDay; at += MINUTE_MS) if (matchesMinute(fields, new Date(at))) return at;
    }
    at = endOfDay;
  }
  return undefined;
}

function matchesDay(fields: Fields, date: Date): boolean {
  if (!fields.months.has(date.getUTCMonth() + 1)) return false;
  const day = fields.days.has(date.getUTCDate());
  const weekday = fields.weekdays.has(date.getUTCDay());
  return fields.eitherDay ? day || weekday : day && weekday;
}

function matchesMinute(fields: Fields, date: Date): boolean {
  return fields.hours.has(date.getUTCHours()) && fields.minutes.has(date.getUTCMinutes());
}
