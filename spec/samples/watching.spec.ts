/** Local processes and workflows that watch, link and end workflows. */
import { describe, expect, it } from '@jest/globals';
import { describeSamples } from '../support/sample-app.js';

const workflows = {
  /** As many naps as it is told, or until it is cancelled. */
  long: `
    return function(input)
      for i = 1, input.iterations do time.sleep("1h") end
      return { naps = input.iterations }
    end`,
  /** Puts things in order when it is cancelled. */
  orderly: `
    return function()
      local event = process.events():receive()
      return { kind = event.kind, has_deadline = event.deadline ~= nil, left = event.deadline:sub(time.now()):seconds() }
    end`,
  /** Reads its events and goes on as before. */
  stubborn: `
    return function()
      process.events():receive()
      process.inbox():receive()
    end`,
};

/** What watches a workflow that somebody else started: `... = pid`. */
const watchers = {
  sees_end: `
    return function(pid)
      local ok, err = process.monitor(pid)
      if err then return { error = tostring(err) } end
      local event = process.events():receive()
      return { ok = ok, kind = event.kind, same = event.from == pid, value = event.result.value }
    end`,
  takes_back: `
    return function(first, second)
      assert(process.monitor(first))
      assert(process.monitor(second))
      local ok = process.unmonitor(first)
      assert(process.terminate(first))
      assert(process.terminate(second))
      local event = process.events():receive()
      local more = process.events():receive_timeout("1m")
      return { ok = ok, second = event.from == second, more = more and more.kind }
    end`,
  sees_link_down: `
    return function(pid)
      process.set_options({ trap_links = true })
      time.sleep("200ms")
      local ok, err = process.link(pid)
      if err then return { error = tostring(err) } end
      process.terminate(pid)
      local event = process.events():receive()
      return { ok = ok, kind = event.kind, same = event.from == pid, error = event.result.error:kind() }
    end`,
  unlinks_it: `
    return function(pid)
      assert(process.link(pid))
      local ok = process.unlink(pid)
      assert(process.terminate(pid))
      local event = process.events():receive_timeout("1m")
      return { ok = ok, event = event and event.kind }
    end`,
  falls_with_it: `
    return function(pid)
      assert(process.link(pid))
      process.terminate(pid)
      process.inbox():receive()
    end`,
};
const durable = Object.fromEntries(
  Object.entries(watchers).map(([name, text]) => [`durable_${name}`, text]),
);

const LONG = 'local pid = assert(process.spawn("app:long", "app:worker", { iterations = 3 }))';

const processes = {
  terminates: `
    return function()
      ${LONG}
      process.monitor(pid)
      local ok, err = process.terminate(pid)
      local event = process.events():receive()
      return { ok = ok, kind = event.kind, error = event.result.error:kind(), text = event.result.error:message() }
    end`,
  cancels: `
    return function(entry)
      local pid = assert(process.spawn_monitored(entry, "app:worker"))
      local ok, err = process.cancel(pid, "5s")
      local event = process.events():receive()
      local failure = event.result.error
      return { ok = ok, value = event.result.value, error = failure and failure:kind() }
    end`,
};

const samples = {
  workflows: { ...workflows, ...durable },
  processes: { ...processes, ...watchers },
};

describeSamples('watching workflows', samples, (app) => {
  describe.each([
    ['a local process', ''],
    ['another workflow', 'durable_'],
  ])('from %s', (_from, prefix) => {
    /** Does not end by itself, so that no end comes before it is watched. */
    const start = () => app().spawn('stubborn');

    it('a monitor tells of the end, with what was returned', async () => {
      const pid = await app().spawn('long', [{ iterations: 3 }]);
      expect(await app().run(`${prefix}sees_end`, pid)).toEqual({
        ok: true,
        kind: 'EXIT',
        same: true,
        value: { naps: 3 },
      });
    });

    it('a monitor that was taken back tells nothing', async () => {
      const pids = [await start(), await start()];
      expect(await app().run(`${prefix}takes_back`, ...pids)).toEqual({ ok: true, second: true });
    });

    it('a link tells of a failure where links are trapped', async () => {
      expect(await app().run(`${prefix}sees_link_down`, await start())).toEqual({
        ok: true,
        kind: 'LINK_DOWN',
        same: true,
        error: 'CANCELED',
      });
    });

    it('a link that was undone tells nothing', async () => {
      expect(await app().run(`${prefix}unlinks_it`, await start())).toEqual({ ok: true });
    });

    it('a link takes its process down where they are not', async () => {
      await expect(app().run(`${prefix}falls_with_it`, await start())).rejects.toMatchObject({
        kind: 'CANCELED',
      });
    });
  });

  describe('an end', () => {
    it('by terminate is told with an error', async () => {
      expect(await app().run('terminates')).toEqual({
        ok: true,
        kind: 'EXIT',
        error: 'CANCELED',
        text: expect.stringContaining('terminated'),
      });
    });

    it('by cancel is for the workflow to decide, until the deadline', async () => {
      expect(await app().run('cancels', 'app:orderly')).toEqual({
        ok: true,
        value: { kind: 'CANCEL', has_deadline: true, left: expect.closeTo(5, 0) },
      });
      expect(await app().run('cancels', 'app:stubborn')).toEqual({ ok: true, error: 'CANCELED' });
    });
  });
});
