/** Local processes that watch, link and end workflows. */
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

const LONG = 'local pid = assert(process.spawn("app:long", "app:worker", { iterations = 3 }))';

const processes = {
  later: `
    return function()
      ${LONG}
      local ok, err = process.monitor(pid)
      local event = process.events():receive()
      return { ok = ok, kind = event.kind, same = event.from == pid, value = event.result.value }
    end`,
  /** Of two monitors one is taken back: only the other workflow's end is told. */
  unwatched: `
    return function()
      local function start(n) return assert(process.spawn_monitored("app:long", "app:worker", { iterations = n })) end
      local first, second = start(1), start(2)
      process.unmonitor(first)
      local event = process.events():receive()
      local more = process.events():try_receive()
      return { second = event.from == second, more = more and more.kind }
    end`,
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
  /** Links to a workflow that has been running for a while, and ends it. */
  links: `
    return function()
      process.set_options({ trap_links = true })
      ${LONG}
      time.sleep("200ms")
      local ok, err = process.link(pid)
      process.terminate(pid)
      local event = process.events():receive()
      return { ok = ok, error = err and tostring(err), kind = event.kind, same = event.from == pid }
    end`,
  unlinks: `
    return function()
      ${LONG}
      local linked, err = process.link(pid)
      local unlinked = process.unlink(pid)
      process.monitor(pid)
      process.terminate(pid)
      local event = process.events():receive()
      return { linked = linked, error = err and tostring(err), unlinked = unlinked, kind = event.kind }
    end`,
  falls: `
    return function()
      ${LONG}
      assert(process.link(pid))
      process.terminate(pid)
      process.inbox():receive()
    end`,
};

describeSamples('watching workflows', { workflows, processes }, (app) => {
  describe('a monitor', () => {
    it('can be set after the start', async () => {
      expect(await app().run('later')).toEqual({
        ok: true,
        kind: 'EXIT',
        same: true,
        value: { naps: 3 },
      });
    });

    it('can be taken back', async () => {
      expect(await app().run('unwatched')).toEqual({ second: true });
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

  describe('a link', () => {
    it('to a workflow tells of its failure where links are trapped', async () => {
      expect(await app().run('links')).toEqual({ ok: true, kind: 'LINK_DOWN', same: true });
    });

    it('can be undone: then only the monitor tells', async () => {
      expect(await app().run('unlinks')).toEqual({ linked: true, unlinked: true, kind: 'EXIT' });
    });

    it('takes the process down where they are not', async () => {
      await expect(app().run('falls')).rejects.toMatchObject({ kind: 'CANCELED' });
    });
  });
});
