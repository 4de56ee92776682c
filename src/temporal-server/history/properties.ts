/** Memo and search attributes as an upsert changes them. */
import type { Payload, PayloadMap } from '../proto.js';

/** An upsert: a payload of null takes its key away. */
export function mergedFields(base: PayloadMap, upserted: PayloadMap): PayloadMap {
  const result: PayloadMap = { ...base };
  for (const [key, payload] of Object.entries(upserted)) {
    if (isNull(payload)) delete result[key];
    else result[key] = payload;
  }
  return result;
}

function isNull(payload: Payload): boolean {
  const encoding = Buffer.from(payload.metadata?.encoding ?? []).toString();
  const text = Buffer.from(payload.data ?? []).toString();
  return (
    encoding === 'binary/null' || (encoding === 'json/plain' && (text === 'null' || text === '[]'))
  );
}
