import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { type ServerProcess, startEmbedded } from '../../bench/support/servers.js';
import {
  AppFolders,
  AUTO_START,
  index,
  luaEntry,
  perdure,
  type RunningCli,
  runNode,
  startPerdure,
} from '../support/cli.js';
import { freePort } from '../support/servers.js';

const ORDER = `
local funcs = require("funcs")
local time = require("time")
return { main = function(id)
  local paid = funcs.call("app:charge", 10)
  time.sleep("10ms")
  if id == "open" then process.inbox():receive() end
  return paid
end }`;

/** A history as JSON; in a program of its own, for protobufjs does not know its own types in Jest. */
const EXPORT = `
import { createRequire } from 'node:module';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
const ofProto = createRequire(createRequire(process.cwd() + '/x').resolve('@temporalio/proto'));
const { toJson } = ofProto('protobufjs/ext/protojson');
const [address, id] = process.argv.slice(1);
const connection = await Connection.connect({ address });
const history = await new Client({ connection }).workflow.getHandle(id).fetchHistory();
console.log(JSON.stringify(toJson(proto.lookupType('temporal.api.history.v1.History'), history)));
await connection.close();`;

const META = 'meta:\n  temporal:\n    workflow:\n      worker: worker';
const ACTIVITY = 'meta:\n  temporal:\n    activity:\n      worker: worker';

const folders = new AppFolders();
afterAll(() => folders.remove());

function app(order: string, type = 'order'): Promise<string> {
  return folders.write({
    '_index.yaml': index(
      `name: client\nkind: temporal.client\n${AUTO_START}`,
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q\n${AUTO_START}`,
      luaEntry(type, 'workflow.lua', `modules: [funcs, time]\n${META}`),
      luaEntry('charge', 'function.lua', ACTIVITY),
    ),
    [`${type}.lua`]: order,
    'charge.lua': 'return { main = function(n) return n end }',
  });
}

describe('perdure replay', () => {
  let server: ServerProcess;
  let running: RunningCli;
  let same: string;
  let file: string;
  /** Against the server that has the histories. */
  const replay = (dir: string, ...args: readonly string[]) =>
    perdure(['replay', dir, '--address', server.address, ...args]);

  beforeAll(async () => {
    server = await startEmbedded();
    same = await app(ORDER);
    running = startPerdure(['run', same, '--address', server.address]);
    await running.waitFor(/is running/);
    const client = new Client({ connection: await Connection.connect(server) });
    const start = (id: string) =>
      client.workflow.start('app:order', { taskQueue: 'q', workflowId: id, args: [id] });
    await (await start('closed')).result();
    const open = await start('open');
    for (;;) {
      const { events } = await open.fetchHistory();
      const fired = events?.findIndex((e) => e.timerFiredEventAttributes != null) ?? -1;
      const after = events?.slice(fired) ?? [];
      if (fired >= 0 && after.some((e) => e.workflowTaskCompletedEventAttributes != null)) break;
    }
    file = join(same, 'closed.json');
    const exported = await runNode(['--input-type=module', '-e', EXPORT, server.address, 'closed']);
    await writeFile(file, exported.stdout);
    await client.connection.close();
    running.process.kill('SIGINT');
    await running.ended;
  }, 60_000);
  afterAll(async () => {
    running.process.kill('SIGKILL');
    await server.stop();
  });

  it('says ok of each history that fits, and ends with 0', async () => {
    const open = await replay(same, '--all-open');
    expect(open.stdout).toMatch(/^ok {8}open {2}app:order {2}\d+ events\n$/);
    expect(open.stderr).toBe('1 history: 1 ok\n');
    expect(open.code).toBe(0);
    const both = await replay(same, '--workflow-id', 'closed', '--workflow-id', 'open');
    expect(both.stdout).toMatch(/^ok +closed .*\nok +open .*\n$/);
    expect(both.code).toBe(0);
  }, 60_000);

  it('says where the code diverges, and ends with 5', async () => {
    const changed = await app(ORDER.replace('time.sleep("10ms")', 'funcs.call("app:charge", 1)'));
    const { stdout, stderr, code } = await replay(changed, '--all-open');
    expect(stdout).toMatch(
      /^diverged {2}open {2}app:order {2}order\.lua:6 asks for: activity app:charge\(1\); the history has, in event 11, asked for at order\.lua:6: timer of 10 ms\n$/,
    );
    expect(stderr).toMatch(/1 history: 1 diverged\n→ .*workflow\.version/);
    expect(code).toBe(5);
  }, 60_000);

  it.each([
    [
      'an argument',
      '"app:charge", 10',
      '"app:charge", 11',
      /order\.lua:5 asks for: activity app:charge\(11\).*app:charge\(10\)/,
    ],
    ['a duration', '10ms', '20ms', /order\.lua:6 asks for: timer of 20 ms.*timer of 10 ms/],
    [
      'the result',
      'return paid',
      'return paid + 1',
      /the code asks for: end with result 11.*end with result 10/,
    ],
  ])('takes %s for a part of the history too', async (_what, old, now, expected) => {
    const changed = await app(ORDER.replace(old, now));
    const { stdout, code } = await perdure(['replay', changed, '--file', file]);
    expect(stdout).toMatch(expected);
    expect(code).toBe(5);
  });

  it('with --json gives one envelope a history', async () => {
    const { stdout, code } = await perdure(['replay', same, '--file', file, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      value: { workflow_id: 'closed', type: 'app:order', result: 'ok' },
    });
    expect(code).toBe(0);
    const changed = await app(ORDER.replace('10ms', '20ms'));
    const diverged = await perdure(['replay', changed, '--file', file, '--json']);
    expect(JSON.parse(diverged.stdout)).toMatchObject({
      ok: false,
      error: {
        kind: 'CONFLICT',
        details: {
          result: 'diverged',
          came: { step: 'timer of 20 ms', at: 'order.lua:6' },
          expected: { step: 'timer of 10 ms', at: 'order.lua:6', event: 11 },
        },
      },
    });
    expect(diverged.code).toBe(5);
  }, 60_000);

  it('of a run that waits for its first task says ok', async () => {
    const { events } = JSON.parse(await readFile(file, 'utf8'));
    const first = join(same, 'first.json');
    await writeFile(first, JSON.stringify({ events: events.slice(0, 1) }));
    const { stdout, code } = await perdure(['replay', same, '--file', first]);
    expect(stdout).toMatch(/^ok +closed +app:order +1 events\n$/);
    expect(code).toBe(0);
  });

  it('of another app, or of a type that is not there, fails with 1', async () => {
    const other = await app(ORDER, 'other');
    const { stdout, code } = await perdure(['replay', other, '--file', file]);
    expect(stdout).toMatch(
      /^failed {4}closed {2}app:order {2}no workflow of type app:order in this app/,
    );
    expect(code).toBe(1);
  });

  it('of an unknown workflow, or without a server, says so', async () => {
    const unknown = await replay(same, '--workflow-id', 'nobody');
    expect(unknown.stderr).toContain('NOT_FOUND: workflow not found: nobody');
    expect(unknown.code).toBe(1);
    const address = `127.0.0.1:${await freePort()}`;
    const nowhere = await perdure(['replay', same, '--all-open', '--address', address]);
    expect(nowhere.stderr).toContain('UNAVAILABLE');
    expect(nowhere.code).toBe(1);
  }, 60_000);

  it('of no open workflow ends with 0', async () => {
    const empty = await startEmbedded();
    const { stderr, code } = await perdure([
      'replay',
      same,
      '--all-open',
      '--address',
      empty.address,
    ]);
    await empty.stop();
    expect(stderr).toBe('no open workflows\n');
    expect(code).toBe(0);
  }, 60_000);

  it.each([
    ['a file that is not there', null, /NOT_FOUND: no such file/],
    ['what is not JSON', 'events: 1', /INVALID: .* holds no history: not JSON/],
    ['an empty list', '{"events":[]}', /holds no history: it has no "events"/],
    ['other JSON', '[1]', /holds no history/],
    [
      'a history without its start',
      '{"events":[{"eventId":"1","eventType":"EVENT_TYPE_TIMER_FIRED","timerFiredEventAttributes":{}}]}',
      /first event is no WorkflowExecutionStarted/,
    ],
  ])('refuses %s', async (_what, text, expected) => {
    const at = join(same, 'history.json');
    if (text !== null) await writeFile(at, text);
    const { stderr, code } = await perdure([
      'replay',
      same,
      '--file',
      text === null ? `${at}.no` : at,
    ]);
    expect(stderr).toMatch(expected);
    expect(code).toBe(1);
  });

  it('refuses a folder that is no app, and an app without a worker', async () => {
    const none = await perdure(['replay', '/no/such/folder', '--file', file]);
    expect(none.stderr).toContain('/no/such/folder');
    expect(none.code).toBe(1);
    const local = await folders.write({
      '_index.yaml': index(luaEntry('main')),
      'main.lua': 'return { main = function() end }',
    });
    const { stderr, code } = await perdure(['replay', local, '--file', file]);
    expect(stderr).toContain('has no temporal.worker');
    expect(code).toBe(1);
  });

  it('is used wrongly without one kind of histories: 64', async () => {
    expect((await perdure(['replay', same])).code).toBe(64);
    const both = await perdure(['replay', same, '--all-open', '--file', file, '--json']);
    expect(both.code).toBe(64);
    expect(JSON.parse(both.stdout)).toMatchObject({ ok: false, error: { kind: 'INVALID' } });
    expect((await perdure(['replay', same, '--all-open', '--address', 'nowhere'])).code).toBe(64);
  }, 60_000);
});
