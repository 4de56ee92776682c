/** Rules 4 and 6 of docs/semantics.md: monitors, and what EXIT says. */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

describeOn(HOSTS, 'rule 4: monitors', ({ it, run, itLocal, itDurable }) => {
  it('gives one EXIT and no second one, however often the monitor was asked for', async () => {
    const got = await run({
      main: `local to = spawn_monitored("waiter")
        process.monitor(to)
        process.monitor(to)
        process.send(to, "end", "bye")
        local first = next_event()
        return { first.from == to, first.result.value, fence() == nil }`,
    });
    expect(got).toEqual([true, 'bye', true]);
  });

  it('gives every watcher its own EXIT', async () => {
    const got = await run({
      watcher: `local target, from = ...
        process.monitor(target)
        process.send(from, "watching")
        process.send(from, "saw", next_event().result.value)`,
      main: `local to = spawn("waiter")
        for _ = 1, 3 do spawn("watcher", to, process.pid()) receive() end
        process.send(to, "end", "bye")
        return { data(), data(), data() }`,
    });
    expect(got).toEqual(['bye', 'bye', 'bye']);
  });

  itDurable(
    'gives the real result of what has closed, each time, and NOT_FOUND for what never was',
    async () => {
      const got = await run({
        returns: 'return "its result"',
        main: `local gone = spawn_monitored("returns")
        next_event()
        process.monitor(gone)
        local first = show(next_event())
        process.monitor(gone)
        local second = show(next_event())
        process.monitor("{" .. HOST .. "|999999}")
        return { first.from == gone, first.value, second.value, show(next_event()).error, fence() == nil }`,
      });
      expect(got).toEqual([true, 'its result', 'its result', 'NOT_FOUND', true]);
    },
  );

  itLocal('gives EXIT with NOT_FOUND at once for what is dead, each time it is asked', async () => {
    const got = await run({
      main: `local gone = dead()
        process.monitor(gone)
        local first = show(next_event())
        process.monitor(gone)
        local second = show(next_event())
        process.monitor("{" .. HOST .. "|999999}")
        return { first.from == gone, first.error, second.error, show(next_event()).error, fence() == nil }`,
    });
    expect(got).toEqual([true, 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', true]);
  });

  it('gives none after unmonitor', async () => {
    const got = await run({
      main: `local to = spawn_monitored("waiter")
        local undone = process.unmonitor(to)
        process.terminate(to)
        return { undone, fence() == nil }`,
    });
    expect(got).toEqual([true, true]);
  });

  it("answers an unmonitor with true, also when the process ended first: that race is nobody's error", async () => {
    const got = await run({
      main: `local to = spawn_monitored("nothing")
        next_event()
        return { process.unmonitor(to), process.unmonitor(to), process.unmonitor("{" .. HOST .. "|999999}") }`,
    });
    expect(got).toEqual([true, true, true]);
  });

  it('gives one again where the monitor was set again after unmonitor', async () => {
    const got = await run({
      main: `local to = spawn_monitored("waiter")
        process.unmonitor(to)
        process.monitor(to)
        process.send(to, "end", "bye")
        return { next_event().result.value, fence() == nil }`,
    });
    expect(got).toEqual(['bye', true]);
  });

  it('touches only the caller: another watcher still hears', async () => {
    const got = await run({
      watcher: `local target, from = ...
        process.monitor(target)
        process.send(from, "watching")
        process.send(from, "saw", next_event().result.value)`,
      main: `local to = spawn_monitored("waiter")
        spawn("watcher", to, process.pid())
        receive()
        process.unmonitor(to)
        process.send(to, "end", "bye")
        return { data(), fence() == nil }`,
    });
    expect(got).toEqual(['bye', true]);
  });

  it('lets the watched process be: it hears of no monitor, and outlives its watchers', async () => {
    const got = await run({
      watcher: 'process.monitor(...)',
      main: `local to = spawn("waiter")
        spawn_monitored("watcher", to)
        next_event()
        process.send(to, "end", "still here")
        return end_of(to).value`,
    });
    expect(got).toBe('still here');
  });
});

describeOn(HOSTS, 'rule 6: what EXIT and LINK_DOWN say', ({ it, run }) => {
  it('names the process and the kind twice, as the constants do', async () => {
    const got = await run({
      main: `local to = spawn_monitored("waiter")
        process.send(to, "end", 1)
        local exit = next_event()
        process.set_options({ trap_links = true })
        local failing = spawn_linked("failer")
        process.send(failing, "end")
        local down = next_event()
        local e = process.event
        return {
          exit.kind == e.EXIT and exit.type == e.EXIT and exit.from == to and exit.pid == to,
          down.kind == e.LINK_DOWN and down.type == e.LINK_DOWN and down.from == failing and down.pid == failing,
          e.EXIT, e.LINK_DOWN, e.CANCEL, e.OUTDATED,
        }`,
    });
    expect(got).toEqual([true, true, 'EXIT', 'LINK_DOWN', 'CANCEL', 'OUTDATED']);
  });

  it.each([
    ['nothing', '', { value: undefined, error: undefined }],
    ['one value', 'return 7', { value: 7 }],
    ['several values, of which the first counts', 'return 1, 2, 3', { value: 1 }],
    ['a value and a second one that is no error', 'return "a", { b = 1 }', { value: 'a' }],
    ['a table', 'return { a = { 1, 2 } }', { value: { a: [1, 2] } }],
    ['nil and a text', 'return nil, "it broke"', { error: 'UNKNOWN', message: 'it broke' }],
    [
      'nil and an error',
      'return nil, errors.new("NOT_FOUND", "no such order")',
      { error: 'NOT_FOUND', message: 'no such order' },
    ],
    [
      'a value and an error, which is a failure',
      'return 1, errors.new("CONFLICT", "no")',
      { error: 'CONFLICT', message: 'no' },
    ],
    [
      'nothing, having raised an error value',
      'error(errors.new("TIMEOUT", "late"))',
      { error: 'TIMEOUT', message: 'late' },
    ],
    ['nothing, having raised a text', 'error("bad", 0)', { error: 'INTERNAL', message: 'bad' }],
  ])('carries the end of a main that returns %s', async (_, body, expected) => {
    const { value, error, message } = (await run({
      target: body,
      main: 'spawn_monitored("target") return show(next_event())',
    })) as { value?: unknown; error?: string; message?: string };
    expect({ value, error, message }).toEqual({
      value: undefined,
      error: undefined,
      message: undefined,
      ...expected,
    });
  });

  it('carries the whole error: kind, message, retryable and details', async () => {
    const got = await run({
      target: `return nil, errors.new({ kind = "UNAVAILABLE", message = "later", retryable = false,
        details = { host = "db", tries = 3 } })`,
      main: `spawn_monitored("target")
        local err = next_event().result.error
        return { err:kind(), err:message(), err:retryable(), err:details() }`,
    });
    expect(got).toEqual(['UNAVAILABLE', 'later', false, { host: 'db', tries: 3 }]);
  });
});
