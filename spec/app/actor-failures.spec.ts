/** Failures that users of actor libraries report, as an app shows them. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { AppEvents, reached } from '../support/app-events.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

interface Started {
  readonly app: App;
  readonly events: NodeEvent[];
  readonly until: AppEvents['until'];
}

const HOST = 'name: processes\nkind: process.host';

async function start(
  bodies: { readonly [name: string]: string },
  ...entries: readonly string[]
): Promise<Started> {
  const happenings = new AppEvents();
  const sources = Object.entries(bodies).map(([name, body]) => [
    `${name}.lua`,
    `return { main = function(...)\n${body}\nend }`,
  ]);
  const app = await startApp({
    dir: await folders.write({
      ...Object.fromEntries(sources),
      '_index.yaml': index(...entries, ...Object.keys(bodies).map((name) => luaEntry(name))),
    }),
    env: {},
    print: () => {},
    onEvent: happenings.record,
  });
  return { app, events: happenings.events, until: happenings.until };
}

const service = (name: string, more = '') =>
  `name: ${name}_service\nkind: process.service\nprocess: ${name}\nhost: processes\nlifecycle:\n  auto_start: true\n${more}`;
const FAST = '  restart: { initial_delay: 1ms, max_delay: 2ms, max_attempts: 5 }\n';

describe('what actor libraries get wrong', () => {
  it('a start that throws leaves no zombie, its name is free, and its watchers are told', async () => {
    const { app } = await start(
      {
        throws: 'error("at the start", 0)',
        watcher: `local pid = assert(process.with_options({}):with_name("taken"):spawn_monitored("app:throws", "app:processes"))
          local event = process.events():receive()
          local _, err = process.registry.lookup("taken")
          local sent, gone = process.send(pid, "t")
          return { event.result.error:message(), err:kind(), gone:kind() }`,
      },
      HOST,
    );
    const { exit } = await app.runtime.spawn('app:watcher');
    expect((await exit).value).toEqual(['at the start', 'NOT_FOUND', 'NOT_FOUND']);
    expect(await app.runtime.list()).toEqual([]);
    await app.stop();
  });

  it('a source that throws while it is loaded fails like a start, and stops nobody else', async () => {
    const { app } = await start(
      { fine: 'return process.inbox():receive():topic()' },
      HOST,
      'name: broken\nkind: process.lua\nsource: |\n  error("while loading", 0)',
    );
    const fine = await app.runtime.spawn('app:fine');
    const outcome = await app.runtime.spawn('app:broken').then(
      async ({ exit }) => (await exit).error,
      (error: unknown) => error,
    );
    expect(String((outcome as Error).message)).toMatch(/while loading/);
    expect((await app.runtime.list()).map(({ entry }) => entry)).toEqual(['app:fine']);
    await app.runtime.send(fine.pid, 'still here');
    expect((await fine.exit).value).toBe('still here');
    await app.stop();
  });

  it('a crash loop can be seen, attempt by attempt with its error, and ends at its bound', async () => {
    const { app, events, until } = await start(
      { crasher: 'error("again", 0)' },
      HOST,
      service('crasher', FAST),
    );
    await until(reached('app:crasher_service', 'failed'));
    const runs = events.filter((e) => e.kind === 'exited' && e.result.error?.message === 'again');
    expect(runs).toHaveLength(5);
    const info = app.services().find(({ id }) => id === 'app:crasher_service');
    expect(info).toMatchObject({ state: 'failed', attempts: 5, pid: null });
    expect(String(info?.lastError?.message ?? info?.lastError)).toMatch(/again/);
    await app.stop();
  });

  it('the restarts of one service spend nothing of another one’s', async () => {
    const { app, events, until } = await start(
      {
        crasher: 'error("again", 0)',
        unlucky: 'process.inbox():receive_timeout("1ms") error("unlucky", 0)',
        steady: 'process.registry.register("steady") return process.inbox():receive():topic()',
      },
      HOST,
      service('crasher', FAST),
      service('unlucky', FAST),
      service('steady', FAST),
    );
    await until(reached('app:crasher_service', 'failed'));
    await until(reached('app:unlucky_service', 'failed'));
    const count = (entry: string) =>
      events.filter((e) => e.kind === 'spawned' && e.entry === entry).length;
    expect([count('app:crasher'), count('app:unlucky'), count('app:steady')]).toEqual([5, 5, 1]);
    expect(app.services().find(({ id }) => id === 'app:steady_service')).toMatchObject({
      state: 'running',
      attempts: 0,
    });
    await app.stop();
  });

  it('a full mailbox is an answer to the sender: neither fails, and what was taken is read', async () => {
    const { app, events } = await start(
      {
        slow: 'return process.inbox():receive():topic()',
        sender: `local to = process.spawn_monitored("app:slow", "app:small")
          local taken, refused = 0, {}
          for i = 1, 15 do
            local sent, err = process.send(to, "first", i)
            if sent then taken = taken + 1 else refused[#refused + 1] = err:kind() end
          end
          local event = process.events():receive()
          return { taken, refused, event.result.value }`,
      },
      HOST,
      'name: small\nkind: process.host\nhost: { mailbox_limit: 10 }',
    );
    const { value } = await (await app.runtime.spawn('app:sender', { host: 'app:processes' })).exit;
    const [taken, refused, read] = value as [number, string[], string];
    expect(taken).toBe(10);
    expect(refused).toEqual(Array.from({ length: 5 }, () => 'RATE_LIMITED'));
    expect(events.filter((e) => e.kind === 'undeliverable')).toHaveLength(5);
    expect(read).toBe('first');
    await app.stop();
  });

  it('stopping has one overall deadline: all that do not listen are gone when it passes', async () => {
    const stubborn = 'local events = process.events() while true do events:receive() end';
    const { app, events, until } = await start(
      {
        stubborn,
        many: `for i = 1, 100 do process.spawn("app:stubborn", "app:processes") end ${stubborn}`,
        one: stubborn,
        two: stubborn,
      },
      HOST,
      service('many', '  stop_timeout: 10m\n'),
      service('one', '  stop_timeout: 10m\n'),
      service('two', '  stop_timeout: 10m\n'),
    );
    const count = (kind: NodeEvent['kind']) => events.filter((e) => e.kind === kind).length;
    await until(() => count('spawned') >= 103);
    await app.stop(100);
    expect([count('spawned'), count('exited')]).toEqual([103, 103]);
  });
});
