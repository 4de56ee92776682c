import { afterAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { AppEvents } from '../support/app-events.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

interface Started {
  readonly app: App;
  readonly events: NodeEvent[];
  readonly states: AppEvents['states'];
  readonly until: AppEvents['until'];
}

async function start(files: { readonly [name: string]: string }): Promise<Started> {
  const happenings = new AppEvents();
  const app = await startApp({
    dir: await folders.write(files),
    env: { GREETING: 'hello' },
    print: () => {},
    onEvent: happenings.record,
  });
  const { events, states, until } = happenings;
  return { app, events, states, until };
}

const service = (name: string, more = '') =>
  `name: ${name}_service\nkind: process.service\nprocess: ${name}\nhost: processes\nlifecycle:\n  auto_start: true\n${more}`;
const HOST = 'name: processes\nkind: process.host';
const FAST = '  restart: { initial_delay: 1ms, max_delay: 2ms, max_attempts: 5 }';

describe('an app', () => {
  it('runs processes, calls functions, sends messages and tells how processes ended', async () => {
    const { app } = await start({
      '_index.yaml': index(HOST, luaEntry('adder'), luaEntry('double', 'function.lua')),
      'adder.lua': `return { main = function(a)
        return a + process.inbox():receive():payload():data()
      end }`,
      'double.lua': 'return { main = function(n) return n * 2 end }',
    });
    expect(await app.runtime.call('app:double', 21)).toBe(42);
    const { pid, exit } = await app.runtime.spawn('app:adder', { args: [2] });
    await app.runtime.send(pid, 'more', 3);
    expect(await exit).toEqual({ value: 5, error: null });
    await expect(app.runtime.send(pid, 'more', 3)).rejects.toMatchObject({ kind: 'NOT_FOUND' });
    await app.stop();
  });

  it('shares the node with a process that never waits, and ends it when asked to', async () => {
    const { app } = await start({
      '_index.yaml': index(
        HOST,
        luaEntry('spinner'),
        luaEntry('neighbour'),
        luaEntry('spin', 'function.lua'),
      ),
      'spinner.lua': 'return { main = function() while true do end end }',
      'spin.lua': 'return { main = function() while true do end end }',
      'neighbour.lua': `local time = require("time")
        return { main = function() time.sleep("1ms") return process.inbox():receive():payload():data() end }`,
    });
    const spinner = await app.runtime.spawn('app:spinner');
    void app.runtime.call('app:spin').catch(() => {});
    const neighbour = await app.runtime.spawn('app:neighbour');
    await app.runtime.send(neighbour.pid, 'greet', 'hello');
    expect((await neighbour.exit).value).toBe('hello');
    await app.runtime.terminate(spinner.pid, 'enough');
    expect((await spinner.exit).error).toMatchObject({ kind: 'CANCELED' });
    const another = await app.runtime.spawn('app:spinner');
    await app.runtime.cancel(another.pid, null, 5);
    expect((await another.exit).error).toMatchObject({ kind: 'CANCELED' });
    await app.stop();
  });

  it('restarts a service that fails, and gives up after exactly max_attempts', async () => {
    const { app, until, states, events } = await start({
      '_index.yaml': index(HOST, luaEntry('crasher'), service('crasher', FAST)),
      'crasher.lua': 'return { main = function() error("again") end }',
    });
    await until((e) => e.kind === 'service' && e.state === 'failed');
    await app.stop();
    const spawned = events.filter((e) => e.kind === 'spawned' && e.entry === 'app:crasher');
    expect(spawned).toHaveLength(5);
    expect(states('app:crasher_service').filter((s) => s === 'backing_off')).toHaveLength(4);
  });

  it('does not restart a service whose main returned', async () => {
    const { app, until, states } = await start({
      '_index.yaml': index(HOST, luaEntry('once'), service('once', FAST)),
      'once.lua': 'return { main = function() return "done" end }',
    });
    await until((e) => e.kind === 'service' && e.state === 'done');
    await app.stop();
    expect(states('app:once_service')).not.toContain('backing_off');
  });

  it('stops services in reverse order, each with CANCEL', async () => {
    const polite = `return { main = function()
      local events = process.events()
      require("logger").info("ready")
      local event = events:receive()
      return event.kind
    end }`;
    const { app, events, until } = await start({
      '_index.yaml': index(
        HOST,
        luaEntry('first'),
        luaEntry('second'),
        service('first'),
        service('second', '  depends_on: [first_service]'),
      ),
      'first.lua': polite,
      'second.lua': polite,
    });
    await until((e) => e.kind === 'log' && e.entry === 'app:second');
    const notices = await app.stop();
    const stopped = events.flatMap((e) =>
      e.kind === 'service' && e.state === 'stopped' && e.id.endsWith('service') ? [e.id] : [],
    );
    expect(stopped).toEqual(['app:second_service', 'app:first_service']);
    expect(notices).toEqual([]);
    expect(events.filter((e) => e.kind === 'exited').map((e) => e.result.value)).toEqual([
      'CANCEL',
      'CANCEL',
    ]);
  });

  it('shows a process the environment only through the env module', async () => {
    const lua = 'return { main = function() return (require("env").get("GREETING")) end }';
    const { app } = await start({
      '_index.yaml': index(
        HOST,
        luaEntry('open', 'process.lua', 'modules: [env]'),
        luaEntry('shut', 'process.lua', 'modules: [time]'),
      ),
      'open.lua': lua,
      'shut.lua': lua,
    });
    const open = await app.runtime.spawn('app:open');
    const shut = await app.runtime.spawn('app:shut');
    expect((await open.exit).value).toBe('hello');
    expect((await shut.exit).error?.text).toMatch(/env/);
    await app.stop();
  });

  it('lives beside another app in one program, and neither sees the other', async () => {
    const files = {
      '_index.yaml': index(HOST, luaEntry('named')),
      'named.lua': `return { main = function()
        process.registry.register("the one")
        return process.inbox():receive():topic()
      end }`,
    };
    const [a, b] = [await start(files), await start(files)];
    const inA = await a.app.runtime.spawn('app:named');
    const inB = await b.app.runtime.spawn('app:named');
    expect(inA.pid).not.toBe(inB.pid);
    await expect(b.app.runtime.send(inA.pid, 'x')).rejects.toMatchObject({ kind: 'NOT_FOUND' });
    await a.until((e) => e.kind === 'spawned');
    await new Promise(setImmediate);
    await a.app.runtime.send('the one', 'from a');
    await b.app.runtime.send('the one', 'from b');
    expect((await inA.exit).value).toBe('from a');
    expect((await inB.exit).value).toBe('from b');
    await Promise.all([a.app.stop(), b.app.stop()]);
  });

  it('stops a service at once that never asked for its events', async () => {
    const { app, until } = await start({
      '_index.yaml': index(HOST, luaEntry('deaf'), service('deaf')),
      'deaf.lua': 'return { main = function() require("time").sleep("1h") end }',
    });
    await until(
      (e) => e.kind === 'service' && e.id === 'app:deaf_service' && e.state === 'running',
    );
    const stopping = app.stop();
    const { result } = (await until((e) => e.kind === 'exited')) as NodeEvent & { kind: 'exited' };
    expect(result.error?.text).toMatch(/terminated: the service is stopping/);
    expect(app.stop()).toBe(stopping);
    await stopping;
  });
});
