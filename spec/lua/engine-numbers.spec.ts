import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Value } from '../../src/core/payload.js';
import { Budget } from '../../src/lua/engine.js';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { formatNumber, parseNumber } from '../../src/lua/fengari/numerals.js';
import { evalLua, startLua } from '../support/lua.js';

const MAX = 2 ** 53;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whole numbers, with those near the borders of 32 and 53 bits more often than chance has it. */
const whole = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(2 ** 31, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 32 - 1, MAX, MAX - 1, -MAX),
);
const float = fc.double({ noNaN: true, noDefaultInfinity: true });
const any = fc.oneof(whole, float);

/** More of them where the soak asks for more. The seed is in the names, so that a failure can be run again. */
const RUNS = { numRuns: Number(process.env.PERDURE_PROPERTY_RUNS) || 1500, seed: 20_240_531 };

describe(`numbers against JavaScript's doubles (seed ${RUNS.seed})`, () => {
  const engine = fengariEngine([]);
  const lua = (body: string, ...values: Value[]): Value => evalLua(body, { engine, values });

  it('adds, subtracts, multiplies and compares as doubles do', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        const found = lua(
          'local a, b = ... return { a + b, a - b, a * b, a < b, a <= b, a == b, a > b, a ~= b, -a }',
          a,
          b,
        );
        const zero = (n: number): number => n + 0;
        expect(found).toEqual([
          zero(a + b),
          zero(a - b),
          zero(a * b),
          a < b,
          a <= b,
          a === b,
          a > b,
          a !== b,
          zero(-a),
        ]);
      }),
      RUNS,
    );
  });

  it('divides whole numbers as Lua does: // rounds down, % has the sign of the divisor', () => {
    fc.assert(
      fc.property(
        whole,
        whole.filter((n) => n !== 0),
        (a, b) => {
          const [quotient, rest] = lua(
            'local a, b = ... return { a // b, a % b }',
            a,
            b,
          ) as number[];
          const A = BigInt(a);
          const B = BigInt(b);
          const floor = A / B - (A % B !== 0n && A < 0n !== B < 0n ? 1n : 0n);
          expect(BigInt(quotient ?? Number.NaN)).toBe(floor);
          expect(BigInt(rest ?? Number.NaN)).toBe(A - floor * B);
        },
      ),
      RUNS,
    );
  });

  it('reads back what tostring wrote', () => {
    fc.assert(
      fc.property(any, (n) => {
        expect(lua('local n = ... return tonumber(tostring(n)) == n', n)).toBe(true);
        expect(parseNumber(encode(formatNumber(n)))).toBe(n + 0);
        expect(lua(`return ${n < 0 ? `-(${formatNumber(-n)})` : formatNumber(n)}`)).toBe(n + 0);
      }),
      RUNS,
    );
  });

  it('does bit operations in 64 bits, and refuses what a double cannot hold', () => {
    const operators = ['&', '|', '~'] as const;
    fc.assert(
      fc.property(whole, whole, fc.constantFrom(...operators), (a, b, op) => {
        const A = BigInt(a);
        const B = BigInt(b);
        const wide = op === '&' ? A & B : op === '|' ? A | B : A ^ B;
        const exact = BigInt.asIntN(64, wide);
        const host = startLua(`return function(a, b) return a ${op} b end`, {
          engine,
          values: [a, b],
        });
        if (BigInt(Number(exact)) === exact) expect(host.value).toBe(Number(exact));
        else expect(host.error?.message).toContain('no exact integer representation');
      }),
      RUNS,
    );
  });

  it('shifts in 64 bits', () => {
    fc.assert(
      fc.property(whole, fc.integer({ min: -70, max: 70 }), (a, by) => {
        const bits = BigInt.asUintN(64, BigInt(a));
        const wide = by >= 0 ? bits << BigInt(by) : bits >> BigInt(-by);
        const exact = BigInt.asIntN(64, wide);
        const host = startLua('return function(a, by) return a << by end', {
          engine,
          values: [a, by],
        });
        if (BigInt(Number(exact)) === exact) expect(host.value).toBe(Number(exact));
        else expect(host.error?.message).toContain('no exact integer representation');
      }),
      RUNS,
    );
  });

  it('formats %d and %x exactly', () => {
    fc.assert(
      fc.property(whole, (n) => {
        expect(lua('return string.format("%d %x", ...)', n, n)).toBe(
          `${n + 0} ${BigInt.asUintN(64, BigInt(n)).toString(16)}`,
        );
      }),
      RUNS,
    );
  });
});

describe('whole numbers', () => {
  it.each([
    ['100000 * 100000', 10_000_000_000],
    ['2^53', MAX],
    ['9007199254740991 + 1', MAX],
    ['1700000000 * 1000', 1_700_000_000_000],
    ['0xFFFFFFFF', 4_294_967_295],
    ['0xFFFFFFFF + 1', 4_294_967_296],
    ['"10" * "20"', 200],
    ['"0x10" + 0', 16],
    ['10 // 3', 3],
    ['-10 // 3', -4],
    ['-10 % 3', 2],
    ['10 % -3', -2],
    ['5.5 // 2', 2],
    ['7 / 2', 3.5],
    ['1 << 40', 2 ** 40],
    ['1 << 62', 2 ** 62],
    ['0xFF00000000 >> 32', 255],
    ['~0', -1],
    ['~0xFF & 0xFFFF', 0xff00],
    ['3 | 2^40', 2 ** 40 + 3],
    ['"3" | 4', 7],
    ['"1" << "40"', 2 ** 40],
    ['10000000000000000000000000000001 * 0', 0],
    ['100000000000000000000000000000001 * 0', 0],
    ['#("x"):rep(3000000000 // 1000000)', 3000],
    ['select("#", 1, 2, 3) * 1000000000', 3_000_000_000],
    ['#"abc" * 1000000000', 3_000_000_000],
    ['#{1, 2, 3} * 1000000000', 3_000_000_000],
    ['("abc"):len() * 1000000000', 3_000_000_000],
    ['math.floor(3.7e10 + 0.5)', 37_000_000_000],
    ['math.ceil(1e10 + 0.5)', 10_000_000_001],
    ['math.maxinteger', MAX - 1],
    ['math.mininteger', 1 - MAX],
    ['tonumber("7fffffffffff", 16)', 0x7fffffffffff],
    ['tonumber("  12  ")', 12],
    ['tonumber("1e3")', 1000],
    ['tonumber("0x1p4")', 16],
    ['tonumber("zz", 36)', 1295],
    ['math.tointeger("8")', 8],
    ['math.tointeger(3.0)', 3],
    ['math.abs(-5)', 5],
    ['math.max(1, 3000000000, 2)', 3_000_000_000],
    ['utf8.codepoint("😀") * 100000', 12_851_200_000],
    ['string.byte("a") * 100000000', 9_700_000_000],
  ])('%s is %d', (expression, expected) => {
    expect(evalLua(`return ${expression}`)).toBe(expected);
  });

  it.each([
    ['1e15', '1000000000000000'],
    ['2^53 - 1', '9007199254740991'],
    ['2^53', '9.007199254740992e+15'],
    ['2^63', '9.223372036854776e+18'],
    ['1e100', '1e+100'],
    ['0.1', '0.1'],
    ['1/3', '0.3333333333333333'],
    ['0.1 + 0.2', '0.30000000000000004'],
    ['1e-5', '1e-05'],
    ['10 / 2', '5'],
    ['3.0', '3'],
    ['-0.0', '0'],
    ['0 * -1', '0'],
    ['1/0', 'inf'],
    ['-1/0', '-inf'],
    ['0/0', 'nan'],
    ['100 .. ""', '100'],
    ['1.5 .. "|" .. 2', '1.5|2'],
    ['table.concat({1, 2.5, 3000000000}, ",")', '1,2.5,3000000000'],
    ['string.format("%s", 3.0)', '3'],
    ['string.format("%5d|%-5d|%05d", 42, 42, -42)', '   42|42   |-0042'],
    ['string.format("%5.2f|%e|%g", 3.14159, 12345.678, 0.0001)', ' 3.14|1.234568e+04|0.0001'],
    ['string.format("%g %g %g", 1e20, 100, 1.5)', '1e+20 100 1.5'],
    ['string.format("%x %X %#x %o", 255, 255, 255, 8)', 'ff FF 0xff 10'],
    ['string.format("%d", "3")', '3'],
    ['string.format("%.3s|%5s|%-5s|", "abcdef", "ab", "ab")', 'abc|   ab|ab   |'],
    ['string.format("%q", "a\\n\\"b\\0")', '"a\\\n\\"b\\0"'],
    ['string.format("%%%c", 65)', '%A'],
    ['string.format("%a", 0.5)', '0x1p-1'],
    ['string.format("%i %u", 3000000000, 3000000000)', '3000000000 3000000000'],
  ])('tostring(%s) is %s', (expression, expected) => {
    expect(evalLua(`return tostring(${expression})`)).toBe(expected);
  });

  it('knows integers from floats', () => {
    expect(
      evalLua(
        'return { math.type(1), math.type(1.5), math.type(2^53 - 1), math.type(2^53), math.type(1e3) }',
      ),
    ).toEqual(['integer', 'float', 'integer', 'float', 'integer']);
    expect(evalLua('return math.type("1") == nil')).toBe(true);
  });

  it('is one key of a table whether written 1 or 1.0', () => {
    expect(
      evalLua('local t = {} t[1] = "a" t[1.0] = "b" t[2^53] = "c" return t[1] .. t[2^53]'),
    ).toBe('bc');
  });

  it('reads a NaN key as nil and refuses to write one', () => {
    expect(evalLua('local t = {} return t[0/0] == nil and not pcall(rawset, t, 0/0, 1)')).toBe(
      true,
    );
  });

  it.each([
    ['math.maxinteger - 1, math.maxinteger', 2],
    ['math.mininteger, math.mininteger + 1', 2],
    ['math.mininteger + 1, math.mininteger, -1', 2],
    ['2^53, 2^54, 2^52', 3],
  ])('a loop over %s ends', (range, times) => {
    expect(
      evalLua(`local n = 0 for i = ${range} do n = n + 1 if n > 9 then break end end return n`),
    ).toBe(times);
  });

  it.each(['2^53 - 1, 2^53 + 4', '10, 1, 0', '1e18, 2e18', 'math.huge, math.huge'])(
    'a loop over %s, whose index cannot move on, is an error and not endless',
    (range) => {
      const host = startLua(`return function() for i = ${range} do end end`, {
        budget: new Budget(3_000_000),
      });
      expect(host.error).toMatchObject({
        kind: 'INVALID',
        message: expect.stringContaining('loop stuck at'),
      });
    },
  );

  it('counts loops past 32 bits, down, and in fractions', () => {
    expect(
      evalLua(`
        local out = {}
        for i = 2^31 - 1, 2^31 + 1 do out[#out + 1] = i end
        for i = 3, 1, -1 do out[#out + 1] = i end
        for i = 1, 2, 0.5 do out[#out + 1] = i end
        for i = 1, 0 do out[#out + 1] = "never" end
        return out`),
    ).toEqual([2147483647, 2147483648, 2147483649, 3, 2, 1, 1, 1.5, 2]);
  });

  it('refuses a bit operation on a fraction', () => {
    expect(startLua('return function() return 1.5 | 1 end').error?.message).toBe(
      'test.lua:1: number has no integer representation',
    );
    expect(startLua('return function() return {} | 1 end').error?.message).toBe(
      'test.lua:1: attempt to perform bitwise operation on a table value',
    );
  });

  it('refuses %d of a fraction', () => {
    expect(evalLua('return select(2, pcall(function() string.format("%d", 1.5) end))')).toBe(
      "test.lua:1: bad argument #2 to 'format' (number has no integer representation)",
    );
  });

  it.each(['0x', '1e', '1..2', '', ' ', 'inf', 'nan', '1 2', '0x1g', '--1', '1e+'])(
    'does not take %j for a number',
    (text) => {
      expect(evalLua('return tonumber(...) == nil', { values: [text] })).toBe(true);
    },
  );

  it('divides by zero as floats do', () => {
    expect(evalLua('return tostring(1//0) .. tostring(1%0) .. tostring(-1//0)')).toBe('infnan-inf');
  });
});
