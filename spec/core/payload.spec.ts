import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  copyValue,
  decodeValue,
  encodeValue,
  fromBase64,
  toBase64,
  type Value,
} from '../../src/core/payload.js';

const values = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('$bytes', '$map', '__proto__')),
      tie('value'),
    ),
  ) as fc.Arbitrary<Value>,
})).value;

describe('a payload', () => {
  it('comes back from its encoding as it was', () => {
    fc.assert(
      fc.property(values, (value) => {
        const { encoding, json } = encodeValue(value);
        expect(decodeValue(encoding, json)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('is plain JSON wherever JSON can say it', () => {
    const value = { list: [1, 2.5, 'x', null, true], map: { k: 'v' } };
    expect(encodeValue(value)).toEqual({ encoding: 'json/plain', json: JSON.stringify(value) });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0])('keeps %p', (n) => {
    const { encoding, json } = encodeValue([n]);
    expect(Object.is((decodeValue(encoding, json) as number[])[0], n)).toBe(true);
  });

  it('is a copy: what the sender changes later is not seen', () => {
    const sent = { items: [{ n: 1 }] };
    const copy = copyValue(sent);
    (sent.items[0] as { n: number }).n = 2;
    expect(copy).toEqual({ items: [{ n: 1 }] });
  });

  it('names the path of what cannot be sent', () => {
    const value = { items: [1, { fn: () => 1 }] };
    expect(() => copyValue(value)).toThrow(
      expect.objectContaining({
        kind: 'INVALID',
        message: expect.stringContaining('payload.items[2].fn: a function'),
      }),
    );
  });

  it('refuses cycles, objects of classes and bottomless nesting', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    let deep: unknown[] = [];
    for (let i = 0; i < 1000; i++) deep = [deep];
    expect(() => copyValue(cycle)).toThrow('payload.self: a cycle');
    expect(() => copyValue(new Date())).toThrow('an object of class Date');
    expect(() => copyValue(deep)).toThrow('nesting deeper than');
  });

  it('lets the same object stand in two places', () => {
    const shared = { n: 1 };
    expect(copyValue([shared, shared])).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it('refuses text that is not JSON with INVALID', () => {
    expect(() => decodeValue('json/plain', '{')).toThrow(
      expect.objectContaining({ kind: 'INVALID' }),
    );
  });

  it('writes base64 as everybody does', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });
});
