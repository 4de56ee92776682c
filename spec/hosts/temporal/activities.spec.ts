import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ErrorKind, PerdureError } from '../../../src/core/errors.js';
import type { FunctionOrder } from '../../../src/hosts/temporal/index.js';
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
  futures: `
    local funcs = require("funcs")
    return function()
      local first, second = funcs.async("app:double", 1), funcs.async("app:not_found")
      local endless = funcs.async("app:endless")
      local payload, ok = first:response():receive()
      endless:cancel()
      local failure, failed = second:response():receive()
      local _, cancelled = endless:result()
      return {
        value = payload:data(), ok = ok, kind = failure:kind(), failed = failed,
        canceled = endless:is_canceled(), cancelled = cancelled:kind(),
      }
    end`,
  waits_for_cancel: `
    local funcs = require("funcs")
    return function(wait)
      local options = { ["activity.wait_for_cancellation"] = wait, ["activity.heartbeat_timeout"] = "300ms" }
      local future = funcs.new():with_options(options):async("app:last_words")
      process.inbox():receive()
      future:cancel()
      return true
    end`,
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

  const lastWords: string[] = [];
  const historyOf = async (pid: string) => {
    const handle = world.client.client.workflow.getHandle(pid.slice('{app:worker|'.length, -1));
    return (await handle.fetchHistory()).events ?? [];
  };

  /** A function that ends when the server has had a heartbeat of its activity. */
  async function untilHeartbeat({ parent }: FunctionOrder): Promise<boolean> {
    for (;;) {
      const workflowId = (parent ?? '').slice('{app:worker|'.length, -1);
      const { pendingActivities } =
        await world.client.connection.workflowService.describeWorkflowExecution({
          namespace: 'default',
          execution: { workflowId },
        });
      if (Number(pendingActivities?.[0]?.lastHeartbeatTime?.seconds ?? 0) > 0) return true;
    }
  }

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
        crashes: {},
        endless: {},
        endless_local: { local: true },
        patient: {},
        last_words: {},
        elsewhere: {},
      },
    });
    const { functions } = world.node;
    functions.set('app:double', ({ values }) => Number(values[0]) * 2);
    functions.set('app:quick', ({ values }) => `quick ${values[0]}`);
    functions.set('app:quick_fails', failing(ErrorKind.CONFLICT));
    functions.set('app:echo', ({ values }) => [...values]);
    functions.set('app:not_found', failing(ErrorKind.NOT_FOUND));
    functions.set('app:nobody_knows', failing(ErrorKind.UNKNOWN));
    functions.set('app:crashes', () => {
      attempts.set('crashes', (attempts.get('crashes') ?? 0) + 1);
      throw new TypeError('index a nil value');
    });
    const endless = ({ signal }: FunctionOrder) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    functions.set('app:endless', endless);
    functions.set('app:endless_local', endless);
    functions.set('app:patient', untilHeartbeat);
    functions.set('app:last_words', async (order) => {
      const say = (word: string) => {
        lastWords.push(`${word} ${order.parent}`);
        world.node.log('info', word, null);
      };
      say('began');
      await endless(order).catch(() => {});
      say('ended');
      return 'ended';
    });
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

  it('can be called many times at once', async () => {
    expect((await world.run('many')).value).toBe(110);
  });

  it('has every option that the call gave, before those of its entry', async () => {
    const options = {
      'activity.start_to_close_timeout': '5s',
      'temporal.activity.schedule_to_close_timeout': 30_000,
      'activity.schedule_to_start_timeout': '20s',
      'activity.heartbeat_timeout': 4000,
      'activity.id': 'the id',
      'activity.retry_policy': {
        initial_interval: '1s',
        backoff_coefficient: 3,
        maximum_interval: 10_000,
        maximum_attempts: 4,
        non_retryable_error_types: ['conflict', 'Custom'],
      },
    };
    const pid = await world.spawn('with_options', ['app:double', options]);
    await world.exitOf(pid);
    const scheduled = (await historyOf(pid)).find(
      (e) => e.activityTaskScheduledEventAttributes,
    )?.activityTaskScheduledEventAttributes;
    const seconds = (d: { seconds?: unknown } | null | undefined) => Number(d?.seconds);
    expect(scheduled?.activityId).toBe('the id');
    expect(seconds(scheduled?.startToCloseTimeout)).toBe(5);
    expect(seconds(scheduled?.scheduleToCloseTimeout)).toBe(30);
    expect(seconds(scheduled?.scheduleToStartTimeout)).toBe(20);
    expect(seconds(scheduled?.heartbeatTimeout)).toBe(4);
    expect(scheduled?.retryPolicy).toMatchObject({
      backoffCoefficient: 3,
      maximumAttempts: 4,
      nonRetryableErrorTypes: ['CONFLICT', 'Custom'],
    });
    expect(seconds(scheduled?.retryPolicy?.initialInterval)).toBe(1);
    expect(seconds(scheduled?.retryPolicy?.maximumInterval)).toBe(10);
  });

  it('goes to the task queue of the call, where nobody may be: a TIMEOUT', async () => {
    const options = {
      'activity.task_queue': `nobody-${world.node.name}`,
      'activity.schedule_to_start_timeout': 50,
    };
    const { value } = await world.run('with_options', ['app:elsewhere', options]);
    expect(value).toMatchObject({ kind: 'TIMEOUT' });
  });

  it('is not tried again for a kind that its policy excludes', async () => {
    attempts.delete('UNKNOWN');
    const options = {
      'activity.retry_policy': { initial_interval: 1, non_retryable_error_types: ['Unknown'] },
    };
    const { value } = await world.run('with_options', ['app:nobody_knows', options]);
    expect(value).toMatchObject({ kind: 'UNKNOWN' });
    expect(attempts.get('UNKNOWN')).toBe(1);
  });

  it('that crashes is INTERNAL with its message, and not tried again, whatever the policy', async () => {
    const options = { 'activity.retry_policy': { initial_interval: 1, maximum_attempts: 3 } };
    const { value } = await world.run('with_options', ['app:crashes', options]);
    expect(value).toMatchObject({ kind: 'INTERNAL', message: 'index a nil value' });
    expect(attempts.get('crashes')).toBe(1);
  });

  it.each(['app:endless', 'app:endless_local'])(
    'that takes too long is a TIMEOUT: %s',
    async (name) => {
      const options = {
        'activity.start_to_close_timeout': 100,
        'activity.retry_policy': { maximum_attempts: 1 },
      };
      const { value } = await world.run('with_options', [name, options]);
      expect(value).toMatchObject({ kind: 'TIMEOUT' });
    },
  );

  it('heartbeats for as long as it runs, by itself', async () => {
    const options = {
      'activity.heartbeat_timeout': 2000,
      'activity.retry_policy': { maximum_attempts: 1 },
    };
    const { value } = await world.run('with_options', ['app:patient', options]);
    expect(value).toMatchObject({ value: true });
  });

  it('is cancelled with its future, and the workflow waits for its end where it said so', async () => {
    for (const wait of [false, true]) {
      const pid = await world.spawn('waits_for_cancel', [wait]);
      await world.node.until(() => lastWords.find((word) => word === `began ${pid}`));
      await world.send(pid, 'go');
      await world.node.until(() => lastWords.find((word) => word === `ended ${pid}`));
      expect((await world.exitOf(pid)).value).toBe(true);
    }
  });

  it('gives a future at once: its response, its result, its cancellation', async () => {
    expect((await world.run('futures')).value).toEqual({
      value: 2,
      ok: true,
      kind: 'NOT_FOUND',
      failed: true,
      canceled: true,
      cancelled: 'CANCELED',
    });
  });

  it.each([
    ['did you mean temporal.activity.id', { 'activity.idd': 1 }],
    ['bogus', { bogus: 1 }],
    ['workflow.id is for the start of a workflow', { 'workflow.id': 'x' }],
    ['activity.heartbeat_timeout', { 'activity.heartbeat_timeout': 'often' }],
    ['activity.start_to_close_timeout', { 'activity.start_to_close_timeout': 0 }],
    ['activity.wait_for_cancellation', { 'activity.wait_for_cancellation': 'yes' }],
    ['activity.disable_eager_execution', { 'activity.disable_eager_execution': 0 }],
    ['activity.task_queue', { 'activity.task_queue': '/_sys/x' }],
    ['activity.id', { 'activity.id': 'x'.repeat(1001) }],
    ['non_retryable_error_types', { 'activity.retry_policy': { non_retryable_error_types: 'x' } }],
  ])('is not called with a wrong option, which is named: %s', async (named, options) => {
    const { value } = await world.run('with_options', ['app:double', options]);
    expect(value).toMatchObject({ kind: 'INVALID', message: expect.stringContaining(named) });
  });
});
