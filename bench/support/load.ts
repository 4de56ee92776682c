/** Doing a thing many times, some of them at the same time. */

/** Does `work` `n` times, `width` at a time. @returns how many a second. */
export async function perSecond(
  n: number,
  width: number,
  work: (i: number) => Promise<void>,
): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < n) await work(next++);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: width }, lane));
  return (n * 1000) / (performance.now() - started);
}

/**
 * The same of a server that has been at work for a while: a third as much is done before, and not counted.
 * V8 compiles what runs often, and a Node server that has just started takes up to three times as long.
 */
export async function sustained(
  n: number,
  width: number,
  work: (i: number) => Promise<void>,
): Promise<number> {
  await perSecond(Math.ceil(n / 3), width, work);
  return perSecond(n, width, work);
}

/** The middle one of an odd number of measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
