import { describe, expect, it } from '@jest/globals';
import { mutants } from './simulation/mutants.js';
import { hunt } from './simulation/plant.js';

/** In which a bug has to be found. */
const SEEDS = 100;

describe('the simulation', () => {
  it(`finds all but one in twenty of ${mutants.length} planted bugs`, async () => {
    const missed: string[] = [];
    for (const mutant of mutants) if (!(await hunt(mutant, SEEDS))) missed.push(mutant.bug);
    expect(mutants.length).toBeGreaterThanOrEqual(20);
    expect(missed.slice(Math.floor(mutants.length / 20))).toEqual([]);
  }, 600_000);
});
