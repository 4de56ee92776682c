/**
 * A run in a list, with its search attributes read once: a payload is JSON text, and a query over
 * many runs has no time to parse it for each.
 */
import type { Payload } from '../proto.js';
import type { SearchAttributeType } from './attributes.js';
import type { VisibilityRecord } from './record.js';

/** A value as queries compare it: datetimes are milliseconds. Undefined is SQL's NULL. */
export type Cell = string | number | boolean | readonly string[] | undefined;

export interface CustomAttribute {
  readonly name: string;
  readonly type: SearchAttributeType;
  /** Of name and type: a string made once a query, not once a run. */
  readonly key: string;
}

export class Listed {
  readonly #cells = new Map<string, Cell>();

  constructor(readonly record: VisibilityRecord) {}

  /** The value of an attribute that is no system one. */
  cell({ name, type, key }: CustomAttribute): Cell {
    const known = this.#cells.get(key);
    if (known !== undefined || this.#cells.has(key)) return known;
    const cell = decode(this.record.searchAttributes[name], type);
    this.#cells.set(key, cell);
    return cell;
  }
}

/** A payload that cannot be read is as good as none: it was refused when it was set. */
function decode(payload: Payload | undefined, type: SearchAttributeType): Cell {
  if (!payload?.data || payload.data.length === 0) return undefined;
  const parsed = JSON.parse(Buffer.from(payload.data).toString()) as unknown;
  if (parsed === null) return undefined;
  if (type === 'KeywordList') return (Array.isArray(parsed) ? parsed : [parsed]).map(String);
  const one: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (one === undefined) return undefined;
  return type === 'Datetime' ? Date.parse(String(one)) : (one as string | number | boolean);
}
