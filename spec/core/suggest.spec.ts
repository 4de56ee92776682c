import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { editDistance, suggest } from '../../src/core/suggest.js';

describe('editDistance', () => {
  it('counts insertions, deletions, replacements and swaps of neighbours', () => {
    expect(editDistance('kind', 'kind')).toBe(0);
    expect(editDistance('knid', 'kind')).toBe(1);
    expect(editDistance('adress', 'address')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it('is the same both ways, and exact up to its limit', () => {
    const word = fc.stringMatching(/^[abc]{0,8}$/);
    fc.assert(
      fc.property(word, word, fc.nat(8), (a, b, limit) => {
        const exact = editDistance(a, b);
        expect(editDistance(b, a)).toBe(exact);
        expect(Math.min(editDistance(a, b, limit), limit + 1)).toBe(Math.min(exact, limit + 1));
      }),
    );
  });
});

describe('suggest', () => {
  it('names the nearest word, the first of equals, without regard to case', () => {
    expect(suggest('Requries', ['restart', 'requires', 'require'])).toBe('requires');
    expect(suggest('ab', ['ax', 'ay'])).toBe('ax');
  });

  it('names nothing where nothing is near', () => {
    expect(suggest('pool', ['meta', 'lifecycle', 'host'])).toBeUndefined();
  });
});
