/** Twenty kills of a worker under load; `npm run soak` has two hundred. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CrashRounds, crashRounds } from '../support/crash-rounds.js';
import { EMBEDDED } from '../support/servers.js';

const ROUNDS = 20;

describe('a worker that is killed in the middle of orders, counters and trees', () => {
  let rounds: CrashRounds;
  beforeAll(async () => {
    rounds = await crashRounds(EMBEDDED);
  }, 60_000);
  afterAll(() => rounds?.close());

  it.each(Array.from({ length: ROUNDS }, (_, round) => [round]))(
    'counts every message once, sees every EXIT once, and leaves nothing stuck (round %i)',
    async (round) => {
      await expect(rounds.round(round)).resolves.toBeUndefined();
    },
    60_000,
  );
});
