/** Whole programs of the kind that users write, over several modules at once. */
import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../../src/core/errors.js';
import type { Signal } from '../../../src/core/signal.js';
import { Use } from '../../../src/lua/module.js';
import { succeeded } from '../../support/kernel-run.js';
import { start } from '../../support/modules.js';

const CLIENT = '{app:host|client}';

const from = (topic: string, ...values: unknown[]): Signal =>
  ({ kind: 'message', from: CLIENT, topic, values, context: null }) as Signal;

describe('an order that charges, waits and ships', () => {
  const order = `local order = ...
    local payment, err = funcs.call("app:charge", { amount = order.total })
    if err then return { status = "failed", error = tostring(err) } end
    time.sleep("1h")
    local shipment, problem = funcs.call("app:ship", { order = order.id })
    if problem then
      funcs.call("app:refund", payment.id)
      return { status = "failed", error = tostring(problem) }
    end
    return { status = "completed", payment = payment.id, tracking = shipment.tracking }`;
  const options = { use: Use.WORKFLOW, values: [{ id: 'o1', total: 10 }] };

  it('completes', () => {
    const host = start(order, options);
    host.answer({ id: 'p1' }).turn(3_600_000).answer({ tracking: 't1' });
    expect(host.value).toEqual({ status: 'completed', payment: 'p1', tracking: 't1' });
  });

  it('pays back when shipping fails', () => {
    const host = start(order, options);
    host.answer({ id: 'p1' }).turn(3_600_000);
    host.answer(null, new PerdureError('UNAVAILABLE', 'no truck')).answer(null);
    expect(host.value).toEqual({ status: 'failed', error: 'no truck' });
    expect(host.requests.at(-1)).toMatchObject({ call: { entry: 'app:refund', values: ['p1'] } });
  });
});

describe('a counter with one coroutine a topic', () => {
  it('acknowledges each change to its sender and ends when told', () => {
    const host = start(
      `local counter, done = (...).initial, false
      local function serve(topic, apply)
        coroutine.spawn(function()
          local ch = process.listen(topic, { message = true })
          while not done do
            local msg, ok = ch:receive()
            if not ok then break end
            local data = msg:payload():data()
            if type(data) ~= "table" or type(data.amount) ~= "number" then
              process.send(msg:from(), "nak", "amount must be a number")
            elseif apply(data.amount) then
              process.send(msg:from(), "ok", { value = counter })
            else
              process.send(msg:from(), "nak", "below zero")
            end
          end
        end)
      end
      serve("increment", function(n) counter = counter + n return true end)
      serve("decrement", function(n)
        if counter < n then return false end
        counter = counter - n
        return true
      end)
      local msg = process.listen("finish", { message = true }):receive()
      process.send(msg:from(), "ack")
      done = true
      return counter`,
      { values: [{ initial: 1 }], onAsk: () => succeeded(true) },
    );
    host.kernel.deliver(from('increment', { amount: 4 }));
    host.kernel.run();
    host.kernel.deliver(from('decrement', { amount: 9 }));
    host.kernel.deliver(from('increment', 'x'));
    host.kernel.run();
    host.kernel.deliver(from('finish'));
    host.kernel.run();
    expect(host.value).toBe(5);
    expect(host.requests).toMatchObject([
      { target: CLIENT, topic: 'ok', values: [{ value: 5 }] },
      { topic: 'nak', values: ['below zero'] },
      { topic: 'nak', values: ['amount must be a number'] },
      { topic: 'ack', values: [] },
    ]);
  });
});

describe('a parent of two children', () => {
  it('collects both results from its events, whichever ends first', () => {
    const pids = ['{app:worker|a}', '{app:worker|b}'];
    const host = start(
      `local payment = process.spawn("app:payment", "app:worker", { amount = 3 })
      local shipping = process.spawn("app:shipping", "app:worker", { address = "x" })
      local results = {}
      for event in process.events():iter() do
        if event.type == "EXIT" then
          if event.pid == payment then results.payment = event.result
          elseif event.pid == shipping then results.shipping = event.result end
        end
        if results.payment and results.shipping then break end
      end
      return { results.payment.value, results.shipping.error:kind() }`,
      { onAsk: () => succeeded(pids.shift() ?? null) },
    );
    const failed = new PerdureError('CONFLICT', 'no stock');
    host.kernel.deliver({
      kind: 'exit',
      from: '{app:worker|b}',
      result: { value: null, error: failed },
    });
    host.kernel.deliver({
      kind: 'exit',
      from: '{app:worker|a}',
      result: { value: 'paid', error: null },
    });
    host.kernel.run();
    expect(host.value).toEqual(['paid', 'CONFLICT']);
  });
});

describe('a wait for a message with a deadline', () => {
  const wait = `local inbox, deadline = process.inbox(), time.now():add("3m")
    while time.now() < deadline do
      local msg = inbox:receive_timeout("1m")
      if msg and msg:topic() == "paid" then return msg:payload():data() end
    end
    return nil, errors.new("TIMEOUT", "payment not received")`;

  it('gives what came in time, past messages of other topics', () => {
    const host = start(wait);
    expect(host.turn(60_000).send('other').turn(30_000).send('paid', 7).value).toBe(7);
  });

  it('fails with TIMEOUT when nothing came', () => {
    expect(start(wait).turn(180_000).error).toMatchObject({
      kind: 'TIMEOUT',
      message: 'payment not received',
    });
  });
});

describe('a collector of jobs', () => {
  it('selects between two topics until it is told to end', () => {
    const host = start(
      `local jobs, done = process.listen("add_job"), process.listen("exit")
      local results = {}
      while true do
        local r = channel.select{ jobs:case_receive(), done:case_receive() }
        if r.channel == done then break end
        if r.channel == jobs then
          local answer = funcs.call("app:echo", { job = r.value.id })
          table.insert(results, { job = r.value.id, result = answer })
        end
      end
      return { total = #results, results = results }`,
      { onAsk: () => succeeded('echo') },
    );
    host.send('add_job', { id: 1 }).send('add_job', { id: 2 }).send('exit');
    expect(host.value).toEqual({
      total: 2,
      results: [
        { job: 1, result: 'echo' },
        { job: 2, result: 'echo' },
      ],
    });
  });
});
