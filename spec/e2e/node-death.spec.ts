/** A node that is killed, and the workflows that have to do with its processes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { AppFolders, AUTO_START, index, luaEntry, startPerdure } from '../support/cli.js';
import {
  describeWithTemporal,
  EMBEDDED,
  REAL,
  type ServerKind,
  type ServerProcess,
} from '../support/servers.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const WORKFLOW = 'meta:\n  temporal:\n    workflow:\n      worker: worker';

/** The heartbeat time of docs/semantics.md. */
const HEARTBEAT_MS = 10_000;
/** The dead node ran these workflows too: a server offers a task to the worker that had the last one first. */
const STICKY_MS = 10_000;
/** What a busy machine and a real server's timers need. */
const SLACK_MS = 5_000;

/** An app of two nodes: both run workflows, a clerk lives on one. */
function officeApp(address: string): Promise<string> {
  return folders.write({
    '_index.yaml': index(
      'name: processes\nkind: process.host',
      `name: client\nkind: temporal.client\naddress: "${address}"\n${AUTO_START}`,
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: offices\n${AUTO_START}`,
      luaEntry('clerk'),
      luaEntry('watches', 'workflow.lua', WORKFLOW),
      luaEntry('falls', 'workflow.lua', WORKFLOW),
      luaEntry('target', 'workflow.lua', WORKFLOW),
    ),
    'clerk.lua': 'return { main = function() process.inbox():receive() end }',
    'target.lua': 'return { main = function() return process.inbox():receive():topic() end }',
    // Has a clerk on the node that starts it, and watches another workflow.
    'watches.lua': `return { main = function(target)
      process.set_options({ trap_links = true })
      local events = process.events()
      assert(process.monitor("{app:worker|" .. target .. "}"))
      local pid = assert(process.spawn_linked_monitored("app:clerk", "app:processes"))
      local heard = {}
      for i = 1, 2 do
        local event = events:receive()
        heard[event.kind] = event.from == pid and event.result.error:kind()
      end
      heard.target = events:receive().result.value
      return heard
    end }`,
    'falls.lua': `return { main = function()
      assert(process.spawn_linked("app:clerk", "app:processes"))
      process.inbox():receive()
    end }`,
  });
}

function death(kind: ServerKind): void {
  let server: ServerProcess;
  let connection: Connection;
  beforeAll(async () => {
    server = await kind.start();
    connection = await Connection.connect({ address: server.address });
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await server?.stop();
  });

  it('is UNAVAILABLE to workflows that monitor or link its processes, within the heartbeat time', async () => {
    const { workflow } = new Client({ connection });
    const dir = await officeApp(server.address);
    const node = () => startPerdure(['run', dir, '--address', server.address]);
    const start = (type: string, workflowId: string, ...args: string[]) =>
      workflow.start(type, { workflowId, taskQueue: 'offices', args });
    const first = node();
    await first.waitFor(/is running/);
    const target = await start('app:target', 'target');
    const watches = await start('app:watches', 'watches', 'target');
    const falls = await start('app:falls', 'falls');
    await untilTaken(watches, ['perdure.lease', 'perdure.watch']);
    await untilTaken(falls, ['perdure.lease']);

    const second = node();
    await second.waitFor(/is running/);
    const killedAt = Date.now();
    first.process.kill('SIGKILL');
    await first.ended;
    await expect(falls.result()).rejects.toMatchObject({ cause: { type: 'UNAVAILABLE' } });
    expect(Date.now() - killedAt).toBeLessThan(HEARTBEAT_MS + STICKY_MS + SLACK_MS);
    // The watch, which the dead node had, goes on with the other one.
    await target.signal('done');
    const heard = await watches.result();
    second.process.kill('SIGTERM');
    await second.ended;
    expect(heard).toEqual({ EXIT: 'UNAVAILABLE', LINK_DOWN: 'UNAVAILABLE', target: 'done' });
  }, 120_000);
}

describe(`the death of a node on ${EMBEDDED.name}`, () => death(EMBEDDED));
describeWithTemporal(`the death of a node on ${REAL.name}`, () => death(REAL));

interface Handle {
  describe(): Promise<{
    readonly raw: {
      readonly pendingActivities?:
        | readonly {
            readonly activityType?: { readonly name?: string | null } | null;
            readonly state?: number | null;
          }[]
        | null;
    };
  }>;
}

/** Number of PENDING_ACTIVITY_STATE_STARTED. */
const STARTED = 2;

/** Waits until a worker has taken an activity of each type; the server has no call that waits for that. */
async function untilTaken(handle: Handle, types: readonly string[]): Promise<void> {
  for (let left = 600; left > 0; left--) {
    const { raw } = await handle.describe();
    const taken = (raw.pendingActivities ?? [])
      .filter(({ state }) => state === STARTED)
      .map(({ activityType }) => activityType?.name);
    if (types.every((type) => taken.includes(type))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${types.join(', ')} are not taken`);
}
