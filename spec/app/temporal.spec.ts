import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';
import { freePort } from '../support/servers.js';

const folders = new AppFolders();
// The sandbox may have to be packed first.
const START = 'lifecycle:\n  auto_start: true\n  start_timeout: 60s';
const FAST = `${START}\n  restart: { initial_delay: 20ms, max_delay: 50ms }`;

/** What stands between an app and its server, and can be cut. */
class Wire {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;

  constructor(
    readonly port: number,
    private readonly target: number,
  ) {}

  async join(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1');
      for (const [from, to] of [[near, far] as const, [far, near] as const]) {
        this.sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await closed;
  }
}

interface Started {
  readonly app: App;
  readonly events: NodeEvent[];
  /** Resolves when an event satisfies the condition, at once where one after `since` has. */
  until(wanted: (event: NodeEvent) => boolean, since?: number): Promise<NodeEvent>;
}

async function start(
  client: string,
  options: { readonly env?: { readonly [name: string]: string } } = {},
): Promise<Started> {
  const events: NodeEvent[] = [];
  const waiting = new Set<(event: NodeEvent) => void>();
  const app = await startApp({
    dir: await folders.write({
      '_index.yaml': index(
        `name: client\nkind: temporal.client\n${client}\n${START}`,
        `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q\n${FAST}`,
        luaEntry(
          'waits',
          'workflow.lua',
          'meta:\n  temporal:\n    workflow:\n      worker: worker',
        ),
        luaEntry(
          'info',
          'workflow.lua',
          'modules: [workflow]\nmeta:\n  temporal:\n    workflow:\n      worker: worker',
        ),
      ),
      'waits.lua':
        'return { main = function() return process.inbox():receive():payload():data() end }',
      'info.lua': 'return { main = function() return require("workflow").info().namespace end }',
    }),
    env: options.env ?? {},
    print: () => {},
    onEvent: (event) => {
      events.push(event);
      for (const check of [...waiting]) check(event);
    },
  });
  const until: Started['until'] = (wanted, since = 0) =>
    new Promise((resolve) => {
      const check = (event: NodeEvent) => {
        if (!wanted(event)) return;
        waiting.delete(check);
        resolve(event);
      };
      waiting.add(check);
      events.slice(since).forEach(check);
    });
  return { app, events, until };
}

const entered = (id: string, state: string) => (event: NodeEvent) =>
  event.kind === 'service' && event.id === id && event.state === state;
const logged = (words: RegExp) => (event: NodeEvent) =>
  event.kind === 'log' && words.test(event.message);
const stateOf = (app: App, id: string) => app.services().find((s) => s.id === id)?.state;

describe('an app whose Temporal server', () => {
  let app: App | undefined;
  let server: TemporalServer | undefined;
  afterEach(async () => {
    await app?.stop();
    await server?.close();
    app = undefined;
    server = undefined;
  });
  afterAll(() => folders.remove());

  it('is away for a while says so, and goes on when it is back', async () => {
    server = await startTemporalServer({ port: 0 });
    const wire = new Wire(await freePort(), Number(server.address.split(':')[1]));
    await wire.join();
    const started = await start(
      `address: "127.0.0.1:${wire.port}"\nembedded: false\nhealth_check: { interval: 20ms }`,
    );
    app = started.app;
    const { pid, exit } = await app.runtime.spawn('app:waits');

    await wire.cut();
    const away = await started.until(entered('app:worker', 'unreachable'));
    expect(away).toMatchObject({ detail: expect.stringContaining('does not answer') });
    await started.until(logged(/app:client: .*127\.0\.0\.1:\d+ does not answer/));
    expect([stateOf(app, 'app:client'), stateOf(app, 'app:worker')]).toEqual([
      'unreachable',
      'unreachable',
    ]);

    const before = started.events.length;
    await wire.join();
    await started.until(entered('app:worker', 'running'), before);
    expect(stateOf(app, 'app:worker')).toBe('running');
    await app.runtime.send(pid, 'go', 'still here');
    expect(await exit).toEqual({ value: 'still here', error: null });
    await app.stop();
    await wire.cut();
  }, 60_000);

  it('comes back without its namespace says that, and its worker goes on when it is there again', async () => {
    const port = await freePort();
    server = await startTemporalServer({ port, namespaces: ['special'] });
    const started = await start(
      `address: "127.0.0.1:${port}"\nembedded: false\nnamespace: special\nhealth_check: { interval: 20ms }`,
    );
    app = started.app;

    await server.close();
    server = await startTemporalServer({ port, namespaces: ['default'] });
    await started.until(logged(/app:client: namespace not found: special/));
    expect(stateOf(app, 'app:worker')).toBe('unreachable');

    const before = started.events.length;
    await server.close();
    server = await startTemporalServer({ port, namespaces: ['special'] });
    await started.until(entered('app:worker', 'running'), before);
    const { exit } = await app.runtime.spawn('app:info');
    expect(await exit).toMatchObject({ value: 'special' });
  }, 60_000);

  it('is the environment’s works in the namespace of the environment', async () => {
    server = await startTemporalServer({ port: 0, namespaces: ['default', 'theirs'] });
    const env = { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: 'theirs' };
    app = (await start('', { env })).app;
    const { exit } = await app.runtime.spawn('app:info');
    expect(await exit).toMatchObject({ value: 'theirs' });
    await app.stop();
    app = (await start('namespace: default', { env })).app;
    const other = await app.runtime.spawn('app:info');
    expect(await other.exit).toMatchObject({ value: 'default' });
  });
});
