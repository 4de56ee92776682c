/** Run ids and the like: UUIDs of version 7, which sort by the time they were made. */
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 16 * 256;

/** A maker of ids; it draws randomness in batches, as one call to the kernel each would cost more than the rest. */
export function idMaker(nowMs: () => number): () => string {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.subarray(used, used + 16);
    used += 16;
    bytes.writeUIntBE(Math.floor(nowMs()), 0, 6);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}
