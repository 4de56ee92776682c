/** A run in a list, as queries read it: what is in its record, and its search attributes as values. */
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

/** What queries ask of a record itself. */
export type ListedFields = Omit<VisibilityRecord, 'memo' | 'searchAttributes'>;

export interface Listed {
  readonly fields: ListedFields;
  /** As lists show it: from where it is kept, so for those alone that are shown. */
  readonly record: VisibilityRecord;
  /** The value of an attribute that is no system one. */
  cell(attribute: CustomAttribute): Cell;
}

/**
 * A run whose record is in memory, with its search attributes read once: a payload is JSON text, and a
 * query over many runs has no time to parse it for each.
 */
export class ListedRecord implements Listed {
  readonly #cells = new Map<string, Cell>();

  constructor(readonly record: VisibilityRecord) {}

  get fields(): ListedFields {
    return this.record;
  }

  cell({ name, type, key }: CustomAttribute): Cell {
    const known = this.#cells.get(key);
    if (known !== undefined || this.#cells.has(key)) return known;
    const text = jsonOf(this.record.searchAttributes[name]);
    const cell = text === undefined ? undefined : cellOf(JSON.parse(text), type);
    this.#cells.set(key, cell);
    return cell;
  }
}

/** The text of a payload; undefined where it has none. */
export function jsonOf(payload: Payload | undefined): string | undefined {
  if (!payload?.data || payload.data.length === 0) return undefined;
  return Buffer.from(payload.data).toString();
}

/** What a payload that was parsed is as a value of a type. A list of one is that one; no time is none. */
export function cellOf(parsed: unknown, type: SearchAttributeType): Cell {
  if (parsed === null) return undefined;
  if (type === 'KeywordList') return (Array.isArray(parsed) ? parsed : [parsed]).map(String);
  const one: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (one === undefined) return undefined;
  if (type !== 'Datetime') return one as string | number | boolean;
  const ms = Date.parse(String(one));
  return Number.isNaN(ms) ? undefined : ms;
}
