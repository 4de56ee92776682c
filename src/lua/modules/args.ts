/**
 * Checking of arguments. Every module function is made by {@link fn} (every method by {@link method}),
 * so that all of them answer a wrong argument alike: `nil` and an INVALID error that names the
 * function, the argument and what was found. Checks throw inside, and only here is that turned into results.
 */
import { parseDuration } from '../../core/duration.js';
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import {
  LuaRef,
  type LuaResult,
  type LuaValue,
  type ModuleCall,
  type ModuleFunction,
  NativeFunction,
  type ObjectMethod,
} from '../module.js';
import { Duration } from './duration.js';
import { toValue, toValues } from './values.js';

/** The arguments of one call. Positions count from 0 here and from 1 in messages. */
export class Args {
  constructor(
    /** The function's name in messages: `process.send`. */
    readonly name: string,
    private readonly params: readonly string[],
    private readonly list: readonly LuaValue[],
  ) {}

  /** How many arguments were given, trailing nils included. */
  get count(): number {
    return this.list.length;
  }

  at(i: number): LuaValue {
    return this.list[i] ?? null;
  }

  string(i: number): string {
    const value = this.at(i);
    return typeof value === 'string' ? value : this.fail(i, 'must be a string');
  }

  /** A string that is not empty. */
  nonEmpty(i: number): string {
    const value = this.string(i);
    return value !== '' ? value : this.fail(i, 'must not be empty');
  }

  stringOr<T>(i: number, otherwise: T): string | T {
    return this.at(i) === null ? otherwise : this.string(i);
  }

  /** Text or bytes, as bytes. */
  bytes(i: number): Uint8Array {
    const value = this.at(i);
    if (typeof value === 'string') return new TextEncoder().encode(value);
    return value instanceof Uint8Array ? value : this.fail(i, 'must be a string');
  }

  number(i: number): number {
    const value = this.at(i);
    return typeof value === 'number' ? value : this.fail(i, 'must be a number');
  }

  /** A whole number of at least `min` and at most `max`. */
  whole(i: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.number(i);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    return this.fail(i, `must be a whole number ${range}`, String(value));
  }

  wholeOr(i: number, otherwise: number, min: number): number {
    return this.at(i) === null ? otherwise : this.whole(i, min);
  }

  table(i: number): LuaRef {
    const value = this.at(i);
    return value instanceof LuaRef && value.kind === 'table'
      ? value
      : this.fail(i, 'must be a table');
  }

  tableOrNull(i: number): LuaRef | null {
    return this.at(i) === null ? null : this.table(i);
  }

  fun(i: number): LuaRef {
    const value = this.at(i);
    return value instanceof LuaRef && value.kind === 'function'
      ? value
      : this.fail(i, 'must be a function');
  }

  /** A table with string keys, as a payload; an empty table is an empty map. */
  map(i: number): { readonly [key: string]: Value } {
    const value = this.table(i).toValue(this.params[i] ?? 'table');
    if (Array.isArray(value) && value.length === 0) return {};
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as { readonly [key: string]: Value };
    }
    return this.fail(i, 'must be a table with string keys', 'a list');
  }

  mapOrNull(i: number): { readonly [key: string]: Value } | null {
    return this.at(i) === null ? null : this.map(i);
  }

  /** Nanoseconds: a duration text (`"1h30m"`), a Duration, or a bare number of nanoseconds. */
  durationNs(i: number): number {
    const value = this.at(i);
    const ns = durationNs(value);
    if (ns !== undefined) return ns;
    return this.fail(
      i,
      'must be a duration ("1h30m", a number of nanoseconds, or a Duration)',
      typeof value === 'string' ? `"${value}"` : undefined,
    );
  }

  durationMs(i: number): number {
    return this.durationNs(i) / 1e6;
  }

  instance<T extends object>(i: number, of: abstract new (...args: never[]) => T, what: string): T {
    const value = this.at(i);
    return value instanceof of ? value : this.fail(i, `must be ${what}`);
  }

  value(i: number): Value {
    return toValue(this.at(i), this.params[i] ?? 'payload');
  }

  /** Arguments from position `from` on as payloads. */
  values(from: number): readonly Value[] {
    return this.list.length <= from ? NO_VALUES : toValues(this.list.slice(from));
  }

  rest(from: number): LuaValue[] {
    return this.list.slice(from).map((value) => value ?? null);
  }

  /** @throws PerdureError INVALID: `process.send: argument 2 (topic) must be a string, got a table`. */
  fail(i: number, expected: string, found: string = describe(this.at(i))): never {
    const param = this.params[i];
    const which = `argument ${i + 1}${param === undefined ? '' : ` (${param})`}`;
    throw new PerdureError(ErrorKind.INVALID, `${this.name}: ${which} ${expected}, got ${found}`);
  }
}

const NO_VALUES: readonly Value[] = Object.freeze([]);

/** A module function called `name` in messages, with the names of its parameters. */
export function fn(
  name: string,
  params: readonly string[],
  body: (args: Args, call: ModuleCall) => LuaResult,
): ModuleFunction {
  return (call, ...list) => {
    try {
      return body(new Args(name, params, list), call);
    } catch (thrown) {
      return refused(name, thrown);
    }
  };
}

/**
 * The same for a function that raises instead of answering `nil, err`: for waits, whose results nobody looks
 * at. A `time.sleep("2 hours")` that does not sleep would ship the order two hours early.
 */
export function raising(
  name: string,
  params: readonly string[],
  body: (args: Args, call: ModuleCall) => LuaResult,
): ModuleFunction {
  return (call, ...list) => body(new Args(name, params, list), call);
}

/** The same as {@link fn} for a method; `name` is `channel:send`, say. */
export function method<T extends object>(
  name: string,
  params: readonly string[],
  body: (self: T, args: Args, call: ModuleCall) => LuaResult,
): ObjectMethod<T> {
  return (call, self, ...list) => {
    try {
      return body(self, new Args(name, params, list), call);
    } catch (thrown) {
      return refused(name, thrown);
    }
  };
}

function refused(name: string, thrown: unknown): LuaResult {
  if (!isPerdureError(thrown)) throw thrown;
  return [null, thrown.message.startsWith(name) ? thrown : thrown.wrap(name)];
}

/** Nanoseconds in whatever may stand for a duration; `undefined` for anything else. */
export function durationNs(value: LuaValue): number | undefined {
  if (value instanceof Duration) return value.ns;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const ms = parseDuration(value);
  return ms === undefined ? undefined : Math.round(ms * 1e6);
}

/** `value` in words, for messages: `a table`, `nil`. */
export function describe(value: LuaValue | undefined): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (value instanceof Uint8Array) return 'a string that is not valid UTF-8';
  if (value instanceof LuaRef) return value.kind === 'thread' ? 'a coroutine' : `a ${value.kind}`;
  if (value instanceof NativeFunction) return 'a function';
  return isPerdureError(value) ? 'an error' : `a ${value.constructor.name}`;
}

/** `nil` and an INVALID error with this message. */
export function invalid(message: string): readonly LuaValue[] {
  return [null, new PerdureError(ErrorKind.INVALID, message)];
}

/** `nil` and a NOT_FOUND error; `message` says "not found" and what was looked for. */
export function notFound(message: string): readonly LuaValue[] {
  return [null, new PerdureError(ErrorKind.NOT_FOUND, message)];
}
