/** "Turns" of docs/semantics.md: what a process that never yields does to others, and what reaches it. */
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import { defineProcess } from '../../src/js/define.js';
import { AppEvents } from '../support/app-events.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
const apps: App[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.stop())));
afterAll(() => folders.remove());

async function start(sources: { readonly [name: string]: string } = {}) {
  const { record, until, events } = new AppEvents();
  const app = await startApp({
    dir: await folders.write({
      ...Object.fromEntries(Object.entries(sources).map(([name, text]) => [`${name}.lua`, text])),
      '_index.yaml': index(
        'name: processes\nkind: process.host',
        ...Object.keys(sources).map((name) => luaEntry(name)),
      ),
    }),
    print: () => {},
    env: {},
    onEvent: record,
  });
  apps.push(app);
  return { runtime: app.runtime, until, events };
}

describe('a Lua process that never yields', () => {
  const SPINNER = `return function(to)
    if to then process.send(to, "spinning") end
    local n = 0
    while true do
      n = n + 1
    end
  end`;

  it('is named by a warning, with its entry and the line it is at, once', async () => {
    const { runtime, until, events } = await start({ spinner: SPINNER });
    const { pid } = await runtime.spawn('app:spinner');
    expect(await until((event) => event.kind === 'slow_turn')).toMatchObject({
      pid,
      entry: 'app:spinner',
      where: expect.stringMatching(/^spinner\.lua:[456]$/),
      ms: expect.any(Number),
    });
    // As long again: nothing more is said of the same turn.
    const mailbox = runtime.mailbox();
    await expect(mailbox.receive({ timeoutMs: 700 })).rejects.toMatchObject({ kind: 'TIMEOUT' });
    expect(events.filter((event) => event.kind === 'slow_turn')).toHaveLength(1);
  });

  it("delays the host's other work and loses none of it: messages, timers and I/O", async () => {
    const { runtime } = await start({
      spinner: SPINNER,
      counter: `return function(from)
        local time = require("time")
        local sum = 0
        for _ = 1, 1000 do sum = sum + process.inbox():receive():payload():data() end
        time.sleep("5ms")
        return sum
      end`,
    });
    const mailbox = runtime.mailbox();
    for (let i = 0; i < 4; i++) await runtime.spawn('app:spinner', { args: [mailbox.pid] });
    for (let i = 0; i < 4; i++) expect((await mailbox.receive()).topic).toBe('spinning');
    const { pid, exit } = await runtime.spawn('app:counter');
    for (let i = 1; i <= 1000; i++) await runtime.send(pid, 'n', i);
    expect((await exit).value).toBe(500_500);
  });

  it('is reached by terminate, and its neighbours go on', async () => {
    const { runtime } = await start({
      spinner: SPINNER,
      terminator: `return function(pid)
        process.monitor(pid)
        process.terminate(pid, "enough")
        return (process.events():receive()).result.error:message()
      end`,
    });
    const mailbox = runtime.mailbox();
    const spinner = await runtime.spawn('app:spinner', { args: [mailbox.pid] });
    await mailbox.receive();
    const terminator = await runtime.spawn('app:terminator', { args: [spinner.pid] });
    expect((await terminator.exit).value).toContain('terminated: enough');
    expect((await spinner.exit).error).toMatchObject({ kind: 'CANCELED' });
  });
});

describe('a TypeScript process that never yields', () => {
  /** Keeps the event loop for `ms`, as a long computation does. */
  function compute(ms: number): void {
    for (const end = performance.now() + ms; performance.now() < end; );
  }

  it("delays the host's other work and loses none of it: messages, timers and I/O", async () => {
    const { runtime } = await start();
    const busy = defineProcess(async (ctx, to: string) => {
      for (let i = 0; i < 4; i++) {
        compute(60);
        await ctx.send(to, 'round', i);
      }
    }, 'busy');
    const other = defineProcess(async (ctx) => {
      await ctx.spawn(busy, { args: [ctx.pid] });
      const late = ctx.sleep(1).then(() => 'slept');
      const rounds: unknown[] = [];
      for (let i = 0; i < 4; i++) rounds.push((await ctx.receive()).first);
      return [rounds, await late];
    }, 'other');
    const { exit } = await runtime.spawn(other);
    expect((await exit).value).toEqual([[0, 1, 2, 3], 'slept']);
  });

  it('is reached by terminate at its next call: that call throws, or never continues', async () => {
    const { runtime } = await start();
    const mailbox = runtime.mailbox();
    const steps: string[] = [];
    const busy = defineProcess(async (ctx) => {
      await runtime.terminate(ctx.pid, 'enough');
      steps.push('computes on');
      compute(20);
      try {
        ctx.tryReceive();
      } catch (error) {
        steps.push((error as Error).message);
      }
      void ctx.send(mailbox.pid, 'late');
      await ctx.receive({ timeoutMs: 1 }).catch(() => {});
      steps.push('after its end');
    }, 'busy');
    const { exit } = await runtime.spawn(busy);
    expect((await exit).error).toMatchObject({ kind: 'CANCELED' });
    await expect(mailbox.receive({ timeoutMs: 50 })).rejects.toMatchObject({ kind: 'TIMEOUT' });
    expect(steps).toEqual(['computes on', expect.stringContaining('ended')]);
  });
});
