/** Messages to workflows and their answers: the inbox, topics, several handlers at once, and waits that end. */
import { describe, expect, it } from '@jest/globals';
import { describeSamples, idOf } from '../support/sample-app.js';

const activities = { echo: 'return function(job) return { echoed = job.data.id } end' };

const workflows = {
  approval: `
    local function settle(order) return { status = "completed", id = order.id } end
    return function(order)
      local inbox = process.inbox()
      while true do
        local msg = inbox:receive()
        local topic = msg:topic()
        local data = msg:payload():data()
        if topic == "approve" then
          break
        elseif topic == "cancel" then
          return { status = "cancelled", reason = data.reason }
        end
      end
      return settle(order)
    end`,
  jobs: `
    return function()
      local results = {}
      local jobs = process.listen("add_job")
      local exit = process.listen("exit")
      while true do
        local result = channel.select{ jobs:case_receive(), exit:case_receive() }
        if result.channel == exit then
          break
        elseif result.channel == jobs then
          local job = result.value
          local done, err = funcs.call("app:echo", { job_id = job.id, data = job })
          table.insert(results, { job_id = job.id, result = done })
        end
      end
      return { total_jobs = #results, results = results }
    end`,
  /** Two handlers beside each other, and a third that waits for the end. */
  counter: `
    return function(input)
      local counter = input.initial or 0
      local done = false
      coroutine.spawn(function()
        local more = process.listen("increment", { message = true })
        while not done do
          local msg, ok = more:receive()
          if not ok then break end
          local data, reply_to = msg:payload():data(), msg:from()
          if type(data) ~= "table" or type(data.amount) ~= "number" then
            process.send(reply_to, "nak", "amount must be a number")
          else
            process.send(reply_to, "ack")
            counter = counter + data.amount
            process.send(reply_to, "ok", { value = counter })
          end
        end
      end)
      coroutine.spawn(function()
        local less = process.listen("decrement", { message = true })
        while not done do
          local msg, ok = less:receive()
          if not ok then break end
          local data, reply_to = msg:payload():data(), msg:from()
          if counter - data.amount < 0 then
            process.send(reply_to, "nak", "would be below zero")
          else
            process.send(reply_to, "ack")
            counter = counter - data.amount
            process.send(reply_to, "ok", { value = counter })
          end
        end
      end)
      local finish = process.listen("finish", { message = true })
      local msg = finish:receive()
      process.send(msg:from(), "ack")
      process.send(msg:from(), "ok", { message = "finishing" })
      done = true
      return { final_counter = counter }
    end`,
  /** Answers one question. */
  status: `
    return function()
      local asked = process.listen("get_status", { message = true })
      local msg = asked:receive()
      process.send(msg:from(), "status_response", { status = "processing", progress = 75 })
      return process.inbox():receive():topic()
    end`,
  silent: 'return function() return process.inbox():receive():topic() end',
  pinger: `
    return function(input)
      local ok, err = process.send(input.target, "ping", { data = "hello" })
      if err then return { ok = false, error = tostring(err) } end
      return { ok = ok, received = process.listen("pong"):receive() }
    end`,
  ponger: `
    return function()
      local msg = process.listen("ping", { message = true }):receive()
      process.send(msg:from(), "pong", { data = msg:payload():data().data .. " back" })
      return "ponged"
    end`,
  /** Looks without waiting, then waits a while, then for good. */
  patient: `
    return function()
      local inbox = process.inbox()
      local first = inbox:try_receive()
      local started = time.now()
      local second, ok, err = inbox:receive_timeout("30s")
      local waited = time.now():sub(started):seconds() // 1
      local third = inbox:receive()
      local fourth = inbox:receive_timeout("30s")
      return { first = first or "none", second = second or err:kind(), waited = waited, third = third:topic(), fourth = fourth:topic() }
    end`,
  payment: `
    local function wait_for_payment(timeout)
      local inbox = process.inbox()
      local deadline = time.now():add(timeout)
      while time.now() < deadline do
        local msg = inbox:receive_timeout("1m")
        if msg and msg:topic() == "payment_received" then return msg:payload():data() end
      end
      return nil, errors.new("TIMEOUT", "payment not received")
    end
    return function(timeout) return wait_for_payment(timeout) end`,
};

const processes = {
  /** Starts a workflow and pays it at once: no time can pass between the two. */
  payer: `
    return function(payment)
      local pid = assert(process.spawn_monitored("app:payment", "app:worker", "10m"))
      process.send(pid, "looking_forward")
      process.send(pid, "payment_received", payment)
      return process.events():receive().result.value
    end`,
  /** Asks, and waits at most five seconds for the answer. */
  asker: `
    return function(workflow)
      local answers = process.listen("status_response")
      process.send(workflow, "get_status", {})
      local timeout = time.after("5s")
      local result = channel.select{ answers:case_receive(), timeout:case_receive() }
      process.send(workflow, "stop")
      if result.channel == answers then return result.value end
      return "too late"
    end`,
  /** Sends what it is told, and gathers an answer to each. */
  customer: `
    return function(workflow, orders)
      local answers = {}
      for _, order in ipairs(orders) do
        process.send(workflow, order.topic, order.data)
        local reply = process.inbox():receive()
        local text = reply:topic()
        if text == "nak" then
          text = text .. ": " .. reply:payload():data()
        else
          local ok = process.inbox():receive()
          local data = ok:payload():data()
          text = text .. ", " .. ok:topic() .. ": " .. (data.message or data.value)
        end
        table.insert(answers, text)
      end
      return answers
    end`,
};

describeSamples('talking to workflows', { activities, workflows, processes }, (app) => {
  describe('an inbox', () => {
    it('is read until a message decides', async () => {
      const approved = await app().spawn('approval', [{ id: 'o-1' }]);
      await app().send(approved, 'hurry', 'please');
      await app().send(approved, 'approve', { approved_by: 'admin', comment: 'fine' });
      expect(await app().end(approved)).toEqual({ status: 'completed', id: 'o-1' });
      const cancelled = await app().spawn('approval', [{ id: 'o-2' }]);
      await app().send(cancelled, 'cancel', { reason: 'changed my mind' });
      expect(await app().end(cancelled)).toEqual({
        status: 'cancelled',
        reason: 'changed my mind',
      });
    });

    it('can be looked into, and waited for as long as one likes', async () => {
      const pid = await app().spawn('patient');
      const handle = app().client.client.workflow.getHandle(idOf(pid));
      const timeFired = async () =>
        (await handle.fetchHistory()).events?.some((e) => e.timerFiredEventAttributes != null);
      while (!(await timeFired()));
      await app().send(pid, 'a');
      await app().send(pid, 'b');
      expect(await app().end(pid)).toEqual({
        first: 'none',
        second: 'TIMEOUT',
        waited: 30,
        third: 'a',
        fourth: 'b',
      });
    });

    it('races with a deadline', async () => {
      expect(await app().run('payer', { amount: 5 })).toEqual({ amount: 5 });
      await expect(app().run('payment', '10m')).rejects.toMatchObject({
        kind: 'TIMEOUT',
        text: 'payment not received',
      });
    });
  });

  describe('topics', () => {
    it('are chosen between, with a function called for each job', async () => {
      const pid = await app().spawn('jobs');
      for (const id of [1, 2, 3]) await app().send(pid, 'add_job', { id });
      await app().send(pid, 'exit');
      expect(await app().end(pid)).toEqual({
        total_jobs: 3,
        results: [1, 2, 3].map((id) => ({ job_id: id, result: { echoed: id } })),
      });
    });

    it('have handlers beside each other, which answer whoever asked', async () => {
      const pid = await app().spawn('counter', [{ initial: 5 }]);
      const orders = [
        { topic: 'increment', data: { amount: 3 } },
        { topic: 'increment', data: { amount: 'much' } },
        { topic: 'decrement', data: { amount: 100 } },
        { topic: 'decrement', data: { amount: 2 } },
        { topic: 'finish', data: {} },
      ];
      expect(await app().run('customer', pid, orders)).toEqual([
        'ack, ok: 8',
        'nak: amount must be a number',
        'nak: would be below zero',
        'ack, ok: 6',
        'ack, ok: finishing',
      ]);
      expect(await app().end(pid)).toEqual({ final_counter: 6 });
    });
  });

  describe('a question', () => {
    it('is answered to the process that asked', async () => {
      const pid = await app().spawn('status');
      expect(await app().run('asker', pid)).toEqual({ status: 'processing', progress: 75 });
      expect(await app().end(pid)).toBe('stop');
    });

    it('is given up after a while where nobody answers', async () => {
      const pid = await app().spawn('silent');
      expect(await app().run('asker', pid)).toBe('too late');
      expect(await app().end(pid)).toBe('get_status');
    });
  });

  it('goes from workflow to workflow, and back', async () => {
    const target = await app().spawn('ponger');
    expect(await app().run('pinger', { target })).toEqual({
      ok: true,
      received: { data: 'hello back' },
    });
    expect(await app().end(target)).toBe('ponged');
    expect(await app().run('pinger', { target })).toMatchObject({ ok: false });
  });
});
