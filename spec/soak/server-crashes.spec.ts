import { describe, it } from '@jest/globals';
import { surviveCrashes } from '../temporal-server/support/crash-rounds.js';

const ROUNDS = 200;

describe('a server that is killed under load, on and on', () => {
  it(
    `has all that it acknowledged when it is started again, ${ROUNDS} times over`,
    () => surviveCrashes(ROUNDS),
    30 * 60_000,
  );
});
