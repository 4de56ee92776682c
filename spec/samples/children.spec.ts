/** Workflows that start workflows: and wait for them, gather them, and learn how they failed. */
import { expect, it } from '@jest/globals';
import { describeSamples } from '../support/sample-app.js';

const workflows = {
  child: 'return function(input) return { got = input.message } end',
  paying: 'return function(input) return { paid = input.amount } end',
  shipping: 'return function(input) time.sleep("1m") return { to = input.address } end',
  failing:
    'return function() return nil, errors.new({ kind = "NOT_FOUND", message = "no such order", retryable = false }) end',
  executes: `
    local workflow = require("workflow")
    return function(how, entry, input)
      local result, err = workflow[how](entry, input)
      if err then return nil, err end
      return result
    end`,
  processed: `
    return function(entry, input)
      local result, err = process.exec(entry, "app:worker", input)
      if err then return { kind = err:kind(), retryable = err:retryable(), message = err:message() } end
      return result
    end`,
  /** Starts a child, does something else, and reads of its end. */
  follows: `
    return function(entry, input)
      local events = process.events()
      local pid, err = process.spawn(entry, "app:worker", input)
      if err then return { status = "spawn_failed", error = tostring(err) } end
      local event = events:receive()
      local failure = event.result.error
      return {
        is_exit = event.kind == process.event.EXIT, from_child = event.from == pid,
        value = event.result.value,
        error = failure and { kind = failure:kind(), retryable = failure:retryable(), message = failure:message() },
      }
    end`,
  /** Two children at once; both ends are read off one channel. */
  gathers: `
    return function(order)
      local paying = process.spawn("app:paying", "app:worker", { amount = order.total })
      local shipping = process.spawn("app:shipping", "app:worker", { address = order.address })
      local results = {}
      for event in process.events():iter() do
        if event.type == "EXIT" then
          if event.pid == paying then
            results.payment = event.result
          elseif event.pid == shipping then
            results.shipping = event.result
          end
        end
        if results.payment and results.shipping then break end
      end
      return { status = "completed", payment = results.payment, shipping = results.shipping }
    end`,
};

describeSamples('a workflow', { workflows }, (app) => {
  it.each(['exec', 'call'])(
    'waits for a child with workflow.%s, and passes its error on',
    async (how) => {
      expect(await app().run('executes', how, 'app:child', { message: 'hi' })).toEqual({
        got: 'hi',
      });
      await expect(app().run('executes', how, 'app:failing', {})).rejects.toMatchObject({
        kind: 'NOT_FOUND',
        text: expect.stringContaining('no such order'),
        retryable: false,
      });
    },
  );

  it('waits for a child with process.exec, and has its error in parts', async () => {
    expect(await app().run('processed', 'app:child', { message: 'hi' })).toEqual({ got: 'hi' });
    expect(await app().run('processed', 'app:failing')).toEqual({
      kind: 'NOT_FOUND',
      retryable: false,
      message: 'no such order',
    });
  });

  it('goes on beside a child, and reads of its end', async () => {
    const exit = { is_exit: true, from_child: true };
    expect(await app().run('follows', 'app:child', { message: 'hello from parent' })).toEqual({
      ...exit,
      value: { got: 'hello from parent' },
    });
    expect(await app().run('follows', 'app:failing')).toEqual({
      ...exit,
      error: { kind: 'NOT_FOUND', retryable: false, message: 'no such order' },
    });
  });

  it('is told where there is no such child', async () => {
    expect(await app().run('follows', 'app:nobody', {})).toMatchObject({
      status: 'spawn_failed',
      error: expect.stringContaining('not found'),
    });
  });

  it('gathers the ends of several, in whatever order they come', async () => {
    expect(await app().run('gathers', { total: 12, address: 'Lane 1' })).toEqual({
      status: 'completed',
      payment: { value: { paid: 12 } },
      shipping: { value: { to: 'Lane 1' } },
    });
  });
});
