import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const workflows = {
  ledger: `
    local workflow = require("workflow")
    local time = require("time")
    local funcs = require("funcs")
    return function()
      local list = {}
      workflow.on_query("list", function(suffix)
        local out = {}
        for i, item in ipairs(list) do out[i] = item .. (suffix or "") end
        return out
      end)
      workflow.on_query("count", function() return #list end)
      workflow.on_query("info", function() return workflow.info().workflow_type end)
      workflow.on_query("fails", function() return nil, errors.new("NOT_FOUND", "nothing not found") end)
      workflow.on_query("raises", function() error("boom") end)
      workflow.on_query("sleeps", function() time.sleep("1s") return "slept" end)
      workflow.on_query("calls", function() return funcs.call("app:double", 2) end)
      workflow.on_query("async", function() funcs.async("app:double", 2) return "fine" end)
      workflow.on_query("timer", function() time.after("1s") return "fine" end)
      workflow.on_query("spawns", function() coroutine.spawn(print) return "fine" end)
      workflow.on_query("receives", function() return process.inbox():receive() end)
      workflow.on_query("random", function() return math.random() end)
      workflow.on_query("endless", function() while true do end end)
      workflow.on_update("add", function(item)
        list[#list + 1] = item
        return #list
      end, function(item)
        if item == nil then return false end
        if item == "" then return nil, errors.new("INVALID", "an item needs text") end
        if item == "raise" then error("no such item") end
        if item == "wait" then time.sleep("1s") end
      end)
      workflow.on_update("slow", function(item)
        local doubled = funcs.call("app:double", 2)
        time.sleep("10ms")
        list[#list + 1] = item .. doubled
        return list[#list]
      end)
      workflow.on_update("fails", function() return nil, errors.new("CONFLICT", "taken") end)
      workflow.on_update("raises", function() error("boom") end)
      workflow.on_update("forever", function() process.listen("never"):receive() end)
      workflow.on_update("endless", function() while true do end end)
      for message in function() return (process.inbox():receive()) end do
        if message:topic() == "finish" then break end
        list[#list + 1] = message:payload():data()
      end
      return list
    end`,
  meddler: `
    local workflow = require("workflow")
    return function()
      local own, topic = channel.new(1), process.listen("topic")
      workflow.on_query("takes", function() return process.inbox():try_receive() end)
      workflow.on_query("puts", function() return own:try_send(1) end)
      workflow.on_query("closes", function() return own:close() end)
      workflow.on_query("listens", function() process.listen("item") return true end)
      workflow.on_query("unlistens", function() return process.unlisten(topic) end)
      workflow.on_query("traps", function() return process.set_options({ trap_links = true }) end)
      workflow.on_query("names", function() return workflow.on_query("late", print) end)
      workflow.on_query("offers", function() return workflow.on_update("late", print) end)
      local message = process.inbox():receive()
      return message:topic()
    end`,
  late: `
    local workflow = require("workflow")
    return function()
      process.inbox():receive()
      workflow.on_update("late", function(x) return x end)
      workflow.on_query("late", function() return "here" end)
      process.inbox():receive()
    end`,
};

const idOf = (pid: string) => pid.slice(WORKER.length + 2, -1);

describe.each([
  ['a cache of workflows', undefined],
  ['no cache of workflows', { maxCachedWorkflows: 0 }],
])('queries and updates of a Lua workflow, with %s', (_, settings) => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({
      workflows,
      activities: { double: {} },
      ...(settings && { settings }),
    });
    world.node.functions.set('app:double', ({ values }) => Number(values[0]) * 2);
  });
  afterAll(() => world.close());

  async function start(name: keyof typeof workflows = 'ledger') {
    const pid = await world.spawn(name);
    const handle = world.client.client.workflow.getHandle(idOf(pid));
    return { pid, handle };
  }

  const update = (handle: WorkflowHandle, name: string, arg?: unknown) =>
    handle.executeUpdate<unknown, [unknown]>(name, { args: [arg] });

  async function finish({ pid }: { pid: string }): Promise<unknown> {
    await world.send(pid, 'finish', 1);
    const { value, error } = await world.exitOf(pid);
    expect(error).toBeNull();
    return value;
  }

  describe('a query', () => {
    it('answers from what the process knows, with arguments, while it runs and after', async () => {
      const run = await start();
      await world.send(run.pid, 'item', 'a');
      await world.send(run.pid, 'item', 'b');
      expect(await run.handle.query('list', '!')).toEqual(['a!', 'b!']);
      expect(await run.handle.query('count')).toBe(2);
      expect(await run.handle.query('info')).toBe('app:ledger');
      expect(await finish(run)).toEqual(['a', 'b']);
      expect(await run.handle.query('list')).toEqual(['a', 'b']);
    });

    it.each([
      ['fails', 'nothing not found'],
      ['raises', 'boom'],
      ['unknown', 'did not register a handler for unknown'],
    ])('that %s tells why', async (name, why) => {
      const run = await start();
      await expect(run.handle.query(name)).rejects.toThrow(why);
      await finish(run);
    });

    it.each([
      ['takes', 'channel:try_receive'],
      ['puts', 'channel:try_send'],
      ['closes', 'channel:close'],
      ['listens', 'process.listen'],
      ['unlistens', 'process.unlisten'],
      ['traps', 'process.set_options'],
      ['names', 'workflow.on_query'],
      ['offers', 'workflow.on_update'],
    ])('that %s changes nothing of the process, and is refused: %s', async (name, what) => {
      const run = await start('meddler');
      await expect(run.handle.query(name)).rejects.toThrow(`${what} is not allowed here`);
      expect(await finish(run)).toBe('finish');
    });

    it.each([
      ['sleeps', 'sleep'],
      ['calls', 'call'],
      ['async', 'call'],
      ['timer', 'timer'],
      ['spawns', 'fork'],
      ['receives', 'receive'],
      ['random', 'random number'],
    ])('that %s is refused and disturbs nothing', async (name, what) => {
      const run = await start();
      await expect(run.handle.query(name)).rejects.toThrow(
        new RegExp(`${what} is not allowed here: this function must answer at once`),
      );
      expect(await update(run.handle, 'slow', 'x')).toBe('x4');
      expect(await finish(run)).toEqual(['x4']);
    });

    it('that never ends is ended by its budget, and the run goes on', async () => {
      const run = await start();
      await expect(run.handle.query('endless')).rejects.toThrow(/instructions/);
      expect(await update(run.handle, 'add', 'a')).toBe(1);
      expect(await finish(run)).toEqual(['a']);
    });

    it('of perdure itself says what the process is doing', async () => {
      const run = await start();
      await update(run.handle, 'add', 'a');
      const forever = await run.handle.startUpdate('forever', { waitForStage: 'ACCEPTED' });
      expect(await run.handle.query('perdure.status')).toMatchObject({
        status: 'running',
        entry: 'app:ledger',
        pid: run.pid,
        waiting_for: [
          { what: 'receive', at: expect.stringMatching(/^ledger\.lua:\d+$/) },
          { what: 'receive', at: expect.stringMatching(/^ledger\.lua:\d+$/) },
        ],
        mailbox: 0,
        topics: ['never'],
        queries: expect.arrayContaining(['list']),
        updates: expect.arrayContaining(['add']),
      });
      await finish(run);
      await expect(forever.result()).rejects.toMatchObject({
        cause: { type: 'AcceptedUpdateCompletedWorkflow' },
      });
      expect(await run.handle.query('perdure.status')).toMatchObject({ status: 'ended' });
    });

    it("of Temporal's own tools is answered by the SDK", async () => {
      const run = await start();
      expect(await run.handle.query('__temporal_workflow_metadata')).toMatchObject({
        definition: {
          queryDefinitions: expect.arrayContaining([
            expect.objectContaining({ name: 'list' }),
            expect.objectContaining({ name: 'perdure.status' }),
          ]),
          updateDefinitions: expect.arrayContaining([expect.objectContaining({ name: 'add' })]),
        },
      });
      expect(typeof (await run.handle.query('__stack_trace'))).toBe('string');
      await finish(run);
    });
  });

  describe('an update', () => {
    it('changes the process and answers; it may wait and call activities', async () => {
      const run = await start();
      expect(await update(run.handle, 'add', 'a')).toBe(1);
      expect(await update(run.handle, 'slow', 'b')).toBe('b4');
      expect(await run.handle.query('list')).toEqual(['a', 'b4']);
      expect(await finish(run)).toEqual(['a', 'b4']);
    });

    it('of the first task finds its handler', async () => {
      const run = await start();
      const answers = await Promise.all([
        update(run.handle, 'add', 'a'),
        update(run.handle, 'add', 'b'),
      ]);
      expect(answers.sort()).toEqual([1, 2]);
      await finish(run);
    });

    it.each([
      [undefined, 'INVALID', 'its validator said no'],
      ['', 'INVALID', 'an item needs text'],
      ['raise', 'INTERNAL', 'no such item'],
      ['wait', 'INVALID', 'sleep is not allowed here'],
    ])('that its validator refuses (%s) leaves no trace', async (item, type, why) => {
      const run = await start();
      await update(run.handle, 'add', 'a');
      const before = (await run.handle.fetchHistory()).events?.length;
      await expect(update(run.handle, 'add', item)).rejects.toMatchObject({
        cause: { type, message: expect.stringContaining(why) },
      });
      expect((await run.handle.fetchHistory()).events?.length).toBe(before);
      expect(await finish(run)).toEqual(['a']);
    });

    it.each([
      ['fails', 'CONFLICT', 'taken'],
      ['raises', 'INTERNAL', 'boom'],
    ])('that %s fails alone: the process goes on', async (name, type, why) => {
      const run = await start();
      await expect(update(run.handle, name)).rejects.toMatchObject({
        cause: { type, message: expect.stringContaining(why) },
      });
      expect(await update(run.handle, 'add', 'a')).toBe(1);
      expect(await finish(run)).toEqual(['a']);
    });

    it('is in order with messages', async () => {
      const run = await start();
      await world.send(run.pid, 'item', 's1');
      await update(run.handle, 'add', 'u1');
      await world.send(run.pid, 'item', 's2');
      await update(run.handle, 'add', 'u2');
      expect(await finish(run)).toEqual(['s1', 'u1', 's2', 'u2']);
    });

    it('that nothing handles is rejected; a handler that comes later gets the next', async () => {
      const run = await start('late');
      await expect(update(run.handle, 'late', 1)).rejects.toMatchObject({
        cause: { message: expect.stringContaining('late') },
      });
      await world.send(run.pid, 'go', 1);
      expect(await update(run.handle, 'late', 2)).toBe(2);
      expect(await run.handle.query('late')).toBe('here');
      await world.send(run.pid, 'go', 1);
      expect((await world.exitOf(run.pid)).error).toBeNull();
    });

    it('that never ends is ended by the budget of its task, and fails', async () => {
      const run = await start();
      await expect(update(run.handle, 'endless')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('instructions') },
      });
      await finish(run);
    });
  });
});
