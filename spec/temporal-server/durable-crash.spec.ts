import { describe, it } from '@jest/globals';
import { surviveCrashes } from './support/crash-rounds.js';

/** `npm run soak` does ten times as many. */
const ROUNDS = 20;

describe('a server that is killed under load', () => {
  it(
    `has all that it acknowledged when it is started again, ${ROUNDS} times over`,
    () => surviveCrashes(ROUNDS),
    600_000,
  );
});
