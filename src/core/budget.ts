/**
 * How much a value may hold. While a value is copied its size is counted, from below: never more than its
 * JSON would have, so nothing is refused that could be encoded, and a few tables that share each other
 * (which stand for billions of values once copied) are refused before they fill the memory.
 */
import { ErrorKind, PerdureError } from './errors.js';
import type { Value } from './payload.js';

export class Budget {
  private left: number;

  /** `path` names the whole value in the error. */
  constructor(
    private readonly path: string,
    private readonly limitBytes: number,
  ) {
    this.left = limitBytes;
  }

  /** @throws PerdureError INVALID once the limit is passed. */
  take(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) throw tooLarge(this.path, this.limitBytes);
  }

  /** A list of so many items or a map of so many fields: brackets, separators, a byte each. */
  takeTable(items: number): void {
    this.take(1 + 2 * items);
  }

  /** Text or bytes, or the name of a field. */
  takeText(text: string | Uint8Array): void {
    this.take(text.length + 1);
  }

  /** A value that is not copied, with all that is in it. */
  takeValue(value: Value): void {
    if (typeof value === 'string' || value instanceof Uint8Array) this.takeText(value);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    const items: Value[] = Object.values(value);
    this.takeTable(items.length);
    if (!Array.isArray(value)) for (const key of Object.keys(value)) this.takeText(key);
    for (const item of items) this.takeValue(item);
  }
}

/** The error for a value whose JSON would have more than `limitBytes`. */
export function tooLarge(path: string, limitBytes: number): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `${path} has more than ${limitBytes} bytes, the limit; send it in parts, or say where it can be found`,
    { details: { path, limit: limitBytes } },
  );
}
