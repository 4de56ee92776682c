/** A worker that is killed `PERDURE_SOAK_ROUNDS` times (default 200) under load. */
import { describe, expect, it } from '@jest/globals';
import { crashRounds } from '../support/crash-rounds.js';
import { EMBEDDED } from '../support/servers.js';

const ROUNDS = Number(process.env.PERDURE_SOAK_ROUNDS ?? 200);
/** Rounds whose load is under way at the same time. */
const TOGETHER = 20;
const LONGEST_ROUND_MS = 60_000;

describe('a worker that is killed again and again under load', () => {
  it(
    'loses nothing and repeats nothing',
    async () => {
      const rounds = await crashRounds(EMBEDDED);
      let workflows = 0;
      let done = 0;
      try {
        while (done < ROUNDS) {
          await rounds.round(done++);
          if (done % TOGETHER === 0 || done === ROUNDS) workflows += await rounds.settle();
        }
      } finally {
        console.log(`${done} kills, ${workflows} workflows: none lost, repeated or stuck`);
        await rounds.close();
      }
      expect(workflows).toBe(ROUNDS * 8);
    },
    ROUNDS * LONGEST_ROUND_MS,
  );
});
