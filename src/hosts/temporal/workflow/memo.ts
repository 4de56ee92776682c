/** Memos as payloads. A server has one limit for all fields of a memo together. */
import type { RawValue } from '@temporalio/common';
import type { Value } from '../../../core/payload.js';
import { checkBytes, encodeArg, payloadBytes } from './payload-converter.js';

/**
 * The fields of a memo, each already encoded.
 * @throws PerdureError INVALID for one that is larger than a payload may be, or for all of them.
 */
export function encodeMemo(memo: { readonly [name: string]: Value }): { [name: string]: RawValue } {
  const fields = Object.entries(memo).map(([name, value]): [string, RawValue] => [
    name,
    encodeArg(value, `memo.${name}`),
  ]);
  checkBytes(
    fields.reduce((sum, [name, { payload }]) => sum + name.length + payloadBytes(payload), 0),
    'memo',
  );
  return Object.fromEntries(fields);
}

/** @throws PerdureError INVALID as {@link encodeMemo} does; `null` removes a field. */
export function checkMemo(memo: { readonly [name: string]: Value }): void {
  encodeMemo(memo);
}
