import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatPid } from '../../../src/core/pid.js';
import { orderOf, temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const workflows = {
  hello: `return function(name) return "hello " .. name end`,
  echo: `return { main = function(...) return {...} end }`,
  fails: `
    return function()
      return nil, errors.new({ kind = "CONFLICT", message = "too late", retryable = true, details = { n = 1 } })
    end`,
  crashes: `return function(order) return order.items[1].price end`,
  unsendable: `return function() return { items = { 1, print } } end`,
  huge: `return function() return string.rep("x", 3 * 1024 * 1024) end`,
  endless: `return function() while true do end end`,
  swallows: `return function() while true do pcall(function() while true do end end) end end`,
  spinning: `
    return function()
      local a, b = channel.new(0), channel.new(0)
      coroutine.spawn(function() while true do a:send(1) b:receive() end end)
      while true do a:receive() b:send(1) end
    end`,
  backtracks: `
    local time = require("time")
    return function()
      time.sleep("10ms")
      return string.find(string.rep("a", 40), string.rep("a?", 40) .. string.rep("a", 40))
    end`,
  turns: `
    return function()
      local inbox = process.inbox()
      for i = 1, 30 do
        inbox:receive()
        for j = 1, 1000000 do end
      end
    end`,
  syntax: `return function( end`,
  sleeps: `
    local time = require("time")
    return function()
      local start = time.now()
      time.sleep("60ms")
      return time.now():sub(start):milliseconds() >= 60
    end`,
  self: `
    return function()
      process.send(process.pid(), "note", "to myself")
      local msg = process.inbox():receive()
      return { pid = process.pid(), from = msg:from(), data = msg:payload():data() }
    end`,
  waits: `return function() return process.inbox():receive():payload():data() end`,
  logs: `
    local logger = require("logger")
    return function() logger:info("working", { step = 1 }) print("said") return true end`,
  context: `local ctx = require("ctx") return function() return ctx.all() end`,
  names: `
    return function()
      local _, unknown = process.send("somebody", "x", 1)
      local _, reserved = process.send(process.pid(), "@x", 1)
      return { unknown:kind(), reserved:kind() }
    end`,
};

describe('a workflow', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  const failure = async (name: string, ...values: string[]) => {
    const { value, error } = await world.run(name, values);
    expect(value).toBeNull();
    return error;
  };

  it('returns what main returned', async () => {
    expect(await world.run('hello', ['world'])).toEqual({ value: 'hello world', error: null });
  });

  it('takes and gives every value, also what JSON cannot say', async () => {
    const values = [true, 1.5, 'ä', new Uint8Array([255, 0]), Number.NaN, { a: [1, { b: 'c' }] }];
    const { value } = await world.run('echo', values);
    expect(value).toEqual(values);
  });

  it('ends with the error that main returned, whole', async () => {
    const error = await failure('fails');
    expect(error?.toData()).toMatchObject({
      kind: 'CONFLICT',
      message: 'too late',
      retryable: true,
      details: { n: 1 },
    });
  });

  it('ends with INTERNAL and the place when the code fails', async () => {
    const error = await failure('crashes');
    expect(error?.kind).toBe('INTERNAL');
    expect(error?.message).toContain('crashes.lua:1');
  });

  it('ends with INVALID and the path when the result cannot be sent', async () => {
    const error = await failure('unsendable');
    expect(error?.kind).toBe('INVALID');
    expect(error?.message).toContain('items[2]');
  });

  it('ends with INVALID when the result is larger than a payload may be', async () => {
    const error = await failure('huge');
    expect(error?.kind).toBe('INVALID');
    expect(error?.message).toContain('2097152');
  });

  it.each(['endless', 'swallows', 'spinning'])(
    'ends when its code never does: %s',
    async (name) => {
      const error = await failure(name);
      expect(error?.kind).toBe('INTERNAL');
    },
  );

  it('ends with INTERNAL and the place when a pattern never stops backtracking', async () => {
    const error = await failure('backtracks');
    expect(error?.kind).toBe('INTERNAL');
    expect(error?.message).toContain('backtracks.lua:5');
  });

  it('has a budget for each activation, not for each turn', async () => {
    const messages = Array.from({ length: 30 }, () => ({ topic: 'go', values: [] }));
    const { error } = await world.run('turns', [], { messages });
    expect(error?.message).toContain('used more than 20000000 instructions without waiting');
  });

  it('ends with INVALID when its source does not compile', async () => {
    const error = await failure('syntax');
    expect(error?.kind).toBe('INVALID');
    expect(error?.message).toContain('syntax.lua:1');
  });

  it('sleeps by a timer of the history', async () => {
    expect(await world.run('sleeps')).toEqual({ value: true, error: null });
  });

  it('knows its PID, and can send to itself', async () => {
    const pid = await world.spawn('self');
    const { value } = await world.exitOf(pid);
    expect(value).toEqual({ pid, from: pid, data: 'to myself' });
  });

  it('logs and prints through its node, with its PID', async () => {
    const pid = await world.spawn('logs');
    await world.exitOf(pid);
    const line = await world.node.until(() => world.node.logs.find((l) => l.pid === pid));
    expect(line).toMatchObject({ level: 'info', message: 'working', fields: { step: 1 } });
    expect(world.node.printed).toEqual(['said']);
  });

  it('reads the context that its spawner gave it', async () => {
    const context = { user_id: 'u1', tenant: { id: 7 } };
    expect(await world.run('context', [], { context })).toEqual({ value: context, error: null });
  });

  it('has no names, and no reserved topics', async () => {
    expect((await world.run('names')).value).toEqual(['NOT_FOUND', 'INVALID']);
  });

  it('that is unknown, or no workflow, is not started', async () => {
    expect(await world.host.spawn(orderOf('nobody', []))).toMatchObject({
      error: { kind: 'NOT_FOUND' },
    });
  });

  it('with a name that runs already gives that one, and is told apart', async () => {
    const first = await world.host.spawn({ ...orderOf('waits', []), name: 'one' });
    const messages = [{ topic: 'again', values: ['more'] }];
    const second = await world.host.spawn({ ...orderOf('waits', []), name: 'one', messages });
    expect(first).toEqual({ pid: formatPid(WORKER, 'one'), started: true });
    expect(second).toEqual({ pid: formatPid(WORKER, 'one'), started: false });
    expect(await world.exitOf(formatPid(WORKER, 'one'))).toEqual({ value: 'more', error: null });
  });

  it('with an id that runs already is refused where that was asked for', async () => {
    const options = { 'temporal.workflow.id': 'two' };
    await world.spawn('waits', [], { options });
    for (const more of [
      { 'temporal.workflow.id_conflict_policy': 'fail' },
      { 'workflow.execution_error_when_already_started': true },
    ]) {
      const again = { ...orderOf('waits', []), options: { ...options, ...more } };
      expect(await world.host.spawn(again)).toMatchObject({ error: { kind: 'ALREADY_EXISTS' } });
    }
    await world.send(formatPid(WORKER, 'two'), 'go', 1);
    await world.exitOf(formatPid(WORKER, 'two'));
  });

  it('is not started with an option that is unknown or wrong, which is named', async () => {
    const wrong = [
      { 'temporal.workflow.idd': 'x' },
      { 'temporal.workflow.run_timeout': 'soon' },
      { 'temporal.workflow.retry_policy': { maximum_attempts: 'many' } },
      { 'temporal.workflow.cron_schedule': '* * * * *', 'temporal.workflow.start_delay': '1s' },
    ];
    for (const options of wrong) {
      const spawned = await world.host.spawn({ ...orderOf('hello', []), options });
      const error = 'error' in spawned ? spawned.error : null;
      expect(error?.kind).toBe('INVALID');
      expect(error?.message).toContain(Object.keys(options)[0]);
    }
  });

  it('that was closed before it is monitored gives its real result, an unknown one NOT_FOUND', async () => {
    const pid = await world.spawn('hello', ['you']);
    await world.client.client.workflow.getHandle(pid.slice(WORKER.length + 2, -1)).result();
    expect(await world.exitOf(pid)).toEqual({ value: 'hello you', error: null });
    await expect(world.exitOf(formatPid(WORKER, 'never was'))).rejects.toMatchObject({
      kind: 'NOT_FOUND',
    });
  });
});
