/**
 * Durations as people write them: `"1h30m"`, `"100ms"`, `"1.5s"`, with the units of Go's
 * `time.ParseDuration` (ns, us, µs, ms, s, m, h) and `d` for a day of 24 hours.
 */

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/gy;

/** Milliseconds in `text`; `undefined` where it is not a duration. `"0"` needs no unit. */
export function parseDuration(text: string): number | undefined {
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') return undefined;
  let totalMs = 0;
  let end = 0;
  TERM.lastIndex = 0;
  for (let term = TERM.exec(body); term !== null; term = TERM.exec(body)) {
    totalMs += Number(term[1]) * (UNIT_MS.get(term[2] ?? '') ?? Number.NaN);
    end = TERM.lastIndex;
  }
  if (end !== body.length || Number.isNaN(totalMs)) return undefined;
  return negative ? -totalMs : totalMs;
}

/** `ms` milliseconds as Go prints a duration: `1h0m0s`, `1.5s`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1e-3) return `${trim(ms * 1e6)}ns`;
  if (ms < 1) return `${trim(ms * 1e3)}µs`;
  if (ms < 1000) return `${trim(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = trim((ms % 60_000) / 1000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** Without an exponent, which a duration cannot have, and without zeros at the end. */
const trim = (n: number): string => n.toFixed(9).replace(/\.?0+$/, '');
