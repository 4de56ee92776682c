/** `json`: plain JSON text. For what a payload may hold beyond JSON (NaN, raw bytes) it says INVALID. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { MAX_DEPTH, type Value } from '../../core/payload.js';
import { type LuaModule, type LuaValue, ModuleAccess, Use } from '../module.js';
import { type Args, fn, invalid } from './args.js';
import { toValue } from './values.js';

/** Text need not be sent: it may be larger than a payload. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** @throws PerdureError INVALID naming the path of what has no JSON form, or the limit. */
export function encodeJson(lua: LuaValue): string {
  const value = toValue(lua, 'value', MAX_TEXT_BYTES);
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
  let value: Value;
  try {
    value = JSON.parse(text) as Value;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = new PerdureError(ErrorKind.INTERNAL, `json.decode: malformed JSON: ${why}`, {
      cause,
    });
    return [null, error];
  }
  if (isDeeper(value, MAX_DEPTH)) return invalid(`json.decode: nesting deeper than ${MAX_DEPTH}`);
  return [value];
}

function isDeeper(value: Value, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((item: Value) => isDeeper(item, depth - 1));
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
