/** A time zone: how far its clocks are from UTC at an instant. */
import { SpecError } from './calendar-text.js';

/** Milliseconds to add to UTC, at an instant in milliseconds since the epoch. */
export type Zone = (atMs: number) => number;

const REMEMBERED = 100;

/** The zone of a name of the IANA database; none is UTC. */
export function zoneOf(name: string): Zone {
  if (name === '' || name === 'UTC' || name === 'Etc/UTC') return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new SpecError(`unknown time zone ${name}`); // all that the constructor can refuse
  }
  return remembering((whole) => {
    const parts: { [type: string]: number } = {};
    for (const { type, value } of format.formatToParts(whole)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  });
}

/** Asks once for each minute: clocks are changed between two of them. */
function remembering(zone: Zone): Zone {
  const known = new Map<number, number>();
  return (atMs) => {
    const minuteMs = Math.floor(atMs / 60_000) * 60_000;
    let offset = known.get(minuteMs);
    if (offset !== undefined) return offset;
    offset = zone(minuteMs);
    if (known.size >= REMEMBERED) known.clear();
    known.set(minuteMs, offset);
    return offset;
  };
}

const WEEK_MS = 7 * 86_400_000;

/**
 * An instant after `fromMs`, a week later at most, before which clocks are not changed. Where they are changed and
 * changed back within a week, that is not seen; since the year 2000 no zone has done so.
 */
export function unchangedUntil(zone: Zone, fromMs: number): number {
  const offset = zone(fromMs);
  if (zone(fromMs + WEEK_MS) === offset) return fromMs + WEEK_MS;
  let [sameMs, otherMs] = [fromMs, Math.ceil((fromMs + WEEK_MS) / 60_000) * 60_000];
  while (otherMs - sameMs > 60_000) {
    const middleMs = Math.floor((sameMs + otherMs) / 2 / 60_000) * 60_000;
    if (zone(middleMs) === offset) sameMs = middleMs;
    else otherMs = middleMs;
  }
  return otherMs;
}
