/**
 * Cases of OTP's own suites (erts/emulator/test), restated; each names its case in brackets. The table
 * in docs/semantics.md ("Where these rules come from") says which cases do not apply, and why.
 */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

describeOn(HOSTS, 'signal_SUITE', ({ it, run, host }) => {
  // Each send of a workflow is a task of its own, and begins with a replay where nothing is cached.
  const rounds = host.durable ? 3 : 30;

  it('lets no message overtake an exit signal of the same sender [xm_sig_order]', async () => {
    const got = await run({
      target: `for message in process.inbox():iter() do
          if message:topic() == "may_not_reach" then return nil, "bad signal order" end
        end`,
      main: `local reasons = {}
        for i = 1, ${rounds} do
          local pid = spawn_monitored("target")
          for _ = 1, 3 do process.send(pid, "may_reach") end
          process.terminate(pid, "good signal order")
          for _ = 1, 3 do process.send(pid, "may_not_reach") end
          local event = show(next_event())
          if event.message ~= "process terminated: good signal order" then return event end
        end
        return "in order"`,
    });
    expect(got).toBe('in order');
  });

  it.each([
    ['unlink', 'process.unlink(from)'],
    ['trap_exit', 'process.set_options({ trap_links = true })'],
    ['receive', 'receive()'],
    ['exit', 'error("by myself")'],
  ])(
    'gives one that is ended while it works the reason of the signal, whatever it does next [pending_exit_%s]',
    async (_, next) => {
      // A signal counts from when it is delivered: here that is when `terminate` would return.
      const got = await run({
        target: `local from = ... process.terminate(process.pid(), "by signal") ${next} return "too far"`,
        main: `spawn_monitored("target", process.pid())
        return { show(next_event()).message, fence() == nil }`,
      });
      expect(got).toEqual(['process terminated: by signal', true]);
    },
  );

  it('lets a process end by itself before a signal reaches it, once [exit_before_pending_exit]', async () => {
    // A workflow still waits for its server while its last message travels: only another's word says
    // that it has ended.
    const got = await run({
      target: 'return nil, "by myself"',
      witness: `local pid, from = ...
        process.monitor(pid)
        process.send(from, next_event().kind)`,
      main: `local pid = spawn_monitored("target")
        spawn("witness", pid, process.pid())
        local heard = receive():topic()
        process.terminate(pid, "too late")
        return { heard, show(next_event()).message, fence() == nil }`,
    });
    expect(got).toEqual(['EXIT', 'by myself', true]);
  });

  it.each([1, 2, 9, 10])(
    'carries the end of the last of a line of %i linked processes to the first [kill2killed]',
    async (length) => {
      const got = await run(
        {
          line: `local left, tester = ...
        if left == 0 then process.send(tester, "end_of_line", process.pid()) else spawn_linked("line", left - 1, tester) end
        receive()`,
          main: `process.set_options({ trap_links = true })
        local first = spawn_linked("line", ..., process.pid())
        process.terminate(data(), "kill")
        local event = show(next_event())
        return { event.kind, event.from == first, event.error, event.message }`,
        },
        length,
      );
      expect(got).toEqual(['LINK_DOWN', true, 'CANCELED', 'process terminated: kill']);
    },
  );
});

describeOn(HOSTS, 'monitor_SUITE', ({ it, run, host, itLocal }) => {
  it('lets the one that is watched end its watcher, and then itself [case_1, case_1a]', async () => {
    const got = await run({
      watched: 'local watcher = ... receive() process.terminate(watcher, "foo")',
      watcher:
        'local b = spawn_monitored("watched", process.pid()) process.send(b, "ok") receive()',
      main: 'spawn_monitored("watcher") return show(next_event()).message',
    });
    expect(got).toBe('process terminated: foo');
  });

  it('takes no unmonitor from anybody but the watcher [case_2, case_2a, demon_e_1]', async () => {
    const got = await run({
      watched:
        'local watcher = ... process.unmonitor(process.pid()) process.unmonitor(watcher) receive()',
      main: `local b = spawn_monitored("watched", process.pid())
        process.send(b, "end")
        local event = next_event()
        return { event.kind, event.from == b, event.result.error == nil, fence() == nil }`,
    });
    expect(got).toEqual(['EXIT', true, true, true]);
  });

  it.each(['1', 'true', '{}', '"{half"', '"{a|b"', '""'])(
    'refuses to watch %s [mon_e_1]',
    async (what) => {
      const got = await run({
        main: `return { kind(process.monitor(${what})), kind(process.unmonitor(${what})), fence() == nil }`,
      });
      expect(got).toEqual(['INVALID', 'INVALID', true]);
    },
  );

  it('answers an unmonitor of what was not watched with true, twice too [demon_1, demon_2]', async () => {
    const got = await run({
      main: `local pid = spawn("waiter")
        local answers = { process.unmonitor(pid) }
        process.monitor(pid)
        answers[2] = process.unmonitor(pid)
        answers[3] = process.unmonitor(pid)
        process.terminate(pid)
        answers[4] = fence() == nil
        return answers`,
    });
    expect(got).toEqual([true, true, true, true]);
  });

  it('gives the watcher of many that are ending one EXIT each, or none where it took the monitor back [local_remove_monitor]', async () => {
    const many = host.durable ? 20 : 100;
    const got = await run({
      main: `local told, kept = {}, {}
        for i = 1, ${many} do
          local pid = spawn_monitored("nothing")
          if i % 2 == 0 then process.unmonitor(pid) else kept[pid] = true end
        end
        local count = 0
        for pid in pairs(kept) do
          local from = next_event().from
          if kept[from] and not told[from] then count = count + 1 end
          told[from] = true
        end
        return { count, fence() == nil }`,
    });
    expect(got).toEqual([many / 2, true]);
  });

  it('gives the reason of the end: a value, an error, being ended, not being there [mon_1]', async () => {
    const got = await run({
      main: `local function ends(how)
          local pid = spawn_monitored("failer")
          how(pid)
          return show(next_event()).message or "normal"
        end
        return {
          ends(function(pid) process.send(pid, "fail") end),
          ends(function(pid) process.terminate(pid, "frop") end),
          show({ result = end_of(dead()) }).error or "its result",
        }`,
    });
    // What has closed keeps its result; what was local is gone.
    const gone = host.durable ? 'its result' : 'NOT_FOUND';
    expect(got).toEqual(['told to fail', 'process terminated: frop', gone]);
  });

  it('carries a large reason whole [large_exit, t_exit_1]', async () => {
    const got = await run({
      target: `local list = {} for i = 1, 2000 do list[i] = "item " .. i end
        return nil, errors.new({ kind = "CONFLICT", message = ("x"):rep(8192), details = { list = list } })`,
      main: `spawn_monitored("target")
        local err = next_event().result.error
        return { #err:message(), #err:details().list, err:details().list[2000] }`,
    });
    expect(got).toEqual([8192, 2000, 'item 2000']);
  });

  it('forgets the monitors of a watcher that crashes, and no other ones [list_cleanup, mixer]', async () => {
    const got = await run({
      watcher:
        'local target, from = ... process.monitor(target) process.send(from, "watching") error(data())',
      main: `local target = spawn_monitored("waiter")
        local crashed = spawn_monitored("watcher", target, process.pid())
        receive()
        process.send(crashed, "crash", "frop")
        local first = next_event()
        process.send(target, "end", "unharmed")
        return { first.from == crashed, next_event().result.value, fence() == nil }`,
    });
    expect(got).toEqual([true, 'unharmed', true]);
  });

  itLocal('tells of an end only when the name is free again [named_down]', async () => {
    const got = await run({
      named: 'process.registry.register("named_down") process.send(..., "ready") receive()',
      main: `local pid = spawn_monitored("named", process.pid())
        receive()
        process.terminate(pid, "bang")
        next_event()
        return { process.registry.register("named_down"), process.registry.unregister("named_down") }`,
    });
    expect(got).toEqual([true, true]);
  });

  // Workflows outlive the node, and their PIDs do not name it.
  itLocal('answers at once for a PID of an earlier start of this node [otp_5827]', async () => {
    const got = await run({
      main: `local earlier = process.pid():gsub("{.-@", "{earlier@"):gsub("^{([^@]-)|", "{earlier@%1|")
        return { earlier ~= process.pid(), show({ result = end_of(earlier) }).error }`,
    });
    expect(got).toEqual([true, 'NOT_FOUND']);
  });
});
