/** Rules 7 and 8 of docs/semantics.md: cancel and terminate. */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

describeOn(HOSTS, 'rule 7: cancel', ({ it, run, start, itLocal, itDurable }) => {
  it('puts CANCEL among the events, with who asked, the reason and the deadline', async () => {
    const got = await run({
      polite: `local e = next_event()
        return { e.kind, e.from, e.reason or false, e.deadline ~= nil }`,
      main: `local out = {}
        for i, how in ipairs({ { "a reason" }, { "1h" }, { "1h", "both" }, {} }) do
          local pid = spawn_monitored("polite")
          process.cancel(pid, how[1], how[2])
          local v = next_event().result.value
          out[i] = { v[1], v[2] == process.pid(), v[3], v[4] }
        end
        return out`,
    });
    expect(got).toEqual([
      ['CANCEL', true, 'a reason', false],
      ['CANCEL', true, false, true],
      ['CANCEL', true, 'both', true],
      ['CANCEL', true, false, false],
    ]);
  });

  it('leaves the decision to the program: it may go on and end well', async () => {
    const got = await run({
      stubborn: 'next_event() return data()',
      main: `local pid = spawn_monitored("stubborn")
        process.cancel(pid, "1h")
        process.send(pid, "end", "as I like")
        return next_event().result.value`,
    });
    expect(got).toBe('as I like');
  });

  it('aborts no call by itself: one that waits goes on waiting, without a deadline for ever', async () => {
    const got = await run({
      main: `local pid = spawn_monitored("waiter")
        process.cancel(pid, "please")
        local nothing = fence() == nil
        process.send(pid, "end", "received")
        return { nothing, next_event().result.value }`,
    });
    expect(got).toEqual([true, 'received']);
  });

  const endsAtDeadline = async (body: string) => {
    const app = await start({ main: body });
    const pid = await app.spawn('main');
    const exit = app.exitOf(pid);
    await app.cancel(pid, 'enough', 10);
    const { error } = await exit;
    expect(error).toMatchObject({ kind: 'CANCELED' });
    expect(error?.message).toMatch(/terminated.*deadline/);
  };

  it.each([
    ['reads its events and goes on', 'next_event() return data()'],
    ['never reads its events', 'return data()'],
  ])('terminates one that %s when the deadline passes', (_, body) => endsAtDeadline(body));

  // A workflow that never waits has no deadline to reach: it fails past its instruction budget.
  itLocal('terminates one that never waits at all when the deadline passes', () =>
    endsAtDeadline('while true do end'),
  );

  it('ends at the earlier deadline of two', async () => {
    const app = await start({});
    const pid = await app.spawn('waiter');
    const exit = app.exitOf(pid);
    await app.cancel(pid, null, 3_600_000);
    await app.cancel(pid, null, 5);
    expect((await exit).error).toMatchObject({ kind: 'CANCELED' });
  });

  itDurable('does nothing to what has closed, and says NOT_FOUND of what never was', async () => {
    const got = await run({
      main: `local gone, never = dead(), "{" .. HOST .. "|999999}"
        return { process.cancel(gone, "1s"), kind(process.terminate(gone)), kind(process.cancel(never)), kind(process.terminate(never)) }`,
    });
    expect(got).toEqual([true, 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
  });

  itLocal('does nothing to what is dead, and says NOT_FOUND', async () => {
    const got = await run({
      main: 'local gone = dead() return { kind(process.cancel(gone, "1s")), kind(process.terminate(gone)) }',
    });
    expect(got).toEqual(['NOT_FOUND', 'NOT_FOUND']);
  });
});

const CATCHES_ALL = 'while true do pcall(function() while true do end end) end';

describeOn(HOSTS, 'rule 8: terminate', ({ it, run, itLocal, itDurable }) => {
  const cannotBeCaught = async (body: string) => {
    const got = await run({
      target: `process.send(..., "ready") ${body}`,
      main: `local pid = spawn_monitored("target", process.pid())
        receive()
        process.terminate(pid, "enough")
        local event = show(next_event())
        return { event.kind, event.from == pid, event.error, event.message:find("terminated") ~= nil, fence() == nil }`,
    });
    expect(got).toEqual(['EXIT', true, 'CANCELED', true, true]);
  };

  it.each([
    ['a pcall', 'pcall(function() process.inbox():receive() end) return "caught"'],
    ['a pcall in a coroutine', 'local co = coroutine.wrap(function() pcall(receive) end) co()'],
    ['trapped links and events', 'process.set_options({ trap_links = true }) next_event()'],
    ['nothing, having ended itself', 'pcall(process.terminate, process.pid()) return "caught"'],
  ])('cannot be caught by %s', (_, body) => cannotBeCaught(body));

  itLocal('cannot be caught by a loop that catches everything', () => cannotBeCaught(CATCHES_ALL));

  itDurable('is not needed for a loop that catches everything: its budget ends it', async () => {
    const got = await run({
      target: CATCHES_ALL,
      main: 'spawn_monitored("target") return show(next_event())',
    });
    expect(got).toMatchObject({ kind: 'EXIT', error: 'INTERNAL' });
    expect((got as { message: string }).message).toMatch(/instructions/);
  });

  // A workflow may have begun by the time that the server has the request.
  itLocal('reaches one before its first step: the program never runs', async () => {
    const got = await run({
      target: 'process.send(..., "ran")',
      main: `local pid = spawn_monitored("target", process.pid())
        process.terminate(pid)
        return { show(next_event()).error, fence() == nil, process.inbox():try_receive() == nil }`,
    });
    expect(got).toEqual(['CANCELED', true, true]);
  });

  itLocal('releases the names, at once', async () => {
    const got = await run({
      named: 'process.registry.register("a name") process.send(..., "ready") return data()',
      main: `local pid = spawn("named", process.pid())
        receive()
        process.terminate(pid)
        return { process.registry.register("a name"), process.registry.lookup("a name") == process.pid() }`,
    });
    expect(got).toEqual([true, true]);
  });

  it('releases timers: what it would have done later never happens', async () => {
    // Where the timer was faster than the signal, a longer one is tried.
    const got = await run({
      late: `local from, delay = ...
        process.send(from, "ready")
        require("time").sleep(delay)
        process.send(from, "late")`,
      main: `for _, delay in ipairs({ "20ms", "1s", "20s" }) do
          local pid = spawn_monitored("late", process.pid(), delay)
          receive()
          process.terminate(pid)
          next_event()
          spawn_monitored("late", process.pid(), delay)
          next_event()
          local topics = {}
          for message in function() return process.inbox():try_receive() end do
            topics[#topics + 1] = message:topic()
          end
          if #topics == 2 then return topics end
        end
        return "late each time"`,
    });
    expect(got).toEqual(['ready', 'late']);
  });

  it('releases monitors and links: what it watched tells it nothing, what it was linked to is told once', async () => {
    const got = await run({
      main: `process.set_options({ trap_links = true })
        local target = spawn("waiter")
        local linker = spawn_linked("linker", target, process.pid())
        receive()
        process.monitor(target)
        process.terminate(linker)
        local a, b = show(next_event()), show(next_event())
        return { [a.from == linker and "linker" or "target"] = a.kind,
          [b.from == target and "target" or "linker"] = b.kind, rest = fence() == nil }`,
    });
    expect(got).toEqual({ linker: 'LINK_DOWN', target: 'EXIT', rest: true });
  });

  itDurable('leaves the children that are to outlive it, and ends the others', async () => {
    const got = await run({
      child: 'local to = ... process.send(to, "child", process.pid()) return data()',
      spawner: `local to = ...
        process.with_options({ ["temporal.workflow.parent_close_policy"] = "abandon" })
          :spawn("app:child", HOST, to)
        receive()
        spawn("child", to)
        receive()`,
      main: `local parent = spawn_monitored("spawner", process.pid())
        local abandoned = data()
        process.send(parent, "go on")
        local kept = data()
        process.terminate(parent)
        next_event()
        process.send(abandoned, "end", "goes on")
        return { end_of(abandoned).value, show({ result = end_of(kept) }).error }`,
    });
    expect(got).toEqual(['goes on', 'CANCELED']);
  });

  itLocal('leaves what it spawned, and what it waited for with exec', async () => {
    const got = await run({
      child: `local to = ... process.send(to, "child", process.pid()) return data()`,
      spawner: `local to = ... spawn("child", to) process.exec("app:child", HOST, to)`,
      main: `local parent = spawn_monitored("spawner", process.pid())
        local children = { data(), data() }
        process.terminate(parent)
        next_event()
        local ends = {}
        for i, pid in ipairs(children) do process.send(pid, "end", i) ends[i] = end_of(pid).value end
        return ends`,
    });
    expect(got).toEqual([1, 2]);
  });
});
