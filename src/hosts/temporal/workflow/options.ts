/**
 * Options as a program writes them (`temporal.workflow.id`, `activity.retry_policy`), read once and
 * checked. A name may be written with and without the leading `temporal.`; numbers are milliseconds.
 */
import { parseDuration } from '../../../core/duration.js';
import { ErrorKind, PerdureError, parseErrorKind } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { Options } from '../../../kernel/request.js';
import type { RetryDefaults } from './app-data.js';

export class OptionReader {
  private readonly left = new Map<string, { readonly written: string; readonly value: Value }>();

  /** @param group what the names start with: `workflow` or `activity`; other groups are not looked at. */
  constructor(
    options: Options,
    private readonly group: string,
  ) {
    for (const [written, value] of Object.entries(options)) {
      const name = written.startsWith('temporal.') ? written.slice('temporal.'.length) : written;
      if (!name.startsWith(`${group}.`) || value === null) continue;
      this.left.set(name.slice(group.length + 1), { written, value });
    }
  }

  text(name: string): string | undefined {
    return this.take(name, 'a string that is not empty', (value) =>
      typeof value === 'string' && value !== '' ? value : undefined,
    );
  }

  flag(name: string): boolean | undefined {
    return this.take(name, 'true or false', (v) => (typeof v === 'boolean' ? v : undefined));
  }

  /** Milliseconds: a number of them, or a duration such as "5s". */
  durationMs(name: string): number | undefined {
    return this.take(name, DURATION, toMs);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    return this.take(name, `one of ${allowed.join(', ')}`, (value) =>
      allowed.find((item) => item === value),
    );
  }

  map(name: string): { readonly [key: string]: Value } | undefined {
    return this.take(name, 'a table with string keys', toMap);
  }

  retryPolicy(name: string): RetryDefaults | undefined {
    const written = this.left.get(name)?.written ?? name;
    const table = this.map(name);
    return table === undefined ? undefined : readRetryPolicy(table, written);
  }

  /** To be called last. @throws PerdureError INVALID naming an option that nobody knows. */
  finish(): void {
    for (const { written } of this.left.values()) {
      throw new PerdureError(ErrorKind.INVALID, `unknown ${this.group} option: ${written}`, {
        details: { option: written },
      });
    }
  }

  private take<T>(
    name: string,
    expected: string,
    read: (value: Value) => T | undefined,
  ): T | undefined {
    const option = this.left.get(name);
    if (option === undefined) return undefined;
    this.left.delete(name);
    const result = read(option.value);
    if (result === undefined) throw badOption(option.written, option.value, expected);
    return result;
  }
}

const DURATION = 'a duration such as "5s", or milliseconds, not negative';

function toMs(value: Value): number | undefined {
  const ms = typeof value === 'string' ? parseDuration(value) : value;
  return typeof ms === 'number' && ms >= 0 && Number.isFinite(ms) ? ms : undefined;
}

/** An empty table arrives as an empty list. */
function toMap(value: Value): { readonly [key: string]: Value } | undefined {
  if (Array.isArray(value)) return value.length === 0 ? {} : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  return value;
}

function readRetryPolicy(table: { readonly [key: string]: Value }, written: string): RetryDefaults {
  const at = (name: string): string => `${written}.${name}`;
  const policy: { -readonly [K in keyof RetryDefaults]: RetryDefaults[K] } = {};
  for (const [name, value] of Object.entries(table)) {
    switch (name) {
      case 'initial_interval':
        policy.initialIntervalMs = need(toMs(value), at(name), value, DURATION);
        break;
      case 'maximum_interval':
        policy.maximumIntervalMs = need(toMs(value), at(name), value, DURATION);
        break;
      case 'backoff_coefficient':
        policy.backoffCoefficient = need(toNumber(value, 1), at(name), value, 'a number >= 1');
        break;
      case 'maximum_attempts':
        policy.maximumAttempts = need(toWhole(value), at(name), value, 'a whole number >= 0');
        break;
      case 'non_retryable_error_types':
        policy.nonRetryableErrorTypes = need(toTexts(value), at(name), value, 'a list of strings');
        break;
      default:
        throw new PerdureError(ErrorKind.INVALID, `unknown field of a retry policy: ${at(name)}`);
    }
  }
  return policy;
}

function need<T>(result: T | undefined, name: string, value: Value, expected: string): T {
  if (result === undefined) throw badOption(name, value, expected);
  return result;
}

const toNumber = (value: Value, min: number): number | undefined =>
  typeof value === 'number' && value >= min ? value : undefined;

const toWhole = (value: Value): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;

const toTexts = (value: Value): string[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? (value as string[])
    : undefined;

function badOption(name: string, value: Value, expected: string): PerdureError {
  const shown = value instanceof Uint8Array ? 'bytes' : JSON.stringify(value);
  return new PerdureError(ErrorKind.INVALID, `${name}: expected ${expected}, got ${shown}`, {
    details: { option: name },
  });
}

/** A retry policy as the SDK takes it. Error types are kinds; "NotFound" means NOT_FOUND. */
export function sdkRetryPolicy(policy: RetryDefaults) {
  return {
    ...(policy.initialIntervalMs !== undefined && { initialInterval: policy.initialIntervalMs }),
    ...(policy.backoffCoefficient !== undefined && {
      backoffCoefficient: policy.backoffCoefficient,
    }),
    ...(policy.maximumIntervalMs !== undefined && { maximumInterval: policy.maximumIntervalMs }),
    ...(policy.maximumAttempts !== undefined &&
      policy.maximumAttempts > 0 && { maximumAttempts: policy.maximumAttempts }),
    ...(policy.nonRetryableErrorTypes !== undefined && {
      nonRetryableErrorTypes: policy.nonRetryableErrorTypes.map((t) => parseErrorKind(t) ?? t),
    }),
  };
}
