import { describe, expect, it } from '@jest/globals';
import { evaluate, refusal, start } from '../../support/modules.js';

describe('channels in Lua', () => {
  it('spread work over coroutines and gather the results', () => {
    const host = start(`
      local jobs, done = channel.new(4), channel.new(4)
      for _ = 1, 3 do
        coroutine.spawn(function()
          while true do
            local job, ok = jobs:receive()
            if not ok then break end
            time.sleep(10 * time.MILLISECOND)
            done:send({ job = job, square = job * job })
          end
        end)
      end
      for n = 1, 6 do jobs:send(n) end
      jobs:close()
      local total = 0
      for _ = 1, 6 do total = total + done:receive().square end
      return total`);
    host.turn(20);
    expect(host.value).toBe(91);
  });

  it('hand on the very value within a process', () => {
    expect(
      evaluate(`local ch, item = channel.new(1), { f = print }
        ch:send(item)
        return ch:receive() == item`),
    ).toBe(true);
  });

  it('give value and ok, and nil and false once closed and empty', () => {
    expect(
      evaluate(`local ch = channel.new(2)
        ch:send("a") ch:send(false) ch:close()
        local a, ok1 = ch:receive()
        local b, ok2 = ch:receive()
        local c, ok3 = ch:receive()
        return { a, ok1, b, ok2, tostring(c), ok3 }`),
    ).toEqual(['a', true, false, true, 'nil', false]);
  });

  it('can be tried without waiting', () => {
    expect(
      evaluate(`local ch = channel.new(1)
        local nothing, none = ch:try_receive()
        local first, second = ch:try_send(1), ch:try_send(2)
        local value, ok = ch:try_receive()
        return { tostring(nothing), none, first, second, value, ok }`),
    ).toEqual(['nil', false, true, false, 1, true]);
  });

  it('let a receive give up after a while, with TIMEOUT', () => {
    const host = start(`local ch = channel.new()
      local value, ok, err = ch:receive_timeout("30s")
      return { tostring(value), ok, err:kind() }`);
    host.turn(30_000);
    expect(host.value).toEqual(['nil', false, 'TIMEOUT']);
  });

  it('can be looped over until they close', () => {
    expect(
      evaluate(`local ch, seen = channel.new(3), {}
        for i = 1, 3 do ch:send(i) end
        ch:close()
        for value in ch:iter() do table.insert(seen, value) end
        return seen`),
    ).toEqual([1, 2, 3]);
  });

  it('wait inside an iterator, a pcall and a coroutine alike', () => {
    const host = start(`local ch, seen = channel.new(), {}
      coroutine.spawn(function() for i = 1, 2 do time.sleep("1s") ch:send(i) end ch:close() end)
      local co = coroutine.wrap(function()
        pcall(function() for value in ch:iter() do table.insert(seen, value) end end)
        return true
      end)
      co()
      return seen`);
    host.turn(2000);
    expect(host.value).toEqual([1, 2]);
  });
});

describe('channel.select', () => {
  it('gives the very channel, its value and ok', () => {
    expect(
      evaluate(`local a, b = channel.new(1), channel.new(1)
        b:send("x")
        local r = channel.select{ a:case_receive(), b:case_receive() }
        return { r.channel == b, r.channel == a, r.value, r.ok, r.default }`),
    ).toEqual([true, false, 'x', true, false]);
  });

  it('takes the default when nothing is ready', () => {
    expect(
      evaluate(`local r = channel.select{ channel.new():case_receive(), default = true }
        return { tostring(r.channel), r.default }`),
    ).toEqual(['nil', true]);
  });

  it('sends as well as it receives', () => {
    expect(
      evaluate(`local a = channel.new(1)
        local r = channel.select{ channel.new():case_receive(), a:case_send("x") }
        return { r.channel == a, r.ok, (a:receive()) }`),
    ).toEqual([true, true, 'x']);
  });

  it('waits for a message or for the time to pass', () => {
    const body = `local answers = process.listen("answer")
      local timeout = time.after("5s")
      local r = channel.select{ answers:case_receive(), timeout:case_receive() }
      if r.channel == answers then return r.value end
      return r.channel == timeout and "too late"`;
    expect(start(body).send('answer', 42).value).toBe(42);
    expect(start(body).turn(5000).value).toBe('too late');
  });

  it('refuses what is no case, and a wait that can never end', () => {
    expect(refusal('channel.select(1)')).toBe(
      'INVALID: channel.select: argument 1 (cases) must be a table, got a number',
    );
    expect(refusal('channel.select{ channel.new() }')).toMatch(/^INVALID: .*item 1/);
    expect(refusal('channel.select{}')).toMatch(/^INVALID: .*for ever/);
  });
});

describe('misuse of a channel', () => {
  it('is refused where it is closed', () => {
    const closed = '(function() local ch = channel.new(1) ch:close() return ch end)()';
    expect(refusal(`${closed}:send(1)`)).toBe('INVALID: channel:send: channel is closed');
    expect(refusal(`${closed}:try_send(1)`)).toMatch(/^INVALID/);
    expect(refusal(`${closed}:close()`)).toMatch(/^INVALID/);
    expect(refusal(`channel.select{ ${closed}:case_send(1) }`)).toMatch(/^INVALID/);
  });

  it('is refused where only the runtime feeds it', () => {
    for (const fed of ['process.inbox()', 'process.events()', 'time.after("1s")']) {
      expect(refusal(`${fed}:send(1)`)).toMatch(/^INVALID: .*only be received from/);
      expect(refusal(`${fed}:close()`)).toMatch(/^INVALID/);
      expect(refusal(`${fed}:case_send(1)`)).toMatch(/^INVALID/);
    }
  });

  it('is refused with the argument named', () => {
    expect(refusal('channel.new(-1)')).toBe(
      'INVALID: channel.new: argument 1 (capacity) must be a whole number of 0 or more, got -1',
    );
    expect(refusal('channel.new():receive_timeout("soon")')).toMatch(/argument 1 \(timeout\)/);
  });
});

describe('coroutine.spawn', () => {
  it('passes arguments on, and its failure is the failure of the process', () => {
    const host =
      start(`coroutine.spawn(function(a, b) error(errors.new("CONFLICT", a .. b)) end, "x", "y")
      process.inbox():receive()`);
    expect(host.error).toMatchObject({ kind: 'CONFLICT', message: 'xy' });
  });

  it('wants a function', () => {
    expect(refusal('coroutine.spawn(1)')).toMatch(/argument 1 \(fn\) must be a function/);
  });
});
