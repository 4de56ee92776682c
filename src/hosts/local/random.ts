import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
const BYTES_A_NUMBER = 8;

/**
 * A source of numbers in [0, 1) with 53 random bits each, fit for keys and ids: the scripts' `uuid` and
 * `crypto.random_bytes` are made of them.
 */
export function secureRandom(): () => number {
  const pool = new DataView(new ArrayBuffer(POOL_BYTES));
  let at = POOL_BYTES;
  return () => {
    if (at === POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    const high = pool.getUint32(at) >>> 5; // 27 bits
    const low = pool.getUint32(at + 4) >>> 6; // 26 bits
    at += BYTES_A_NUMBER;
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
}
