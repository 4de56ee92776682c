import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import { AppFolders, AUTO_START, index, luaEntry } from '../support/cli.js';
import { freePort } from '../support/servers.js';

const folders = new AppFolders();
const on = (kind: string) => `meta:\n  temporal:\n    ${kind}:\n      worker: worker`;
const FUNCS = `modules: [funcs]\n${on('workflow')}`;

/** Waits for its cancellation, and then says what it heard. */
const PATIENT = `
return { main = function(observer)
  local events = process.events()
  process.send(observer, "began", process.pid())
  local event = events:receive()
  process.send(observer, "heard", { kind = event.kind, reason = event.reason, timed = event.deadline ~= nil })
  return "in order"
end }`;

const CANCELS = `
local funcs = require("funcs")
return { main = function(observer)
  local options = { ["activity.heartbeat_timeout"] = "500ms", ["activity.wait_for_cancellation"] = true }
  local future = funcs.new():with_options(options):async("app:patient", observer)
  process.inbox():receive()
  future:cancel()
  process.inbox():receive()
  return "cancelled"
end }`;

const CALLS = `
local funcs = require("funcs")
return { main = function(entry, ...)
  local value, err = funcs.call(entry, ...)
  return { value = value, kind = err and err:kind(), message = err and err:message() }
end }`;

describe('an activity of an app', () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp({
      dir: await folders.write({
        '_index.yaml': index(
          `name: client\nkind: temporal.client\naddress: "127.0.0.1:${await freePort()}"\n${AUTO_START}`,
          `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q\n${AUTO_START}`,
          luaEntry('cancels', 'workflow.lua', FUNCS),
          luaEntry('calls', 'workflow.lua', FUNCS),
          luaEntry('patient', 'process.lua', on('activity')),
          luaEntry('crashes', 'function.lua', on('activity')),
          luaEntry('context', 'function.lua', on('activity')),
        ),
        'cancels.lua': CANCELS,
        'calls.lua': CALLS,
        'patient.lua': PATIENT,
        'crashes.lua': 'return { main = function() local t = nil; return t.x end }',
        'context.lua': 'return { main = function() return require("ctx").all() end }',
      }),
      print: () => {},
    });
  }, 60_000);
  afterAll(async () => {
    await app?.stop();
    await folders.remove();
  });

  it('that is a process reads CANCEL when it is cancelled, and ends in its own way', async () => {
    const mailbox = app.runtime.mailbox();
    const { pid, exit } = await app.runtime.spawn('app:cancels', { args: [mailbox.pid] });
    expect((await mailbox.receive()).topic).toBe('began');
    await app.runtime.send(pid, 'go');
    expect((await mailbox.receive()).first).toEqual({
      kind: 'CANCEL',
      reason: 'the activity was cancelled',
      timed: true,
    });
    await app.runtime.send(pid, 'go');
    expect(await exit).toEqual({ value: 'cancelled', error: null });
    mailbox.close();
  });

  it('that crashes is INTERNAL, with file and line', async () => {
    const { exit } = await app.runtime.spawn('app:calls', { args: ['app:crashes'] });
    const { value } = await exit;
    expect(value).toMatchObject({
      kind: 'INTERNAL',
      message: expect.stringContaining('crashes.lua:1'),
    });
  });

  it('inherits the context of its workflow', async () => {
    const options = { args: ['app:context'], context: { user: 'u1' } };
    const { exit } = await app.runtime.spawn('app:calls', options);
    expect((await exit).value).toMatchObject({ value: { user: 'u1' } });
  });
});
