/**
 * Tables that are made as they are read. A process gets its own copy of every library table, so that
 * what a script does to `string` or `_G` is its own affair; but it reads perhaps ten of their two
 * hundred fields. A lazy table takes over a field from its pattern when the field is first looked at,
 * and all the rest when somebody walks the table (`pairs`).
 */

import type { Scope } from './scope.js';
import {
  appendEntry,
  type Entry,
  ltable,
  stringOf,
  type Table,
  Tag,
  type TString,
  TValue,
} from './vm.js';

/** Makes the value of a field for one process; null where it has none there. */
export type Make = (scope: Scope) => TValue | null;

/** The fields of a library table, shared by all processes. */
export class Pattern {
  private readonly values: [string, unknown][] = [];
  readonly fields = new Map<unknown, { readonly key: TString; readonly make: Make }>();

  set(name: string, make: Make): this {
    const key = stringOf(name);
    this.fields.set(key.hash, { key, make });
    return this;
  }

  /** A field whose value is the same for all. */
  share(name: string, tag: number, value: unknown): this {
    this.values.push([name, value]);
    return this.set(name, () => new TValue(tag, value));
  }

  /** The fields that are the same for all, by name. */
  shared(): readonly (readonly [string, unknown])[] {
    return this.values;
  }

  addAll(other: Pattern): this {
    for (const [hash, field] of other.fields) this.fields.set(hash, field);
    return this;
  }
}

export function lazyTable(scope: Scope, pattern: Pattern): Table {
  const table = ltable.luaH_new(scope.shared.state);
  table.strong = new LazyMap(scope, table, pattern);
  return table;
}

class LazyMap extends Map<unknown, Entry> {
  private missing: Pattern | null;
  private removed: Set<unknown> | null = null;

  constructor(
    private readonly scope: Scope,
    private readonly table: Table,
    pattern: Pattern,
  ) {
    super();
    this.missing = pattern;
  }

  override get(hash: unknown): Entry | undefined {
    const entry = super.get(hash);
    return entry !== undefined || this.missing === null ? entry : this.takeOver(hash);
  }

  override delete(hash: unknown): boolean {
    if (this.missing?.fields.has(hash)) {
      this.removed ??= new Set();
      this.removed.add(hash);
    }
    return super.delete(hash);
  }

  /** Takes over all that is left. */
  fill(): void {
    const pattern = this.missing;
    if (pattern === null) return;
    for (const hash of pattern.fields.keys()) this.get(hash);
    this.missing = null;
  }

  private takeOver(hash: unknown): Entry | undefined {
    const field = this.missing?.fields.get(hash);
    if (field === undefined || this.removed?.has(hash)) return undefined;
    const value = field.make(this.scope);
    if (value === null) return undefined;
    appendEntry(this.table, hash, new TValue(Tag.STRING, field.key), value);
    return super.get(hash);
  }
}
