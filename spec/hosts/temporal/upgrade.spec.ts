/** `process.upgrade` in a workflow: continue-as-new (docs/semantics.md, rule 10). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { type Pid, parsePid } from '../../../src/core/pid.js';
import type { WorkerSettings } from '../../../src/hosts/temporal/index.js';
import { HistoryLimits } from '../../../src/hosts/temporal/workflow/history-limits.js';
import { decodePayload } from '../../../src/hosts/temporal/workflow/payload-converter.js';
import { SOURCE_MEMO } from '../../../src/hosts/temporal/workflow/wire.js';
import { runsOfWorkflow } from '../../support/replay.js';
import { temporalWorld, type World } from '../../support/temporal-world.js';

type Event = temporal.api.history.v1.IHistoryEvent;

const DAY_MS = 86_400_000;

/** Number of WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND. */
const UNHANDLED_COMMAND = 1;

function signalOnce(): { readonly fired: Promise<void>; fire(): void } {
  let fire = (): void => {};
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire: () => fire() };
}

const workflows = {
  /** Listens to a topic, and goes on as `second` when it is told to. */
  first: `
    process.set_options({ trap_links = true })
    process.listen("side")
    return function(who)
      process.inbox():receive()
      process.upgrade("app:second", who, "from the first")
      error("the first program must not go on")
    end`,
  second: `
    local workflow, ctx = require("workflow"), require("ctx")
    return function(who, said)
      local topics = {}
      local inbox = process.inbox()
      while true do
        local m = inbox:receive()
        if m:topic() == "end" then break end
        topics[#topics + 1] = m:topic() .. " " .. tostring(m:payload():data())
      end
      local options = process.get_options()
      return { who, said, process.pid(), topics, options.trap_links, ctx.get("tenant"),
        workflow.info().workflow_type, workflow.history_length() < 20 }
    end`,
  missing: `return function(entry)
      local ok, err = process.upgrade(entry)
      local m = process.inbox():receive()
      return { ok == nil, err:kind(), err:message(), m:topic() }
    end`,
  large: `return function()
      process.inbox():receive()
      local ok, err = process.upgrade("app:large", string.rep("x", 1500000))
      local read = {}
      for i = 1, 3 do read[i] = process.inbox():receive():topic() end
      return { ok == nil, err:kind(), err:message(), read }
    end`,
  hop: `return function(left)
      if left > 0 then process.upgrade(nil, left - 1) end
      local batch = process.inbox():receive()
      return batch:payload():data()
    end`,
  cancelled: `return function()
      process.events():receive()
      process.upgrade("app:waits")
    end`,
  waits: `return function() process.inbox():receive() end`,
  unreadEvent: `return function()
      process.inbox():receive()
      process.upgrade("app:readsEvent")
    end`,
  readsEvent: `return function()
      local event = process.events():receive()
      return { event.kind, event.reason }
    end`,
  says: `local time = require("time")
    return function(to)
      for i = 1, 20 do process.send(to, "n", i) end
      process.upgrade("app:saysMore", to)
    end`,
  saysMore: `return function(to)
      for i = 21, 40 do process.send(to, "n", i) end
    end`,
  hears: `return function()
      local got = {}
      for i = 1, 40 do got[i] = process.inbox():receive():payload():data() end
      return got
    end`,
  /** Goes on in the very task in which a message comes: the task lasts as long as the local activity. */
  pauses: `local funcs = require("funcs")
    return function()
      funcs.call("app:pause")
      process.upgrade("app:readsOne")
    end`,
  readsOne: `return function()
      local m = process.inbox():receive()
      return { m:topic(), m:payload():data(), process.inbox():receive():topic() }
    end`,
  notes: `local workflow = require("workflow")
    return function(again)
      if again then return workflow.version("a change", 1, 2) end
      workflow.version("a change", 1, 3)
      workflow.attrs({ search = { PerdureUpgradeKey = "kept", PerdureUpgradeGone = "gone" },
        memo = { note = "kept", gone = "gone" } })
      workflow.attrs({ remove = { search = { "PerdureUpgradeGone" }, memo = { "gone" } } })
      process.upgrade(nil, true)
    end`,
  cron: `return function()
      local ok, err = process.upgrade()
      return { ok == nil, err:kind(), err:message() }
    end`,
  /** Counts in a variable, which a new run does not have. */
  automatic: `local funcs, workflow = require("funcs"), require("workflow")
    return function(to)
      process.send(to, "started")
      local n = 0
      while process.inbox():receive():topic() ~= "end" do
        n = n + 1
        for i = 1, 3 do funcs.call("app:large") end
      end
      local info = workflow.info()
      return { n, info.run_id ~= info.first_execution_run_id }
    end`,
  /** The same, but a coroutine has something to do. */
  occupied: `local funcs, time, workflow = require("funcs"), require("time"), require("workflow")
    return function(to)
      coroutine.spawn(function() time.sleep("1h") end)
      process.inbox():receive()
      for i = 1, 3 do funcs.call("app:large") end
      process.send(to, "filled")
      process.inbox():receive()
      local info = workflow.info()
      return { info.run_id ~= info.first_execution_run_id, info.continue_as_new_suggested }
    end`,
  /** The same, but it has a child that would end with its run. */
  guardian: `local funcs, workflow = require("funcs"), require("workflow")
    return function(to)
      local child = process.spawn("app:waits", "app:worker")
      for i = 1, 3 do funcs.call("app:large") end
      local inbox, events = process.inbox(), process.events()
      process.send(to, "filled")
      inbox:receive()
      local suggested = workflow.info().continue_as_new_suggested
      process.send(child, "end")
      local err = events:receive().result.error
      local info = workflow.info()
      return { info.run_id ~= info.first_execution_run_id, suggested, err == nil }
    end`,
  /** Counts, and takes the count along when it is told that it is outdated. */
  upgradable: `local funcs, workflow = require("funcs"), require("workflow")
    return function(to, n, outdated)
      n, outdated = n or 0, outdated or 0
      process.send(to, "started")
      process.set_options({ upgradable = true })
      local inbox, events = process.inbox(), process.events()
      while true do
        local r = channel.select({ inbox:case_receive(), events:case_receive() })
        if r.channel == events then
          if r.value.kind == process.event.OUTDATED then process.upgrade(nil, to, n, outdated + 1) end
        elseif r.value:topic() == "end" then
          local info = workflow.info()
          return { n, outdated, info.run_id ~= info.first_execution_run_id }
        else
          n = n + 1
          for i = 1, 3 do funcs.call("app:large") end
        end
      end
    end`,
  /** Has a child, goes on, and tells how the child ends. */
  parent: `return function(policy)
      local spawner = process.with_options({ ["temporal.workflow.parent_close_policy"] = policy })
      process.upgrade("app:parentLater", assert(spawner:spawn("app:waits", "app:worker")))
    end`,
  parentLater: `return function(child)
      process.send(child, "end")
      local event = process.events():receive()
      local err = event.result.error
      return { event.kind, event.from == child, err and err:kind() }
    end`,
  /** Counts what each sender sends, and goes on as a new run every so many messages. */
  counter: `return function(every, total, seen, runs)
      seen, runs = seen or {}, runs or 1
      local all = 0
      for _, last in pairs(seen) do all = all + last end
      local inbox = process.inbox()
      for i = 1, every do
        local m = inbox:receive()
        local who, n = m:topic(), m:payload():data()
        local last = seen[who] or 0
        if n ~= last + 1 then return nil, "from " .. who .. " came " .. n .. " after " .. last end
        seen[who] = n
        all = all + 1
        if all == total then return { seen, runs } end
      end
      process.upgrade(nil, every, total, seen, runs + 1)
    end`,
};

describe.each<[string, WorkerSettings]>([
  ['with the cache of workflows', {}],
  ['without it: each task replays the run', { maxCachedWorkflows: 0 }],
])('an upgrade of a workflow, %s', (_name, settings) => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({
      workflows,
      settings,
      functions: ['echo'],
      activities: { pause: { local: true }, large: {} },
      continuing: ['automatic', 'occupied', 'guardian'],
    });
    // Three of them are more than the bytes from which on the server suggests a new run.
    world.node.functions.set('app:large', () => 'x'.repeat(1_500_000));
  });
  afterAll(() => world.close(), 120_000);

  /** Of each run the events, the last run first. */
  const historiesOf = async (pid: Pid): Promise<Event[][]> => {
    const found = await runsOfWorkflow(world.client, parsePid(pid)?.id ?? '');
    return found.map(({ events }) => [...(events ?? [])]);
  };
  const runsOf = async (pid: Pid): Promise<number> => (await historiesOf(pid)).length;

  it('keeps PID, context, options and unread messages, and starts the other program', async () => {
    const messages = [
      { topic: 'go', values: [0] },
      { topic: 'startup', values: [1] },
    ];
    const pid = await world.spawn('first', ['me'], { messages, context: { tenant: 'acme' } });
    for (const topic of ['a', 'side', 'b', 'end']) await world.send(pid, topic, 2);
    const { value, error } = await world.exitOf(pid);
    expect(error).toBeNull();
    const [who, said, self, topics, trap, tenant, type, short] = value as unknown[];
    expect([who, said, self, trap, tenant]).toEqual(['me', 'from the first', pid, true, 'acme']);
    expect([type, short]).toEqual(['app:second', true]);
    // What was unread in the inbox and in the topic, each in its order; the startup messages once.
    expect([...(topics as string[])].sort()).toEqual(['a 2', 'b 2', 'side 2', 'startup 1']);
    expect(await runsOf(pid)).toBe(2);
  });

  it.each([
    ['app:nothing', 'NOT_FOUND'],
    ['app:echo', 'INVALID'],
  ])('to %s answers %s, and the old program goes on', async (entry, kind) => {
    const pid = await world.spawn('missing', [entry]);
    await world.send(pid, 'later');
    expect((await world.exitOf(pid)).value).toEqual([
      true,
      kind,
      expect.stringContaining(entry),
      'later',
    ]);
    expect(await runsOf(pid)).toBe(1);
  });

  it('with more than a payload holds answers INVALID, and what came meanwhile is there', async () => {
    const pid = await world.spawn('large');
    await world.send(pid, 'go');
    const text = 'y'.repeat(400_000);
    for (const topic of ['m1', 'm2', 'm3']) await world.send(pid, topic, text);
    const { value } = await world.exitOf(pid);
    expect(value).toEqual([
      true,
      'INVALID',
      expect.stringContaining('arguments and unread messages'),
      ['m1', 'm2', 'm3'],
    ]);
  });

  it('at once and again keeps what came with the start', async () => {
    const messages = [{ topic: 'm', values: ['kept'] }];
    const pid = await world.spawn('hop', [3], { messages });
    expect((await world.exitOf(pid)).value).toBe('kept');
    expect(await runsOf(pid)).toBe(4);
  }, 30_000);

  it('keeps the deadline of a cancellation', async () => {
    const runsUntil = async (deadlineMs: number) => {
      const pid = await world.spawn('cancelled');
      await world.host.deliver(pid, { kind: 'cancel', from: null, reason: null, deadlineMs });
      expect((await world.exitOf(pid)).error?.message).toMatch(/deadline of its cancellation/);
      return runsOf(pid);
    };
    // Where the deadline was faster than the upgrade, a later one is tried.
    expect((await runsUntil(1500)) === 2 || (await runsUntil(10_000)) === 2).toBe(true);
  });

  it('keeps an event that was not read', async () => {
    const pid = await world.spawn('unreadEvent');
    const cancel = { kind: 'cancel', from: null, reason: 'enough', deadlineMs: DAY_MS } as const;
    await world.host.deliver(pid, cancel);
    await world.send(pid, 'go');
    expect((await world.exitOf(pid)).value).toEqual(['CANCEL', 'enough']);
  });

  it('comes after what the old program sent', async () => {
    const hears = await world.spawn('hears');
    await world.spawn('says', [hears]);
    const { value } = await world.exitOf(hears);
    expect(value).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it('loses and repeats no message of several senders while it goes on again and again', async () => {
    // Without the cache every task replays what the run has read so far.
    const [senders, each, every] =
      settings.maxCachedWorkflows === 0 ? [4, 100, 100] : [4, 500, 400];
    const pid = await world.spawn('counter', [every, senders * each]);
    const sends = Array.from({ length: senders }, async (_, s) => {
      for (let n = 1; n <= each; n++) await world.send(pid, `sender ${s}`, n);
    });
    await Promise.all(sends);
    const { value, error } = await world.exitOf(pid);
    expect(error).toBeNull();
    const [seen, runs] = value as [Record<string, number>, number];
    expect(seen).toEqual(
      Object.fromEntries(Array.from({ length: senders }, (_, s) => [`sender ${s}`, each])),
    );
    expect(runs).toBe((senders * each) / every);
  }, 120_000);

  it('takes along what comes in the very task that goes on', async () => {
    const entered = signalOnce();
    const release = signalOnce();
    world.node.functions.set('app:pause', async () => {
      entered.fire();
      await release.fired;
      return null;
    });
    const pid = await world.spawn('pauses');
    await entered.fired;
    await world.send(pid, 'in the task', 1);
    release.fire();
    await world.send(pid, 'after it');
    expect((await world.exitOf(pid)).value).toEqual(['in the task', 1, 'after it']);
    const [, first] = await historiesOf(pid);
    const failed = first?.find((event) => event.workflowTaskFailedEventAttributes != null);
    expect(failed?.workflowTaskFailedEventAttributes?.cause).toBe(UNHANDLED_COMMAND);
  });

  it('keeps memo and search attributes, and takes versions anew', async () => {
    const pid = await world.spawn('notes', [], {
      options: { 'temporal.workflow.memo': { started: 'yes' } },
    });
    expect((await world.exitOf(pid)).value).toBe(2);
    const [last] = await historiesOf(pid);
    const started = last?.[0]?.workflowExecutionStartedEventAttributes;
    const hash = world.app.workflows.find(({ type }) => type === 'app:notes')?.source?.hash;
    const memo = Object.entries(started?.memo?.fields ?? {});
    expect(Object.fromEntries(memo.map(([k, v]) => [k, decodePayload(v)]))).toEqual({
      started: 'yes',
      note: 'kept',
      [SOURCE_MEMO]: hash,
    });
    const fields = Object.entries(started?.searchAttributes?.indexedFields ?? {});
    expect(Object.fromEntries(fields.map(([k, v]) => [k, decodePayload(v)]))).toEqual({
      PerdureUpgradeKey: 'kept',
    });
  });

  it.each([
    ['abandon', null],
    ['terminate', 'CANCELED'],
  ])('hears how its child ends, whose policy is %s', async (policy, error) => {
    const pid = await world.spawn('parent', [policy]);
    expect((await world.exitOf(pid)).value).toEqual(['EXIT', true, ...(error ? [error] : [])]);
  });

  it('is refused where a cron schedule would be lost', async () => {
    const options = { 'temporal.workflow.cron_schedule': '@every 1s' };
    const pid = await world.spawn('cron', [], { options });
    const id = parsePid(pid)?.id ?? '';
    const { workflow } = world.client.client;
    const { runId } = await workflow.getHandle(id).describe();
    const first = workflow.getHandle(id, runId, { followRuns: false });
    // To this client a server may show the end of a scheduled run as continue-as-new.
    await first.result().catch(() => {});
    const { events } = await first.fetchHistory();
    const done = events?.at(-1)?.workflowExecutionCompletedEventAttributes;
    expect(decodePayload(done?.result?.payloads?.[0])).toEqual([
      true,
      'INVALID',
      expect.stringContaining('cron schedule'),
    ]);
    await world.host.deliver(pid, { kind: 'terminate', from: null, reason: null });
  });

  const toSpec = () => `{${world.node.name}@app:processes|spec-${++count}}`;
  let count = 0;
  const told = (to: Pid, topic: string, times: number) =>
    world.node.until(() => {
      const heard = world.node.delivered.filter(({ pid, signal }) => {
        return pid === to && signal.kind === 'message' && signal.topic === topic;
      });
      return heard.length >= times ? true : undefined;
    });

  it('comes by itself where that is asked for, when the server suggests it', async () => {
    const to = toSpec();
    const pid = await world.spawn('automatic', [to]);
    await world.send(pid, 'fill');
    await told(to, 'started', 2);
    await world.send(pid, 'end');
    expect((await world.exitOf(pid)).value).toEqual([0, true]);
  });

  it('does not come by itself while something would be lost', async () => {
    const to = toSpec();
    const pid = await world.spawn('occupied', [to]);
    await world.send(pid, 'fill');
    await told(to, 'filled', 1);
    await world.send(pid, 'end');
    expect((await world.exitOf(pid)).value).toEqual([false, true]);
  });

  it('does not come by itself while a child would end with the run', async () => {
    const to = toSpec();
    const pid = await world.spawn('guardian', [to]);
    await told(to, 'filled', 1);
    await world.send(pid, 'go');
    expect((await world.exitOf(pid)).value).toEqual([false, true, true]);
  });

  it('is the program’s own business where it says that it is upgradable', async () => {
    const to = toSpec();
    const pid = await world.spawn('upgradable', [to]);
    await world.send(pid, 'fill');
    await told(to, 'started', 2);
    await world.send(pid, 'end');
    expect((await world.exitOf(pid)).value).toEqual([1, 1, true]);
  });
});

describe('a history near its limits', () => {
  const info = { workflowId: 'w', workflowType: 't', historyLength: 1, historySize: 1 };

  it.each([
    ['events', { historyLength: 40_960 }],
    ['bytes', { historySize: 40 * 1024 * 1024 }],
  ])('is warned of once, by %s', (_what, more) => {
    const limits = new HistoryLimits();
    expect(limits.warning({ ...info, historyLength: 40_959 })).toBeNull();
    expect(limits.warning({ ...info, ...more })).toMatch(/workflow w \(t\).*process\.upgrade/);
    expect(limits.warning({ ...info, ...more })).toBeNull();
  });
});
