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
};

describe('commands that are more than the server takes at once', () => {
  let world: World;
  const came: unknown[] = [];
  beforeAll(async () => {
    world = await temporalWorld({ workflows, activities: { echo: {} } });
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
});
