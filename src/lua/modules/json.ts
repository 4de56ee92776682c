/** `json`: plain JSON text. For what a payload may hold beyond JSON (NaN, raw bytes) it says INVALID. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import { type LuaModule, type LuaValue, ModuleAccess, Use } from '../module.js';
import { type Args, fn } from './args.js';
import { toValue } from './values.js';

/** @throws PerdureError INVALID naming the path of what has no JSON form. */
export function encodeJson(lua: LuaValue): string {
  const value = toValue(lua, 'value');
  assertJson(value, 'value');
  return JSON.stringify(value);
}

/** @throws PerdureError INVALID naming the path of what JSON has no word for. */
function assertJson(value: Value, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw noJson(path, String(value));
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof Uint8Array) throw noJson(path, 'a string that is not valid UTF-8');
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      assertJson(item, `${path}[${i + 1}]`);
    });
    return;
  }
  for (const [key, item] of Object.entries(value)) assertJson(item, `${path}.${key}`);
}

function noJson(path: string, what: string): PerdureError {
  return new PerdureError(ErrorKind.INVALID, `${path}: ${what} has no JSON form`);
}

function decode(args: Args): readonly LuaValue[] {
  const text = args.nonEmpty(0);
  try {
    return [JSON.parse(text) as LuaValue];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = new PerdureError(ErrorKind.INTERNAL, `json.decode: malformed JSON: ${why}`, {
      cause,
    });
    return [null, error];
  }
}

export const jsonModule: LuaModule = {
  name: 'json',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    encode: fn('json.encode', ['value'], (args) => [encodeJson(args.at(0))]),
    decode: fn('json.decode', ['text'], decode),
  },
};
