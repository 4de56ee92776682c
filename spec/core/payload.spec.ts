import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Budget } from '../../src/core/budget.js';
import {
  copyValue,
  decodeValue,
  encodeValue,
  fromBase64,
  MAX_PAYLOAD_BYTES,
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

  it('is at most as large as its encoding may be, however often its parts are shared', () => {
    let shared: unknown = [1];
    for (let i = 0; i < 40; i++) shared = [shared, shared];
    const tooLarge = expect.objectContaining({
      kind: 'INVALID',
      message: expect.stringContaining('payload has more than 2097152 bytes, the limit'),
    });
    for (const value of [
      shared,
      'x'.repeat(MAX_PAYLOAD_BYTES),
      { ['k'.repeat(MAX_PAYLOAD_BYTES)]: 1 },
      new Uint8Array(MAX_PAYLOAD_BYTES),
      new Array(MAX_PAYLOAD_BYTES).fill(1),
    ]) {
      expect(() => copyValue(value)).toThrow(tooLarge);
    }
  });

  it('is never refused for its size where its encoding fits', () => {
    const room = MAX_PAYLOAD_BYTES;
    for (const value of [
      'x'.repeat(room - 2),
      new Array((room - 2) / 2).fill(1),
      new Array((room - 3) >> 2).fill('x'),
      Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`${i}`, [i, '']])),
    ]) {
      expect(JSON.stringify(value).length).toBeLessThanOrEqual(room);
      expect(() => copyValue(value)).not.toThrow();
    }
    fc.assert(
      fc.property(values, (value) => {
        const size = Buffer.byteLength(encodeValue(value).json);
        expect(() => new Budget('payload', size).takeValue(value)).not.toThrow();
      }),
    );
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
