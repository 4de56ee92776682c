/** References to Lua tables, functions and coroutines, as module functions hold them. */
import type { Value } from '../../core/payload.js';
import { LuaRef, type LuaValue } from '../module.js';
import type { Scope } from './scope.js';
import { firstEntry, fromLua, payloadOf } from './values-out.js';
import { type Table, Tag, type TString, TValue, Type, textOf } from './vm.js';

export class FengariRef extends LuaRef {
  constructor(
    private readonly scope: Scope,
    readonly tag: number,
    readonly object: object,
  ) {
    super();
  }

  get kind(): 'table' | 'function' | 'thread' {
    if (this.tag === Tag.TABLE) return 'table';
    return this.tag === Tag.THREAD ? 'thread' : 'function';
  }

  toValue(path: string, limitBytes?: number): Value {
    return payloadOf(this.scope.shared, new TValue(this.tag, this.object), path, limitBytes);
  }

  get(key: string): LuaValue {
    const entry = this.table?.strong.get(this.scope.shared.text(key).hash);
    return entry === undefined ? null : fromLua(this.scope, entry.value, refer);
  }

  items(): LuaValue[] {
    const items: LuaValue[] = [];
    const table = this.table;
    for (let i = 1; table !== null; i++) {
      const entry = table.strong.get(i);
      if (entry === undefined) break;
      items.push(fromLua(this.scope, entry.value, refer));
    }
    return items;
  }

  fields(): [string, LuaValue][] {
    const fields: [string, LuaValue][] = [];
    const table = this.table;
    if (table === null) return fields;
    for (let e = firstEntry(table); e !== undefined; e = e.n) {
      if ((e.key.type & 0x0f) !== Type.STRING) continue;
      const key = textOf(e.key.value as TString);
      if (typeof key === 'string') fields.push([key, fromLua(this.scope, e.value, refer)]);
    }
    return fields;
  }

  private get table(): Table | null {
    return this.tag === Tag.TABLE ? (this.object as Table) : null;
  }
}

/** A new reference; two references to one table are not the same object. */
export function refer(scope: Scope, tag: number, object: object): FengariRef {
  return new FengariRef(scope, tag, object);
}
