/**
 * The values of one search attribute of many runs. Its type is not known here: an attribute may be removed
 * and added again with another one, and a value is read as what the query says.
 *
 * Numbers and words have columns of their own, since many runs may each have another one; what else a
 * payload can be (lists, truth values) is kept as its JSON text, and parsed once a query for each text.
 */
import type { Payload } from '../proto.js';
import { type Dictionary, NumberColumn, TextColumn } from './columns.js';
import { type Cell, type CustomAttribute, cellOf, jsonOf } from './listed.js';

export class AttributeColumn {
  readonly #numbers = new NumberColumn();
  readonly #words: TextColumn;
  readonly #others: TextColumn;
  readonly #parsed = new WeakMap<CustomAttribute, Map<string, Cell>>();

  constructor(dictionary: Dictionary) {
    this.#words = new TextColumn(dictionary);
    this.#others = new TextColumn(dictionary);
  }

  set(row: number, payload: Payload | undefined): void {
    const json = jsonOf(payload);
    const plain = json === undefined ? undefined : plainOf(json);
    this.#numbers.set(row, typeof plain === 'number' ? plain : undefined);
    this.#words.set(row, typeof plain === 'string' ? plain : undefined);
    this.#others.set(row, plain === undefined ? json : undefined);
  }

  cell(row: number, attribute: CustomAttribute): Cell {
    const { type } = attribute;
    const number = this.#numbers.get(row);
    if (number !== undefined)
      return type === 'Int' || type === 'Double' ? number : cellOf(number, type);
    const word = this.#words.get(row);
    if (word !== undefined)
      return type === 'Keyword' || type === 'Text' ? word : cellOf(word, type);
    const other = this.#others.get(row);
    return other === undefined ? undefined : this.#parse(other, attribute);
  }

  #parse(json: string, attribute: CustomAttribute): Cell {
    let parsed = this.#parsed.get(attribute);
    if (!parsed) {
      parsed = new Map();
      this.#parsed.set(attribute, parsed);
    }
    if (!parsed.has(json)) parsed.set(json, cellOf(JSON.parse(json), attribute.type));
    return parsed.get(json);
  }
}

/** The number or the word that a payload is, alone or as a list of one, which means the same. */
function plainOf(json: string): number | string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined; // said to the query that asks for it
  }
  const one: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
  return typeof one === 'number' || typeof one === 'string' ? one : undefined;
}
