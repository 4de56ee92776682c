/**
 * Cases of OTP's own suites (erts/emulator/test), restated; each names its case in brackets. The table
 * in docs/semantics.md ("Where these rules come from") says which cases do not apply, and why.
 */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

describeOn(HOSTS, 'erl_link_SUITE', ({ it, run, itLocal, itDurable }) => {
  it('makes and undoes links from both ends, and carries ends over those that stand [links]', async () => {
    const got = await run({
      tp: `local parent, trap = ...
        process.set_options({ trap_links = trap })
        process.send(parent, "up", process.pid())
        while true do
          local r = channel.select({ process.inbox():case_receive(), process.events():case_receive() })
          if r.channel == process.events() then
            process.send(parent, "event", show(r.value))
          else
            local what, pid = r.value:payload():data()
            if what == "exit" then return nil, "died" end
            process.send(parent, "done", process[what](pid))
          end
        end`,
      main: `local a, b = spawn("tp", process.pid(), false), spawn("tp", process.pid(), true)
        receive() receive()
        local function call(pid, what, other) process.send(pid, "do", what, other) return data() end
        call(a, "link", b) call(b, "unlink", a) call(b, "link", a)
        process.send(a, "do", "exit")
        local down = data()
        local c = spawn("tp", process.pid(), false)
        receive()
        call(b, "link", c)
        process.send(b, "do", "exit")
        return { down.kind, down.from == a, down.message, show({ result = end_of(c) }).message }`,
    });
    expect(got).toEqual(['LINK_DOWN', true, 'died', 'died']);
  });

  it('lets a process link to and watch itself, without effect [links, process_monitors]', async () => {
    const got = await run({
      selfish: `local me = process.pid()
        local answers = { process.link(me), process.unlink(me), process.monitor(me), process.unmonitor(me) }
        process.link(me) process.monitor(me)
        answers[5] = fence() == nil
        process.send(..., "answers", answers)
        error("own", 0)`,
      main: `spawn_monitored("selfish", process.pid())
        local answers = data()
        return { answers, show(next_event()).message, fence() == nil }`,
    });
    expect(got).toEqual([[true, true, true, true, true], 'own', true]);
  });

  // A workflow hears of the end while it waits for the answer of terminate: what is told stays.
  itLocal(
    'tells nothing of an end after unlink or unmonitor, though it was on its way [otp_5772_link, otp_5772_monitor]',
    async () => {
      const got = await run({
        main: `process.set_options({ trap_links = true })
        local linked, watched = spawn_linked("waiter"), spawn_monitored("waiter")
        process.terminate(linked, "bang")
        process.terminate(watched, "bang")
        process.unlink(linked)
        process.unmonitor(watched)
        return fence() == nil`,
      });
      expect(got).toBe(true);
    },
  );

  itDurable(
    'tells one that links to, or watches, what has just closed, once [exit while linking]',
    async () => {
      const got = await run({
        main: `process.set_options({ trap_links = true })
        local pid = spawn("waiter")
        process.terminate(pid, "bang")
        process.link(pid)
        process.monitor(pid)
        local a, b = show(next_event()), show(next_event())
        return { [a.kind] = a.error, [b.kind] = b.error, once = fence() == nil }`,
      });
      // The link is told of the end itself, or of what has closed by then.
      const linkDown = expect.stringMatching(/^(CANCELED|NOT_FOUND)$/);
      expect(got).toEqual({ EXIT: 'CANCELED', LINK_DOWN: linkDown, once: true });
    },
  );

  itLocal(
    'tells one that links to, or watches, what is ending just then, once [exit while linking]',
    async () => {
      const got = await run({
        main: `process.set_options({ trap_links = true })
        local pid = spawn("waiter")
        process.terminate(pid, "bang")
        process.link(pid)
        process.monitor(pid)
        local a, b = show(next_event()), show(next_event())
        return { [a.kind] = a.message, [b.kind] = b.message, once = fence() == nil }`,
      });
      expect(got).toEqual({
        EXIT: 'process terminated: bang',
        LINK_DOWN: 'process terminated: bang',
        once: true,
      });
    },
  );
});

describeOn(HOSTS, 'process_SUITE', ({ it, run, itLocal }) => {
  it('lets the first of two ends count [exit_twice]', async () => {
    const got = await run({
      main: `local pid = spawn_monitored("waiter")
        process.terminate(pid, "first")
        local again = kind(process.terminate(pid, "second"))
        return { again, show(next_event()).message, fence() == nil }`,
    });
    expect(got).toEqual(['NOT_FOUND', 'process terminated: first', true]);
  });

  it('ends a process that ends itself, whatever it wraps that in [abnormal_suicide_exit, t_exit_2_catch, self_exit]', async () => {
    const got = await run({
      suicide: 'pcall(process.terminate, process.pid(), "die") return "caught"',
      main: 'spawn_monitored("suicide") return show(next_event()).message',
    });
    expect(got).toBe('process terminated: die');
  });

  it('ends one that waits with a timeout, once, and its timeout with it [exit_and_timeout]', async () => {
    // Where the timeout was faster than the signal, a longer one is tried.
    const got = await run({
      sleeper: `local from, timeout = ... process.send(from, "up")
        process.inbox():receive_timeout(timeout) process.send(from, "timed out")`,
      main: `for _, ms in ipairs({ 20, 1000, 20000 }) do
          local pid = spawn_monitored("sleeper", process.pid(), ms .. "ms")
          receive()
          process.terminate(pid, "you are dead")
          local event = show(next_event())
          local _, _, err = process.inbox():receive_timeout(2 * ms .. "ms")
          if err then return { event.message, err:kind() } end
        end
        return "timed out each time"`,
    });
    expect(got).toEqual(['process terminated: you are dead', 'TIMEOUT']);
  });

  itLocal(
    'refuses names that are none, and those of others; of two that want one, one has it [bad_register]',
    async () => {
      const got = await run({
        rival:
          'local from = ... process.send(from, "answer", kind(process.registry.register("wanted"))) receive()',
        main: `local answers = { kind(process.registry.register("")), kind(process.registry.register({})),
          kind(process.registry.register("x", dead())) }
        local a, b = spawn("rival", process.pid()), spawn("rival", process.pid())
        local got = { tostring(data()), tostring(data()) }
        table.sort(got)
        local owner = process.registry.lookup("wanted")
        return { answers, got, owner == a or owner == b }`,
      });
      expect(got).toEqual([['INVALID', 'INVALID', 'INVALID'], ['ALREADY_EXISTS', 'true'], true]);
    },
  );

  it('refuses options that are none [process_flag_badarg]', async () => {
    const got = await run({
      main: `local set = process.set_options
        return { kind(set({ gurka = true })), kind(set({ trap_links = "gurka" })), kind(set("trap_links")),
          process.get_options().trap_links }`,
    });
    expect(got).toEqual(['INVALID', 'INVALID', 'INVALID', false]);
  });

  itLocal('frees a name before anybody can see its owner gone [otp_6237]', async () => {
    const got = await run({
      named:
        'local from = ... assert(process.registry.register("otp_6237")) process.send(from, "inited") receive()',
      main: `for i = 1, 20 do
          local pid = spawn_monitored("named", process.pid())
          local first = receive()
          process.send("otp_6237", "die")
          local event = show(next_event())
          if event.error then return event end
        end
        return "free each time"`,
    });
    expect(got).toBe('free each time');
  });
});
