/** Local processes that start workflows: every way to name one, what happens where it runs already, and what it is given. */
import { describe, expect, it } from '@jest/globals';
import { describeSamples, idOf } from '../support/sample-app.js';

const workflows = {
  greet: 'return function(who) return "hello " .. who.name end',
  refuse: 'return function() return nil, errors.new("CONFLICT", "not today") end',
  /** Runs until it is told to stop. */
  waiting: `return function(input)
    local msg = process.inbox():receive()
    return { input = input, stopped_by = msg:topic() }
  end`,
  counter: `return function(input)
    local total = input.initial
    local seen = {}
    while true do
      local msg = process.inbox():receive()
      if msg:topic() == "done" then return { total = total, seen = seen } end
      local amount = msg:payload():data().amount
      total = total + amount
      table.insert(seen, amount)
    end
  end`,
  context: `
    local ctx = require("ctx")
    return function()
      local missing, err = ctx.get("nothing")
      return { user = ctx.get("user"), all = ctx.all(), missing = err:kind(), called = funcs.call("app:who") }
    end`,
};

const activities = {
  who: 'return function() return { user = ctx.get("user"), all = ctx.all() } end',
};

/** What a caller sees of a spawn. */
const OUTCOME = `
  local function outcome(pid, err)
    if err then return { error = err:kind(), text = tostring(err) } end
    return { pid = pid, text = tostring(pid) }
  end
  local function exit_of()
    local event = process.events():receive()
    local failure = event.result.error
    return { is_exit = event.kind == process.event.EXIT, from = event.from, value = event.result.value,
      error = failure and failure:kind() }
  end`;

const processes = {
  plain: `${OUTCOME}
    return function(who) return outcome(process.spawn("app:greet", "app:worker", who)) end`,
  unknown: `${OUTCOME}
    return function() return outcome(process.spawn("app:nobody", "app:worker")) end`,
  monitored: `${OUTCOME}
    return function(entry, input)
      local pid = assert(process.spawn_monitored(entry, "app:worker", input))
      local exit = exit_of()
      exit.same = exit.from == pid
      exit.from = nil
      return exit
    end`,
  executed: `
    return function(entry, input)
      local value, err = process.exec(entry, "app:worker", input)
      return { value = value, error = err and err:kind(), message = err and err:message(), retryable = err and err:retryable() }
    end`,
  named: `${OUTCOME}
    return function(id)
      local spawner = process.with_options({}):with_name(id)
      local first = assert(spawner:spawn_monitored("app:waiting", "app:worker", { n = 1 }))
      local second = assert(spawner:spawn("app:waiting", "app:worker", { n = 2 }))
      process.send(first, "stop")
      local exit = exit_of()
      return { same = first == second, value = exit.value, pid = first }
    end`,
  /** Starts a workflow with these options while one with its id runs; ends both. */
  twice: `${OUTCOME}
    return function(options)
      local id = { ["temporal.workflow.id"] = options["temporal.workflow.id"] }
      local first = assert(process.with_options(id):spawn("app:waiting", "app:worker", { n = 1 }))
      local second = outcome(process.with_options(options):spawn("app:waiting", "app:worker", { n = 2 }))
      second.same = second.pid == first
      process.monitor(first)
      process.send(first, "stop")
      local exit = exit_of()
      second.pid = nil
      second.text = nil
      second.first = exit.value and exit.value.input.n
      return second
    end`,
  counting: `${OUTCOME}
    return function(id)
      local function spawner() return process.with_options({}):with_name(id) end
      local first = assert(spawner()
        :with_message("increment", { amount = 2 })
        :with_message("increment", { amount = 1 })
        :spawn_monitored("app:counter", "app:worker", { initial = 10 }))
      local second = assert(spawner()
        :with_message("increment", { amount = 4 })
        :spawn("app:counter", "app:worker", { initial = 999 }))
      process.send(first, "done")
      return { same = first == second, value = exit_of().value }
    end`,
  inherits: `${OUTCOME}
    return function()
      local spawner = process.with_context({ user = "ada", tenant = "t-1" }):with_context({ request = "r-7" })
      assert(spawner:spawn_monitored("app:context", "app:worker", {}))
      return exit_of().value
    end`,
  /** The options of a start, all at once. */
  everything: `${OUTCOME}
    return function(id)
      local pid = assert(process.with_options({
        ["temporal.workflow.id"] = id,
        ["temporal.workflow.execution_timeout"] = "24h",
        ["temporal.workflow.run_timeout"] = "1h",
        ["temporal.workflow.task_timeout"] = "30s",
        ["temporal.workflow.id_conflict_policy"] = "fail",
        ["temporal.workflow.id_reuse_policy"] = "allow_duplicate",
        ["temporal.workflow.retry_policy"] = {
          initial_interval = 1000, backoff_coefficient = 2.0, maximum_interval = 300000, maximum_attempts = 3,
        },
        ["temporal.workflow.search_attributes"] = { SampleCustomer = "cust-1" },
        ["temporal.workflow.memo"] = { source = "api" },
        ["temporal.workflow.start_delay"] = "5m",
        ["temporal.workflow.parent_close_policy"] = "terminate",
      }):spawn_monitored("app:waiting", "app:worker", { n = 1 }))
      process.send(pid, "stop")
      return { pid = pid, value = exit_of().value }
    end`,
  /** Answers a request as a front desk does: once by starting, then by saying that it runs. */
  desk: `
    return function(order, request)
      local spawner = process
        .with_context({ request_id = request })
        :with_options({
          ["temporal.workflow.id"] = "desk-" .. order.id,
          ["temporal.workflow.id_conflict_policy"] = "fail",
        })
      local answers = {}
      for _ = 1, 2 do
        local pid, err = spawner:spawn("app:waiting", "app:worker", order)
        if err then
          table.insert(answers, { status = 409, error = tostring(err) })
        else
          table.insert(answers, { status = 202, workflow_id = tostring(pid) })
        end
      end
      return answers
    end`,
  scheduled: `
    return function(id)
      return process.with_options({
        ["temporal.workflow.id"] = id,
        ["temporal.workflow.cron_schedule"] = "0 */6 * * *",
      }):spawn("app:waiting", "app:worker", {})
    end`,
};

type Fields = { readonly [name: string]: unknown };

describeSamples('starting workflows', { workflows, activities, processes }, (app) => {
  const run = async (name: string, ...args: string[] | object[]) =>
    (await app().run(name, ...(args as never[]))) as Fields;
  const describeRun = (id: string) => app().client.client.workflow.getHandle(id).describe();

  describe('process.spawn', () => {
    it('gives the PID, which is a text', async () => {
      const { pid, text } = await run('plain', { name: 'Ada' });
      expect(text).toBe(pid);
      expect(await app().end(String(pid))).toBe('hello Ada');
    });

    it('says so where there is no such workflow', async () => {
      expect(await run('unknown')).toMatchObject({ error: 'NOT_FOUND' });
    });
  });

  describe('process.spawn_monitored', () => {
    it('tells of the end with what was returned, or with the error', async () => {
      expect(await run('monitored', 'app:greet', { name: 'Ada' } as never)).toEqual({
        is_exit: true,
        same: true,
        value: 'hello Ada',
      });
      expect(await run('monitored', 'app:refuse')).toEqual({
        is_exit: true,
        same: true,
        error: 'CONFLICT',
      });
    });
  });

  describe('process.exec', () => {
    it('waits for the value, or gives the error', async () => {
      expect(await run('executed', 'app:greet', { name: 'Bo' } as never)).toEqual({
        value: 'hello Bo',
      });
      expect(await run('executed', 'app:refuse')).toEqual({
        error: 'CONFLICT',
        message: 'not today',
        retryable: false,
      });
    });
  });

  describe('a workflow that runs already', () => {
    const id = 'temporal.workflow.id';
    const policy = 'temporal.workflow.id_conflict_policy';
    let n = 0;
    const fresh = () => `twice-${n++}`;

    it('is what a start by its name gives', async () => {
      const { same, value, pid } = await run('named', 'order-7');
      expect({ same, value }).toEqual({
        same: true,
        value: { input: { n: 1 }, stopped_by: 'stop' },
      });
      expect(idOf(String(pid))).toBe('order-7');
    });

    it('is what a start with its id gives', async () => {
      expect(await run('twice', { [id]: fresh() })).toEqual({ same: true, first: 1 });
      expect(await run('twice', { [id]: fresh(), [policy]: 'use_existing' })).toEqual({
        same: true,
        first: 1,
      });
    });

    it('makes a start fail that says so, in either way', async () => {
      const already = { 'temporal.workflow.execution_error_when_already_started': true };
      const refused = { same: false, error: 'ALREADY_EXISTS', first: 1 };
      expect(await run('twice', { [id]: fresh(), [policy]: 'fail' })).toEqual(refused);
      expect(await run('twice', { [id]: fresh(), ...already })).toEqual(refused);
    });

    it('lets a caller tell the first request from the second', async () => {
      const answers = await app().run('desk', { id: 'o-1' }, 'req-1');
      expect(answers).toEqual([
        { status: 202, workflow_id: '{app:worker|desk-o-1}' },
        { status: 409, error: expect.stringContaining('desk-o-1') },
      ]);
      await app().send('{app:worker|desk-o-1}', 'stop');
    });

    it('is terminated by a start that says so, and the new one takes its place', async () => {
      expect(await run('twice', { [id]: fresh(), [policy]: 'terminate_existing' })).toEqual({
        same: true,
        first: 2,
      });
    });

    it('gets the startup messages of a later start, whose input does not count', async () => {
      expect(await run('counting', 'tally')).toEqual({
        same: true,
        value: { total: 17, seen: [2, 1, 4] },
      });
    });
  });

  describe('context', () => {
    it('is read by the workflow and by the functions that it calls', async () => {
      const all = { user: 'ada', tenant: 't-1', request: 'r-7' };
      expect(await run('inherits')).toEqual({
        user: 'ada',
        all,
        missing: 'NOT_FOUND',
        called: { user: 'ada', all },
      });
    });
  });

  describe('start options', () => {
    it('are accepted all together, and the server has them', async () => {
      const { pid, value } = await run('everything', 'with-all');
      expect(value).toEqual({ input: { n: 1 }, stopped_by: 'stop' });
      const { memo, typedSearchAttributes, raw } = await describeRun(idOf(String(pid)));
      expect(memo).toMatchObject({ source: 'api' });
      expect(typedSearchAttributes.getAll()).toMatchObject([
        { key: { name: 'SampleCustomer' }, value: 'cust-1' },
      ]);
      expect(Number(raw.executionConfig?.workflowRunTimeout?.seconds)).toBe(3600);
      expect(Number(raw.executionConfig?.workflowExecutionTimeout?.seconds)).toBe(24 * 3600);
      expect(Number(raw.executionConfig?.defaultWorkflowTaskTimeout?.seconds)).toBe(30);
    });

    it('make a workflow run at its times', async () => {
      const pid = String(await app().run('scheduled', 'every-six-hours'));
      const handle = app().client.client.workflow.getHandle(idOf(pid));
      const { events } = await handle.fetchHistory();
      const started = events?.[0]?.workflowExecutionStartedEventAttributes;
      expect(started?.cronSchedule).toBe('0 */6 * * *');
      expect(Number(started?.firstWorkflowTaskBackoff?.seconds)).toBeGreaterThan(0);
      await app().app.runtime.terminate(pid);
    });
  });
});
