import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ErrorKind, PerdureError } from '../../../src/core/errors.js';
import { temporalWorld, type World } from '../../support/temporal-world.js';

const call = `
  local funcs = require("funcs")
  return function(name, ...)
    local value, err = funcs.call(name, ...)
    if err then
      return { kind = err:kind(), message = err:message(), retryable = err:retryable(), details = err:details() }
    end
    return { value = value }
  end`;

const workflows = {
  call,
  with_options: `
    local funcs = require("funcs")
    return function(name, options)
      local value, err = funcs.new():with_options(options):call(name)
      return { value = value, kind = err and err:kind(), message = err and err:message() }
    end`,
  context: `
    local funcs = require("funcs")
    return function() return funcs.new():with_context({ more = 2 }):call("app:context") end`,
  many: `
    local funcs = require("funcs")
    return function()
      local sum = 0
      local done = channel.new(10)
      for i = 1, 10 do
        coroutine.spawn(function() done:send(funcs.call("app:double", i)) end)
      end
      for _ = 1, 10 do sum = sum + done:receive() end
      return sum
    end`,
};

describe('a function called by a workflow', () => {
  let world: World;
  const attempts = new Map<string, number>();
  const failing = (kind: ErrorKind, retryable?: boolean) => () => {
    attempts.set(kind, (attempts.get(kind) ?? 0) + 1);
    throw new PerdureError(kind, `it is ${kind}`, { retryable, details: { n: [1, 'two'] } });
  };

  beforeAll(async () => {
    world = await temporalWorld({
      workflows,
      functions: ['plain'],
      activities: {
        double: {},
        quick: { local: true },
        quick_fails: { local: true },
        echo: {},
        not_found: {},
        nobody_knows: {},
        context: {},
        flaky: { options: { retryPolicy: { initialIntervalMs: 1 } } },
      },
    });
    const { functions } = world.node;
    functions.set('app:double', ({ values }) => Number(values[0]) * 2);
    functions.set('app:quick', ({ values }) => `quick ${values[0]}`);
    functions.set('app:quick_fails', failing(ErrorKind.CONFLICT));
    functions.set('app:echo', ({ values }) => [...values]);
    functions.set('app:not_found', failing(ErrorKind.NOT_FOUND));
    functions.set('app:nobody_knows', failing(ErrorKind.UNKNOWN));
    functions.set('app:context', ({ context, parent }) => ({ context, parent }));
    let flaky = 0;
    functions.set('app:flaky', () => {
      if (++flaky < 3) throw new PerdureError(ErrorKind.UNAVAILABLE, 'not yet');
      return flaky;
    });
  });
  afterAll(() => world.close());

  it('gives its result', async () => {
    expect((await world.run('call', ['app:double', 21])).value).toEqual({ value: 42 });
  });

  it('takes and gives every value', async () => {
    const values = [new Uint8Array([254, 1]), Number.POSITIVE_INFINITY, { a: [] }];
    const { value } = await world.run('call', ['app:echo', ...values]);
    expect(value).toEqual({ value: values });
  });

  it('gives the error it returned, whole, and at once when retrying cannot help', async () => {
    expect((await world.run('call', ['app:not_found'])).value).toEqual({
      kind: 'NOT_FOUND',
      message: 'it is NOT_FOUND',
      retryable: false,
      details: { n: [1, 'two'] },
    });
    expect(attempts.get('NOT_FOUND')).toBe(1);
  });

  it('is not tried again when its error says nothing of it and the call names no policy', async () => {
    const { value } = await world.run('call', ['app:nobody_knows']);
    expect(value).toMatchObject({ kind: 'UNKNOWN' });
    expect(attempts.get('UNKNOWN')).toBe(1);
  });

  it('is tried again as the policy says when its error says nothing of it', async () => {
    attempts.delete('UNKNOWN');
    const options = {
      'activity.retry_policy': { maximum_attempts: 3, initial_interval: 1, backoff_coefficient: 1 },
    };
    const { value } = await world.run('with_options', ['app:nobody_knows', options]);
    expect(value).toMatchObject({ kind: 'UNKNOWN' });
    expect(attempts.get('UNKNOWN')).toBe(3);
  });

  it('is tried again when its error may pass', async () => {
    expect((await world.run('call', ['app:flaky'])).value).toEqual({ value: 3 });
  });

  it('runs in the workflow worker itself when it is local', async () => {
    const pid = await world.spawn('call', ['app:quick', 'and near']);
    expect((await world.exitOf(pid)).value).toEqual({ value: 'quick and near' });
    const id = pid.slice('{app:worker|'.length, -1);
    const { events } = await world.client.client.workflow.getHandle(id).fetchHistory();
    expect(events?.some((e) => e.activityTaskScheduledEventAttributes != null)).toBe(false);
    expect(events?.some((e) => e.markerRecordedEventAttributes != null)).toBe(true);
  });

  it('gives its error when it is local', async () => {
    expect((await world.run('call', ['app:quick_fails'])).value).toMatchObject({
      kind: 'CONFLICT',
      details: { n: [1, 'two'] },
    });
  });

  it('that is no activity is an error that says what is missing', async () => {
    const { value } = await world.run('call', ['app:plain']);
    expect(value).toMatchObject({ kind: 'INVALID' });
    expect((value as { message: string }).message).toContain('meta.temporal.activity');
  });

  it('that is unknown is NOT_FOUND', async () => {
    expect((await world.run('call', ['app:nobody'])).value).toMatchObject({ kind: 'NOT_FOUND' });
  });

  it('inherits the context, and knows who called', async () => {
    const pid = await world.spawn('context', [], { context: { user: 'u' } });
    expect((await world.exitOf(pid)).value).toEqual({
      context: { user: 'u', more: 2 },
      parent: pid,
    });
  });

  it('refuses an option that is unknown or wrong', async () => {
    const { value } = await world.run('with_options', ['app:double', { 'activity.idd': 1 }]);
    expect(value).toMatchObject({ kind: 'INVALID' });
  });

  it('can be called many times at once', async () => {
    expect((await world.run('many')).value).toBe(110);
  });
});
