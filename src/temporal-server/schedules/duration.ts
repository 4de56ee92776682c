/** Durations as Go writes them, with days as Temporal adds them. */

const UNIT_MS: { readonly [unit: string]: number } = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** `1h30m` in milliseconds; undefined for what is no duration. */
export function goDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^-?(\d+(\.\d*)?(ms|us|µs|ns|d|h|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d*)?)(ms|us|µs|ns|d|h|m|s)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return text.startsWith('-') ? -total : total;
}
