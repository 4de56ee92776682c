/**
 * What may cross a process boundary, and how it is written down.
 *
 * A payload is nil, a boolean, a number, a string, a list, or a map with string keys, nested.
 * Invariants:
 * 1. Plain JSON where possible (`json/plain`), so that any Temporal SDK can read it.
 * 2. What JSON cannot say survives all the same (`json/perdure`): NaN, the infinities, -0, and
 *    strings that are not valid UTF-8 (here: `Uint8Array`).
 * 3. A value that was checked by {@link checkValue} can be encoded; encoding never changes it.
 */
import { Budget } from './budget.js';
import { ErrorKind, PerdureError } from './errors.js';

/** A value that can be sent. `Uint8Array` stands for a string of bytes that is not valid UTF-8. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Value[]
  | { [key: string]: Value };

/** The largest encoded payload, in bytes: Temporal's own limit. */
export const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024;

/** Deepest nesting that is accepted; deeper data is almost surely a mistake. */
export const MAX_DEPTH = 200;

export const PayloadEncoding = { PLAIN: 'json/plain', PERDURE: 'json/perdure' } as const;
export type PayloadEncoding = (typeof PayloadEncoding)[keyof typeof PayloadEncoding];

export interface EncodedPayload {
  readonly encoding: PayloadEncoding;
  readonly json: string;
}

/** The error for a value that cannot be sent, naming the path: `payload.items[3].fn`. */
export function unsendable(path: string, what: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `${path}: ${what} cannot be sent; use nil, booleans, numbers, strings, lists and maps with string keys`,
    { details: { path } },
  );
}

/**
 * `value` as a payload, copied, so that later changes by the sender are not seen by the receiver.
 * @throws PerdureError INVALID naming the path of the first thing that cannot be sent, or the limit for
 *   what is larger than {@link MAX_PAYLOAD_BYTES}.
 */
export function copyValue(value: unknown, path = 'payload'): Value {
  return copy(value, path, { above: [], budget: new Budget(path, MAX_PAYLOAD_BYTES) });
}

/** One copy: the objects that the value stands in, and what is left of the limit. */
interface Walk {
  readonly above: object[];
  readonly budget: Budget;
}

function copy(value: unknown, path: string, walk: Walk): Value {
  switch (typeof value) {
    case 'string':
      walk.budget.takeText(value);
      return value;
    case 'number':
    case 'boolean':
      return value;
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : copyObject(value, path, walk);
    default:
      throw unsendable(path, `a ${typeof value}`);
  }
}

function copyObject(value: object, path: string, walk: Walk): Value {
  const { above, budget } = walk;
  if (value instanceof Uint8Array) {
    budget.takeText(value);
    return value.slice();
  }
  if (above.includes(value)) throw unsendable(path, 'a cycle');
  if (above.length >= MAX_DEPTH) throw unsendable(path, `nesting deeper than ${MAX_DEPTH}`);
  above.push(value);
  const result = Array.isArray(value) ? copyList(value, path, walk) : copyMap(value, path, walk);
  above.pop();
  return result;
}

function copyList(list: readonly unknown[], path: string, walk: Walk): Value {
  walk.budget.takeTable(list.length);
  return list.map((item, i) => copy(item, `${path}[${i + 1}]`, walk));
}

function copyMap(value: object, path: string, walk: Walk): Value {
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== null && Object.getPrototypeOf(proto) !== null) {
    throw unsendable(path, `an object of class ${value.constructor?.name ?? '?'}`);
  }
  const map: { [key: string]: Value } = {};
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  walk.budget.takeTable(entries.length);
  for (const [key, item] of entries) {
    walk.budget.takeText(key);
    setOwn(map, key, copy(item, path === '' ? key : `${path}.${key}`, walk));
  }
  return map;
}

/** Assigns even the key `__proto__`, which a plain assignment would take for the prototype. */
export function setOwn<T>(map: { [key: string]: T }, key: string, item: T): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, {
      value: item,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  } else {
    map[key] = item;
  }
}

/** `value` as JSON text; `json/perdure` only where plain JSON would lose something. */
export function encodeValue(value: Value): EncodedPayload {
  return isPlain(value)
    ? { encoding: PayloadEncoding.PLAIN, json: JSON.stringify(value) }
    : { encoding: PayloadEncoding.PERDURE, json: JSON.stringify(escapeValue(value)) };
}

/** The value that {@link encodeValue} wrote. @throws PerdureError INVALID for malformed text. */
export function decodeValue(encoding: PayloadEncoding, json: string): Value {
  try {
    const parsed = JSON.parse(json) as Value;
    return encoding === PayloadEncoding.PLAIN ? parsed : unescapeValue(parsed);
  } catch (cause) {
    throw new PerdureError(ErrorKind.INVALID, `payload is not valid JSON: ${String(cause)}`, {
      cause,
    });
  }
}

function isPlain(value: Value): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.every(isPlain);
  return Object.values(value).every(isPlain);
}

/** In `json/perdure` a one-key map whose key starts with `$` stands for something else. */
function escapeValue(value: Value): Value {
  if (typeof value === 'number') return isPlain(value) ? value : { $number: numberName(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (Array.isArray(value)) return value.map(escapeValue);
  const entries = Object.entries(value);
  const map = mapOf(entries.map(([k, v]) => [k, escapeValue(v)] as const));
  return entries.length === 1 && entries[0]?.[0].startsWith('$') ? { $map: map } : map;
}

function unescapeValue(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(unescapeValue);
  const entries = Object.entries(value);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only?.[0] === '$number') return Number(only[1]);
  if (only?.[0] === '$bytes') return fromBase64(String(only[1]));
  const inner = only?.[0] === '$map' ? Object.entries(only[1] as object) : entries;
  return mapOf(inner.map(([k, v]) => [k, unescapeValue(v as Value)] as const));
}

function mapOf(entries: readonly (readonly [string, Value])[]): { [key: string]: Value } {
  const map: { [key: string]: Value } = {};
  for (const [key, item] of entries) setOwn(map, key, item);
  return map;
}

const numberName = (n: number): string => (Object.is(n, -0) ? '-0' : String(n));

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 without Node's Buffer, which the workflow sandbox lacks. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += ALPHABET[bits >> 18];
    text += ALPHABET[(bits >> 12) & 63];
    text += b === undefined ? '=' : ALPHABET[(bits >> 6) & 63];
    text += c === undefined ? '=' : ALPHABET[bits & 63];
  }
  return text;
}

export function fromBase64(text: string): Uint8Array {
  const body = text.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of body) {
    bits = (bits << 6) | ALPHABET.indexOf(letter);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 255;
    }
  }
  return bytes;
}
