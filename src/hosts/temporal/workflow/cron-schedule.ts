/**
 * Whether a server takes a cron schedule. Asked before anything is started: a workflow that gives its
 * server a bad one for a child has its task refused, and tried again for ever.
 */

/** What {@link isCronSchedule} wants, in words. */
export const CRON_SCHEDULE =
  'five fields such as "0 */6 * * *", "@every 1h30m", or "@daily" and the like';

const NAMED = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const ZONE = /^(CRON_)?TZ=\S+\s+/;
/** A duration of Go's, of a second or more. */
const EVERY = /^@every\s+(\d+(\.\d+)?(h|m|s))+$/;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

/** Minute, hour, day of the month, month, day of the week. */
const FIELDS: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
];

export function isCronSchedule(text: string): boolean {
  const schedule = text.trim().replace(ZONE, '');
  if (NAMED.test(schedule) || EVERY.test(schedule)) return true;
  const fields = schedule.split(/\s+/);
  return (
    fields.length === FIELDS.length &&
    FIELDS.every((field, i) => (fields[i] ?? '').split(',').every((part) => isPart(part, field)))
  );
}

/** `*`, `?`, `5`, `1-5`, each with a step: `0-30/10`. */
function isPart(part: string, field: Field): boolean {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0 || (step !== undefined && !/^0*[1-9]\d*$/.test(step))) return false;
  if (range === '*' || range === '?') return true;
  const [from = '', to, ...rest] = range.split('-');
  const first = numberOf(from, field);
  const last = to === undefined ? first : numberOf(to, field);
  return rest.length === 0 && first !== undefined && last !== undefined && first <= last;
}

function numberOf(text: string, { min, max, names }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  const number = named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : undefined;
}
