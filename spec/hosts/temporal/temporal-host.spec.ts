import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporalWorld, type World } from '../../support/temporal-world.js';

const workflows = {
  hello: `return function(name) return "hello " .. name end`,
};

describe('a workflow', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  it('returns what main returned', async () => {
    expect(await world.run('hello', ['world'])).toEqual({ value: 'hello world', error: null });
  });
});
