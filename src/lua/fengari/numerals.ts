/**
 * Numbers as Lua programs of perdure see them: doubles throughout, whole ones exact below 2^53. There is
 * no 32-bit or 64-bit integer that could wrap; what cannot be exact is an error or a float, said so.
 *
 * 1. A whole number prints without a point (`1e15` is 1000000000000000); from 2^53 on it prints with
 *    an exponent, which shows that it is no longer exact to one. Other numbers print in the fewest
 *    digits that read back as the same number, so `tonumber(tostring(x)) == x` always holds.
 * 2. Bit operators work on 64-bit two's complement, as in Lua 5.3; a result that no double holds
 *    exactly is an error, never a rounded number.
 * 3. There is one zero for programs: `-0` prints as `0`.
 */

/**
 * The largest whole number that no other one is rounded to, `math.maxinteger`: so a loop up to it ends, and
 * one more is a number of its own.
 */
export const MAX_EXACT = 2 ** 53 - 1;

const INT64_LIMIT = 2 ** 63;

/** `n` where it is whole and fits 64 bits, else false. */
export function toWhole(n: number): number | false {
  return Number.isInteger(n) && n >= -INT64_LIMIT && n < INT64_LIMIT ? n : false;
}

/** True for what `math.type` calls an integer. */
export function isExactWhole(n: number): boolean {
  return Number.isInteger(n) && n >= -MAX_EXACT && n <= MAX_EXACT;
}

export function formatNumber(n: number): string {
  if (isExactWhole(n)) return String(n);
  if (!Number.isFinite(n)) return Number.isNaN(n) ? 'nan' : n > 0 ? 'inf' : '-inf';
  const size = Math.abs(n);
  return size > MAX_EXACT || size < 1e-4 ? cExponent(n.toExponential()) : String(n);
}

/** C writes at least two digits of exponent: `1e-05`. */
export function cExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const DECIMAL = /^[ \t\v\f\n\r]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\v\f\n\r]*$/;
const HEX =
  /^[ \t\v\f\n\r]*([+-]?)0[xX](?=\.?[\da-fA-F])([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?[ \t\v\f\n\r]*$/;

/** The number that the bytes of a Lua numeral stand for (`10`, `0x1F`, `1e3`, `0x.8p1`), or null. */
export function parseNumber(bytes: Uint8Array): number | null {
  return parseDigits(bytes) ?? parseText(String.fromCharCode(...bytes.subarray(0, 400)), bytes);
}

/** The common case without a string: up to 15 decimal digits. */
function parseDigits(bytes: Uint8Array): number | null {
  if (bytes.length === 0 || bytes.length > 15) return null;
  let n = 0;
  for (const byte of bytes) {
    if (byte < 48 || byte > 57) return null;
    n = n * 10 + byte - 48;
  }
  return n;
}

function parseText(text: string, bytes: Uint8Array): number | null {
  if (bytes.length > text.length) return null;
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return Number(decimal[1]);
  const hex = HEX.exec(text);
  if (hex === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = hex;
  const digits = BigInt(`0x${whole}${fraction}`);
  const size = scale(Number(digits), Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -size : size;
}

/** n * 2^power, in two steps so that neither overflows early. */
function scale(n: number, power: number): number {
  const half = Math.trunc(power / 2);
  return n * 2 ** half * 2 ** (power - half);
}

/** `text` as a whole number in `base` (2 to 36), or null: `tonumber(text, base)`. */
export function parseInBase(text: string, base: number): number | null {
  const match = /^[ \t\v\f\n\r]*(-?)([\da-zA-Z]+)[ \t\v\f\n\r]*$/.exec(text);
  if (match === null) return null;
  let n = 0;
  for (const letter of match[2] ?? '') {
    const digit = Number.parseInt(letter, 36);
    if (digit >= base) return null;
    n = n * base + digit;
  }
  return match[1] === '-' ? -n : n;
}

/** The bit operators. */
export const BitOp = {
  AND: 'and',
  OR: 'or',
  XOR: 'xor',
  SHL: 'shl',
  SHR: 'shr',
  NOT: 'not',
} as const;
export type BitOp = (typeof BitOp)[keyof typeof BitOp];

/** The result for whole operands; null where no double holds it exactly. */
export function bitOperation(op: BitOp, a: number, b: number): number | null {
  if ((a | 0) === a && (b | 0) === b) {
    if (op === BitOp.AND) return a & b;
    if (op === BitOp.OR) return a | b;
    if (op === BitOp.XOR) return a ^ b;
    if (op === BitOp.NOT) return ~a;
  }
  const wide = BigInt.asIntN(64, wideOperation(op, BigInt(a), BigInt(b)));
  const result = Number(wide);
  return BigInt(result) === wide ? result : null;
}

function wideOperation(op: BitOp, a: bigint, b: bigint): bigint {
  switch (op) {
    case BitOp.AND:
      return a & b;
    case BitOp.OR:
      return a | b;
    case BitOp.XOR:
      return a ^ b;
    case BitOp.NOT:
      return ~a;
    case BitOp.SHL:
      return shift(a, b);
    case BitOp.SHR:
      return shift(a, -b);
  }
}

/** Shifts left by `by`, right when negative; both fill with zeros, as in Lua. */
function shift(a: bigint, by: bigint): bigint {
  if (by <= -64n || by >= 64n) return 0n;
  const bits = BigInt.asUintN(64, a);
  return by >= 0n ? bits << by : bits >> -by;
}
