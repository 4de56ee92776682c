import { describe, it } from '@jest/globals';
import { surviveSeeds } from '../temporal-server/simulation/seeds.js';

const SEEDS = 100_000;
/** Those before run with the other specs. */
const FIRST = 1001;

describe('a simulated server, on and on', () => {
  it(
    `keeps its promises through ${SEEDS} seeds of trouble`,
    () => surviveSeeds(FIRST, SEEDS),
    4 * 3_600_000,
  );
});
