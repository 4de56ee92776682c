/**
 * Options as a program writes them (`temporal.workflow.id`, `activity.retry_policy`), read once and
 * checked. A name may be written with and without the leading `temporal.`; numbers are milliseconds.
 */
import { parseDuration } from '../../../core/duration.js';
import { ErrorKind, PerdureError, parseErrorKind } from '../../../core/errors.js';
import {
  fullOptionName,
  type OptionGroup,
  type OptionNames,
  unknownOption,
} from '../../../core/options.js';
import type { Value } from '../../../core/payload.js';
import { suggest } from '../../../core/suggest.js';
import type { Options } from '../../../kernel/request.js';
import { fitsId, MAX_ID_BYTES } from './address.js';
import type { RetryDefaults } from './app-data.js';

/** Queues of Temporal's own start with this. */
const RESERVED_QUEUES = '/_sys/';

export class OptionReader<G extends OptionGroup> {
  private readonly given = new Map<string, { readonly written: string; readonly value: Value }>();

  /**
   * @param group what the names start with.
   * @throws PerdureError INVALID naming an option that nobody knows, or one of another group.
   */
  constructor(
    options: Options,
    private readonly group: G,
  ) {
    const unknown = unknownOption(options);
    if (unknown !== null) throw unknown;
    const prefix = `temporal.${group}.`;
    for (const [written, value] of Object.entries(options)) {
      const name = fullOptionName(written);
      if (!name.startsWith(prefix)) throw misplaced(written, group);
      if (value !== null) this.given.set(name.slice(prefix.length), { written, value });
    }
  }

  text(name: OptionNames[G]): string | undefined {
    return this.take(name, 'a string that is not empty', toText);
  }

  /** An id: text of the length that a server takes. */
  id(name: OptionNames[G]): string | undefined {
    return this.take(name, ID, (value) => {
      const text = toText(value);
      return text !== undefined && fitsId(text) ? text : undefined;
    });
  }

  taskQueue(name: OptionNames[G]): string | undefined {
    return this.take(name, `${ID}, which does not start with ${RESERVED_QUEUES}`, (value) => {
      const text = toText(value);
      const right = text !== undefined && fitsId(text) && !text.startsWith(RESERVED_QUEUES);
      return right ? text : undefined;
    });
  }

  flag(name: OptionNames[G]): boolean | undefined {
    return this.take(name, 'true or false', (v) => (typeof v === 'boolean' ? v : undefined));
  }

  /** Milliseconds: a number of them, or a duration such as "5s". */
  durationMs(name: OptionNames[G]): number | undefined {
    return this.take(name, DURATION, toMs);
  }

  oneOf<T extends string>(name: OptionNames[G], allowed: readonly T[]): T | undefined {
    return this.take(name, `one of ${allowed.join(', ')}`, (value) =>
      allowed.find((item) => item === value),
    );
  }

  map(name: OptionNames[G]): { readonly [key: string]: Value } | undefined {
    return this.take(name, 'a table with string keys', toMap);
  }

  retryPolicy(name: OptionNames[G]): RetryDefaults | undefined {
    const table = this.map(name);
    return table === undefined ? undefined : readRetryPolicy(table, this.written(name));
  }

  /** @throws PerdureError INVALID naming the option as it was written. */
  refuse(name: OptionNames[G], expected: string): never {
    throw badOption(this.written(name), this.given.get(name)?.value ?? null, expected);
  }

  private written(name: OptionNames[G]): string {
    return this.given.get(name)?.written ?? `temporal.${this.group}.${name}`;
  }

  private take<T>(
    name: OptionNames[G],
    expected: string,
    read: (value: Value) => T | undefined,
  ): T | undefined {
    const option = this.given.get(name);
    if (option === undefined) return undefined;
    return read(option.value) ?? this.refuse(name, expected);
  }
}

/** @throws PerdureError INVALID for a name that no server takes as the id of a workflow. */
export function checkName(name: string): void {
  if (!fitsId(name)) throw badOption('name', name, ID);
}

const ID = `text of at most ${MAX_ID_BYTES} bytes`;

function misplaced(written: string, group: OptionGroup): PerdureError {
  const what =
    group === 'workflow'
      ? 'is for calls of functions, and has no meaning for the start of a workflow'
      : 'is for the start of a workflow, and has no meaning for the call of a function';
  return new PerdureError(ErrorKind.INVALID, `${written} ${what}`, {
    details: { option: written },
  });
}

const toText = (value: Value): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

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
        throw unknownField(written, name);
    }
  }
  const { initialIntervalMs = DEFAULT_INTERVAL_MS, maximumIntervalMs } = policy;
  if (maximumIntervalMs !== undefined && maximumIntervalMs < initialIntervalMs) {
    const expected = `at least initial_interval, ${initialIntervalMs} ms`;
    throw badOption(at('maximum_interval'), table.maximum_interval ?? null, expected);
  }
  return policy;
}

/** Of a retry policy that names none: the server's. */
const DEFAULT_INTERVAL_MS = 1000;

const RETRY_FIELDS = [
  'initial_interval',
  'maximum_interval',
  'backoff_coefficient',
  'maximum_attempts',
  'non_retryable_error_types',
];

function unknownField(written: string, name: string): PerdureError {
  const near = suggest(name, RETRY_FIELDS);
  const advice = near === undefined ? `it has ${RETRY_FIELDS.join(', ')}` : `did you mean ${near}?`;
  return new PerdureError(
    ErrorKind.INVALID,
    `unknown field of a retry policy: ${written}.${name}; ${advice}`,
    { details: { option: written } },
  );
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
