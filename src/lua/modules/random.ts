/** Random bytes out of the host's random numbers, which a workflow replays. */
import type { Kernel } from '../../kernel/kernel.js';

export function randomBytes(kernel: Kernel, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let word = 0;
  for (let i = 0; i < count; i++) {
    // 32 bits a number: `random()` has at least that many that are worth something.
    if (i % 4 === 0) word = Math.floor(kernel.syscalls.random() * 2 ** 32);
    bytes[i] = (word >>> ((i % 4) * 8)) & 255;
  }
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
