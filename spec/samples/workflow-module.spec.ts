/** What a workflow knows of itself, what it shows to others, and what is safe to do in it. */
import { describe, expect, it } from '@jest/globals';
import { describeSamples, idOf } from '../support/sample-app.js';

const activities = {
  old_way: 'return function(input) return "old " .. input end',
  new_way: 'return function(input) return "new " .. input end',
  fetch: 'return function(id) return { id = id, fetched = true } end',
};

const localActivities = {
  generate_id: `
    local uuid = require("uuid")
    local function generate_id() return uuid.v4() end
    return { main = generate_id }`,
};

const workflows = {
  child: 'return function(input) return input end',
  info: `
    local workflow = require("workflow")
    return function()
      local info = workflow.info()
      print(info.workflow_id)
      print(info.task_queue)
      return {
        workflow_id = info.workflow_id, run_id = info.run_id, workflow_type = info.workflow_type,
        namespace = info.namespace, attempt = info.attempt,
        history_length = info.history_length, history_size = info.history_size,
        started_before_now = info.start_time <= time.now(),
      }
    end`,
  grows: `
    return function()
      local length, size = workflow.history_length(), workflow.history_size()
      time.sleep("1s")
      return { longer = workflow.history_length() > length, larger = workflow.history_size() > size, too_long = length > 10000 }
    end`,
  versioned: `
    return function(input)
      local version = workflow.version("payment-v2", 1, 2)
      if version == 1 then return funcs.call("app:old_way", input) end
      return funcs.call("app:new_way", input)
    end`,
  shows: `
    return function(order)
      workflow.attrs({
        search = { SampleStatus = "processing", SampleOwner = order.owner, SampleTotal = order.total },
        memo = { notes = "Priority customer", source = "web" },
      })
      process.inbox():receive()
      workflow.attrs({ search = { SampleStatus = "done" } })
      return "shown"
    end`,
  /** Everything whose results are recorded, or follow from what is. */
  safe: `
    local uuid, crypto = require("uuid"), require("crypto")
    return function(input)
      local before = time.now()
      local data = funcs.call("app:fetch", 7)
      time.sleep("1h")
      return {
        data = data, slept = time.now():sub(before):hours() >= 1, id = uuid.v4(), bytes = #crypto.random_bytes(32),
        child = workflow.exec("app:child", input), version = workflow.version("change-1", 1, 2),
        made = funcs.call("app:generate_id"),
      }
    end`,
  waits: `
    return function(pauses)
      local start = time.now()
      for _, pause in ipairs(pauses) do time.sleep(pause) end
      time.sleep(100 * time.MILLISECOND)
      time.sleep_until(start:add("48h"))
      local elapsed = time.now():sub(start)
      return { hours = elapsed:hours() // 1, exact = elapsed:milliseconds() >= 48 * 3600 * 1000 }
    end`,
  parallel: `
    return function(input)
      local queue, results = channel.new(10), channel.new(10)
      for w = 1, input.workers do
        coroutine.spawn(function()
          while true do
            local job, ok = queue:receive()
            if not ok then break end
            time.sleep(10 * time.MILLISECOND)
            results:send({ worker = w, job = job, result = job * 2 })
          end
        end)
      end
      for j = 1, input.jobs do queue:send(j) end
      queue:close()
      local total, by_worker = 0, {}
      for _ = 1, input.jobs do
        local r = results:receive()
        total = total + r.result
        by_worker[r.worker] = (by_worker[r.worker] or 0) + 1
      end
      return { total = total, by_worker = by_worker }
    end`,
};

type Fields = { readonly [name: string]: unknown };

describeSamples('in a workflow', { activities, localActivities, workflows }, (app) => {
  const run = async (name: string, ...args: never[]) => (await app().run(name, ...args)) as Fields;

  describe('workflow.info', () => {
    it('says what runs, where, and how long its history is', async () => {
      const info = await run('info');
      expect(info).toEqual({
        workflow_id: expect.any(String),
        run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        workflow_type: 'app:info',
        namespace: 'default',
        attempt: 1,
        history_length: expect.any(Number),
        history_size: expect.any(Number),
        started_before_now: true,
      });
      expect(app().printed).toEqual([info.workflow_id, 'samples']);
    });

    it('lets a workflow watch its history grow', async () => {
      expect(await run('grows')).toEqual({ longer: true, larger: true, too_long: false });
    });
  });

  describe('workflow.version', () => {
    it('lets a new run take the new way', async () => {
      expect(await app().run('versioned', 'payment')).toBe('new payment');
    });
  });

  describe('workflow.attrs', () => {
    it('makes a workflow one that can be found by what it says of itself', async () => {
      const owner = `ada-${Math.random()}`;
      const pid = await app().spawn('shows', [{ owner, total: 40 }]);
      const { workflow } = app().client.client;
      const find = async (status: string) => {
        const query = `SampleOwner = "${owner}" AND SampleStatus = "${status}" AND SampleTotal > 39`;
        const found: string[] = [];
        try {
          for await (const { workflowId } of workflow.list({ query })) found.push(workflowId);
        } catch {
          // The attributes are not known before the workflow has named them.
        }
        return found;
      };
      while ((await find('processing'))[0] !== idOf(pid));
      await app().send(pid, 'go on');
      expect(await app().end(pid)).toBe('shown');
      while ((await find('done'))[0] !== idOf(pid));
      expect((await workflow.getHandle(idOf(pid)).describe()).memo).toMatchObject({
        notes: 'Priority customer',
        source: 'web',
      });
    });
  });

  it('calls, waits, ids, random bytes, children and versions are safe', async () => {
    const made = await run('safe', { x: 1 } as never);
    expect(made).toEqual({
      data: { id: 7, fetched: true },
      slept: true,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      bytes: 32,
      child: { x: 1 },
      version: 2,
      made: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('waits of hours, minutes, seconds, milliseconds, and until a time, are timers', async () => {
    expect(await run('waits', ['24h', '5m', '30s'] as never)).toEqual({ hours: 48, exact: true });
  });

  it('coroutines share work over channels', async () => {
    const { total, by_worker } = await run('parallel', { workers: 3, jobs: 6 } as never);
    expect(total).toBe(42);
    expect(by_worker).toEqual([2, 2, 2]);
  });
});
