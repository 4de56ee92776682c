import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../../src/core/errors.js';
import { evaluate, refusal, start } from '../../support/modules.js';

const failure = new PerdureError('UNAVAILABLE', 'bank is closed');

describe('funcs.call', () => {
  it('passes any number of values on and gives what the function returned', () => {
    const host = start('return funcs.call("app:charge", { amount = 5 }, "eur")', {
      context: { tenant: 't1' },
    });
    expect(host.requests).toEqual([
      {
        op: 'call',
        call: {
          entry: 'app:charge',
          values: [{ amount: 5 }, 'eur'],
          context: { tenant: 't1' },
          options: {},
        },
      },
    ]);
    expect(host.answer({ id: 'p1' }).value).toEqual({ id: 'p1' });
  });

  it('gives nil and the error of the function', () => {
    const host = start(`local result, err = funcs.call("app:charge")
      return { tostring(result), err:kind(), err:retryable(), err:message() }`);
    expect(host.answer(null, failure).value).toEqual([
      'nil',
      'UNAVAILABLE',
      true,
      'bank is closed',
    ]);
  });

  it('refuses an entry that is no string', () => {
    expect(refusal('funcs.call()')).toMatch(/^INVALID: funcs.call: argument 1 \(entry\)/);
    expect(refusal('funcs.call("app:f", print)')).toMatch(/payload: a function/);
  });
});

describe('an executor', () => {
  it('adds context and options, and never changes', () => {
    const host = start(
      `local base = funcs.new()
      local own = base:with_context({ user = "u" }):with_options({
        ["activity.retry_policy"] = { maximum_attempts = 1 },
        ["temporal.activity.id"] = "a1",
      })
      own:call("app:f", 1)
      base:call("app:g")`,
      { context: { tenant: 't' }, onAsk: () => ({ value: null, ok: true, error: null }) },
    );
    expect(host.requests).toMatchObject([
      {
        call: {
          context: { tenant: 't', user: 'u' },
          options: {
            'temporal.activity.retry_policy': { maximum_attempts: 1 },
            'temporal.activity.id': 'a1',
          },
        },
      },
      { call: { context: { tenant: 't' }, options: {} } },
    ]);
  });
});

describe('a future', () => {
  const pending = `local f = funcs.async("app:slow", 1)
    local function state()
      local result, err = f:result()
      local problem, failed = f:error()
      return { f:is_complete(), f:is_canceled(), tostring(result and result:data()),
        tostring(err), tostring(problem), failed }
    end`;

  it('is nothing while pending, and does not hold the caller up', () => {
    expect(evaluate(`${pending} return state()`)).toEqual([
      false,
      false,
      'nil',
      'nil',
      'nil',
      false,
    ]);
  });

  it('holds a payload once it is there', () => {
    const host = start(`${pending} process.inbox():receive() return state()`);
    host.answer('done').send('go');
    expect(host.value).toEqual([true, false, 'done', 'nil', 'nil', false]);
  });

  it('holds the error of a call that failed', () => {
    const host = start(`${pending} process.inbox():receive() return state()`);
    host.answer(null, failure).send('go');
    expect(host.value).toEqual([true, false, 'nil', 'bank is closed', 'bank is closed', true]);
  });

  it('delivers a payload to its channel, and an error as itself with ok', () => {
    const body = `local f = funcs.async("app:slow")
      local got, ok = f:response():receive()
      return { ok, f:channel() == f:response(), pcall(function() return got:data() end) and got:data() or got:kind() }`;
    expect(start(body).answer({ a: 1 }).value).toEqual([true, true, { a: 1 }]);
    expect(start(body).answer(null, failure).value).toEqual([true, true, 'UNAVAILABLE']);
  });

  it('runs while others do, and can be selected over', () => {
    const host = start(`local a, b = funcs.async("app:a"), funcs.async("app:b")
      local order = {}
      for _ = 1, 2 do
        local r = channel.select{ a:response():case_receive(), b:response():case_receive() }
        table.insert(order, r.value:data())
      end
      return order`);
    expect(host.requests).toHaveLength(2);
    const [first, second] = [...host.asked.keys()];
    host.kernel.answer(second as number, { value: 'b', ok: true, error: null });
    host.kernel.run();
    host.kernel.answer(first as number, { value: 'a', ok: true, error: null });
    host.kernel.run();
    expect(host.value).toEqual(['b', 'a']);
  });

  it('can be cancelled: the call is given up and the result says canceled', () => {
    const host = start(`${pending}
      f:cancel()
      local seen = state()
      table.insert(seen, f:response():receive():kind())
      table.insert(seen, f:cancel())
      return seen`);
    expect(host.value).toEqual([
      true,
      true,
      'nil',
      'the call was canceled',
      'the call was canceled',
      true,
      'CANCELED',
      false,
    ]);
    expect(host.abandoned).toEqual([1]);
  });

  it('that is there already stays what it is when cancelled', () => {
    const host = start(`${pending} process.inbox():receive() f:cancel() return state()`);
    host.answer('done').send('go');
    expect(host.value).toEqual([true, false, 'done', 'nil', 'nil', false]);
  });

  it('goes through the executor with its options', () => {
    const host = start(`funcs.new():with_options({ ["activity.id"] = "x" }):async("app:f")
      process.inbox():receive()`);
    expect(host.requests).toMatchObject([{ call: { options: { 'temporal.activity.id': 'x' } } }]);
  });
});
