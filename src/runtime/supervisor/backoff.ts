/** How long to wait before a service that failed is started again. */
import type { RestartPolicy } from './lifecycle.js';

/**
 * The delay before the restart that follows the `attempt`-th failure in a row, in ms:
 * `initialDelayMs × backoffFactor^(attempt - 1)`, varied by `jitter` either way, and never more than
 * `maxDelayMs`.
 * @param attempt counts from 1.
 * @param random at least 0 and less than 1; 0.5 is the delay without jitter.
 */
export function restartDelayMs(attempt: number, policy: RestartPolicy, random: number): number {
  if (policy.initialDelayMs === 0) return 0;
  const growth = policy.backoffFactor ** (attempt - 1);
  const delayMs = Math.min(policy.initialDelayMs * growth, policy.maxDelayMs);
  const varied = delayMs * (1 + policy.jitter * (2 * random - 1));
  return Math.min(varied, policy.maxDelayMs);
}
