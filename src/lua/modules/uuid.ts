/** `uuid`: identifiers by RFC 9562, from the process's own clock and random numbers. */
import { type LuaModule, ModuleAccess, Use } from '../module.js';
import { fn } from './args.js';
import { randomBytes, toHex } from './random.js';

/** Sets version and variant, and writes it in the usual groups. */
function format(bytes: Uint8Array, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The first 48 bits are milliseconds, so that ids sort by the time they were made. */
function timeOrdered(bytes: Uint8Array, nowMs: number): Uint8Array {
  let rest = Math.floor(nowMs);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const uuidModule: LuaModule = {
  name: 'uuid',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    v4: ({ kernel }) => [format(randomBytes(kernel, 16), 4)],
    v7: ({ kernel }) => [format(timeOrdered(randomBytes(kernel, 16), kernel.now()), 7)],
    validate: fn('uuid.validate', ['text'], (args) => [FORM.test(args.string(0))]),
  },
};
