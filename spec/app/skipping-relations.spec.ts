/** Leases and watches under a clock that skips: they are no work, and their time limits are real time. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { startApp } from '../../src/app.js';
import { AppFolders, AUTO_START, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const WORKFLOW = 'meta:\n  temporal:\n    workflow:\n      worker: worker';

describe('a workflow that monitors a local process and another workflow, while time is skipped', () => {
  it('sleeps for a month in no time, and has lost neither', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        'name: processes\nkind: process.host',
        `name: client\nkind: temporal.client\n${AUTO_START}`,
        `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: months\n${AUTO_START}`,
        luaEntry('clerk'),
        luaEntry('months', 'workflow.lua', `modules: [time]\n${WORKFLOW}`),
        luaEntry('target', 'workflow.lua', WORKFLOW),
      ),
      'clerk.lua': 'return { main = function() return process.inbox():receive():topic() end }',
      'target.lua': 'return { main = function() return process.inbox():receive():topic() end }',
      'months.lua': `local time = require("time")
        return { main = function(target)
          local events = process.events()
          local clerk = assert(process.spawn_monitored("app:clerk", "app:processes"))
          assert(process.monitor(target))
          time.sleep("720h")
          process.send(clerk, "clerk done")
          local first = events:receive().result.value
          process.send(target, "target done")
          return { first, events:receive().result.value }
        end }`,
    });
    const { runtime, stop } = await startApp({ dir, env: {}, skipTime: true, print: () => {} });
    try {
      const target = await runtime.spawn('app:target');
      const months = await runtime.spawn('app:months', { args: [target.pid] });
      const { value, error } = await runtime.exitOf(months.pid);
      expect(error).toBeNull();
      expect(value).toEqual(['clerk done', 'target done']);
    } finally {
      await stop();
    }
  }, 60_000);
});
