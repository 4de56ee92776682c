import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../../src/core/errors.js';
import { evaluate, start } from '../../support/modules.js';

/** An error's kind, message, retryable and details. */
const shown = (expression: string) =>
  evaluate(`local e = ${expression}
    return { e:kind(), e:message(), tostring(e:retryable()), e:details() or "none" }`);

describe('errors.new', () => {
  it('makes an error of kind UNKNOWN, about which nobody knows whether to retry', () => {
    expect(shown('errors.new("boom")')).toEqual(['UNKNOWN', 'boom', 'nil', 'none']);
  });

  it('takes a kind, however it is spelled', () => {
    expect(shown('errors.new("TIMEOUT", "slow")')).toEqual(['TIMEOUT', 'slow', 'true', 'none']);
    expect(shown('errors.new("NotFound", "gone")')).toEqual(['NOT_FOUND', 'gone', 'false', 'none']);
    expect(evaluate('return errors.new(errors.RATE_LIMITED, "easy"):kind()')).toBe('RATE_LIMITED');
  });

  it('takes a table of its fields', () => {
    const table = '{kind = "internal", message = "m", retryable = true, details = {code = 7}}';
    expect(shown(`errors.new(${table})`)).toEqual(['INTERNAL', 'm', 'true', { code: 7 }]);
    expect(shown('errors.new{message = "m", details = {}}')).toEqual([
      'UNKNOWN',
      'm',
      'nil',
      'none',
    ]);
  });

  it('keeps a kind that is none of the set as text', () => {
    expect(evaluate('return tostring(errors.new("BadDay", "rain"))')).toBe('BadDay: rain');
  });

  it('gives an error whatever it gets, so that it stays a failure when returned', () => {
    for (const given of ['', 'nil', '{}', 'print', '{message = "m", details = {f = print}}']) {
      const host = start(`return nil, errors.new(${given})`);
      expect(host.error).not.toBeNull();
    }
  });

  it('knows where it was made', () => {
    expect(evaluate('return errors.new("x"):stack()')).toContain('test.lua:1');
  });
});

describe('errors.wrap', () => {
  it('puts context in front of the text and changes nothing else', () => {
    const wrapped = `errors.wrap(errors.new{kind = "CONFLICT", message = "taken", retryable = true,
      details = {id = 1}}, "saving order")`;
    expect(shown(wrapped)).toEqual(['CONFLICT', 'taken', 'true', { id: 1 }]);
    expect(evaluate(`return tostring(errors.wrap(${wrapped}, "checkout"))`)).toBe(
      'checkout: saving order: taken',
    );
  });

  it('makes an error of a text, and nothing of nothing', () => {
    expect(evaluate('return tostring(errors.wrap("boom", "here"))')).toBe('here: boom');
    expect(evaluate('return errors.wrap(nil, "here") == nil')).toBe(true);
  });
});

describe('an error value', () => {
  it('is a userdata whose text joins with strings', () => {
    expect(evaluate('return type(errors.new("x")) .. ": " .. errors.new("boom")')).toBe(
      'userdata: boom',
    );
  });

  it('can be told by kind', () => {
    expect(
      evaluate(`local e = errors.new("TIMEOUT", "slow")
        return { errors.is(e, errors.TIMEOUT), errors.is(e, "not_found"), errors.is("TIMEOUT", "TIMEOUT") }`),
    ).toEqual([true, false, false]);
  });

  it('ends main as its second result, the same kind on the other side', () => {
    const { error } = start(
      'return "ignored", errors.new{kind = "CONFLICT", message = "m", details = {a = 1}}',
    );
    expect(error).toMatchObject({ kind: 'CONFLICT', message: 'm', details: { a: 1 } });
  });

  it('of TypeScript shows the same fields in Lua', () => {
    const host = start(`local _, err = funcs.call("app:f")
      return { err:kind(), err:message(), err:retryable(), err:details().code, tostring(err) }`);
    host.answer(
      null,
      new PerdureError('UNAVAILABLE', 'down', { details: { code: 3 } }).wrap('charging'),
    );
    expect(host.value).toEqual(['UNAVAILABLE', 'down', true, 3, 'charging: down']);
  });

  it('stands for its fields inside a payload', () => {
    expect(evaluate('return { problem = errors.new("INVALID", "bad") }')).toMatchObject({
      problem: { kind: 'INVALID', message: 'bad', retryable: false },
    });
  });
});
