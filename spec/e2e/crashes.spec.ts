/** Twenty kills of a worker under load; `npm run soak` has two hundred. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CrashRounds, crashRounds } from '../support/crash-rounds.js';
import { EMBEDDED } from '../support/servers.js';

const ROUNDS = 20;

describe('a worker that is killed again and again under orders, counters and trees', () => {
  let rounds: CrashRounds;
  beforeAll(async () => {
    rounds = await crashRounds(EMBEDDED);
  }, 60_000);
  afterAll(() => rounds?.close());

  it('counts every message once, sees every EXIT once, and leaves nothing stuck', async () => {
    for (let round = 0; round < ROUNDS; round++) await rounds.round(round);
    expect(await rounds.settle()).toBe(ROUNDS * 8);
  }, 600_000);
});
