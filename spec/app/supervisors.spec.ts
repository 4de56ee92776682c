/** Supervisors as an app declares them, with children in Lua. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { AppEvents } from '../support/app-events.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const HOST = 'name: processes\nkind: process.host';

/** Says who it is, ends at CANCEL, fails at `crash`. */
const MEMBER = `return { main = function(name)
  print(name .. " up")
  local events, inbox = process.events(), process.inbox()
  while true do
    local r = channel.select { events:case_receive(), inbox:case_receive() }
    if r.channel == events then
      print(name .. " " .. r.value.kind)
      return
    end
    if r.value:topic() == "crash" then error("crashed") end
    process.send(r.value:from(), "pong", name)
  end
end }`;

const member = (id: string, more = '') =>
  `{id: ${id}, process: member, host: processes, input: ${id}${more}}`;

const supervisor = (name: string, more: string, ...children: string[]) =>
  `name: ${name}\nkind: process.supervisor\n${more}children:\n${children.map((c) => `  - ${c}\n`).join('')}`;

const SERVICE =
  'lifecycle:\n  auto_start: true\n  restart: { initial_delay: 1ms, max_delay: 2ms, max_attempts: 2 }\n';

interface Started {
  readonly app: App;
  readonly printed: string[];
  readonly events: NodeEvent[];
  readonly until: AppEvents['until'];
}

async function start(...entries: readonly string[]): Promise<Started> {
  const printed: string[] = [];
  const happenings = new AppEvents();
  const app = await startApp({
    dir: await folders.write({
      '_index.yaml': index(HOST, luaEntry('member'), ...entries),
      'member.lua': MEMBER,
      'asker.lua': `return { main = function(pid, topic)
        process.send(pid, topic)
        return (process.inbox():receive():payload():data())
      end }`,
    }),
    print: (text) => printed.push(text),
    onEvent: happenings.record,
  });
  return { app, printed, events: happenings.events, until: happenings.until };
}

/** The process of a child. */
function pidOf(app: App, of: string, id: string): string {
  const pid = app.runtime
    .supervisor(of)
    .children()
    .find((child) => child.id === id)?.pid;
  if (pid == null) throw new Error(`child ${id} of ${of} has no process`);
  return pid;
}

describe('process.supervisor', () => {
  it('is a service: up when its children are, found by its id, stopped with the app in reverse order', async () => {
    const { app, printed } = await start(
      luaEntry('asker'),
      supervisor('pool', SERVICE, member('a'), member('b')),
    );
    expect(app.services()).toEqual([
      expect.objectContaining({ id: 'app:processes', kind: 'process.host', state: 'running' }),
      {
        id: 'app:pool',
        kind: 'process.supervisor',
        state: 'running',
        attempts: 0,
        lastError: null,
        pid: expect.stringContaining('perdure:supervisors'),
      },
    ]);
    const ask = await app.runtime.spawn('app:asker', { args: ['app:pool', 'count_children'] });
    const counts = { specs: 2, active: 2, supervisors: 0, workers: 2 };
    expect((await ask.exit).value).toEqual(counts);
    expect(app.runtime.supervisor('app:pool').counts()).toEqual(counts);
    expect(() => app.runtime.supervisor('app:nobody')).toThrow('supervisor not found: app:nobody');
    expect(await app.stop()).toEqual([]);
    expect(printed.sort()).toEqual(['a CANCEL', 'a up', 'b CANCEL', 'b up']);
    const cancels = printed.filter((line) => line.endsWith('CANCEL'));
    expect(cancels).toHaveLength(2);
  });

  it('gives, takes and starts again children that any process asks for in messages [child_adm]', async () => {
    const { app } = await start(
      supervisor('pool', SERVICE, member('a')),
      `name: boss\nkind: process.lua\nsource: |
  return { main = function()
    local function ask(topic, value)
      process.send("app:pool", topic, value)
      local answer, err = process.inbox():receive():payload():data()
      return err and { err.kind, err.message } or answer
    end
    local pid = ask("start_child", { id = "b", process = "member", input = "b", restart = "transient" })
    process.send(pid, "hello")
    local name = process.inbox():receive():payload():data()
    return { name, ask("terminate_child", "b"), ask("restart_child", "b") ~= pid, ask("delete_child", "b")[1],
      ask("terminate_child", "b"), ask("delete_child", "b"), ask("restart_child", "b")[1],
      ask("start_child", { process = "nobody", restart = "sometimes" }), ask("start_child", "hej"),
      ask("start_child", { process = "nobody", significant = true }) }
  end }`,
    );
    const { exit } = await app.runtime.spawn('app:boss');
    expect((await exit).value).toEqual([
      ...['b', true, true, 'CONFLICT', true, true, 'NOT_FOUND'],
      [
        'INVALID',
        'start_child: restart: expected "permanent" or "transient" or "temporary", found the text "sometimes"',
      ],
      ['INVALID', 'start_child: expected a map, found the text "hej"'],
      [
        'INVALID',
        expect.stringMatching(/significant: has no meaning.*; process: app:nobody not found/),
      ],
    ]);
    await app.stop();
  });

  it('of simple_one_for_one gives each child the arguments it is asked for with, behind those of the template [simple_one_for_one_extra]', async () => {
    const { app } = await start(
      supervisor(
        'pool',
        `strategy: simple_one_for_one\n${SERVICE}`,
        '{process: pair, host: processes, input: [one]}',
      ),
      `name: pair\nkind: process.lua\nsource: |
  return { main = function(a, b)
    process.send(process.inbox():receive():from(), "got", { a, b })
  end }`,
      `name: boss\nkind: process.lua\nsource: |
  return { main = function()
    process.send("app:pool", "start_child", "two")
    local first = process.inbox():receive():payload():data()
    process.send(first, "hello")
    return process.inbox():receive():payload():data()
  end }`,
    );
    const { exit } = await app.runtime.spawn('app:boss');
    expect(await exit).toEqual({ value: ['one', 'two'], error: null });
    const mailbox = app.runtime.mailbox();
    const second = await app.runtime.supervisor('app:pool').startChild([2]);
    await mailbox.send(second, 'hello');
    expect((await mailbox.receive()).first).toEqual(['one', 2]);
    await app.stop();
  });

  it('as a service has its own stop_timeout for the whole of its tree', async () => {
    const { app, printed, until } = await start(
      `name: last\nkind: process.lua\nsource: |
  return { main = function()
    local events = process.events()
    process.send("nobody", "ready")
    local event = events:receive()
    print(event.deadline:sub(event.at):seconds())
  end }`,
      supervisor(
        'pool',
        'lifecycle: { auto_start: true, stop_timeout: 2s }\n',
        '{process: last, host: processes, shutdown: infinity}',
      ),
    );
    await until((e) => e.kind === 'undeliverable' && e.topic === 'ready');
    await app.stop();
    expect(printed.map((text) => Math.ceil(Number(text)))).toEqual([2]);
  });

  it('that used up its restarts is a service that failed: started again as its lifecycle says', async () => {
    const { app, until, events } = await start(supervisor('pool', SERVICE, member('a')));
    for (let round = 0; round < 2; round++) {
      const before = pidOf(app, 'app:pool', 'a');
      await app.runtime.send(before, 'crash');
      await until(
        (e) => e.kind === 'restarted' && e.budget.startsWith('1 of 1') && count() > round,
      );
      await until(
        (e) => e.kind === 'spawned' && e.entry === 'app:member' && spawned() > 2 * round + 1,
      );
      await app.runtime.send(pidOf(app, 'app:pool', 'a'), 'crash');
      const state = round === 0 ? 'backing_off' : 'failed';
      await until((e) => e.kind === 'service' && e.id === 'app:pool' && e.state === state);
      if (round === 0) {
        await until((e) => e.kind === 'service' && e.state === 'running' && running() === 2);
      }
    }
    expect(app.services().find(({ id }) => id === 'app:pool')).toMatchObject({
      state: 'failed',
      attempts: 2,
      pid: null,
      lastError: {
        kind: 'INTERNAL',
        message: expect.stringContaining('reached_max_restart_intensity'),
      },
    });
    await app.stop();

    function count(): number {
      return events.filter((e) => e.kind === 'restarted').length;
    }
    function spawned(): number {
      return events.filter((e) => e.kind === 'spawned' && e.entry === 'app:member').length;
    }
    function running(): number {
      return events.filter(
        (e) => e.kind === 'service' && e.id === 'app:pool' && e.state === 'running',
      ).length;
    }
  });

  it('that does not start says so in the state of its service, and leaves nothing running', async () => {
    const { app, until } = await start(
      'name: broken\nkind: process.lua\nsource: "return 1"',
      supervisor('pool', SERVICE, member('a'), '{process: broken, host: processes}'),
    ).catch((error: unknown) => {
      throw error;
    });
    await until((e) => e.kind === 'service' && e.id === 'app:pool' && e.state === 'failed');
    await app.stop();
  });

  it('can be spawned, by TypeScript and by Lua, on a host of its own or on the one for supervisors', async () => {
    const { app } = await start(
      'name: spawner\nkind: process.lua\nsource: |\n  return { main = function()\n    return process.spawn("app:pool", "app:processes")\n  end }',
      supervisor('pool', '', member('a')),
    );
    const mine = await app.runtime.spawn('app:pool', { name: 'mine' });
    expect(mine.pid).toContain('@perdure:supervisors|');
    const spawner = await app.runtime.spawn('app:spawner');
    const { value } = await spawner.exit;
    expect(value).toContain('@app:processes|');
    expect(app.runtime.supervisor(String(value)).counts().specs).toBe(1);
    expect(app.runtime.supervisor('mine').children()[0]).toMatchObject({ id: 'a', restarts: 0 });
    await app.runtime.terminate(mine.pid);
    expect(await mine.exit).toMatchObject({ error: { kind: 'CANCELED' } });
    await app.stop();
    expect(await app.runtime.list()).toEqual([]);
  });

  it('stops before the hosts of its children, whoever started it: nothing is restarted on the way down', async () => {
    const { app, events, printed } = await start(
      supervisor('top', '', '{process: pool}', member('z')),
      supervisor('pool', '', member('a'), member('b')),
    );
    const { exit } = await app.runtime.spawn('app:top');
    while (printed.length < 3) await new Promise(setImmediate);
    expect(await app.stop()).toEqual([]);
    expect(await exit).toEqual({ value: null, error: null });
    expect(printed).toEqual(['a up', 'b up', 'z up', 'z CANCEL', 'b CANCEL', 'a CANCEL']);
    expect(events.filter((e) => e.kind === 'restarted')).toEqual([]);
  });
});

describe('services', () => {
  it('can be asked for: state, failed runs in a row, last error', async () => {
    const { app, until } = await start(
      'name: crasher\nkind: process.lua\nsource: "return { main = function() error(\'out of ink\') end }"',
      'name: done\nkind: process.lua\nsource: "return { main = function() end }"',
      ...['crasher', 'done'].map(
        (name) =>
          `name: ${name}_service\nkind: process.service\nprocess: ${name}\nhost: processes\n${SERVICE}`,
      ),
      'name: idle\nkind: process.service\nprocess: done\nhost: processes',
    );
    await until((e) => e.kind === 'service' && e.state === 'failed');
    await until((e) => e.kind === 'service' && e.state === 'done');
    const rows = app.services().map(({ id, state, attempts, lastError }) => {
      return [id, state, attempts, lastError?.message.replace(/.*: /, '') ?? null];
    });
    expect(rows).toEqual([
      ['app:processes', 'running', 0, null],
      ['app:crasher_service', 'failed', 2, 'out of ink'],
      ['app:done_service', 'done', 0, null],
      ['app:idle', 'idle', 0, null],
    ]);
    await app.stop();
  });

  it('all stop by one deadline, however many of them do not end', async () => {
    const { app } = await start(
      `name: stubborn\nkind: process.lua\nsource: |
  return { main = function()
    process.events()
    process.inbox():receive()
  end }`,
      ...['one', 'two', 'three'].map(
        (name, i) =>
          `name: ${name}\nkind: process.service\nprocess: stubborn\nhost: processes\nlifecycle:\n  auto_start: true\n  depends_on: [${['processes', 'one', 'two'][i]}]`,
      ),
    );
    await new Promise(setImmediate);
    const began = performance.now();
    const late = await app.stop(300);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(late).toEqual(
      expect.arrayContaining([expect.stringContaining('three did not stop in time')]),
    );
    expect(await app.runtime.list()).toEqual([]);
  });

  it('that never ask for their events are terminated at once when the app stops', async () => {
    const { app } = await start(
      'name: deaf\nkind: process.lua\nsource: "return { main = function() process.inbox():receive() end }"',
      `name: deaf_service\nkind: process.service\nprocess: deaf\nhost: processes\n${SERVICE}`,
    );
    const began = performance.now();
    await app.stop();
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
