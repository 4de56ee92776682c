import { describe, expect, it } from '@jest/globals';
import { Channel } from '../../src/kernel/channel.js';
import { type LuaRef, Suspension } from '../../src/lua/module.js';
import { evalLua, luaModule, startLua } from '../support/lua.js';

/** `test.sleep(ms)` waits; `test.receive()` reads a channel; `test.echo(...)` gives its arguments back. */
function testModule(channel = new Channel(10)) {
  return luaModule({
    name: 'test',
    functions: {
      sleep: (_call, ms) =>
        new Suspension({ op: 'sleep', delayMs: Number(ms) }, () => ['slept', Number(ms)]),
      receive: () =>
        new Suspension({ op: 'receive', channel, timeoutMs: null }, (answer) => [
          answer.value as string,
          answer.ok,
        ]),
      echo: (_call, ...args) => args,
      where: (call) => [call.where()],
      plain: (_call, ref) => [(ref as LuaRef).toValue('payload')],
    },
  });
}

describe('a Lua program', () => {
  it('runs the method of the table that its source returns', () => {
    const host = startLua('local M = {} function M.main(a, b) return a + b end return M', {
      values: [1, 2],
    });
    expect(host.value).toBe(3);
  });

  it('runs the function that its source returns', () => {
    expect(evalLua('return ...', { values: ['x'] })).toBe('x');
  });

  it('names entry, file and functions when the method is missing', () => {
    const host = startLua('return { run = function() end }');
    expect(host.error).toMatchObject({
      kind: 'INVALID',
      message: 'test:process (test.lua) has no method "main": it has run',
    });
  });

  it('passes values both ways', () => {
    const value = { list: [1, 'two', { three: 3 }], yes: true, text: 'ä€😀' };
    expect(evalLua('return ...', { values: [value] })).toEqual(value);
    expect(evalLua('return test.plain(...)', { values: [value], modules: [testModule()] })).toEqual(
      value,
    );
  });

  it('waits in a module function and goes on with the answer', () => {
    const host = startLua(
      `return function()
         local what, ms = test.sleep(50)
         return what .. ms
       end`,
      { modules: [testModule()] },
    );
    expect(host.kernel.waiting()).toEqual([{ op: 'sleep', at: 'test.lua:2' }]);
    host.turn(50);
    expect(host.value).toBe('slept50');
  });

  it('waits inside coroutine.wrap inside pcall', () => {
    const host = startLua(
      `return function()
         local gen = coroutine.wrap(function(a)
           local what = test.sleep(a)
           local b = coroutine.yield(what .. 1)
           what = test.sleep(b)
           return what .. 2
         end)
         local ok, x = pcall(gen, 10)
         local ok2, y = pcall(gen, 20)
         return x .. y
       end`,
      { modules: [testModule()] },
    );
    host.turn(10);
    host.turn(20);
    expect(host.value).toBe('slept1slept2');
  });

  it('keeps the globals of two processes apart', () => {
    expect(evalLua('x = 1 string.foo = 1 return x')).toBe(1);
    expect(evalLua('return x == nil and string.foo == nil')).toBe(true);
  });
});
