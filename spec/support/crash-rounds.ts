/**
 * A worker that is killed again and again under load: orders, counters and trees of workflows on a server
 * in a process of its own. What must hold: every accepted message is counted once, every EXIT is seen
 * once, and nothing is stuck.
 */
import { expect } from '@jest/globals';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { AppFolders, AUTO_START, index, luaEntry, type RunningCli, startPerdure } from './cli.js';
import type { ServerKind } from './servers.js';

/** An order: an activity, a wait, a message, another activity. */
const ORDER = `
local funcs, time = require("funcs"), require("time")
return { main = function(id)
  local first = funcs.call("app:step", id, "charge")
  time.sleep("200ms")
  local approved = process.inbox():receive():payload():data()
  return { first, approved, (funcs.call("app:step", id, "ship")) }
end }`;

/** Counts what it gets, in two coroutines, until it is told to finish. */
const COUNTER = `
return { main = function()
  local counts = { odd = 0, even = 0 }
  for topic in pairs({ odd = true, even = true }) do
    coroutine.spawn(function()
      for n in process.listen(topic):iter() do counts[topic] = counts[topic] + n end
    end)
  end
  process.listen("finish"):receive()
  return counts
end }`;

/** Children that end well or badly, each heard of once; one more, which is no child, is watched. */
const TREE = `
local CHILDREN = 4
return { main = function(stranger)
  local seen, kinds = {}, { value = 0, CONFLICT = 0 }
  process.monitor(stranger)
  for i = 1, CHILDREN do assert(process.spawn_monitored("app:leaf", "app:worker", i)) end
  for _ = 1, CHILDREN + 1 do
    local event = process.events():receive()
    seen[event.from] = (seen[event.from] or 0) + 1
    local kind = event.result.error and event.result.error:kind() or "value"
    kinds[kind] = (kinds[kind] or 0) + 1
  end
  process.listen("finish"):receive()
  local once = process.events():try_receive() == nil
  for _, times in pairs(seen) do once = once and times == 1 end
  return { once = once, kinds = kinds }
end }`;

const LEAF = `
local funcs = require("funcs")
return { main = function(i)
  local text = funcs.call("app:step", i, "leaf")
  if i % 2 == 0 then return nil, errors.new("CONFLICT", text) end
  return text
end }`;

const ORDERS = 4;
const COUNTERS = 2;
const MESSAGES = 24;
const TREES = 2;

export interface CrashRounds {
  /** Kills the worker in the middle of new load, on top of what earlier rounds have left. */
  round(number: number): Promise<void>;
  /** Waits until all of it has ended, and checks what came of it. @returns how many workflows that were. */
  settle(): Promise<number>;
  close(): Promise<void>;
}

/** What a round has started, and what must come of each of them. */
interface Load {
  readonly handle: WorkflowHandle;
  readonly expected: unknown;
}

/** Starts the server and the first worker. */
export async function crashRounds(kind: ServerKind): Promise<CrashRounds> {
  const folders = new AppFolders();
  const server = await kind.start();
  const connection = await Connection.connect({ address: server.address });
  const { workflow } = new Client({ connection });
  const dir = await folders.write(app());
  const loads: Load[] = [];
  const startWorker = async (): Promise<RunningCli> => {
    const running = startPerdure(['run', dir, '--address', server.address]);
    await running.waitFor(/is running/);
    return running;
  };
  const kill = async (running: RunningCli): Promise<void> => {
    running.process.kill('SIGKILL');
    await running.ended;
  };
  const load = async (type: string, id: string, arg: unknown, expected: unknown) => {
    const options = { workflowId: id, taskQueue: 'crashes', args: [arg] };
    const handle = await workflow.start(`app:${type}`, options);
    loads.push({ handle, expected });
    return handle;
  };
  const many = (count: number, make: (i: number) => Promise<WorkflowHandle>) =>
    Promise.all(Array.from({ length: count }, (_, i) => make(i)));
  let worker = await startWorker();

  return {
    async round(number) {
      const orders = await many(ORDERS, (i) =>
        load('order', `order-${number}-${i}`, i, [`charge ${i}`, 'yes', `ship ${i}`]),
      );
      const half = MESSAGES / 2;
      const counters = await many(COUNTERS, (i) =>
        load('counter', `counter-${number}-${i}`, null, { odd: half, even: half }),
      );
      const trees = await many(TREES, (i) =>
        load('tree', `tree-${number}-${i}`, `{app:worker|order-${number}-0}`, {
          once: true,
          kinds: { value: 3, CONFLICT: 2 },
        }),
      );
      // The kill comes somewhere among the messages, elsewhere each round.
      const killAt = (number * 7) % MESSAGES;
      for (let n = 0; n < MESSAGES; n++) {
        if (n === killAt) {
          await kill(worker);
          worker = await startWorker();
        }
        await Promise.all(counters.map((counter) => counter.signal(n % 2 ? 'odd' : 'even', 1)));
      }
      for (const order of orders) await order.signal('go', 'yes');
      for (const handle of [...counters, ...trees]) await handle.signal('finish');
    },
    async settle() {
      const all = loads.splice(0);
      const results = await Promise.all(all.map(({ handle }) => handle.result()));
      expect(results).toEqual(all.map(({ expected }) => expected));
      return all.length;
    },
    async close() {
      await kill(worker);
      await connection.close();
      await server.stop();
      await folders.remove();
    },
  };
}

function app(): { [file: string]: string } {
  const on = (kind: string) => `meta:\n  temporal:\n    ${kind}:\n      worker: worker`;
  const workflow = (name: string) =>
    luaEntry(name, 'workflow.lua', `modules: [funcs, time]\n${on('workflow')}`);
  return {
    '_index.yaml': index(
      'name: client\nkind: temporal.client',
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: crashes\n${AUTO_START}`,
      ...['order', 'counter', 'tree', 'leaf'].map(workflow),
      luaEntry('step', 'function.lua', on('activity')),
    ),
    'order.lua': ORDER,
    'counter.lua': COUNTER,
    'tree.lua': TREE,
    'leaf.lua': LEAF,
    'step.lua': 'return { main = function(id, what) return what .. " " .. id end }',
  };
}
