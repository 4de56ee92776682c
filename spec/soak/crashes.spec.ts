/** A worker that is killed `PERDURE_SOAK_ROUNDS` times (default 200) under load. */
import { describe, expect, it } from '@jest/globals';
import { crashRounds } from '../support/crash-rounds.js';
import { EMBEDDED } from '../support/servers.js';

const ROUNDS = Number(process.env.PERDURE_SOAK_ROUNDS ?? 200);
const LONGEST_ROUND_MS = 60_000;

describe('a worker that is killed again and again under load', () => {
  it(
    'loses nothing and repeats nothing',
    async () => {
      const rounds = await crashRounds(EMBEDDED);
      let done = 0;
      try {
        for (; done < ROUNDS; done++) await rounds.round(done);
      } finally {
        console.log(`${done} of ${ROUNDS} rounds with nothing lost, repeated or stuck`);
        await rounds.close();
      }
      expect(done).toBe(ROUNDS);
    },
    ROUNDS * LONGEST_ROUND_MS,
  );
});
