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
