/** Rules 4 and 5 of docs/semantics.md between a local host and a worker, each way that a pair can be made. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Value } from '../../../src/core/payload.js';
import { formatPid, type Pid } from '../../../src/core/pid.js';
import { LOCAL, type RelationsWorld, relationsWorld } from '../../support/relations-world.js';
import { WORKER } from '../../support/temporal-world.js';

const PRELUDE = `
local function show(event)
  local err = event.result and event.result.error
  return { kind = event.kind, from = event.from, value = event.result and event.result.value,
    error = err and err:kind(), message = err and err:message() }
end
local function act_on(pid, act)
  if act == "terminate" then assert(process.terminate(pid, "enough"))
  elseif act == "cancel" then assert(process.cancel(pid, "30ms"))
  elseif act ~= "nothing" then assert(process.send(pid, act)) end
end
`;

const programs = {
  nothing: 'return function() end',
  /** Ends as its first message says. */
  target: `return function()
    local msg = process.inbox():receive()
    if msg:topic() == "fail" then return nil, errors.new("CONFLICT", "told to fail") end
    return "ended"
  end`,
  /** Has a child of that id, until it is told to stop. */
  parent: `return function(id)
    local pid = assert(process.with_options({ ["temporal.workflow.id"] = id }):spawn("app:target", "app:worker"))
    process.inbox():receive()
  end`,
  /** Makes the relation, does that to the target, and returns what it hears. */
  watcher: `${PRELUDE}
    return function(how, pid, act)
      process.set_options({ trap_links = how == "trap" })
      local events = process.events()
      if pid == "child" then pid = assert(process.spawn("app:target", "app:worker")) end
      if how == "monitor" then assert(process.monitor(pid)) else assert(process.link(pid)) end
      act_on(pid, act)
      if how ~= "monitor" and act == "end" then assert(process.monitor(pid)) end
      local heard = show(events:receive())
      if how ~= "monitor" and act ~= "end" and heard.kind == "EXIT" then heard = show(events:receive()) end
      heard.right = heard.from == pid
      return heard
    end`,
  /** Makes the relation and takes it back; returns the first event that comes after "over". */
  undoes: `${PRELUDE}
    return function(how, pid, act)
      process.set_options({ trap_links = true })
      local events = process.events()
      if pid == "child" then
        pid = assert(process.spawn("app:target", "app:worker"))
        if how == "link" then process.unmonitor(pid) end
      end
      assert(process[how](pid))
      assert(process["un" .. how](pid))
      act_on(pid, act)
      local over = process.inbox():receive()
      local fence = assert(process.spawn_monitored("app:nothing", "app:processes"))
      return events:receive().from == fence
    end`,
  /** Lets its child make the relation to it, and fails. */
  monitored_by_child: `return function(how, told)
    process.unmonitor(assert(process.with_options({ ["temporal.workflow.parent_close_policy"] = "abandon" })
      :spawn("app:child_watcher", "app:worker", process.pid(), how, told)))
    process.inbox():receive()
    return nil, errors.new("CONFLICT", "told to fail")
  end`,
  child_watcher: `${PRELUDE}
    return function(parent, how, told)
      process.set_options({ trap_links = true })
      assert(process[how](parent))
      process.send(parent, "go")
      process.send(told, "heard", show(process.events():receive()))
    end`,
};

let world: RelationsWorld;
beforeAll(async () => {
  world = await relationsWorld({ programs });
});
afterAll(() => world.close(), 120_000);

/** A target of each kind, as `watcher` takes it. */
const TARGETS: { readonly [kind: string]: (watcher: string) => Promise<Pid | 'child'> } = {
  'a local process': () => world.spawn(LOCAL, 'target'),
  'a workflow': () => world.spawn(WORKER, 'target'),
  'a child': async (watcher) => {
    if (watcher === WORKER) return 'child';
    const id = `child-${randomUUID()}`;
    const parent = await world.spawn(WORKER, 'parent', id);
    world.exitOf(parent).catch(() => {});
    const pid = formatPid(WORKER, id);
    await untilRunning(id);
    return pid;
  },
};

async function untilRunning(id: string): Promise<void> {
  for (let left = 3000; left > 0; left--) {
    try {
      await world.client.client.workflow.getHandle(id).describe();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20)); // the server has no call that waits for a start
    }
  }
  throw new Error(`${id} does not start`);
}

const WATCHERS = { 'a local process': LOCAL, 'a workflow': WORKER };
/** Two local processes are the business of spec/conformance. */
const PAIRS = Object.entries(WATCHERS).flatMap(([watcher, host]) =>
  Object.keys(TARGETS)
    .filter((target) => target !== watcher || host === WORKER)
    .map((target) => ({ watcher, host, target })),
);

const ENDS = {
  end: { value: 'ended' },
  fail: { error: 'CONFLICT', message: 'told to fail' },
  terminate: { error: 'CANCELED', message: expect.stringContaining('terminated') },
  cancel: { error: 'CANCELED', message: expect.stringContaining('deadline') },
};

/** After a normal end a link says nothing: the next event is the EXIT of a monitor made after that. */
const FENCE = { kind: 'EXIT', right: true };

describe.each(PAIRS)('$watcher and $target', ({ host, target }) => {
  const pick = () => (TARGETS[target] as (watcher: string) => Promise<Pid>)(host);
  const watch = async (how: string, act: string): Promise<Value> => {
    const { value, error } = await world.exitOf(
      await world.spawn(host, 'watcher', how, await pick(), act),
    );
    return error === null ? value : { failed: error.kind, message: error.message };
  };
  const acts = Object.keys(ENDS) as (keyof typeof ENDS)[];

  it('monitor: one EXIT with the real end', async () => {
    const heard = await Promise.all(acts.map((act) => watch('monitor', act)));
    const ends = acts.map((act) => ({ kind: 'EXIT', right: true, ...ENDS[act] }));
    expect(heard).toMatchObject(ends);
  }, 60_000);

  it('link with trap_links: LINK_DOWN for a failure, nothing for a normal end', async () => {
    const heard = await Promise.all(acts.map((act) => watch('trap', act)));
    const ends = acts.map((act) => {
      return act === 'end' ? FENCE : { kind: 'LINK_DOWN', right: true, ...ENDS[act] };
    });
    expect(heard).toMatchObject(ends);
  }, 60_000);

  it('link: fails with the same error', async () => {
    const heard = await Promise.all(acts.map((act) => watch('link', act)));
    const ends = acts.map((act) => {
      if (act === 'end') return FENCE;
      const { error, message } = ENDS[act];
      return { failed: error, message };
    });
    expect(heard).toMatchObject(ends);
  }, 60_000);

  it.each(['monitor', 'link'])(
    '%s that was taken back tells nothing',
    async (how) => {
      const target = await pick();
      if (target === ('child' as Pid)) return; // its PID is not known here; below
      const watcher = await world.spawn(host, 'undoes', how, target, 'fail');
      await world.exitOf(target);
      await world.send(watcher, 'over');
      expect(await world.exitOf(watcher)).toEqual({ value: true, error: null });
    },
    60_000,
  );

  it('after the end: NOT_FOUND, but a closed workflow that is monitored gives its real end', async () => {
    const target = await pick();
    if (target === ('child' as Pid)) return;
    await world.send(target, 'end');
    await world.exitOf(target);
    const how = async (relation: string) => {
      const watcher = await world.spawn(host, 'watcher', relation, target, 'nothing');
      const { value, error } = await world.exitOf(watcher);
      return error === null ? value : { failed: error.kind };
    };
    const closed = target.includes('@') ? { error: 'NOT_FOUND' } : { value: 'ended' };
    expect(await Promise.all(['monitor', 'trap', 'link'].map(how))).toMatchObject([
      { kind: 'EXIT', right: true, ...closed },
      { kind: 'LINK_DOWN', right: true, error: 'NOT_FOUND' },
      { failed: 'NOT_FOUND' },
    ]);
  }, 60_000);
});

describe('a child', () => {
  it.each(['monitor', 'link'])(
    'can %s its own parent',
    async (how) => {
      const told = world.node.openMailbox(null);
      const parent = await world.spawn(WORKER, 'monitored_by_child', how, told.pid);
      const { first } = await told.receive({ timeoutMs: 30_000 });
      const kind = how === 'monitor' ? 'EXIT' : 'LINK_DOWN';
      expect(first).toMatchObject({ kind, from: parent, error: 'CONFLICT' });
      told.close();
    },
    60_000,
  );
});
