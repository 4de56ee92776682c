/** A workflow that starts local processes, and what becomes of relations when nodes go and runs change. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parsePid } from '../../../src/core/pid.js';
import { LOCAL, type RelationsWorld, relationsWorld } from '../../support/relations-world.js';
import { WORKER } from '../../support/temporal-world.js';

const programs = {
  /** Ends at once. */
  quick: `return function(how)
    if how == "fail" then return nil, errors.new("CONFLICT", "told to fail") end
    return "quick"
  end`,
  target: `return function()
    local msg = process.inbox():receive()
    if msg:topic() == "fail" then return nil, errors.new("CONFLICT", "told to fail") end
    return msg:topic()
  end`,
  /** Tells what it hears of the process it starts. */
  starts: `return function(mode, entry, what)
    process.set_options({ trap_links = true })
    local events = process.events()
    local pid, err = process[mode](entry, "app:processes", what)
    if err then return { failed = err:kind() } end
    local event = events:receive()
    local failure = event.result.error
    return { kind = event.kind, right = event.from == pid, value = event.result.value, error = failure and failure:kind() }
  end`,
  execs: `return function(host, name, what)
    local spawner = process.with_options({})
    if name then spawner = spawner:with_name(name) end
    local value, err = spawner:exec(what and "app:quick" or "app:target", host, what)
    return { value = value, error = err and err:kind() }
  end`,
  /** Starts a workflow of an id that runs already, and tells how it ends. */
  adopts: `return function(id, link)
    process.set_options({ trap_links = true })
    local events = process.events()
    local spawner = process.with_options({ ["temporal.workflow.id"] = id })
    local pid
    if link then pid = assert(spawner:spawn_linked("app:target", "app:worker"))
    else pid = assert(spawner:spawn("app:target", "app:worker")) end
    process.send(pid, "fail")
    local kinds = { events:receive().kind }
    if link then kinds[2] = events:receive().kind end
    table.sort(kinds)
    return kinds
  end`,
  /** Is linked from outside, and fails, or waits. */
  hears: `return function(trap)
    process.set_options({ trap_links = trap })
    local events, inbox = process.events(), process.inbox()
    local r = channel.select({ events:case_receive(), inbox:case_receive() })
    if r.channel == inbox then return nil, errors.new("CONFLICT", "told to fail") end
    local err = r.value.result.error
    return { kind = r.value.kind, from = r.value.from, error = err and err:kind() }
  end`,
  /** Links to a process, tells so, and fails or ends or lets go as it is told. */
  links_to: `return function(pid, told)
    process.set_options({ trap_links = true })
    assert(process.link(pid))
    process.send(told, "linked")
    while true do
      local msg = process.inbox():receive()
      if msg:topic() == "fail" then return nil, errors.new("CONFLICT", "told to fail") end
      if msg:topic() == "end" then return end
      if msg:topic() == "unlink" then assert(process.unlink(pid)) process.send(told, "unlinked") end
      if msg:topic() == "relink" then
        assert(process.unlink(pid)) assert(process.link(pid)) process.send(told, "relinked")
      end
    end
  end`,
  /** Monitors and links, and hears of both. */
  both: `return function(pid, ready)
    process.set_options({ trap_links = true })
    local events = process.events()
    assert(process.monitor(pid))
    assert(process.link(pid))
    process.send(ready, "ready")
    local heard = {}
    for i = 1, 2 do
      local event = events:receive()
      heard[event.kind] = event.result.error:kind()
    end
    return heard
  end`,
  /** Goes on as a new run when it is told to, and fails when it is told again. */
  renews: `return function(again)
    process.inbox():receive()
    if not again then process.upgrade(nil, true) end
    return nil, errors.new("CONFLICT", "told to fail")
  end`,
  /** Monitors and links, goes on as a new run, and hears of both there. */
  goes_on: `return function(pid, ready, again)
    process.set_options({ trap_links = true })
    if not again then
      assert(process.monitor(pid))
      assert(process.link(pid))
      process.upgrade(nil, pid, ready, true)
    end
    process.send(ready, "ready")
    local events, heard = process.events(), {}
    for i = 1, 2 do
      local event = events:receive()
      heard[event.kind] = event.result.error:kind()
    end
    return heard
  end`,
  /** Runs for a while in a second attempt, and fails for good then. */
  tries: `local workflow = require("workflow")
  return function()
    if workflow.info().attempt == 1 then return nil, errors.new("UNAVAILABLE", "first") end
    process.inbox():receive()
    return nil, errors.new("CONFLICT", "told to fail")
  end`,
  /** Starts a program with options, as a workflow that outlives it. Returns its PID. */
  with_options: `return function(name, options)
    options["temporal.workflow.parent_close_policy"] = "abandon"
    return assert(process.with_options(options):spawn("app:" .. name, "app:worker"))
  end`,
  strangers: `return function(id)
    local pid = "{app:worker|" .. id .. "}"
    local events = process.events()
    local _, err = process.link(pid)
    assert(process.monitor(pid))
    process.terminate(pid)
    return { link = err and err:kind(), exit = events:receive().result.error:kind() }
  end`,
  sleeps: `local time = require("time") return function() time.sleep("1h") end`,
};

let world: RelationsWorld;
beforeAll(async () => {
  // No workflow is kept: each task replays everything before it, live.
  const settings = { maxCachedWorkflows: 0 };
  world = await relationsWorld({ programs, settings });
});
afterAll(() => world.close(), 120_000);

describe('a local process that a workflow starts', () => {
  it('and monitors or links gives its real end, also where it ends at once', async () => {
    const heard = await Promise.all([
      world.run('starts', 'spawn_monitored', 'app:quick', 'end'),
      world.run('starts', 'spawn_monitored', 'app:quick', 'fail'),
      world.run('starts', 'spawn_linked', 'app:quick', 'fail'),
      world.run('starts', 'spawn_linked_monitored', 'app:quick', 'end'),
    ]);
    expect(heard).toEqual([
      { kind: 'EXIT', right: true, value: 'quick' },
      { kind: 'EXIT', right: true, error: 'CONFLICT' },
      { kind: 'LINK_DOWN', right: true, error: 'CONFLICT' },
      { kind: 'EXIT', right: true, value: 'quick' },
    ]);
  }, 60_000);

  it('can be waited for', async () => {
    expect(await world.run('execs', LOCAL, null, 'end')).toEqual({ value: 'quick' });
    expect(await world.run('execs', LOCAL, null, 'fail')).toEqual({ error: 'CONFLICT' });
  }, 60_000);

  it('can be waited for where it has been there before, by its name', async () => {
    const named = await world.spawnNamed(LOCAL, 'somebody', 'target');
    const waiting = world.run('execs', LOCAL, 'somebody', null);
    await watchedBy(named);
    await world.send(named, 'now');
    expect(await waiting).toEqual({ value: 'now' });
  }, 60_000);
});

describe('a workflow that runs already', () => {
  it('and is started as a child reports its end as a child does', async () => {
    for (const link of [false, true]) {
      const id = `adopted-${link}`;
      await world.spawnNamed(WORKER, id, 'target');
      expect(await world.run('adopts', id, link)).toEqual(link ? ['EXIT', 'LINK_DOWN'] : ['EXIT']);
    }
  }, 60_000);

  it('can be waited for', async () => {
    const pid = await world.spawnNamed(WORKER, 'waited for', 'target');
    const waiting = await world.spawn(WORKER, 'execs', WORKER, 'waited for', null);
    await history(waiting, 'perdure.watch');
    await world.send(pid, 'now');
    expect(await world.exitOf(waiting)).toEqual({ value: { value: 'now' }, error: null });
  }, 60_000);
});

describe('a link', () => {
  const linked = async (
    linkerHost: string,
    program: string,
    host: string,
    ...values: boolean[]
  ) => {
    const told = world.node.openMailbox(null);
    const target = await world.spawn(host, program, ...values);
    const linker = await world.spawn(linkerHost, 'links_to', target, told.pid);
    await told.receive({ timeoutMs: 30_000 });
    return { target, linker, told };
  };
  const PAIRS = [
    [LOCAL, WORKER],
    [WORKER, LOCAL],
    [WORKER, WORKER],
  ] as const;

  it.each(PAIRS)(
    'from %s to %s reaches the linked one when the linker fails',
    async (from, to) => {
      const { target, linker } = await linked(from, 'hears', to, true);
      const end = world.exitOf(target);
      await world.send(linker, 'fail');
      expect(await end).toMatchObject({
        value: { kind: 'LINK_DOWN', from: linker, error: 'CONFLICT' },
      });
    },
    60_000,
  );

  it.each(PAIRS)(
    'from %s to %s fells the linked one that does not trap',
    async (from, to) => {
      const { target, linker } = await linked(from, 'hears', to, false);
      const end = world.exitOf(target);
      await world.send(linker, 'fail');
      expect(await end).toMatchObject({ error: { kind: 'CONFLICT', message: 'told to fail' } });
    },
    60_000,
  );

  it.each(PAIRS)(
    'from %s to %s is gone for both when it is removed',
    async (from, to) => {
      const { target, linker, told } = await linked(from, 'hears', to, true);
      const end = world.exitOf(target);
      await world.send(linker, 'unlink');
      await told.receive({ timeoutMs: 30_000 });
      const linkerEnd = world.exitOf(linker);
      await world.send(linker, 'fail');
      await linkerEnd;
      await world.send(target, 'go');
      expect(await end).toMatchObject({ error: { message: 'told to fail' } });
    },
    60_000,
  );

  it.each(PAIRS)(
    'from %s to %s stands when it is removed and made again',
    async (from, to) => {
      const { target, linker, told } = await linked(from, 'hears', to, true);
      const end = world.exitOf(target);
      await world.send(linker, 'relink');
      await told.receive({ timeoutMs: 30_000 });
      await world.send(linker, 'fail');
      expect(await end).toMatchObject({ value: { kind: 'LINK_DOWN', from: linker } });
    },
    60_000,
  );

  it('with a process that has ended normally is gone: its node may die', async () => {
    const { target, linker } = await linked(LOCAL, 'hears', WORKER, true);
    const linkerEnd = world.exitOf(linker);
    await world.send(linker, 'end');
    await linkerEnd;
    await history(target, '@unlink');
    const end = world.exitOf(target);
    await world.send(target, 'go');
    expect(await end).toMatchObject({ error: { message: 'told to fail' } });
  }, 60_000);

  it('to a workflow that is not of perdure is refused, a monitor is not', async () => {
    const workflowId = 'a stranger';
    const { workflow } = world.client.client;
    await workflow.start('stranger', { workflowId, taskQueue: 'elsewhere' });
    const programs = await world.run('strangers', workflowId);
    expect(programs).toEqual({ link: 'INVALID', exit: 'CANCELED' });
  }, 60_000);
});

describe('a workflow that is monitored and linked by another', () => {
  it('gives one EXIT and one LINK_DOWN at its real end, after its retries', async () => {
    const ready = world.node.openMailbox(null);
    const options = {
      'temporal.workflow.retry_policy': { maximum_attempts: 2, initial_interval: 10 },
    };
    const pid = await world.spawn(WORKER, 'with_options', 'tries', options);
    const target = String((await world.exitOf(pid)).value);
    const watcher = await world.spawn(WORKER, 'both', target, ready.pid);
    await ready.receive({ timeoutMs: 30_000 });
    await world.send(target, 'go');
    expect(await world.exitOf(watcher)).toMatchObject({
      value: { EXIT: 'CONFLICT', LINK_DOWN: 'CONFLICT' },
    });
  }, 60_000);

  it.each([
    ['a local process', LOCAL],
    ['another workflow', WORKER],
  ])(
    'gives %s one EXIT and one LINK_DOWN at its real end, after it went on as a new run',
    async (_what, host) => {
      const ready = world.node.openMailbox(null);
      const target = await world.spawn(WORKER, 'renews');
      const watcher = await world.spawn(host, 'both', target, ready.pid);
      const end = world.exitOf(watcher);
      await ready.receive({ timeoutMs: 30_000 });
      await world.send(target, 'go on');
      await world.send(target, 'fail');
      expect(await end).toMatchObject({ value: { EXIT: 'CONFLICT', LINK_DOWN: 'CONFLICT' } });
    },
    60_000,
  );

  it('gives TIMEOUT where its time was up', async () => {
    const ready = world.node.openMailbox(null);
    const endsAfter = async (time: string) => {
      const options = { 'temporal.workflow.execution_timeout': time };
      const target = String(await world.run('with_options', 'sleeps', options));
      const watcher = await world.spawn(WORKER, 'both', target, ready.pid);
      return (await world.exitOf(watcher)).value as { readonly LINK_DOWN: string };
    };
    let heard = await endsAfter('2s');
    // Its time was up before the link was made.
    if (heard.LINK_DOWN === 'NOT_FOUND') heard = await endsAfter('15s');
    expect(heard).toEqual({ EXIT: 'TIMEOUT', LINK_DOWN: 'TIMEOUT' });
  }, 60_000);
});

describe('a workflow that goes on as a new run', () => {
  it.each([
    ['a local process', LOCAL],
    ['another workflow', WORKER],
  ])(
    'keeps its monitor and its link of %s',
    async (_what, host) => {
      const ready = world.node.openMailbox(null);
      const target = await world.spawn(host, 'target');
      const watcher = await world.spawn(WORKER, 'goes_on', target, ready.pid);
      await ready.receive({ timeoutMs: 30_000 });
      await world.send(target, 'fail');
      expect(await world.exitOf(watcher)).toEqual({
        value: { EXIT: 'CONFLICT', LINK_DOWN: 'CONFLICT' },
        error: null,
      });
    },
    60_000,
  );
});

describe('a node that stops', () => {
  it('is UNAVAILABLE at once to those that have to do with its processes; watches go on elsewhere', async () => {
    const other = await world.anotherNode();
    const spawned = await other.node.spawn(LOCAL, {
      entry: 'app:target',
      values: [],
      name: null,
      messages: [],
      context: {},
      options: {},
      parent: null,
    });
    if ('error' in spawned) throw spawned.error;
    const ready = world.node.openMailbox(null);
    const watched = await world.spawn(WORKER, 'target');
    const local = await world.spawn(WORKER, 'both', spawned.pid, ready.pid);
    const remote = await world.spawn(WORKER, 'both', watched, ready.pid);
    await ready.receive({ timeoutMs: 30_000 });
    await ready.receive({ timeoutMs: 30_000 });
    await started(local, 'perdure.lease', 1);
    await other.host.stop(5000);
    expect(await world.exitOf(local)).toEqual({
      value: { EXIT: 'UNAVAILABLE', LINK_DOWN: 'UNAVAILABLE' },
      error: null,
    });
    await world.send(watched, 'fail');
    expect(await world.exitOf(remote)).toMatchObject({
      value: { EXIT: 'CONFLICT', LINK_DOWN: 'CONFLICT' },
    });
  }, 60_000);
});

const handle = (pid: string) => world.client.client.workflow.getHandle(parsePid(pid)?.id ?? '');

/** Waits until the history of a workflow names an activity or a signal; the server has no call that does. */
async function history(pid: string, name: string): Promise<void> {
  await until(async () => {
    const { events } = await handle(pid).fetchHistory();
    return (events ?? []).some((event) => {
      const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
      return (
        activity === name || event.workflowExecutionSignaledEventAttributes?.signalName === name
      );
    });
  });
}

/** Waits until so many activities of a type have been taken by a worker. */
async function started(pid: string, type: string, count: number): Promise<void> {
  await until(async () => {
    const { raw } = await handle(pid).describe();
    const taken = (raw.pendingActivities ?? []).filter(
      (activity) => activity.activityType?.name === type && activity.state === 2,
    );
    return taken.length >= count;
  });
}

async function watchedBy(pid: string): Promise<void> {
  await until(async () => world.node.topology.isWatched(pid));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 3000; left > 0; left--) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it does not come to that');
}
