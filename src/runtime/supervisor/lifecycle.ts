/**
 * How a service is started, restarted and stopped: the `lifecycle` block of an entry, with every
 * default filled in.
 */

/** When and how often a service that failed is started again. */
export interface RestartPolicy {
  /** Delay before the first restart, in ms. Default 1,000. */
  readonly initialDelayMs: number;
  /** No delay is longer than this, in ms. Default 90,000. */
  readonly maxDelayMs: number;
  /** Each delay is this many times the one before. At least 1, default 2. */
  readonly backoffFactor: number;
  /** Part of a delay by which it varies at random, either way: 0 to 1, default 0.1. */
  readonly jitter: number;
  /** Runs in a row that may fail before the service is given up. Default 0: no limit. */
  readonly maxAttempts: number;
}

export interface Lifecycle {
  /** Whether the service starts with the app. */
  readonly autoStart: boolean;
  /** Ids of services that must be up first. */
  readonly requires: readonly string[];
  /** How long a start may take, in ms. Default 10,000. */
  readonly startTimeoutMs: number;
  /** How long a stop may take before the process is terminated, in ms. Default 10,000. */
  readonly stopTimeoutMs: number;
  /** After running this long, in ms, earlier failures are forgotten. Default 5,000. */
  readonly stableThresholdMs: number;
  readonly restart: RestartPolicy;
}

export const DEFAULT_RESTART: RestartPolicy = Object.freeze({
  initialDelayMs: 1000,
  maxDelayMs: 90_000,
  backoffFactor: 2,
  jitter: 0.1,
  maxAttempts: 0,
});

export const DEFAULT_LIFECYCLE: Lifecycle = Object.freeze({
  autoStart: false,
  requires: Object.freeze([]),
  startTimeoutMs: 10_000,
  stopTimeoutMs: 10_000,
  stableThresholdMs: 5000,
  restart: DEFAULT_RESTART,
});
