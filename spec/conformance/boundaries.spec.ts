/** Rules 9 to 12 of docs/semantics.md: children, upgrade, copies, crashes. */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

describeOn(HOSTS, 'rule 9: children', ({ it, run, itLocal, itDurable }) => {
  itLocal('tells a local parent of the end of a child only where it monitors it', async () => {
    const got = await run({
      main: `local quiet, told = spawn("waiter"), spawn_monitored("waiter")
        process.send(quiet, "end")
        process.send(told, "end", "told")
        return { next_event().result.value, fence() == nil }`,
    });
    expect(got).toEqual(['told', true]);
  });

  itDurable('tells a workflow of the end of every child, until it takes that back', async () => {
    const got = await run({
      main: `local told = assert(process.spawn("app:waiter", HOST))
        local silent = assert(process.spawn("app:waiter", HOST))
        process.unmonitor(silent)
        process.send(silent, "end")
        process.send(told, "end", "told")
        return { next_event().result.value, fence() == nil }`,
    });
    expect(got).toEqual(['told', true]);
  });

  it('gives exec what the child returned, or its error, and no event', async () => {
    const got = await run({
      double: 'return 2 * ...',
      fails: 'return nil, errors.new("CONFLICT", "no")',
      main: `local value = process.exec("app:double", HOST, 21)
        local none, err = process.exec("app:fails", HOST)
        return { value, none == nil, err:kind(), err:message(), fence() == nil }`,
    });
    expect(got).toEqual([42, true, 'CONFLICT', 'no', true]);
  });
});

describeOn(HOSTS, 'rule 10: upgrade', ({ it, run, host }) => {
  it('keeps PID, name, monitors, links and unread messages, and starts the other program', async () => {
    // A workflow has no names.
    const register = host.durable ? '' : 'process.registry.register("a name")';
    const named = host.durable ? 'process.pid()' : 'process.registry.lookup("a name")';
    const got = await run({
      first: `local from = ...
        ${register}
        receive()
        process.upgrade("app:second", from)
        process.send(from, "went on", true)`,
      second: `local from = ...
        process.send(from, "second", { process.pid(), ${named}, data() })
        return nil, errors.new(data(), "told to fail")`,
      main: `process.set_options({ trap_links = true })
        local pid = process.spawn_linked_monitored("app:first", HOST, process.pid())
        for _, text in ipairs({ "go", "unread", "CONFLICT" }) do process.send(pid, "t", text) end
        local m = receive()
        local said = m:payload():data()
        local a, b = show(next_event()), show(next_event())
        return { m:topic(), said[1] == pid and said[2] == pid, said[3], a.error, b.error, a.kind ~= b.kind, fence() == nil }`,
    });
    expect(got).toEqual(['second', true, 'unread', 'CONFLICT', 'CONFLICT', true, true]);
  });

  it('to a program that is not there answers NOT_FOUND, and the old one goes on', async () => {
    const got = await run({ main: 'return kind(process.upgrade("app:missing"))' });
    expect(got).toBe('NOT_FOUND');
  });
});

describeOn(HOSTS, 'rule 11: values are copied', ({ it, run }) => {
  it('shares no table: neither side sees what the other does to it afterwards', async () => {
    const got = await run({
      changes: `local arg = ... local message = data()
        arg.list[1], message.list[1] = "changed", "changed"
        return { arg, message }`,
      main: `local value = { list = { 1 } }
        local pid = spawn_monitored("changes", value)
        process.send(pid, "value", value)
        value.list[1] = "mine"
        local result = next_event().result.value
        return { value.list[1], result[1].list[1], result[2].list[1], result[1] ~= result[2] }`,
    });
    expect(got).toEqual(['mine', 'changed', 'changed', true]);
  });

  it('gives a watcher its own copy of a result, and each receiver its own copy of a message', async () => {
    const got = await run({
      returns: 'receive() return { n = 1 }',
      main: `local me = process.pid()
        local pid = spawn_monitored("returns")
        process.send(pid, "end")
        local first = next_event().result.value
        first.n = 2
        local value = { n = 1 }
        process.send(me, "a", value)
        process.send(me, "b", value)
        local a, b = data(), data()
        a.n = 5
        return { first.n, a.n, b.n, value.n }`,
    });
    expect(got).toEqual([2, 5, 1, 1]);
  });

  it('gives each of several watchers its own copy of a result', async () => {
    const got = await run({
      returns: 'receive() return { n = 1 }',
      changes: `local pid, to = ...
        process.monitor(pid)
        process.send(to, "watching")
        local result = next_event().result.value
        result.n = result.n + 1
        process.send(to, "changed", result.n)`,
      main: `local pid = spawn("returns")
        for _ = 1, 2 do spawn("changes", pid, process.pid()) receive() end
        process.monitor(pid)
        process.send(pid, "end")
        return { data(), data(), next_event().result.value.n }`,
    });
    expect(got).toEqual([2, 2, 1]);
  });

  it('carries every kind of value unchanged', async () => {
    const got = await run({
      main: `local me = process.pid()
        local bytes = "\\0\\255\\128 raw"
        process.send(me, "t", nil, true, 0.1, 2^53, "text \\u{1F600}", bytes, {}, { 1, { a = { 2 } } }, 1/0, -1/0, 0/0, me)
        local m = receive()
        local n, t, f, big, text, raw, list, nested, inf, ninf, nan, pid = m:payload():data()
        return { n == nil, t == true, f == 0.1, big == 2^53, text == "text \\u{1F600}", raw == bytes,
          #list == 0, nested[2].a[1] == 2, inf == 1/0, ninf == -1/0, nan ~= nan, pid == me }`,
    });
    expect(got).toEqual(Array.from({ length: 12 }, () => true));
  });

  it('keeps a PID usable: stored, sent, compared, used as a key, printed', async () => {
    const got = await run({
      main: `local pid = spawn("waiter")
        process.send(process.pid(), "t", { pid = pid })
        local back = data().pid
        local known = { [pid] = "known" }
        process.send(back, "end", "reached")
        return { back == pid, known[back], tostring(back) == pid, end_of(pid).value }`,
    });
    expect(got).toEqual([true, 'known', true, 'reached']);
  });
});

describeOn(HOSTS, 'rule 12: crashes stay where they happen', ({ it, run, host }) => {
  const many = host.durable ? 15 : 50;

  it.each([
    ['an error', 'error("bad")'],
    ['running out of stack', 'local function f() return 1 + f() end f()'],
    ['an error in a coroutine', 'coroutine.spawn(function() error("bad") end) receive()'],
    ['a source that fails when it is called', 'local t = nil; t.x = 1'],
  ])('leaves its neighbours, its parent and its host alone: %s', async (_, body) => {
    const got = await run({
      crasher: body,
      main: `local neighbour = spawn("waiter")
        local crashed = spawn_monitored("crasher")
        local event = show(next_event())
        process.send(neighbour, "end", "unharmed")
        return { event.from == crashed, event.error ~= nil, end_of(neighbour).value }`,
    });
    expect(got).toEqual([true, true, 'unharmed']);
  });

  it('gives each process its own globals', async () => {
    const got = await run({
      writer: 'shared = "mine" string.format = nil return data()',
      main: `local pid = spawn("writer")
        process.send(pid, "end")
        end_of(pid)
        return { shared == nil, string.format("%d", 1) }`,
    });
    expect(got).toEqual([true, '1']);
  });

  it('reports each of many crashes, once', async () => {
    const got = await run({
      crasher: 'error(errors.new("CONFLICT", "crash " .. ...))',
      main: `local seen, count = {}, 0
        for i = 1, ${many} do spawn_monitored("crasher", i) end
        for i = 1, ${many} do
          local message = show(next_event()).message
          if not seen[message] then count = count + 1 end
          seen[message] = true
        end
        return { count, fence() == nil }`,
    });
    expect(got).toEqual([many, true]);
  });
});
