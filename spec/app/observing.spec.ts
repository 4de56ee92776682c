import { afterAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

/** An app, and a promise for its first event of a kind. */
async function start(
  files: { readonly [name: string]: string },
  kind: NodeEvent['kind'] = 'spawned',
): Promise<{ app: App; seen: Promise<NodeEvent> }> {
  let see: (event: NodeEvent) => void = () => {};
  const seen = new Promise<NodeEvent>((resolve) => {
    see = resolve;
  });
  const app = await startApp({
    dir: await folders.write(files),
    print: () => {},
    env: {},
    onEvent: (event) => {
      if (event.kind === kind) see(event);
    },
  });
  return { app, seen };
}

const HOST = 'name: processes\nkind: process.host';

describe('an observer', () => {
  it('is told of a process that never waits, with its source line, while others go on', async () => {
    const { app, seen } = await start(
      {
        '_index.yaml': index(HOST, luaEntry('endless'), luaEntry('quick')),
        'endless.lua': 'return function()\n  while true do\n  end\nend',
        'quick.lua': 'return function() return process.inbox():receive():topic() end',
      },
      'slow_turn',
    );
    const endless = await app.runtime.spawn('app:endless');
    const quick = await app.runtime.spawn('app:quick');
    const { pid } = endless;
    expect(await seen).toMatchObject({
      pid,
      entry: 'app:endless',
      where: expect.stringMatching(/^endless\.lua:[23]$/),
    });
    await app.runtime.send(quick.pid, 'hello');
    expect((await quick.exit).value).toBe('hello');
    await app.runtime.terminate(pid);
    expect((await endless.exit).error?.kind).toBe('CANCELED');
    await app.stop();
  });

  it('is told of a mailbox that is half full, once', async () => {
    const { app, seen } = await start(
      {
        '_index.yaml': index(`${HOST}\nhost: { mailbox_limit: 4 }`, luaEntry('deaf')),
        'deaf.lua': 'return function() process.events():receive() end',
      },
      'mailbox_filling',
    );
    const { pid } = await app.runtime.spawn('app:deaf');
    for (let i = 0; i < 4; i++) await app.runtime.send(pid, 'n', i);
    expect(await seen).toMatchObject({ pid, entry: 'app:deaf', depth: 2, limit: 4 });
    await expect(app.runtime.send(pid, 'n', 5)).rejects.toMatchObject({ kind: 'RATE_LIMITED' });
    await app.stop();
  });

  it('is told of links, and a description names them', async () => {
    const { app, seen } = await start(
      {
        '_index.yaml': index(HOST, luaEntry('bound'), luaEntry('other')),
        'bound.lua': `return function()
          local linked = process.spawn_linked("app:other", "app:processes")
          local watched = process.spawn_monitored("app:other", "app:processes")
          process.registry.register("bound")
          process.inbox():receive()
        end`,
        'other.lua': 'return function() process.inbox():receive() end',
      },
      'linked',
    );
    const { pid } = await app.runtime.spawn('app:bound');
    const event = await seen;
    expect(event).toMatchObject({ kind: 'linked', pid });
    const to = event.kind === 'linked' ? event.to : '';
    const mine = await app.runtime.describe(pid);
    expect(mine).toMatchObject({ entry: 'app:bound', links: [to], monitors: [expect.any(String)] });
    expect(await app.runtime.describe(to)).toMatchObject({ links: [pid], monitors: [] });
    await app.stop();
  });
});

describe('the numbers of a process.host', () => {
  it('that have no effect are said at the start, with the reason', async () => {
    const { app } = await start({
      '_index.yaml': index(`${HOST}\nhost: { workers: 4, queue_size: 10, max_processes: 5 }`),
    });
    expect(app.notices).toEqual([
      expect.stringContaining(
        'app:processes host.workers: has no effect: the processes of a node share one thread',
      ),
      expect.stringContaining('host.queue_size: has no effect'),
    ]);
    await app.stop();
  });
});
