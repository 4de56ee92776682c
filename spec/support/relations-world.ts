/**
 * A node with a local host and a worker on a server, both running Lua, for specs of monitors and links between
 * the two. Each finished workflow is replayed when the world closes.
 */

import { randomUUID } from 'node:crypto';
import { nodePort } from '../../src/app/node-port.js';
import { Message } from '../../src/core/message.js';
import type { Value } from '../../src/core/payload.js';
import { type Pid, parsePid } from '../../src/core/pid.js';
import { EMPTY_CONTEXT, type ExitResult } from '../../src/core/signal.js';
import { LocalFunctions } from '../../src/hosts/local/functions.js';
import { LocalHost } from '../../src/hosts/local/local-host.js';
import { createOutside } from '../../src/hosts/local/outside.js';
import {
  connectTemporal,
  type TemporalClient,
  TemporalHost,
  type WorkerSettings,
} from '../../src/hosts/temporal/index.js';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { Use } from '../../src/lua/module.js';
import { standardModules } from '../../src/lua/modules/index.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { Node } from '../../src/runtime/node.js';
import { SystemClock } from '../../src/runtime/system-clock.js';
import { replayAll } from './replay.js';
import { appOf, luaSource, testServer, WORKER } from './temporal-world.js';

export const LOCAL = 'app:processes';

export interface RelationsOptions {
  /** Lua text by name; each runs on both hosts, as `app:<name>`. */
  readonly programs: { readonly [name: string]: string };
  readonly heartbeatMs?: number;
  readonly settings?: WorkerSettings;
}

/** One node of a world. */
export interface WorldNode {
  readonly node: Node;
  readonly host: TemporalHost;
  readonly events: NodeEvent[];
}

export interface RelationsWorld extends WorldNode {
  readonly client: TemporalClient;
  /** Starts a program on a host. @throws PerdureError where that is refused. */
  spawn(host: string, program: string, ...values: Value[]): Promise<Pid>;
  /** Starts it under an id or name. */
  spawnNamed(host: string, name: string, program: string, ...values: Value[]): Promise<Pid>;
  /** Starts a program as a workflow, and gives what it returned. @throws its failure. */
  run(program: string, ...values: Value[]): Promise<Value>;
  send(pid: Pid, topic: string, ...values: Value[]): Promise<void>;
  exitOf(pid: Pid): Promise<ExitResult>;
  /** Replays this workflow too when the world closes. */
  replayed(pid: Pid): void;
  /** Another node on the same queue. */
  anotherNode(): Promise<WorldNode>;
  close(): Promise<void>;
}

export async function relationsWorld(options: RelationsOptions): Promise<RelationsWorld> {
  const { programs, heartbeatMs, settings } = options;
  const server = await testServer();
  const app = {
    ...appOf({ workflows: programs }, `spec-${randomUUID()}`),
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  };
  const engine = fengariEngine(standardModules());
  const nodes: WorldNode[] = [];
  const clients: TemporalClient[] = [];
  const startNode = async (): Promise<WorldNode> => {
    // One a node: the workers of one connection may not share a task queue.
    const client = await connectTemporal({ address: server.address });
    clients.push(client);
    const node = new Node({ name: `n-${randomUUID().slice(0, 8)}`, clock: new SystemClock() });
    const events: NodeEvent[] = [];
    node.events.subscribe((event) => events.push(event));
    node.addHost(
      new LocalHost({
        id: LOCAL,
        node,
        programs: {
          open(entry, kernel) {
            const name = entry.slice('app:'.length);
            const source = luaSource(name, programs[name] ?? 'error("no such program")');
            return engine.open({ source, use: Use.LOCAL, kernel, budget: null, slice: 100_000 });
          },
        },
        functions: new LocalFunctions(node),
        outside: createOutside({
          env: {},
          events: node.events,
          now: () => node.clock.now(),
          random: Math.random,
          print: () => {},
        }),
      }),
    );
    const taskQueue = app.workers[WORKER] ?? '';
    const port = nodePort(node, () => {});
    const host = new TemporalHost({ id: WORKER, client, taskQueue, app, node: port, settings });
    await host.start();
    node.addHost(host, [taskQueue]);
    nodes.push({ node, host, events });
    return { node, host, events };
  };
  const first = await startNode();
  const { node } = first;
  const client = clients[0] as TemporalClient;
  const workflows = new Set<string>();
  const world: RelationsWorld = {
    ...first,
    client,
    spawn: (host, program, ...values) => spawn(host, null, program, values),
    spawnNamed: (host, name, program, ...values) => spawn(host, name, program, values),
    async run(program, ...values) {
      const { value, error } = await world.exitOf(await world.spawn(WORKER, program, ...values));
      if (error !== null) throw error;
      return value;
    },
    async send(to, topic, ...values) {
      const delivery = await node.send(to, new Message(null, topic, values, null));
      if (!delivery.accepted) throw delivery.error;
    },
    exitOf: (pid) => new Promise((resolve) => node.observe(pid, resolve)),
    replayed: (pid) => void workflows.add(parsePid(pid)?.id ?? ''),
    anotherNode: startNode,
    async close() {
      for (const { host } of nodes) await host.stop(5000);
      try {
        await replayAll(client, app, WORKER, [...workflows]);
      } finally {
        for (const each of clients) await each.close();
        await server.close();
      }
    },
  };
  const spawn = async (host: string, name: string | null, program: string, values: Value[]) => {
    const spawned = await node.spawn(host, {
      entry: `app:${program}`,
      values,
      name,
      messages: [],
      context: EMPTY_CONTEXT,
      options: {},
      parent: null,
    });
    if ('error' in spawned) throw spawned.error;
    if (host === WORKER) world.replayed(spawned.pid);
    return spawned.pid;
  };
  return world;
}
