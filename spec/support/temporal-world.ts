/**
 * A worker on a server for specs of the Temporal host: Lua workflows by name, functions in JavaScript. Each
 * finished workflow is replayed when the world closes, so every spec also proves that its histories replay.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Value } from '../../src/core/payload.js';
import { type Pid, parsePid } from '../../src/core/pid.js';
import { EMPTY_CONTEXT, type ExitResult } from '../../src/core/signal.js';
import {
  type ActivityData,
  type AppData,
  connectTemporal,
  type TemporalClient,
  TemporalHost,
  type WorkerSettings,
} from '../../src/hosts/temporal/index.js';
import type { LuaSource } from '../../src/lua/engine.js';
import type { SpawnOrder } from '../../src/runtime/host.js';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { FakeNode } from './fake-node.js';
import { replayAll } from './replay.js';

export const WORKER = 'app:worker';

export interface WorldOptions {
  /** Lua text of the workflows, by name: `hello` becomes the entry `app:hello`. */
  readonly workflows: { readonly [name: string]: string };
  /** Activities by name, with what differs from the defaults. */
  readonly activities?: { readonly [name: string]: Partial<ActivityData> };
  /** Functions without activity metadata. */
  readonly functions?: readonly string[];
  /** Those that go on as a new run by themselves. */
  readonly continuing?: readonly string[];
  readonly settings?: WorkerSettings;
}

export interface World {
  readonly host: TemporalHost;
  readonly node: FakeNode;
  readonly client: TemporalClient;
  readonly app: AppData;
  spawn(name: string, values?: readonly Value[], order?: Partial<SpawnOrder>): Promise<Pid>;
  /** Spawns a workflow and waits for its end. */
  run(name: string, values?: readonly Value[], order?: Partial<SpawnOrder>): Promise<ExitResult>;
  exitOf(pid: Pid): Promise<ExitResult>;
  send(pid: Pid, topic: string, ...values: Value[]): Promise<void>;
  /** Another host for the same queue and node, as after a restart. */
  anotherHost(): TemporalHost;
  /** Stops the worker, replays what has finished, and closes the server. */
  close(): Promise<void>;
}

/** Server that specs use: the one named by PERDURE_TEST_ADDRESS, else an embedded one. */
export async function testServer(): Promise<{ address: string; close(): Promise<void> }> {
  const address = process.env.PERDURE_TEST_ADDRESS;
  if (address !== undefined) return { address, close: async () => {} };
  return startTemporalServer({ port: 0 });
}

export async function temporalWorld(options: WorldOptions): Promise<World> {
  const server = await testServer();
  const client = await connectTemporal({ address: server.address });
  const node = new FakeNode();
  const app = appOf(options, `spec-${randomUUID()}`);
  const newHost = () =>
    new TemporalHost({
      id: WORKER,
      client,
      taskQueue: app.workers[WORKER] ?? '',
      app,
      node,
      settings: options.settings,
    });
  const hosts = [newHost()];
  const first = hosts[0] as TemporalHost;
  await first.start();
  const pids: Pid[] = [];
  const world: World = {
    host: first,
    node,
    client,
    app,
    async spawn(name, values = [], order = {}) {
      const spawned = await first.spawn({ ...orderOf(name, values), ...order });
      if ('error' in spawned) throw spawned.error;
      pids.push(spawned.pid);
      return spawned.pid;
    },
    async run(name, values, order) {
      const pid = await world.spawn(name, values, order);
      return world.exitOf(pid);
    },
    async exitOf(pid) {
      const delivery = await first.deliver(pid, { kind: 'monitor', from: '{n@app:p|1}' });
      if (!delivery.accepted) throw delivery.error;
      return node.exitOf(pid);
    },
    async send(pid, topic, ...values) {
      const from = `{${node.name}@app:processes|sender}`;
      const delivery = await first.deliver(pid, {
        kind: 'message',
        from,
        topic,
        values,
        context: null,
      });
      if (!delivery.accepted) throw delivery.error;
    },
    anotherHost() {
      const host = newHost();
      hosts.push(host);
      return host;
    },
    async close() {
      for (const host of hosts) await host.stop(5000);
      const ids = [...new Set(pids)].map((pid) => parsePid(pid)?.id ?? '');
      await replayAll(client, app, WORKER, ids);
      await client.close();
      await server.close();
    },
  };
  return world;
}

export function orderOf(name: string, values: readonly Value[]): SpawnOrder {
  return {
    entry: `app:${name}`,
    values,
    name: null,
    messages: [],
    context: EMPTY_CONTEXT,
    options: {},
    parent: null,
  };
}

export function appOf(options: WorldOptions, taskQueue: string): AppData {
  return {
    workflows: Object.entries(options.workflows).map(([name, text]) => ({
      entry: `app:${name}`,
      type: `app:${name}`,
      worker: WORKER,
      continueAsNew: options.continuing?.includes(name) ? 'auto' : 'manual',
      source: luaSource(name, text),
    })),
    activities: Object.entries(options.activities ?? {}).map(([name, more]) => ({
      entry: `app:${name}`,
      type: `app:${name}`,
      worker: WORKER,
      local: false,
      options: {},
      ...more,
    })),
    functions: (options.functions ?? []).map((name) => `app:${name}`),
    workers: { [WORKER]: taskQueue },
    localHosts: ['app:processes'],
    taskQueuePrefix: taskQueue,
  };
}

export function luaSource(name: string, text: string): LuaSource {
  return {
    entry: `app:${name}`,
    file: `${name}.lua`,
    text,
    hash: createHash('sha256').update(text).digest('hex'),
    method: 'main',
    modules: ['funcs', 'time', 'workflow', 'uuid', 'ctx', 'json', 'logger', 'env'],
    imports: {},
  };
}
