import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/core/duration.js';
import { isPerdureError, PerdureError, parseErrorKind } from '../../src/core/errors.js';
import { formatPid, isPid, parsePid } from '../../src/core/pid.js';
import { Queue } from '../../src/core/queue.js';

describe('a PID', () => {
  it('comes apart into what it was made of, whatever the id contains', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9:._-]{0,10}$/);
    const id = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(word, id, fc.option(word, { nil: undefined }), (host, id, node) => {
        expect(parsePid(formatPid(host, id, node))).toEqual({ node, host, id });
      }),
    );
  });

  it.each(['', '{}', '{app:w}', '{|x}', '{app:w|}', 'app:w|x', '{@app:w|x}', '{a@b@c|x}'])(
    'is not %p',
    (text) => expect(isPid(text)).toBe(false),
  );
});

describe('a duration', () => {
  it.each([
    ['1h30m', 5_400_000],
    ['100ms', 100],
    ['1.5s', 1500],
    ['-2m', -120_000],
    ['1d', 86_400_000],
    ['250us', 0.25],
    ['0', 0],
  ])('%p is %p ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', 'h', '1x', '1h ', '1 h', 'ms', '1h30'])('is not %p', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is printed without exponents, down to nanoseconds', () => {
    expect(formatDuration(60_000.000005)).toBe('1m0.000000005s');
    expect(formatDuration(0.0000012)).toBe('1.2ns');
  });

  it('is read back from how it is printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
      }),
    );
  });
});

describe('an error', () => {
  it('keeps everything on its way through plain data', () => {
    const error = new PerdureError('NOT_FOUND', 'order not found: 7', {
      details: { order: 7 },
      retryable: true,
      trace: 'order.lua:3',
    }).wrap('loading');
    const back = PerdureError.fromData(JSON.parse(JSON.stringify(error)));
    expect(back.toData()).toEqual(error.toData());
    expect(back.text).toBe('loading: order not found: 7');
    expect(back.message).toBe('order not found: 7');
    expect(isPerdureError(back)).toBe(true);
  });

  it('says by its kind whether trying again may help, unless told otherwise', () => {
    expect(new PerdureError('TIMEOUT', '').retryable).toBe(true);
    expect(new PerdureError('UNKNOWN', '').retryable).toBeUndefined();
    expect(new PerdureError('INVALID', '').retryable).toBe(false);
    expect(new PerdureError('INVALID', '', { retryable: true }).retryable).toBe(true);
  });

  it('takes kinds without regard to case and underscores', () => {
    expect(parseErrorKind('NotFound')).toBe('NOT_FOUND');
    expect(parseErrorKind('rate-limited')).toBe('RATE_LIMITED');
    expect(parseErrorKind('nope')).toBeUndefined();
  });

  it('makes anything that was thrown an error with a kind', () => {
    expect(PerdureError.from('x')).toMatchObject({ kind: 'INTERNAL', message: 'x' });
    expect(PerdureError.from(undefined).message).toBe('thrown: undefined');
    const original = new PerdureError('CONFLICT', 'x');
    expect(PerdureError.from(original)).toBe(original);
  });
});

describe('a queue', () => {
  it('behaves as a list does, through any program of pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer()), { maxLength: 300 }), (program) => {
        const queue = new Queue<number>();
        const model: number[] = [];
        for (const step of program) {
          if (step === null) expect(queue.shift()).toBe(model.shift());
          else model.push(step) && queue.push(step);
          expect(queue.length).toBe(model.length);
        }
        expect(queue.extract((n) => n % 2 === 0)).toEqual(model.filter((n) => n % 2 === 0));
        expect(queue.toArray()).toEqual(model.filter((n) => n % 2 !== 0));
      }),
    );
  });
});
