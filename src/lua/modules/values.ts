/** From Lua values to payloads: what may leave a process, and as what. */
import { tooLarge } from '../../core/budget.js';
import { isPerdureError } from '../../core/errors.js';
import { copyValue, MAX_PAYLOAD_BYTES, unsendable, type Value } from '../../core/payload.js';
import { LuaRef, type LuaValue, NativeFunction } from '../module.js';
import { Duration } from './duration.js';
import { Instant } from './instant.js';
import { Payload } from './payload.js';

/**
 * `value` as a payload. Payload objects stand for their content, times for their RFC 3339 text,
 * durations for theirs, errors for a map of their fields.
 * @param limitBytes the most that its JSON may have
 * @throws PerdureError INVALID naming `path` for what cannot be sent, or the limit.
 */
export function toValue(
  value: LuaValue | undefined,
  path: string,
  limitBytes = MAX_PAYLOAD_BYTES,
): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || value instanceof Uint8Array) {
    if (value.length > limitBytes) throw tooLarge(path, limitBytes);
    return value;
  }
  if (typeof value !== 'object') return value;
  if (value instanceof LuaRef) {
    if (value.kind === 'table') return value.toValue(path, limitBytes);
    throw unsendable(path, value.kind === 'thread' ? 'a coroutine' : 'a function');
  }
  if (value instanceof NativeFunction) throw unsendable(path, 'a function');
  const plain = plainOf(value);
  if (plain !== undefined) return plain;
  throw unsendable(path, `a ${value.constructor.name}`);
}

/** Several arguments as payloads; a Payload of several values spreads into all of them. */
export function toValues(list: readonly LuaValue[]): readonly Value[] {
  const values: Value[] = [];
  // A plain loop: this is on the path of every message.
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (value instanceof Payload) values.push(...value.values);
    else values.push(toValue(value, i === 0 ? 'payload' : `payload ${i + 1}`));
  }
  return values;
}

/** What an object stands for inside a payload; `undefined` where it cannot be sent. */
function plainOf(value: object): Value | undefined {
  if (value instanceof Payload) return value.first;
  if (value instanceof Instant || value instanceof Duration) return value.toString();
  return isPerdureError(value) ? copyValue(value.toData()) : undefined;
}
