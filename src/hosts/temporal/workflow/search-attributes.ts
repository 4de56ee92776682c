/** Search attributes: which type a value has, and a value as its type wants it. */
import { encode } from '@temporalio/common/lib/encoding.js';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { AttributeType } from './wire.js';

/**
 * The type that an attribute gets when a value is the first to use it: strings Keyword (text of a time
 * too), whole numbers Int, other numbers Double, booleans Bool, lists of strings KeywordList.
 * @throws PerdureError INVALID for a value that no attribute can have.
 */
export function attributeTypeOf(name: string, value: Value): AttributeType {
  switch (typeof value) {
    case 'string':
      return AttributeType.KEYWORD;
    case 'boolean':
      return AttributeType.BOOL;
    case 'number':
      return Number.isInteger(value) ? AttributeType.INT : AttributeType.DOUBLE;
    default:
      if (isTexts(value)) return AttributeType.KEYWORD_LIST;
      throw new PerdureError(
        ErrorKind.INVALID,
        `search attribute ${name}: use a string, a number, a boolean or a list of strings`,
      );
  }
}

/**
 * `value` as an attribute of this type takes it.
 * @throws PerdureError INVALID when the namespace has the attribute with a type that cannot hold it.
 */
function attributeValue(
  name: string,
  value: Value,
  type: AttributeType,
): string | number | boolean | Date | string[] {
  switch (type) {
    case AttributeType.KEYWORD:
    case AttributeType.TEXT:
      if (typeof value === 'string') return value;
      break;
    case AttributeType.INT:
      if (typeof value === 'number' && Number.isInteger(value)) return value;
      break;
    case AttributeType.DOUBLE:
      if (typeof value === 'number') return value;
      break;
    case AttributeType.BOOL:
      if (typeof value === 'boolean') return value;
      break;
    case AttributeType.DATETIME:
      if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return new Date(value);
      break;
    case AttributeType.KEYWORD_LIST:
      if (isTexts(value)) return value;
      break;
  }
  throw new PerdureError(
    ErrorKind.INVALID,
    `search attribute ${name} is of type ${type} in this namespace, which cannot hold ` +
      `${value instanceof Uint8Array ? 'bytes' : JSON.stringify(value)}`,
  );
}

/** A search attribute as the SDK takes it. */
export type TypedAttribute = ReturnType<typeof typedAttribute>;

/** @throws PerdureError INVALID for a value that the type cannot hold, or that no server takes. */
export function typedAttribute(name: string, given: Value, type: AttributeType) {
  const value = attributeValue(name, given, type);
  const bytes = encode(JSON.stringify(value)).length;
  if (bytes > MAX_VALUE_BYTES) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `search attribute ${name}: ${bytes} bytes are more than one may have (${MAX_VALUE_BYTES})`,
    );
  }
  return { key: { name, type }, value };
}

/** The server's own limit on one value. */
const MAX_VALUE_BYTES = 2048;

function isTexts(value: Value): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
