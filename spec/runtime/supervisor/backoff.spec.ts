import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  DEFAULT_RESTART,
  type RestartPolicy,
  restartDelayMs,
} from '../../../src/runtime/supervisor/index.js';

const policies: fc.Arbitrary<RestartPolicy> = fc.record({
  initialDelayMs: fc.nat(10_000),
  maxDelayMs: fc.nat(100_000),
  backoffFactor: fc.double({ min: 1, max: 10, noNaN: true }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  maxAttempts: fc.nat(10),
});
const attempts = fc.integer({ min: 1, max: 2000 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('restartDelayMs', () => {
  it('doubles from a second up to 90 seconds by default', () => {
    const delays = [1, 2, 3, 7, 8, 5000].map((n) => restartDelayMs(n, DEFAULT_RESTART, 0.5));
    expect(delays).toEqual([1000, 2000, 4000, 64_000, 90_000, 90_000]);
  });

  it('varies by the jitter either way', () => {
    expect(restartDelayMs(1, DEFAULT_RESTART, 0)).toBeCloseTo(900);
    expect(restartDelayMs(1, DEFAULT_RESTART, 0.999_999)).toBeCloseTo(1100, 1);
  });

  it('stays within the jitter of its base, and never passes the longest delay', () => {
    fc.assert(
      fc.property(policies, attempts, randoms, (policy, attempt, random) => {
        const base = restartDelayMs(attempt, { ...policy, jitter: 0 }, random);
        const delay = restartDelayMs(attempt, policy, random);
        expect(delay).toBeGreaterThanOrEqual(base * (1 - policy.jitter) - 1e-6);
        expect(delay).toBeLessThanOrEqual(base * (1 + policy.jitter) + 1e-6);
        expect(delay).toBeLessThanOrEqual(policy.maxDelayMs);
      }),
    );
  });

  it('never gets shorter from attempt to attempt', () => {
    fc.assert(
      fc.property(policies, attempts, randoms, (policy, attempt, random) => {
        const delay = restartDelayMs(attempt, policy, random);
        expect(restartDelayMs(attempt + 1, policy, random)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});
