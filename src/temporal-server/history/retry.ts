/**
 * Retry policies: their defaults, and whether and when to try again. The same for activities and
 * for workflows.
 */
import {
  duration,
  durationMs,
  enumName,
  enums,
  type Failure,
  pascalCase,
  type RetryPolicy,
} from '../proto.js';

const { RetryState } = enums;

/** The policy of an activity that names none. */
const ACTIVITY_DEFAULTS = { initialIntervalMs: 1000, coefficient: 2, maximumAttempts: 0 };
const MAXIMUM_INTERVAL_FACTOR = 100;

/** Fills in what a policy leaves open. */
export function withDefaults(policy: RetryPolicy | null | undefined): RetryPolicy {
  const initialMs = durationMs(policy?.initialInterval) || ACTIVITY_DEFAULTS.initialIntervalMs;
  return {
    initialInterval: duration(initialMs),
    backoffCoefficient: policy?.backoffCoefficient || ACTIVITY_DEFAULTS.coefficient,
    maximumInterval: duration(
      durationMs(policy?.maximumInterval) || initialMs * MAXIMUM_INTERVAL_FACTOR,
    ),
    maximumAttempts: policy?.maximumAttempts || ACTIVITY_DEFAULTS.maximumAttempts,
    nonRetryableErrorTypes: policy?.nonRetryableErrorTypes ?? [],
  };
}

/** What is wrong with a policy, in Temporal's words; undefined when it is fine. */
export function retryPolicyProblem(policy: RetryPolicy | null | undefined): string | undefined {
  if (!policy || policy.maximumAttempts === 1) return undefined;
  const initialMs = durationMs(policy.initialInterval);
  const maximumMs = durationMs(policy.maximumInterval);
  const coefficient = policy.backoffCoefficient ?? 0;
  if (initialMs < 0) return 'invalid InitialInterval set on retry policy: negative duration';
  if (coefficient !== 0 && coefficient < 1)
    return 'BackoffCoefficient cannot be less than 1 on retry policy.';
  if (maximumMs < 0) return 'invalid MaximumInterval set on retry policy: negative duration';
  if (maximumMs > 0 && maximumMs < initialMs)
    return 'MaximumInterval cannot be less than InitialInterval on retry policy.';
  if ((policy.maximumAttempts ?? 0) < 0)
    return 'MaximumAttempts cannot be negative on retry policy.';
  for (const type of policy.nonRetryableErrorTypes ?? []) {
    const timeout = type.startsWith(TIMEOUT) ? type.slice(TIMEOUT.length) : undefined;
    if (timeout !== undefined && !TIMEOUT_TYPES.has(timeout))
      return `Invalid timeout type value: ${timeout}.`;
  }
  return undefined;
}

/** How a policy names timeouts among what is not retried. */
const TIMEOUT = 'TemporalTimeout:';
const TIMEOUT_TYPES: ReadonlySet<string> = new Set(
  Object.values(enums.TimeoutType).flatMap((type) => {
    const name = typeof type === 'number' ? enumName(enums.TimeoutType, type, 'TIMEOUT_TYPE_') : '';
    return name ? [pascalCase(name), `TIMEOUT_TYPE_${name}`] : [];
  }),
);

/** Either the pause before the next attempt, or why there is none. */
export type RetryDecision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'stop'; readonly retryState: number };

export interface RetryQuestion {
  readonly policy: RetryPolicy | null | undefined;
  readonly attempt: number;
  readonly failure: Failure | null | undefined;
  readonly nowMs: number;
  /** No attempt may start after this. */
  readonly expiresAtMs: number | undefined;
}

/** Whether the attempt that just failed is to be followed by another. */
export function decideRetry(q: RetryQuestion): RetryDecision {
  if (!q.policy) return stop(RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET);
  if (!isRetryable(q.failure, q.policy.nonRetryableErrorTypes ?? []))
    return stop(RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE);
  const maximum = q.policy.maximumAttempts ?? 0;
  if (maximum > 0 && q.attempt >= maximum)
    return stop(RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  const delayMs = requestedDelayMs(q.failure) ?? backoffMs(q.policy, q.attempt);
  if (q.expiresAtMs !== undefined && q.nowMs + delayMs >= q.expiresAtMs)
    return stop(RetryState.RETRY_STATE_TIMEOUT);
  return { kind: 'retry', delayMs };
}

function stop(retryState: number): RetryDecision {
  return { kind: 'stop', retryState };
}

function requestedDelayMs(failure: Failure | null | undefined): number | undefined {
  const delay = failure?.applicationFailureInfo?.nextRetryDelay;
  return delay ? durationMs(delay) : undefined;
}

/** The pause after `attempt` (the first is 1). */
export function backoffMs(policy: RetryPolicy, attempt: number): number {
  const initialMs = durationMs(policy.initialInterval) || ACTIVITY_DEFAULTS.initialIntervalMs;
  const coefficient = policy.backoffCoefficient || ACTIVITY_DEFAULTS.coefficient;
  const maximumMs = durationMs(policy.maximumInterval) || initialMs * MAXIMUM_INTERVAL_FACTOR;
  return Math.min(initialMs * coefficient ** Math.max(attempt - 1, 0), maximumMs);
}

/** Whether a failure of this kind may be tried again at all. */
function isRetryable(
  failure: Failure | null | undefined,
  nonRetryableTypes: readonly string[],
): boolean {
  if (!failure) return true;
  if (failure.terminatedFailureInfo || failure.canceledFailureInfo) return false;
  if (failure.timeoutFailureInfo) return isRetryableTimeout(failure, nonRetryableTypes);
  if (failure.serverFailureInfo) return !failure.serverFailureInfo.nonRetryable;
  const application = failure.applicationFailureInfo;
  if (!application) return true;
  return !application.nonRetryable && !nonRetryableTypes.includes(application.type ?? '');
}

function isRetryableTimeout(failure: Failure, nonRetryableTypes: readonly string[]): boolean {
  const type = failure.timeoutFailureInfo?.timeoutType ?? 0;
  const { TimeoutType } = enums;
  if (
    type !== TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE &&
    type !== TimeoutType.TIMEOUT_TYPE_HEARTBEAT
  )
    return false;
  const name = pascalCase(enumName(TimeoutType, type, 'TIMEOUT_TYPE_'));
  return !nonRetryableTypes.includes(`${TIMEOUT}${name}`);
}
