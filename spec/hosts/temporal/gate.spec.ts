import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporalWorld, type World } from '../../support/temporal-world.js';

const workflows = {
  calls: `
    local funcs = require("funcs")
    return function(count, size)
      local text = string.rep("x", size)
      local futures, seen = {}, 0
      for i = 1, count do futures[i] = funcs.async("app:echo", i, text) end
      for i = 1, count do
        futures[i]:response():receive()
        local payload, err = futures[i]:result()
        if err then return nil, err end
        seen = seen + 1
      end
      return seen
    end`,
  locals: `
    local funcs = require("funcs")
    return function(count)
      local futures, bytes = {}, 0
      for i = 1, count do futures[i] = funcs.async("app:big") end
      for i = 1, count do
        local payload, ok = futures[i]:response():receive()
        bytes = bytes + #payload:data()
      end
      return bytes
    end`,
  cancels: `
    return function(target, count)
      local done = channel.new(count)
      for i = 1, count do
        coroutine.spawn(function() done:send(process.cancel(target, "request " .. i) or false) end)
      end
      local asked = 0
      for i = 1, count do if done:receive() then asked = asked + 1 end end
      return asked
    end`,
  waits: 'return function() return process.inbox():receive():payload():data() end',
};

describe('commands that are more than the server takes at once', () => {
  let world: World;
  const came: unknown[] = [];
  beforeAll(async () => {
    world = await temporalWorld({ workflows, activities: { echo: {}, big: { local: true } } });
    world.node.functions.set('app:big', () => 'x'.repeat(1_500_000));
    world.node.functions.set('app:echo', ({ values }) => {
      came.push(values[0]);
      return null;
    });
  });
  // Closing replays every history, this long one too.
  afterAll(() => world.close(), 240_000);

  it('go in parts, where they are many bytes', async () => {
    came.length = 0;
    expect(await world.run('calls', [7, 1_000_000])).toEqual({ value: 7, error: null });
    expect(came.length).toBe(7);
  });

  // More than the 2,000 that a server takes: without the gate this run is stuck for ever.
  it('wait for their turn, where they are many', async () => {
    expect(await world.run('calls', [2_100, 1])).toEqual({ value: 2_100, error: null });
  }, 120_000);

  it('come with another task, where they are results of local activities', async () => {
    expect(await world.run('locals', [5])).toEqual({ value: 7_500_000, error: null });
  });

  it('wait for their turn, where they are requests to cancel', async () => {
    const target = await world.spawn('waits');
    expect(await world.run('cancels', [target, 2_100])).toEqual({ value: 2_100, error: null });
    await world.send(target, 'go', 'seen');
    expect((await world.exitOf(target)).value).toBe('seen');
  }, 120_000);
});
