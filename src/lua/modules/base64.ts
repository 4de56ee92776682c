/** `base64`: RFC 4648, with padding; strings of any bytes. */
import { fromBase64, toBase64 } from '../../core/payload.js';
import { type LuaModule, ModuleAccess, Use } from '../module.js';
import { fn } from './args.js';

const FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

export const base64Module: LuaModule = {
  name: 'base64',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    encode: fn('base64.encode', ['data'], (args) => [toBase64(args.bytes(0))]),
    /** Takes text with and without padding. */
    decode: fn('base64.decode', ['text'], (args) => {
      const text = args.string(0);
      return FORM.test(text) ? [fromBase64(text)] : args.fail(0, 'must be base64 text');
    }),
  },
};
