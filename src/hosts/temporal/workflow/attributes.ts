/**
 * `workflow.attrs`. An upsert of an attribute that the namespace lacks fails its task for ever, so each
 * name is made sure of first, once a run, by a local activity that also says which type it has.
 */
import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';
import type { Activities } from './activities.js';
import { checkMemo } from './memo.js';
import { attributeTypeOf, type TypedAttribute, typedAttribute } from './search-attributes.js';
import { type AttributeType, OwnActivity } from './wire.js';

type Values = { readonly [name: string]: Value };

export class Attributes {
  private readonly types = new Map<string, AttributeType>();

  constructor(private readonly activities: Activities) {
    for (const { key } of workflowInfo().typedSearchAttributes.getAll()) {
      this.types.set(key.name, key.type as AttributeType);
    }
  }

  /** True where nothing has to be made sure of, so that the attributes can be used at once. */
  ready(search: Values): boolean {
    return Object.keys(search).every((name) => this.types.has(name) || search[name] === null);
  }

  /** @throws PerdureError INVALID for a bad value; what the server said when an attribute cannot be made. */
  async prepare(search: Values): Promise<void> {
    const wanted: { [name: string]: AttributeType } = {};
    for (const [name, value] of Object.entries(search)) {
      if (value !== null && !this.types.has(name)) wanted[name] = attributeTypeOf(name, value);
    }
    const types = await this.activities.ownLocal(OwnActivity.ATTRIBUTES, wanted);
    for (const [name, type] of Object.entries(types as { [name: string]: AttributeType })) {
      this.types.set(name, type);
    }
  }

  /** For the start of another workflow. @throws PerdureError INVALID, as {@link set} does. */
  typed(search: Values): TypedAttribute[] {
    return Object.entries(search).flatMap(([name, value]) => {
      const type = this.types.get(name);
      return type === undefined || value === null ? [] : [typedAttribute(name, value, type)];
    });
  }

  /** @throws PerdureError INVALID for a value that the attribute's type cannot hold. */
  set(search: Values, memo: Values): void {
    const pairs = Object.entries(search).flatMap(([name, value]) => {
      const type = this.types.get(name);
      if (type === undefined) return []; // removes what this run never had
      const key = { name, type };
      return [value === null ? { key, value } : typedAttribute(name, value, type)];
    });
    checkMemo(memo);
    // biome-ignore lint/suspicious/noExplicitAny: the SDK ties key and value by a type that only constants have
    if (pairs.length > 0) upsertSearchAttributes(pairs as any);
    if (Object.keys(memo).length > 0) upsertMemo({ ...memo });
  }
}
