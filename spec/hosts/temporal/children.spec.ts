import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatPid, parsePid } from '../../../src/core/pid.js';
import { temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const workflows = {
  child: `
    local ctx = require("ctx")
    return function(what)
      if what == "fail" then return nil, errors.new("NOT_FOUND", "no such thing") end
      if what == "wait" then return process.inbox():receive():payload():data() end
      return { what = what, pid = process.pid(), user = ctx.get("user") }
    end`,
  spawns: `
    return function(what)
      local events = process.events()
      local pid, err = process.spawn("app:child", "app:worker", what)
      if err then return nil, err end
      local event = events:receive()
      local failure = event.result.error
      return {
        pid = pid, from = event.from, kind = event.kind, value = event.result.value,
        error = failure and { failure:kind(), failure:message(), failure:retryable() },
      }
    end`,
  execs: `
    local workflow = require("workflow")
    return function(how, what)
      local value, err
      if how == "workflow" then value, err = workflow.exec("app:child", what)
      else value, err = process.exec("app:child", "app:worker", what) end
      if err then return { kind = err:kind(), message = err:message() } end
      return value
    end`,
  messages: `
    return function()
      local events = process.events()
      local pid = process.with_options({}):with_message("go", "startup"):spawn("app:child", "app:worker", "wait")
      return events:receive().result.value
    end`,
  talks: `
    return function()
      local events = process.events()
      local pid = process.spawn("app:child", "app:worker", "wait")
      local ok, err = process.send(pid, "go", "sent")
      return { ok = ok, value = events:receive().result.value }
    end`,
  links: `
    return function(trap)
      process.set_options({ trap_links = trap })
      local pid = process.spawn("app:child", "app:worker", "wait")
      process.link(pid)
      process.terminate(pid)
      local event = process.events():receive()
      if event.kind == process.event.EXIT then event = process.events():receive() end
      return { kind = event.kind, same = event.from == pid, error = event.result.error:kind() }
    end`,
  hurries: `
    return function()
      local known = false
      local reader = channel.new()
      coroutine.spawn(function()
        local event = process.events():receive()
        reader:send({ known, event.from })
      end)
      local pid = process.spawn("app:child", "app:worker", "work")
      known = true
      local seen = reader:receive()
      return { known = seen[1], same = seen[2] == pid }
    end`,
  forgets: `
    return function()
      local events = process.events()
      process.unmonitor(process.spawn("app:child", "app:worker", "work"))
      local second = process.spawn("app:child", "app:worker", "work")
      return events:receive().from == second
    end`,
  refused: `
    return function(options)
      local pid, err = process.with_options(options):spawn("app:child", "app:worker", "x")
      return err and { err:kind(), err:message() }
    end`,
  hosts: `
    return function()
      local _, unknown = process.spawn("app:child", "app:nowhere")
      local _, missing = process.spawn("app:nobody", "app:worker")
      return { unknown:kind(), missing:kind() }
    end`,
};

describe('a child workflow', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  it('reports EXIT with its result to the parent, unasked', async () => {
    const { value } = await world.run('spawns', ['work'], { context: { user: 'u1' } });
    const exit = value as { pid: string; from: string; value: unknown };
    expect(exit).toMatchObject({ kind: 'EXIT', value: { what: 'work', user: 'u1' } });
    expect(exit.from).toBe(exit.pid);
    expect(exit.value).toMatchObject({ pid: exit.pid });
  });

  it('reports EXIT with its error', async () => {
    const { value } = await world.run('spawns', ['fail']);
    expect(value).toMatchObject({ error: ['NOT_FOUND', 'no such thing', false] });
  });

  it.each(['workflow', 'process'])('is waited for by %s.exec', async (how) => {
    expect((await world.run('execs', [how, 'x'])).value).toMatchObject({ what: 'x' });
    expect((await world.run('execs', [how, 'fail'])).value).toEqual({
      kind: 'NOT_FOUND',
      message: 'no such thing',
    });
  });

  it('gets its startup messages', async () => {
    expect((await world.run('messages')).value).toBe('startup');
  });

  it('can be sent to', async () => {
    expect((await world.run('talks')).value).toEqual({ ok: true, value: 'sent' });
  });

  it('that is linked gives LINK_DOWN when it fails, or takes its parent down', async () => {
    const { value } = await world.run('links', [true]);
    expect(value).toEqual({ kind: 'LINK_DOWN', same: true, error: 'CANCELED' });
    expect((await world.run('links', [false])).error?.kind).toBe('CANCELED');
  });

  it('with an id that runs already gives that workflow', async () => {
    const name = 'the one';
    await world.spawn('child', ['wait'], { name });
    const options = { 'temporal.workflow.id': name };
    expect((await world.run('refused', [options])).value).toBeNull();
    const fail = { ...options, 'temporal.workflow.id_conflict_policy': 'fail' };
    expect((await world.run('refused', [fail])).value).toMatchObject(['ALREADY_EXISTS', {}]);
    await world.send(formatPid(WORKER, name), 'go', 1);
    await world.exitOf(formatPid(WORKER, name));
  });

  it('on a host or of an entry that nobody knows is NOT_FOUND', async () => {
    expect((await world.run('hosts')).value).toEqual(['NOT_FOUND', 'NOT_FOUND']);
  });
});

describe('a child that has ended when its parent hears of its start', () => {
  let world: World;
  beforeAll(async () => {
    // One task at a time: the child's only one comes before the next of its parent.
    const settings = {
      maxCachedWorkflows: 0,
      maxConcurrentWorkflowTaskExecutionSize: 1,
      maxConcurrentWorkflowTaskPollers: 1,
    };
    world = await temporalWorld({ workflows, settings });
  });
  afterAll(() => world.close());

  /** The result, and whether a task came between start and end of the first child. */
  async function run(name: string): Promise<{ value: unknown; between: boolean }> {
    const pid = await world.spawn(name);
    const { value } = await world.exitOf(pid);
    const handle = world.client.client.workflow.getHandle(parsePid(pid)?.id ?? '');
    const events = (await handle.fetchHistory()).events ?? [];
    const ended = events.findIndex((event) => event.childWorkflowExecutionCompletedEventAttributes);
    const tasks = events
      .slice(0, ended)
      .filter((event) => event.workflowTaskStartedEventAttributes);
    return { value, between: tasks.length > 1 };
  }

  it('tells its end after its PID', async () => {
    const value = { known: true, same: true };
    expect(await run('hurries')).toEqual({ value, between: false });
  });

  it('tells nothing where the monitor is taken back at once', async () => {
    expect(await run('forgets')).toEqual({ value: true, between: false });
  });
});
