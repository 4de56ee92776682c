/**
 * `crypto`: random bytes and digests. In a workflow the random bytes come from the replayed generator:
 * unique, but no secrets. Make keys and tokens in an activity.
 */
import { type LuaModule, ModuleAccess, NativeFunction, Use } from '../module.js';
import { fn } from './args.js';
import { randomBytes, toHex } from './random.js';
import { hmacSha256, sha256 } from './sha256.js';

const MAX_RANDOM_BYTES = 1024 * 1024;

const random = fn('crypto.random_bytes', ['count'], (args, call) => [
  randomBytes(call.kernel, args.whole(0, 1, MAX_RANDOM_BYTES)),
]);

const hmac = fn('crypto.hmac.sha256', ['key', 'data'], (args) => [
  toHex(hmacSha256(args.bytes(0), args.bytes(1))),
]);

export const cryptoModule: LuaModule = {
  name: 'crypto',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    random_bytes: random,
    /** The digest of a string of bytes, in hex. */
    sha256: fn('crypto.sha256', ['data'], (args) => [toHex(sha256(args.bytes(0)))]),
  },
  constants: {
    random: { bytes: new NativeFunction(random) },
    hmac: { sha256: new NativeFunction(hmac) },
  },
};
