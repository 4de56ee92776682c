import { describe, expect, it } from '@jest/globals';
import { startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';
import type { TestHost } from '../support/test-host.js';

const start = (body: string): TestHost =>
  startLua(`return function()\n${body}\nend`, { modules: [luaTestModule()] });

/** Runs to the end; every sleep takes as long as it says. */
const result = (body: string) => start(body).turn(10_000).value;

describe('a call that waits', () => {
  it('goes on with the results of its answer', () => {
    expect(result('local what, ms = test.sleep(50) return what .. ms')).toBe('slept50');
  });

  it('may ask again before it has results', () => {
    const host = start('local what = test.sleep_twice(10) return what');
    host.turn(10);
    expect(host.kernel.waiting()).toEqual([{ op: 'sleep', at: 'test.lua:2' }]);
    expect(host.turn(10).value).toBe('slept');
  });

  it('does not wait when the answer is there', () => {
    expect(start('test.put(7) return (test.receive())').value).toBe(7);
  });

  it('works at the top level of the chunk', () => {
    const host = startLua('local what = test.sleep(5) return function() return what end', {
      modules: [luaTestModule()],
    });
    expect(host.turn(5).value).toBe('slept');
  });

  it('works as the last expression of a return (a tail call)', () => {
    expect(result('return test.sleep(3)')).toBe('slept');
  });

  it.each([
    ['pcall', 'local ok, what = pcall(test.sleep, 1) return what'],
    ['xpcall', 'local ok, what = xpcall(test.sleep, print, 1) return what'],
    ['nested pcall', 'return select(3, pcall(pcall, function() return test.sleep(1) end))'],
    ['a method', 'return test.amount(150):later(1)'],
    ['__index', 'return setmetatable({}, {__index = function() return (test.sleep(1)) end}).x'],
    [
      '__newindex',
      'local w; setmetatable({}, {__newindex = function() w = test.sleep(1) end}).x = 1 return w',
    ],
    ['__call', 'return setmetatable({}, {__call = function() return (test.sleep(1)) end})()'],
    ['__add', 'return setmetatable({}, {__add = function() return (test.sleep(1)) end}) + 1'],
    [
      '__concat',
      'return setmetatable({}, {__concat = function() return (test.sleep(1)) end}) .. 1',
    ],
    [
      '__lt',
      'return setmetatable({}, {__lt = function() return test.sleep(1) == "slept" end}) < 1',
    ],
    [
      '__le',
      'return setmetatable({}, {__le = function() return test.sleep(1) == "slept" end}) <= 1',
    ],
    [
      '__eq',
      'local mt = {__eq = function() return test.sleep(1) == "slept" end} return setmetatable({}, mt) == setmetatable({}, mt)',
    ],
    ['__len', 'return #setmetatable({}, {__len = function() return (test.sleep(1)) end})'],
    ['__unm', 'return -setmetatable({}, {__unm = function() return (test.sleep(1)) end})'],
  ])('works inside %s', (_where, body) => {
    const host = start(body);
    expect(host.kernel.result).toBeNull();
    expect([true, 'slept', 150]).toContain(host.turn(1).value);
  });

  it('works in iterators, of Lua and of modules', () => {
    expect(
      result(`
        local sum = 0
        for n in function(_, n) n = (n or 0) + 1 test.sleep(1) if n <= 3 then return n end end do sum = sum + n end
        for n in test.waiting_iterator(4) do sum = sum + n end
        for n in test.iterator(2) do sum = sum + n end
        return sum`),
    ).toBe(6 + 10 + 3);
  });

  it('keeps locals, varargs and upvalues across the wait', () => {
    expect(
      result(`
        local up = 1
        local function f(a, ...)
          local b = a * 2
          test.sleep(1)
          up = up + 1
          return a, b, up, ...
        end
        return table.concat({f(5, "x", "y")}, ",")`),
    ).toBe('5,10,2,x,y');
  });

  it('raises in the right place when its answer is an error to throw', () => {
    expect(
      result(`
        local ok, e = pcall(function() test.sleep(1) error("after") end)
        return e`),
    ).toBe('test.lua:3: after');
  });
});

describe('a call that waits inside a coroutine', () => {
  it('suspends the task, and not only the coroutine', () => {
    expect(
      result(`
        local log = {}
        local co = coroutine.wrap(function(a)
          log[#log + 1] = a
          log[#log + 1] = test.sleep(1)
          local b = coroutine.yield("y1")
          log[#log + 1] = b
          log[#log + 1] = test.sleep(1)
          return "end"
        end)
        local y = co("a") log[#log + 1] = y
        local e = co("b") log[#log + 1] = e
        return table.concat(log, " ")`),
    ).toBe('a slept y1 b slept end');
  });

  it('works three coroutines deep, with pcall between', () => {
    expect(
      result(`
        local function deep(n)
          if n == 0 then local w = test.sleep(1) coroutine.yield(w) error("bottom") end
          local co = coroutine.create(deep)
          local ok, v = coroutine.resume(co, n - 1)
          coroutine.yield(v .. n)
          local ok2, e = pcall(coroutine.resume, co)
          return tostring(ok2) .. tostring(e)
        end
        local co = coroutine.wrap(deep)
        return co(3) .. "/" .. co(3)`),
    ).toBe('slept123/truetrue');
  });

  it('is named by where() at the innermost line', () => {
    const host = start(`local co = coroutine.wrap(function()
        local inner = coroutine.wrap(function()
          test.sleep(1)
        end)
        inner()
      end)
      co()`);
    expect(host.kernel.waiting()).toEqual([{ op: 'sleep', at: 'test.lua:4' }]);
  });

  it('is "normal" for others, and cannot be resumed by them', () => {
    expect(
      result(`
        local co = coroutine.create(function() test.sleep(10) return "mine" end)
        local seen
        test.spawn(function()
          seen = coroutine.status(co) .. "/" .. tostring(select(2, coroutine.resume(co)))
        end)
        local ok, v = coroutine.resume(co)
        return seen .. "/" .. v .. "/" .. coroutine.status(co)`),
    ).toBe('normal/cannot resume non-suspended coroutine/mine/dead');
  });

  it('may be resumed by another task after it yielded', () => {
    expect(
      result(`
        local co = coroutine.wrap(function() test.sleep(1) coroutine.yield(1) test.sleep(1) return 2 end)
        local first = co()
        local second
        test.spawn(function() second = co() end)
        test.sleep(5)
        return first + second`),
    ).toBe(3);
  });

  it('is refused by name where the VM cannot suspend', () => {
    for (const [place, body] of [
      ['a table.sort comparator', 'table.sort({2, 1}, function() test.sleep(1) end)'],
      ['a string.gsub callback', '("x"):gsub("x", function() test.sleep(1) end)'],
      [
        'a string.gsub callback',
        '("x"):gsub("x", function() coroutine.wrap(function() test.sleep(1) end)() end)',
      ],
      [
        'a callback of ipairs',
        'for i in ipairs(setmetatable({}, {__index = function() test.sleep(1) end})) do end',
      ],
      [
        'a callback of table.concat',
        'table.concat(setmetatable({}, {__index = function() test.sleep(1) end, __len = function() return 1 end}))',
      ],
      ['a callback of load', 'load(function() test.sleep(1) end)'],
      [
        'a message handler of xpcall',
        'error(select(2, xpcall(error, function() test.sleep(1) end)))',
      ],
      [
        'a callback of tostring',
        'tostring(setmetatable({}, {__tostring = function() test.sleep(1) end}))',
      ],
    ]) {
      expect(start(String(body)).error).toMatchObject({
        kind: 'INVALID',
        message: `cannot wait inside ${place}: test.sleep`,
      });
    }
  });

  it('works in __pairs and in iterators', () => {
    const host = start(`
      local t = setmetatable({}, {__pairs = function(t)
        test.sleep(1)
        return function(_, i) test.sleep(1) if i < 3 then return i + 1 end end, t, 0
      end})
      local n = 0 for i in pairs(t) do n = n + i end
      for i, v in ipairs({ 10, 20, nil, 30 }) do n = n + v end
      for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 3 then return i end end})) do n = n + v end
      return n`);
    expect(host.turn(20).value).toBe(39);
  });

  it('is allowed there when it never waits', () => {
    expect(
      result('test.put("a") return (("x"):gsub("x", function() return (test.poll()) end))'),
    ).toBe('a');
  });
});

describe('tasks of one process', () => {
  it('run in the order they became ready, each with its own place', () => {
    const host = start(`
      local log = {}
      for i = 1, 3 do test.spawn(function(n) log[#log + 1] = n test.sleep(10 - n) log[#log + 1] = n end, i) end
      test.sleep(20)
      return table.concat(log, "")`);
    expect(host.kernel.waiting()).toHaveLength(4);
    expect(host.turn(20).value).toBe('123321');
  });

  it('are not resumed by one another: a task that waits is no coroutine of theirs', () => {
    const host = start(`
      local main, seen = coroutine.running()
      test.spawn(function() seen = { coroutine.status(main), coroutine.resume(main) } end)
      test.sleep(5)
      return seen`);
    expect(host.turn(5).value).toEqual(['normal', false, 'cannot resume non-suspended coroutine']);
  });

  it('fail the process with their error', () => {
    expect(start('test.spawn(function() error("in task") end) test.sleep(1)').error).toMatchObject({
      kind: 'INTERNAL',
      message: 'test.lua:2: in task',
    });
  });

  it('cannot yield outside a coroutine', () => {
    expect(start('coroutine.yield(1)').error?.message).toBe(
      'test.lua:2: attempt to yield from outside a coroutine',
    );
  });

  it('do nothing once the process is closed', () => {
    const host = start('test.sleep(1) test.throw("INTERNAL", "ran after the end")');
    host.kernel.end({ value: 'over', error: null });
    expect(host.turn(10).value).toBe('over');
  });
});

describe('coroutines without waiting', () => {
  it('behave as in Lua', () => {
    expect(
      result(`
        local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) return d + e end)
        local _, x = coroutine.resume(co, 1, 2)
        local _, y = coroutine.resume(co, 10)
        local _, z = coroutine.resume(co, 3, 4)
        assert(x == 3 and y == 20 and z == 7 and coroutine.status(co) == "dead")
        local ok, e = coroutine.resume(co) assert(not ok and e == "cannot resume dead coroutine")
        local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
        assert(gen() + gen() + gen() == 6 and gen() == nil)
        assert(not pcall(gen))
        local main, isMain = coroutine.running() assert(isMain)
        co = coroutine.create(function() return coroutine.running() end)
        local _, me, top = coroutine.resume(co) assert(me == co and top == false and me ~= main)
        assert(coroutine.isyieldable() == false)
        assert(coroutine.wrap(function() return coroutine.isyieldable() end)())
        co = coroutine.create(function() error({code = 7}) end)
        local ok2, err = coroutine.resume(co) assert(not ok2 and err.code == 7)
        co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co)
        assert(coroutine.close(co) and coroutine.status(co) == "dead")
        local self self = coroutine.create(function() return coroutine.resume(self) end)
        assert(select(3, coroutine.resume(self)) == "cannot resume non-suspended coroutine")
        local many = coroutine.wrap(function(...) return select("#", coroutine.yield(...)) end)
        assert(select("#", many(table.unpack({}, 1, 200))) == 200 and many(table.unpack({}, 1, 200)) == 200)
        local function perm(a, n) if n == 0 then coroutine.yield(a) else for i = 1, n do a[n], a[i] = a[i], a[n] perm(a, n - 1) a[n], a[i] = a[i], a[n] end end end
        local count = 0 for _ in coroutine.wrap(function() perm({1, 2, 3, 4}, 4) end) do count = count + 1 end
        assert(count == 24)
        local ok3, e3 = pcall(coroutine.wrap(function() error("w") end)) assert(e3:match("w$"))
        local w = coroutine.wrap(function() return pcall(function() coroutine.yield(1) error("late", 0) end) end)
        assert(w() == 1) local a, b = w() assert(a == false and b == "late")
        return "held"`),
    ).toBe('held');
  });

  it('nest at most as deep as the VM allows, and say so', () => {
    expect(
      result(`
        local function nest(n) return coroutine.wrap(function() return nest(n + 1) end)() end
        local ok, e = pcall(nest, 1)
        return ok == false and tostring(e):match("overflow") ~= nil`),
    ).toBe(true);
  });
});
