import { describe, expect, it } from '@jest/globals';
import { surviveSeeds } from './simulation/seeds.js';
import { simulate } from './simulation/simulate.js';

const SEEDS = 1000;

describe('a simulated server', () => {
  it('does the same again with the same seed', async () => {
    const [one, other] = [
      await simulate(7, { keepTrace: true }),
      await simulate(7, { keepTrace: true }),
    ];
    expect(one.trace.length).toBeGreaterThan(20);
    expect(other).toEqual(one);
  });

  it(`keeps its promises through ${SEEDS} seeds of trouble`, () => surviveSeeds(1, SEEDS), 600_000);
});
