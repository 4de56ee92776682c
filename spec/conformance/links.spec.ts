/** Rule 5 of docs/semantics.md: links. */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

describeOn(HOSTS, 'rule 5: links', ({ it, run }) => {
  it.each([
    ['the one that was linked to fails', 'target', 'linker'],
    ['the one that made the link fails', 'linker', 'target'],
  ])('goes both ways: %s, and the other fails with the same error', async (_, first, other) => {
    const got = await run({
      target: 'local kind = data() return nil, errors.new(kind, "told to fail")',
      linker: `local target, from = ... process.link(target) process.send(from, "linked")
        return nil, errors.new(data(), "told to fail")`,
      main: `local target = spawn("target")
        local linker = spawn("linker", target, process.pid())
        receive()
        process.monitor(${other})
        process.send(${first}, "fail", "CONFLICT")
        local event = show(next_event())
        return { event.from == ${other}, event.error, event.message }`,
    });
    expect(got).toEqual([true, 'CONFLICT', 'told to fail']);
  });

  it('gives one that traps links LINK_DOWN instead, and it goes on', async () => {
    const got = await run({
      main: `local target = spawn("failer")
        local trapper = spawn_monitored("trapper", target, process.pid())
        receive()
        process.send(target, "fail")
        local down = next_event().result.value
        return { down.kind, down.from == target, down.error, down.message, down.value == nil }`,
    });
    expect(got).toEqual(['LINK_DOWN', true, 'CONFLICT', 'told to fail', true]);
  });

  it('ends also one that waits for its events, where it does not trap', async () => {
    const got = await run({
      listener: `local target, from = ...
        process.events()
        process.link(target)
        process.send(from, "linked")
        return next_event().kind`,
      main: `local target = spawn("failer")
        spawn_monitored("listener", target, process.pid())
        receive()
        process.send(target, "fail")
        return show(next_event()).error`,
    });
    expect(got).toBe('CONFLICT');
  });

  it('says nothing of a normal end, to trappers or others', async () => {
    const got = await run({
      main: `process.set_options({ trap_links = true })
        local target = spawn_linked("waiter")
        local linker = spawn_monitored("linker", target, process.pid())
        receive()
        process.send(target, "end", 1)
        process.monitor(target)
        local ended = next_event()
        process.send(linker, "end", "unharmed")
        return { ended.from == target, ended.kind, next_event().result.value, fence() == nil }`,
    });
    expect(got).toEqual([true, 'EXIT', 'unharmed', true]);
  });

  it('counts being terminated as a failure: CANCELED, and the message says so', async () => {
    const got = await run({
      main: `local target = spawn("waiter")
        spawn_monitored("linker", target, process.pid())
        receive()
        process.terminate(target)
        local event = show(next_event())
        return { event.error, event.message:find("terminated") ~= nil }`,
    });
    expect(got).toEqual(['CANCELED', true]);
  });

  it('goes on down a chain of links with the first error', async () => {
    const got = await run({
      link: `local depth, from = ...
        if depth > 0 then spawn_linked("link", depth - 1, from) else process.send(from, "end", process.pid()) end
        return data()`,
      main: `local first = spawn_monitored("link", 8, process.pid())
        local last = data()
        process.monitor(last)
        process.terminate(first, "the first")
        local got = {}
        for i = 1, 2 do got[i] = show(next_event()).message end
        return got`,
    });
    expect(got).toEqual(['process terminated: the first', 'process terminated: the first']);
  });

  it('stops a chain at one that traps', async () => {
    const got = await run({
      main: `local target = spawn("failer")
        local trapper = spawn_monitored("trapper", target, process.pid())
        receive()
        local behind = spawn("linker", trapper, process.pid())
        receive()
        process.send(target, "fail")
        local down = next_event().result.value.kind
        process.send(behind, "end", "unharmed")
        return { down, end_of(behind).value }`,
    });
    expect(got).toEqual(['LINK_DOWN', 'unharmed']);
  });

  it.each([
    ['the one that made it', 'process.unlink(target)', ''],
    ['the other one', 'process.send(target, "me", process.pid())', 'process.unlink(data())'],
  ])('is undone for both sides by %s', async (_, bySpawner, byTarget) => {
    const got = await run({
      target: `local from = ... receive() ${byTarget}
        process.send(from, "unlinked") return nil, errors.new("CONFLICT", data())`,
      linker: `local from = ...
        local target = spawn_linked("target", from)
        process.send(target, "go")
        ${bySpawner}
        process.send(from, "target", target)
        return data()`,
      main: `local linker = spawn_monitored("linker", process.pid())
        local target
        for _ = 1, 2 do local m = receive() if m:topic() == "target" then target = m:payload():data() end end
        process.send(target, "fail", "it failed")
        process.monitor(target)
        local failed = show(next_event())
        process.send(linker, "end", "unharmed")
        return { failed.from == target, next_event().result.value }`,
    });
    expect(got).toEqual([true, 'unharmed']);
  });

  it('answers an unlink with true, also when the process ended first', async () => {
    const got = await run({
      main: 'local gone = dead() return { process.unlink(gone), process.unlink(gone) }',
    });
    expect(got).toEqual([true, true]);
  });

  it('counts a link to the dead as its failure, NOT_FOUND, at once', async () => {
    const got = await run({
      main: `local gone = dead()
        spawn_monitored("linker", gone, process.pid())
        local plain = show(next_event())
        spawn_monitored("trapper", gone, process.pid())
        local down = next_event().result.value
        return { plain.error, down.kind, down.from == gone, down.error }`,
    });
    expect(got).toEqual(['NOT_FOUND', 'LINK_DOWN', true, 'NOT_FOUND']);
  });

  it('is made by spawn_linked before the process can fail', async () => {
    const got = await run({
      fails: 'error("at once", 0)',
      main: `process.set_options({ trap_links = true })
        local pid = process.spawn_linked_monitored("app:fails", HOST)
        local a, b = show(next_event()), show(next_event())
        return { [a.kind] = a.message, [b.kind] = b.message, same = a.from == pid and b.from == pid }`,
    });
    expect(got).toEqual({ EXIT: 'at once', LINK_DOWN: 'at once', same: true });
  });

  it('gives one LINK_DOWN, however often the link was made, and one EXIT beside it', async () => {
    const got = await run({
      main: `process.set_options({ trap_links = true })
        local pid = spawn_linked("failer")
        process.link(pid)
        process.monitor(pid)
        process.send(pid, "fail")
        local kinds = { next_event().kind, next_event().kind }
        table.sort(kinds)
        return { kinds[1], kinds[2], fence() == nil }`,
    });
    expect(got).toEqual(['EXIT', 'LINK_DOWN', true]);
  });
});
