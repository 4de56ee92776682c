/** Many simulations one after the other; the first that goes wrong is told in full. */
import { simulate } from './simulate.js';

const LAST_LINES = 60;

/**
 * @param first - `PERDURE_SIMULATION_SEED` in the environment goes before it: that seed alone is run
 * @throws an error with the seed, what was violated, and the end of what happened
 */
export async function surviveSeeds(first: number, count: number): Promise<void> {
  const asked = process.env.PERDURE_SIMULATION_SEED;
  if (asked) return survive(Number(asked));
  for (let seed = first; seed < first + count; seed++) await survive(seed);
}

async function survive(seed: number): Promise<void> {
  const { violations } = await simulate(seed);
  if (violations.length === 0) return;
  const { trace } = await simulate(seed, { keepTrace: true });
  throw new Error(
    [
      `seed ${seed} (alone: PERDURE_SIMULATION_SEED=${seed}):`,
      ...violations.slice(0, 5),
      `what went before (${trace.length} lines, the last of them):`,
      ...trace.slice(-LAST_LINES),
    ].join('\n'),
  );
}
