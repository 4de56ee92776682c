import { describe, expect, it } from '@jest/globals';
import type { Kernel } from '../../src/kernel/kernel.js';
import { startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';
import type { TestHost } from '../support/test-host.js';

const SLICE = 100;

const start = (body: string, slice = SLICE): TestHost =>
  startLua(`return function()\n${body}\nend`, { modules: [luaTestModule()], slice });

/** Gives the process turns until it waits or ends. @returns how many it took, the first one included. */
function finish(kernel: Kernel): number {
  let turns = 1;
  while (kernel.runnable) {
    kernel.run();
    if (++turns > 100_000) throw new Error('the process does not end');
  }
  return turns;
}

describe('a slice of instructions', () => {
  it('ends the turn of a process that never waits, which goes on where it was', () => {
    const { kernel } = start('while true do\nlocal x = 1\nend');
    for (let i = 0; i < 50; i++) {
      expect(kernel.run()).toBe(true);
      expect(kernel.result).toBeNull();
      expect(kernel.where()).toMatch(/^test\.lua:[23]$/);
    }
    kernel.deliver({ kind: 'terminate', from: null, reason: 'enough' });
    expect(kernel.run()).toBe(false);
    expect(kernel.result?.error?.message).toBe('process terminated: enough');
  });

  it('does not exist where none is set', () => {
    const host = startLua('return function() for i = 1, 100000 do end return "done" end');
    expect(host.value).toBe('done');
  });

  it.each<[string, unknown]>([
    ['local n = 0 for i = 1, 1000 do n = n + i end return n', 500500],
    [
      'local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(14)',
      377,
    ],
    [
      'local n = 0 local co = coroutine.wrap(function() for i = 1, 300 do n = n + 1 if i % 100 == 0 then coroutine.yield(i) end end return "end" end) return { co(), co(), co(), co(), n }',
      [100, 200, 300, 'end', 300],
    ],
    [
      'local function nested(d) if d == 0 then local n = 0 for i = 1, 500 do n = n + 1 end return n end return coroutine.wrap(function() return nested(d - 1) end)() + 1 end return nested(5)',
      505,
    ],
    [
      'local ok, err = pcall(function() for i = 1, 500 do end error("thrown", 0) end) for i = 1, 500 do end return { ok, err }',
      [false, 'thrown'],
    ],
    [
      'local ok, err = xpcall(function() for i = 1, 500 do end error("thrown", 0) end, function(e) for i = 1, 500 do end return "handled " .. e end) return { ok, err }',
      [false, 'handled thrown'],
    ],
    [
      'local mt = {} local function slow(v) return function() for i = 1, 300 do end return v end end mt.__index = slow(5) mt.__add = slow(6) mt.__lt = slow(true) mt.__le = slow(false) mt.__eq = slow(true) mt.__concat = slow("cat") mt.__len = slow(7) mt.__call = slow(8) mt.__unm = slow(9) local a, b = setmetatable({}, mt), setmetatable({}, mt) return { a.x, a + b, a < b, a <= b, a == b, a .. "x", "y" .. a .. "x", #a, a(), -a }',
      [5, 6, true, false, true, 'cat', 'ycat', 7, 8, 9],
    ],
    [
      'local function several(n) for i = 1, 150 do end return n, n + 1, n + 2 end local function count(...) return select("#", ...) end local t = {} for i = 1, 50 do t[i] = count(several(i), several(i)) + #{ several(i) } end return t',
      new Array(50).fill(7),
    ],
    [
      'local function iter(s, i) for j = 1, 120 do end if i < s then return i + 1 end end local n = 0 for i in iter, 20, 0 do n = n + i end return n',
      210,
    ],
    [
      'local t = {} for i = 1, 200 do t[i] = (i * 7919) % 200 end table.sort(t, function(a, b) for i = 1, 20 do end return a < b end) return { t[1], t[200] }',
      [0, 199],
    ],
    [
      'return (("x"):rep(50):gsub("x", function() for i = 1, 200 do end return coroutine.wrap(function() for i = 1, 200 do end return "y" end)() end))',
      'y'.repeat(50),
    ],
    [
      'local co = coroutine.create(function() for i = 1, 500 do end error("inside", 0) end) local ok, err = coroutine.resume(co) return { ok, err, coroutine.status(co) }',
      [false, 'inside', 'dead'],
    ],
    [
      'local f f = function(n) if n == 0 then return "tail" end return f(n - 1) end return f(2000)',
      'tail',
    ],
    ['return (load("local n = 0 for i = 1, 500 do n = n + 1 end return n"))()', 500],
  ])('changes nothing of what a program computes: %s', (body, expected) => {
    for (const slice of [1, 2, 3, 7, 50, 1000]) {
      const host = start(body, slice);
      finish(host.kernel);
      expect(host.value).toEqual(expected);
    }
  });

  it('interrupts inside coroutines too, and says the line', () => {
    const { kernel } = start(
      'coroutine.wrap(function()\nreturn coroutine.wrap(function()\nwhile true do\nend end)() end)()',
    );
    expect(kernel.run()).toBe(true);
    expect(kernel.where()).toBe('test.lua:4');
  });

  it('keeps the status of coroutines as it was: they run, and nobody else may resume them', () => {
    const host = start(`
      local co, seen co = coroutine.create(function()
        for i = 1, 1000 do end
        seen = { coroutine.status(co), coroutine.isyieldable(), (coroutine.resume(co)) }
        coroutine.yield("mine")
      end)
      local _, value = coroutine.resume(co)
      return { value, seen, coroutine.status(co) }`);
    finish(host.kernel);
    expect(host.value).toEqual(['mine', ['running', true, false], 'suspended']);
  });

  it('is shared by all threads of a process: short coroutines and short turns use it up as well', () => {
    const { kernel } = start(
      'while true do coroutine.wrap(function() for i = 1, 10 do end end)() end',
    );
    for (let i = 0; i < 5; i++) expect(kernel.run()).toBe(true);
    const polite = start('for i = 1, 30 do for j = 1, 50 do end test.sleep(0) end return "done"');
    let preempted = 0;
    for (let i = 0; i < 200 && polite.kernel.result === null; i++) {
      polite.turn(0);
      if (polite.kernel.runnable) preempted++;
      polite.kernel.run();
    }
    expect(polite.value).toBe('done');
    expect(preempted).toBeGreaterThan(5);
  });

  it('does not let other tasks of the process in between: only a wait does', () => {
    const host = start(`
      local n, lost = 0, 0
      local function add() for i = 1, 40 do local before = n for j = 1, 30 do end
        if n ~= before then lost = lost + 1 end n = before + 1 end end
      test.spawn(add) test.spawn(add) test.sleep(1)
      return { n, lost }`);
    finish(host.kernel);
    host.turn(1);
    finish(host.kernel);
    expect(host.value).toEqual([80, 0]);
  });

  it('waits and is interrupted by turns', () => {
    const host = start(
      'local out = {} for i = 1, 3 do for j = 1, 500 do end out[i] = coroutine.wrap(function() for j = 1, 500 do end return (test.sleep(1)) end)() end return out',
    );
    for (let i = 0; i < 4; i++) {
      finish(host.kernel);
      host.turn(1);
    }
    expect(host.value).toEqual(['slept', 'slept', 'slept']);
  });
});
