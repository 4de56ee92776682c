import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../../src/core/errors.js';
import type { Signal } from '../../../src/core/signal.js';
import type { SpawnRequest } from '../../../src/kernel/request.js';
import { succeeded } from '../../support/kernel-run.js';
import type { RunOptions } from '../../support/lua.js';
import { evaluate, refusal, start } from '../../support/modules.js';

const DONE: RunOptions = { onAsk: () => succeeded(true) };
const OTHER = '{app:host|other}';

/** The only request that `body` makes. */
function requestOf(body: string, options: RunOptions = {}) {
  const { requests } = start(body, { ...DONE, ...options });
  expect(requests).toHaveLength(1);
  return requests[0];
}

const spawnOf = (body: string, options: RunOptions = {}): SpawnRequest =>
  (requestOf(body, options) as { spawn: SpawnRequest }).spawn;

describe('process.send', () => {
  it('passes on the target, the topic and every value', () => {
    expect(requestOf(`process.send("${OTHER}", "job", { id = 1 }, "two", nil)`)).toEqual({
      op: 'send',
      target: OTHER,
      topic: 'job',
      values: [{ id: 1 }, 'two', null],
    });
    expect(requestOf('process.send("some.name", "ping")')).toMatchObject({ values: [] });
  });

  it('answers true, or nil and the error of the host', () => {
    expect(evaluate('return process.send("x", "t")', DONE)).toBe(true);
    const error = new PerdureError('NOT_FOUND', 'name not found: x');
    const refused = { onAsk: () => ({ value: null, ok: false, error }) };
    expect(refusal('process.send("x", "t")', refused)).toBe('NOT_FOUND: name not found: x');
  });

  it('refuses reserved topics and bad arguments by name, and sends nothing', () => {
    const onAsk = () => {
      throw new Error('asked the host');
    };
    expect(refusal('process.send("x", "@exit")', { onAsk })).toMatch(/^INVALID: .*\(topic\).*"@"/);
    expect(refusal('process.send("x", {})', { onAsk })).toBe(
      'INVALID: process.send: argument 2 (topic) must be a string, got a table',
    );
    expect(refusal('process.send(nil, "t")', { onAsk })).toBe(
      'INVALID: process.send: argument 1 (target) must be a string, got nil',
    );
  });

  it('names the path of what cannot be sent', () => {
    expect(refusal('process.send("x", "t", { items = { 1, { fn = print } } })')).toMatch(
      /^INVALID: process\.send: payload\.items\[2\]\.fn: a function cannot be sent/,
    );
    expect(refusal('process.send("x", "t", print)')).toMatch(/payload: a function/);
    expect(refusal('process.send("x", "t", channel.new())')).toMatch(/payload: a /);
  });
});

describe('messages', () => {
  const send = (topic: string, values: unknown[], from: string | null = OTHER): Signal =>
    ({ kind: 'message', from, topic, values, context: null }) as Signal;

  it('tell their topic, sender and content', () => {
    const host = start(`local m = process.inbox():receive()
      return { m:topic(), m:from(), m:payload():data() }`);
    host.kernel.deliver(send('hello', [{ a: 1 }]));
    host.kernel.run();
    expect(host.value).toEqual(['hello', OTHER, { a: 1 }]);
  });

  it('are one key wherever the process has passed them, and their payloads are equal', () => {
    const host = start(`local m, ch = process.inbox():receive(), channel.new(1)
      local known = { [m] = "known" }
      ch:send(m)
      local again = ch:receive()
      return { known[again], again == m, m:payload() == again:payload() }`);
    host.send('t', 1);
    expect(host.value).toEqual(['known', true, true]);
  });

  it('give all their values, and a nil where there is none', () => {
    const host = start(`local inbox = process.inbox()
      local several, none = inbox:receive(), inbox:receive()
      local a, b, c = several:payload():data()
      return { a, b, c, tostring(none:payload():data()), tostring(none:from()) }`);
    host.kernel.deliver(send('t', [1, 'two', true]));
    host.kernel.deliver(send('t', [], null));
    host.kernel.run();
    expect(host.value).toEqual([1, 'two', true, 'nil', 'nil']);
  });

  it('may be sent on, alone with all values or inside a table as their content', () => {
    const host = start(
      `local p = process.inbox():receive():payload()
      process.send("x", "again", p)
      process.send("x", "nested", { inner = p })`,
      DONE,
    );
    host.send('t', { a: 1 }, 2);
    expect(host.requests).toMatchObject([
      { values: [{ a: 1 }, 2] },
      { values: [{ inner: { a: 1 } }] },
    ]);
  });

  it('of a topic that is listened to arrive bare, or whole on request', () => {
    const host = start(`local bare = process.listen("bare")
      local whole = process.listen("whole", { message = true })
      return { bare:receive(), whole:receive():topic() }`);
    expect(host.send('bare', 1, 2).send('whole').value).toEqual([1, 'whole']);
  });

  it('can be looked for without waiting, and waited for a while', () => {
    const host = start(`local inbox = process.inbox()
      local none = inbox:try_receive()
      local late = inbox:receive_timeout("30s")
      local found = inbox:receive_timeout("30s")
      return { tostring(none), tostring(late), found:topic() }`);
    host.turn(30_000).send('t');
    expect(host.value).toEqual(['nil', 'nil', 't']);
  });

  it('come out of the same channel each time', () => {
    expect(
      evaluate(`return process.inbox() == process.inbox() and process.events() == process.events()
        and process.listen("a") == process.listen("a")`),
    ).toBe(true);
  });

  it('go back to the inbox when listening ends, by topic or by channel', () => {
    const host = start(`local a, b = process.listen("a"), process.listen("b")
      process.inbox():receive()
      process.unlisten("a")
      process.unlisten(b)
      return { process.inbox():receive():topic(), process.inbox():receive():topic() }`);
    host.send('a').send('b').send('go');
    expect(host.value).toEqual(['a', 'b']);
    expect(refusal('process.unlisten("nobody")')).toMatch(/^NOT_FOUND: .*"nobody" not found/);
  });

  it('of reserved topics cannot be listened to', () => {
    expect(refusal('process.listen("@exit")')).toMatch(/^INVALID/);
    expect(refusal('process.listen("t", { message = 1 })')).toMatch(/^INVALID: .*"message"/);
  });
});

describe('events', () => {
  const exit = (error: PerdureError | null, value: unknown = null): Signal =>
    ({ kind: 'exit', from: OTHER, result: { value, error } }) as Signal;

  it('of an exit carry the PID twice, the kind twice and the result', () => {
    const host = start(`local e = process.events():receive()
      return { e.kind == process.event.EXIT, e.type, e.from, e.pid, e.result.value.total,
        tostring(e.result.error), e.at:unix() }`);
    host.turn(5000).kernel.deliver(exit(null, { total: 7 }));
    host.kernel.run();
    expect(host.value).toEqual([true, 'EXIT', OTHER, OTHER, 7, 'nil', 5]);
  });

  it('of a failure carry the error itself', () => {
    const host = start(`for e in process.events():iter() do
        local err = e.result.error
        return { err:kind(), err:retryable(), err:message() }
      end`);
    host.kernel.deliver(exit(new PerdureError('NOT_FOUND', 'order not found')));
    host.kernel.run();
    expect(host.value).toEqual(['NOT_FOUND', false, 'order not found']);
  });

  it('of a cancellation carry reason and deadline', () => {
    const host = start(`local e = process.events():receive()
      return { e.kind == process.event.CANCEL, e.reason, e.deadline:unix(), tostring(e.from) }`);
    host.kernel.deliver({ kind: 'cancel', from: null, reason: 'bye', deadlineMs: 9000 });
    host.kernel.run();
    expect(host.value).toEqual([true, 'bye', 9, 'nil']);
  });

  it('of a failed link come where links are trapped', () => {
    const host = start(`process.set_options({ trap_links = true })
      local e = process.events():receive()
      return { e.kind == process.event.LINK_DOWN, process.get_options().trap_links }`);
    const error = new PerdureError('CANCELED', 'process terminated');
    host.kernel.deliver({ kind: 'link_down', from: OTHER, result: { value: null, error } });
    host.kernel.run();
    expect(host.value).toEqual([true, true]);
  });

  it('are selected in the same form as received', () => {
    const host = start(`local r = channel.select{ process.events():case_receive() }
      return { r.value.kind, r.channel == process.events() }`);
    host.kernel.deliver(exit(null));
    host.kernel.run();
    expect(host.value).toEqual(['EXIT', true]);
  });
});

describe('process.spawn and its variants', () => {
  const plain = {
    entry: 'app:child',
    host: 'app:host',
    values: [1, { a: 2 }],
    name: null,
    messages: [],
    context: {},
    options: {},
  };

  it('ask for a process with these values, monitored and linked as the name says', () => {
    const spawned = (name: string) =>
      spawnOf(`process.${name}("app:child", "app:host", 1, {a = 2})`);
    expect(spawned('spawn')).toEqual({ ...plain, monitor: false, link: false });
    expect(spawned('spawn_monitored')).toEqual({ ...plain, monitor: true, link: false });
    expect(spawned('spawn_linked')).toEqual({ ...plain, monitor: false, link: true });
    expect(spawned('spawn_linked_monitored')).toEqual({ ...plain, monitor: true, link: true });
  });

  it('give the PID, or nil and why not', () => {
    const onAsk = () => succeeded(OTHER);
    expect(evaluate('return process.spawn("app:child", "app:host")', { onAsk })).toBe(OTHER);
    expect(refusal('process.spawn("app:child")')).toBe(
      'INVALID: process.spawn: argument 2 (host) must be a string, got nil',
    );
  });

  it('hand on the context of the spawner', () => {
    const context = { tenant: 't1' };
    expect(spawnOf('process.spawn("app:child", "app:host")', { context }).context).toEqual(context);
  });

  it('wait for the result with exec', () => {
    const host = start(`local result, err = process.exec("app:child", "app:host", "x")
      return { result.total, tostring(err) }`);
    expect(host.requests).toMatchObject([{ op: 'exec', spawn: { values: ['x'] } }]);
    expect(host.answer({ total: 3 }).value).toEqual([3, 'nil']);
  });
});

describe('a spawner', () => {
  it('carries name, messages, context and options in any order', () => {
    const spawn = spawnOf(
      `process.with_options({})
        :with_name("order-1")
        :with_message("increment", { amount = 2 })
        :with_message("note")
        :with_context({ user = "u1" })
        :with_options({ ["temporal.workflow.id"] = "w1" })
        :spawn_monitored("app:child", "app:worker", 5)`,
      { context: { tenant: 't1', user: 'nobody' } },
    );
    expect(spawn).toEqual({
      entry: 'app:child',
      host: 'app:worker',
      values: [5],
      name: 'order-1',
      messages: [
        { topic: 'increment', values: [{ amount: 2 }] },
        { topic: 'note', values: [] },
      ],
      context: { tenant: 't1', user: 'u1' },
      options: { 'temporal.workflow.id': 'w1' },
      monitor: true,
      link: false,
    });
  });

  it('merges contexts and options of a chain, later ones first', () => {
    const spawn = spawnOf(`process.with_context({ a = 1, b = 1 }):with_context({ b = 2 })
      :with_options({ ["temporal.workflow.run_timeout"] = "1h" })
      :with_options({ ["temporal.workflow.start_delay"] = time.parse_duration("5m") })
      :spawn("app:child", "app:host")`);
    expect(spawn.context).toEqual({ a: 1, b: 2 });
    expect(spawn.options).toEqual({
      'temporal.workflow.run_timeout': '1h',
      'temporal.workflow.start_delay': '5m0s',
    });
  });

  it('never changes: what is made from it is another one', () => {
    const spawn = spawnOf(`local base = process.with_options({})
      base:with_name("n"):with_message("t")
      base:spawn("app:child", "app:host")`);
    expect(spawn).toMatchObject({ name: null, messages: [] });
  });

  it('knows options without the leading "temporal." by their full name', () => {
    const spawn = spawnOf(`process.with_options({ ["workflow.id"] = "w", other = 1 })
      :spawn("app:child", "app:host")`);
    expect(spawn.options).toEqual({ 'temporal.workflow.id': 'w', other: 1 });
  });

  it('refuses reserved topics and what is no table', () => {
    expect(refusal('process.with_options({}):with_message("@x")')).toMatch(/^INVALID/);
    expect(refusal('process.with_context("x")')).toMatch(/argument 1 \(context\) must be a table/);
    expect(refusal('process.with_context({ 1, 2 })')).toMatch(/string keys, got a list/);
    expect(refusal('process.with_context({ f = print })')).toMatch(/context\.f: a function/);
  });
});

describe('monitors, links and ends', () => {
  it('are asked for by PID or by name; what only looks like a PID is refused', () => {
    for (const op of ['monitor', 'unmonitor', 'link', 'unlink']) {
      expect(requestOf(`assert(process.${op}("${OTHER}") == true)`)).toEqual({ op, pid: OTHER });
      expect(requestOf(`assert(process.${op}("a name") == true)`)).toEqual({ op, pid: 'a name' });
      expect(refusal(`process.${op}("{not a pid}")`)).toMatch(/^INVALID: .*must be a PID/);
    }
    expect(requestOf(`process.terminate("${OTHER}")`)).toMatchObject({ op: 'terminate' });
  });

  it('tell a deadline from a reason by its form', () => {
    const cancel = (args: string) => requestOf(`process.cancel("${OTHER}"${args})`);
    const request = { op: 'cancel', pid: OTHER };
    expect(cancel('')).toEqual({ ...request, reason: null, deadlineMs: null });
    expect(cancel(', "5s"')).toEqual({ ...request, reason: null, deadlineMs: 5000 });
    expect(cancel(', "no stock"')).toEqual({ ...request, reason: 'no stock', deadlineMs: null });
    expect(cancel(', 2 * time.SECOND, "late"')).toEqual({
      ...request,
      reason: 'late',
      deadlineMs: 2000,
    });
    expect(refusal(`process.cancel("${OTHER}", {})`)).toMatch(/^INVALID/);
    expect(refusal(`process.cancel("${OTHER}", 5000)`)).toMatch(/^INVALID: .*"5s"/);
  });
});

describe('a process', () => {
  it('knows its PID and its id', () => {
    expect(evaluate('return { process.pid(), process.id() }')).toEqual(['{test:host|1}', '1']);
  });

  it('has a name registry', () => {
    expect(requestOf('process.registry.register("desk")')).toEqual({
      op: 'register',
      name: 'desk',
    });
    expect(requestOf('process.registry.register("desk", process.pid())')).toBeDefined();
    expect(requestOf('process.registry.lookup("desk")')).toEqual({ op: 'lookup', name: 'desk' });
    expect(refusal(`process.registry.register("desk", "${OTHER}")`)).toMatch(/^INVALID/);
  });

  it('refuses options that it does not have', () => {
    expect(refusal('process.set_options({ trap_link = true })')).toMatch(/"trap_link"/);
    expect(
      evaluate(`local done, err = process.set_options({ trap_links = true, bogus = 1 })
        return { done == nil and err:kind(), process.get_options().trap_links }`),
    ).toEqual(['INVALID', false]);
    expect(refusal('process.set_options({ trap_links = 1 })')).toMatch(/^INVALID/);
  });

  it('goes on as another program, or as a new run of its own', () => {
    const upgrade = (args: string) => requestOf(`process.upgrade(${args})`);
    expect(upgrade('"app:v2", 1, "x"')).toEqual({
      op: 'upgrade',
      entry: 'app:v2',
      values: [1, 'x'],
    });
    expect(upgrade('')).toMatchObject({ op: 'upgrade', values: [] });
    expect(refusal('process.upgrade("")')).toMatch(/^INVALID/);
  });

  it('remembers whether it is upgradable', () => {
    expect(
      evaluate(`process.set_options({ upgradable = true })
        local options = process.get_options()
        return { options.upgradable, options.trap_links }`),
    ).toEqual([true, false]);
  });
});
