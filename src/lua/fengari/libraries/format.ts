/** `string.format`, on doubles: `%d` and `%x` are exact for every whole number that fits 64 bits. */
import { raiseArgument } from '../errors.js';
import { cExponent, formatNumber, isExactWhole } from '../numerals.js';
import { concatBytes, encodeText } from '../text.js';
import {
  argument,
  type LuaFunction,
  lauxlib,
  type lua_State,
  raise,
  type TString,
  type TValue,
  Type,
} from '../vm.js';
import { pushBytes, tostringBytes } from './tostring.js';

interface Spec {
  readonly flags: string;
  readonly width: number;
  /** null where none is given. */
  readonly precision: number | null;
  readonly letter: string;
}

const PERCENT = 37;
const SPEC = /^([-+ #0]*)(\d*)(?:\.(\d*))?([\s\S])/;

export const format: LuaFunction = (L) => {
  const layout = lauxlib.luaL_checkstring(L, 1);
  const parts: Uint8Array[] = [];
  let from = 0;
  let arg = 1;
  for (let at = layout.indexOf(PERCENT); at !== -1; at = layout.indexOf(PERCENT, from)) {
    parts.push(layout.subarray(from, at));
    if (layout[at + 1] === PERCENT) {
      parts.push(layout.subarray(at, at + 1));
      from = at + 2;
      continue;
    }
    const [spec, length] = parseSpec(L, layout.subarray(at + 1, at + 32));
    arg++;
    if (argument(L, arg) === undefined) raiseArgument(L, arg, 'no value');
    parts.push(item(L, spec, arg));
    from = at + 1 + length;
  }
  parts.push(layout.subarray(from));
  pushBytes(L, concatBytes(parts));
  return 1;
};

function parseSpec(L: lua_State, bytes: Uint8Array): [Spec, number] {
  const match = SPEC.exec(String.fromCharCode(...bytes));
  if (match === null) return raise(L, "invalid option '%' to 'format'");
  const [all, flags = '', width = '', precision, letter = ''] = match;
  if (flags.length > 5) return raise(L, 'invalid format (repeated flags)');
  if (width.length > 2 || (precision ?? '').length > 2) {
    return raise(L, 'invalid format (width or precision too long)');
  }
  const digits = precision === undefined ? null : Number(precision);
  return [{ flags, width: Number(width), precision: digits, letter }, all.length];
}

function item(L: lua_State, spec: Spec, arg: number): Uint8Array {
  switch (spec.letter) {
    case 'd':
    case 'i':
      return encodeText(signed(spec, wholeText(lauxlib.luaL_checkinteger(L, arg), spec)));
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return encodeText(unsigned(spec, lauxlib.luaL_checkinteger(L, arg)));
    case 'c':
      return pad(Uint8Array.of(lauxlib.luaL_checkinteger(L, arg)), spec);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      return encodeText(signed(spec, floatText(lauxlib.luaL_checknumber(L, arg), spec)));
    case 'q':
      return quoted(L, argument(L, arg) as TValue, arg);
    case 's':
      return text(tostringBytes(L, argument(L, arg) as TValue), spec);
    default:
      return raise(L, `invalid option '%${spec.letter}' to 'format'`);
  }
}

/** A number without its sign, as digits. */
interface Digits {
  readonly negative: boolean;
  readonly text: string;
  /** False for inf and nan, and where a precision says how many digits: no zeros in front then. */
  readonly zeros: boolean;
}

function wholeText(n: number, { precision }: Spec): Digits {
  const text = String(BigInt(Math.abs(n)));
  return { negative: n < 0, text: text.padStart(precision ?? 1, '0'), zeros: precision === null };
}

function signed({ flags, width }: Spec, { negative, text, zeros }: Digits): string {
  const sign = negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (flags.includes('-')) return (sign + text).padEnd(width);
  if (flags.includes('0') && zeros) return sign + text.padStart(width - sign.length, '0');
  return (sign + text).padStart(width);
}

/** Negative numbers show as 64-bit two's complement, as in Lua. */
function unsigned(spec: Spec, n: number): string {
  const { flags, letter, precision, width } = spec;
  const base = letter === 'u' ? 10 : letter === 'o' ? 8 : 16;
  const lower = BigInt.asUintN(64, BigInt(n))
    .toString(base)
    .padStart(precision ?? 1, '0');
  const prefix = flags.includes('#') && n !== 0 ? (base === 16 ? '0x' : base === 8 ? '0' : '') : '';
  const zeros = flags.includes('0') && precision === null && !flags.includes('-');
  const digits = prefix + (zeros ? lower.padStart(width - prefix.length, '0') : lower);
  const cased = letter === 'X' ? digits.toUpperCase() : digits;
  return flags.includes('-') ? cased.padEnd(width) : cased.padStart(width);
}

function floatText(n: number, spec: Spec): Digits {
  const size = Math.abs(n);
  const negative = n < 0;
  const upper = spec.letter === spec.letter.toUpperCase();
  const finite = Number.isFinite(n);
  const text = finite ? floatDigits(size, spec) : formatNumber(size);
  return { negative, text: upper ? text.toUpperCase() : text, zeros: finite };
}

function floatDigits(size: number, { letter, precision, flags }: Spec): string {
  switch (letter.toLowerCase()) {
    case 'e':
      return cExponent(size.toExponential(precision ?? 6));
    case 'f':
      return fixed(size, precision ?? 6);
    case 'g':
      return general(size, precision === 0 ? 1 : (precision ?? 6), flags.includes('#'));
    default:
      return hexFloat(size, precision);
  }
}

/** toFixed gives up at 1e21, where a number is whole, and past 100 digits, where doubles have none. */
function fixed(size: number, precision: number): string {
  if (precision > 100) return fixed(size, 100) + '0'.repeat(precision - 100);
  if (size < 1e21) return size.toFixed(precision);
  return precision === 0 ? String(BigInt(size)) : `${BigInt(size)}.${'0'.repeat(precision)}`;
}

/** C's %g: the shorter of %e and %f, without trailing zeros. */
function general(size: number, digits: number, keepZeros: boolean): string {
  const scientific = size.toExponential(digits - 1);
  const exponent = Number(scientific.slice(scientific.indexOf('e') + 1));
  if (exponent < -4 || exponent >= digits) {
    const [mantissa = '', power = ''] = scientific.split('e');
    return cExponent(`${keepZeros ? mantissa : trimZeros(mantissa)}e${power}`);
  }
  const plain = fixed(size, Math.max(0, digits - 1 - exponent));
  return keepZeros ? plain : trimZeros(plain);
}

const trimZeros = (text: string): string =>
  text.includes('.') ? text.replace(/\.?0+$/, '') : text;

/** C's %a: `0x1.8p+1`. */
function hexFloat(size: number, precision: number | null): string {
  if (size === 0) return '0x0p+0';
  let exponent = Math.floor(Math.log2(size));
  let mantissa = size / 2 ** exponent;
  if (mantissa >= 2) {
    mantissa /= 2;
    exponent++;
  } else if (mantissa < 1) {
    mantissa *= 2;
    exponent--;
  }
  const digits = precision === null ? 13 : Math.min(precision, 13);
  const scaled = BigInt(Math.round(mantissa * 16 ** digits))
    .toString(16)
    .padStart(digits + 1, '0');
  const whole = scaled.slice(0, scaled.length - digits);
  const fraction = scaled.slice(scaled.length - digits);
  const shown = precision === null ? fraction.replace(/0+$/, '') : fraction;
  return `0x${whole}${shown === '' ? '' : `.${shown}`}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function text(bytes: Uint8Array, spec: Spec): Uint8Array {
  return pad(spec.precision === null ? bytes : bytes.subarray(0, spec.precision), spec);
}

function pad(bytes: Uint8Array, { flags, width }: Spec): Uint8Array {
  if (bytes.length >= width) return bytes;
  const padded = new Uint8Array(width).fill(32);
  padded.set(bytes, flags.includes('-') ? 0 : width - bytes.length);
  return padded;
}

/** `%q`: a literal that reads back as the same value. */
function quoted(L: lua_State, value: TValue, arg: number): Uint8Array {
  switch (value.type & 0x0f) {
    case Type.STRING:
      return quotedString((value.value as TString).realstring);
    case Type.NUMBER:
      return encodeText(quotedNumber(value.value as number));
    case Type.NIL:
    case Type.BOOLEAN:
      return tostringBytes(L, value);
    default:
      return raiseArgument(L, arg, 'value has no literal form');
  }
}

function quotedNumber(n: number): string {
  if (Number.isNaN(n)) return '(0/0)';
  if (!Number.isFinite(n)) return n > 0 ? '1e9999' : '-1e9999';
  return isExactWhole(n) ? formatNumber(n) : (n < 0 ? '-' : '') + hexFloat(Math.abs(n), null);
}

const QUOTE = 34;
const BACKSLASH = 92;
const NEWLINE = 10;

function quotedString(bytes: Uint8Array): Uint8Array {
  const out: number[] = [QUOTE];
  bytes.forEach((byte, i) => {
    if (byte === QUOTE || byte === BACKSLASH || byte === NEWLINE) out.push(BACKSLASH, byte);
    else if (byte < 32 || byte === 127) out.push(...escapeOf(byte, bytes[i + 1]));
    else out.push(byte);
  });
  out.push(QUOTE);
  return Uint8Array.from(out);
}

/** Three digits where a digit follows, which would else be read as part of the escape. */
function escapeOf(byte: number, next: number | undefined): Uint8Array {
  const followed = next !== undefined && next >= 48 && next <= 57;
  return encodeText(`\\${followed ? String(byte).padStart(3, '0') : byte}`);
}
