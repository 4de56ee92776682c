import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_PAYLOAD_BYTES } from '../../../src/core/payload.js';
import { temporalWorld, type World } from '../../support/temporal-world.js';

const workflows = {
  result: `return function(n) return string.rep("x", n) end`,
  fails: `
    return function(message, details)
      return nil, errors.new({
        kind = "CONFLICT",
        message = string.rep("m", message),
        details = { d = string.rep("x", details) },
      })
    end`,
  calls: `
    local funcs = require("funcs")
    return function(size, count)
      local values = {}
      for i = 1, count do values[i] = string.rep("x", size) end
      local _, err = funcs.call("app:echo", table.unpack(values))
      return err and { err:kind(), err:message() }
    end`,
  asks: `
    local funcs = require("funcs")
    return function(name)
      local _, err = funcs.call(name)
      return { err:kind(), err:message() }
    end`,
  sends: `
    return function(target, size, count)
      local values = {}
      for i = 1, count do values[i] = string.rep("x", size) end
      local ok, err = process.send(target, "big", table.unpack(values))
      process.send(target, "end")
      return ok or err:kind()
    end`,
  addresses: `
    return function(pid)
      process.set_options({ trap_links = true })
      local function kind(_, err) return err and err:kind() end
      local list = {
        kind(process.send(pid, "a", 1)), kind(process.cancel(pid)), kind(process.terminate(pid)),
        process.monitor(pid), process.link(pid), process.unlink(pid), process.unmonitor(pid),
      }
      for i = 1, 2 do
        local event = process.events():receive()
        table.insert(list, event.kind .. " " .. event.result.error:kind())
      end
      return list
    end`,
  century: `
    local time = require("time")
    return function(ns)
      local late = time.after(ns)
      local r = channel.select({ late:case_receive(), time.after("10ms"):case_receive() })
      return r.channel == late
    end`,
};

/** What is left for the text of a string in a payload that just fits, without its framing. */
const EXACT = MAX_PAYLOAD_BYTES - 2;

describe('what is too large', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows, activities: { echo: {}, big: {}, fails: {} } });
    world.node.functions.set('app:echo', () => null);
    world.node.functions.set('app:big', () => 'x'.repeat(EXACT));
  });
  afterAll(() => world.close());

  it('as a result ends the workflow with INVALID, framing counted', async () => {
    const { error } = await world.run('result', [EXACT]);
    expect(error?.kind).toBe('INVALID');
    expect(error?.message).toMatch(/^result/);
  });

  it.each([
    [5_000_000, 10],
    [10, 3_000_000],
    [1_500_000, 1_500_000],
  ])('in an error is cut, and its kind kept: message %i, details %i', async (message, details) => {
    const { error } = await world.run('fails', [message, details]);
    expect(error?.kind).toBe('CONFLICT');
    expect(error?.message.length).toBeLessThan(11_000);
    expect(JSON.stringify(error?.details ?? null).length).toBeLessThan(100_000);
  });

  it.each([
    [EXACT, 1, 'argument[1]'],
    [1_500_000, 2, 'argument:'],
    [600_000, 4, 'argument:'],
  ])('as arguments is INVALID before the call: %i bytes %i times', async (size, count, what) => {
    const { value } = await world.run('calls', [size, count]);
    expect(value).toEqual(['INVALID', expect.stringContaining(what)]);
  });

  // What the server does not take as an id or a queue would fail the task of the workflow, for ever.
  it.each([
    ['id', `{app:worker|${'x'.repeat(1001)}}`],
    ['id in bytes', `{app:worker|${'é'.repeat(501)}}`],
    ['node', `{${'x'.repeat(1001)}@app:processes|1}`],
  ])('as the %s of a PID is of no process', async (_what, pid) => {
    expect((await world.run('addresses', [pid])).value).toEqual([
      ...['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'],
      ...[true, true, true, true, 'EXIT NOT_FOUND', 'LINK_DOWN NOT_FOUND'],
    ]);
  });

  it.each(['700000h', 1e300])('for a timer is only far away: %s', async (duration) => {
    expect((await world.run('century', [duration])).value).toBe(false);
  });

  it('as the result of an activity is INVALID', async () => {
    const { value } = await world.run('asks', ['app:big']);
    expect(value).toEqual(['INVALID', expect.stringContaining('result')]);
  });

  it.each([
    [EXACT, 1, 'INVALID'],
    [EXACT - 100, 1, 'INVALID'],
    [1_200_000, 2, 'INVALID'],
    [1_200_000, 1, true],
  ])('for a local process is refused at send: %i bytes %i times', async (size, count, answer) => {
    const target = `{${world.node.name}@app:processes|p${size}-${count}}`;
    expect((await world.run('sends', [target, size, count])).value).toBe(answer);
    const first = await world.node.message(target, 1);
    expect(first.topic).toBe(answer === true ? 'big' : 'end');
  });
});
