import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as tags from '../../src/lua/fengari/interpreter/tags.js';
import { defs, ldo, lstate } from '../../src/lua/fengari/raw.js';
import { evalLua, startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';
import type { TestHost } from '../support/test-host.js';

const start = (body: string, slice?: number): TestHost =>
  startLua(`return function()\n${body}\nend`, {
    modules: [luaTestModule()],
    ...(slice === undefined ? {} : { slice }),
  });

function finish(host: TestHost): unknown {
  for (let i = 0; host.kernel.result === null; i++) {
    if (i > 100_000) throw new Error('the process does not end');
    if (host.kernel.runnable) host.kernel.run();
    else host.turn(1000);
  }
  return host.value;
}

/** Places of a wait with nothing of JavaScript below it: body, and what it returns. */
const PLAIN: readonly [string, string, unknown][] = [
  ['a call', 'local what = test.sleep(1) return what', 'slept'],
  ['a call of which nothing is wanted', 'test.sleep(1) test.sleep(2) return 1', 1],
  ['a call with all its results', 'local t = {test.sleep(1)} return #t', 2],
  ['an argument', 'return ("%s %d"):format(test.sleep(1))', 'slept 1'],
  ['a tail call', 'return test.sleep(1)', 'slept'],
  ['a method', 'return test.amount(150):later(1)', 150],
  [
    'a deep call',
    'local function deep(n) if n == 0 then return (test.sleep(1)) end local v = deep(n - 1) return v end return deep(500)',
    'slept',
  ],
  [
    'a tail call of a tail call',
    'local function f(n) if n == 0 then return test.sleep(1) end return f(n - 1) end return (f(1000))',
    'slept',
  ],
  [
    'an iterator of a module',
    'local s = 0 for n in test.waiting_iterator(4) do s = s + n end return s',
    10,
  ],
  [
    'an iterator',
    'local s = 0 for n in function(_, n) test.sleep(1) n = (n or 0) + 1 if n <= 3 then return n end end do s = s + n end return s',
    6,
  ],
  ['pcall', 'local ok, what = pcall(test.sleep, 1) return {ok, what}', [true, 'slept']],
  [
    'pcall as a tail call',
    'local function f() return pcall(test.sleep, 1) end return {f()}',
    [true, 'slept', 1],
  ],
  [
    'pcall, before an error',
    'local ok, e = pcall(function() test.sleep(1) error("e", 0) end) return {ok, e}',
    [false, 'e'],
  ],
  [
    'pcall in an iterator',
    'for ok, what in pcall, test.sleep, 1 do return {ok, what} end',
    [true, 'slept'],
  ],
  [
    'nested pcall',
    'return {pcall(pcall, pcall, function() test.sleep(1) return test.sleep(1) end)}',
    [true, true, true, 'slept', 1],
  ],
  [
    'xpcall',
    'return {xpcall(function(n) test.sleep(n) error("e", 0) end, function(e) return e .. "!" end, 1)}',
    [false, 'e!'],
  ],
  ['coroutine.wrap', 'return (coroutine.wrap(function() return (test.sleep(1)) end)())', 'slept'],
  [
    'coroutine.wrap in coroutine.wrap, with yields between',
    `local co = coroutine.wrap(function()
       local inner = coroutine.wrap(function() for i = 1, 3 do test.sleep(1) coroutine.yield(i) end end)
       for i = 1, 3 do test.sleep(1) coroutine.yield(inner() * 10) end
       return "end" end)
     return {co(), co(), co(), co()}`,
    [10, 20, 30, 'end'],
  ],
  [
    'coroutine.resume as a tail call',
    'local function f(co) return coroutine.resume(co) end return {f(coroutine.create(function() return (test.sleep(1)) end))}',
    [true, 'slept'],
  ],
  [
    'coroutine.wrap as an iterator',
    'local s = 0 for n in coroutine.wrap(function() for i = 1, 3 do test.sleep(1) coroutine.yield(i) end end) do s = s + n end return s',
    6,
  ],
  [
    '__call',
    'return (setmetatable({}, {__call = function(_, n) return (test.sleep(n)) end})(1))',
    'slept',
  ],
  [
    '__pairs',
    'for k in pairs(setmetatable({}, {__pairs = function() test.sleep(1) return next, {a = 1} end})) do return k end',
    'a',
  ],
];

/** Places inside a metamethod: a loop of its own runs there. */
const NESTED: readonly [string, string, unknown][] = [
  [
    '__index',
    'return setmetatable({}, {__index = function() return (test.sleep(1)) end}).x',
    'slept',
  ],
  ['__add', 'return 1 + setmetatable({}, {__add = function() test.sleep(1) return 2 end})', 2],
  [
    '__concat of three',
    'local mt = {__concat = function(a, b) test.sleep(1) return "m" end} return "a" .. setmetatable({}, mt) .. "c"',
    'am',
  ],
  [
    '__le by __lt',
    'local mt = {__lt = function() test.sleep(1) return false end} return setmetatable({}, mt) <= setmetatable({}, mt)',
    true,
  ],
  [
    'pcall in __index',
    'return setmetatable({}, {__index = function() local ok, e = pcall(function() test.sleep(1) error("e", 0) end) test.sleep(1) return e end}).x',
    'e',
  ],
  [
    'coroutine.wrap in __index',
    'return setmetatable({}, {__index = function() local co = coroutine.wrap(function() test.sleep(1) coroutine.yield(5) return 6 end) return co() + co() end}).x',
    11,
  ],
  [
    'xpcall in __index, whose handler is a metamethod away',
    'return setmetatable({}, {__index = function(_, k) return (select(2, xpcall(function() test.sleep(1) local x = nil + k end, function(e) return "handled" end))) end}).x',
    'handled',
  ],
  [
    '__index of __index',
    'local function slow(v) return function() test.sleep(1) return v end end local a = setmetatable({}, {__index = slow(7)}) local b = setmetatable({}, {__index = function(_, k) return a[k] + 1 end}) return b.x',
    8,
  ],
];

describe('a wait', () => {
  const thrown = jest.fn();
  const { luaD_throw } = ldo;

  beforeEach(() => {
    ldo.luaD_throw = (L, status) => {
      if (status === 1) thrown();
      return luaD_throw(L, status);
    };
  });

  afterEach(() => {
    ldo.luaD_throw = luaD_throw;
    thrown.mockClear();
  });

  it.each(PLAIN)('leaves the loop without an exception: %s', (_place, body, expected) => {
    expect(finish(start(body))).toEqual(expected);
    expect(thrown).not.toHaveBeenCalled();
  });

  it.each(PLAIN)('so does an interruption: %s', (_place, body, expected) => {
    for (const slice of [1, 2, 3, 5]) expect(finish(start(body, slice))).toEqual(expected);
    expect(thrown).not.toHaveBeenCalled();
  });

  it.each(NESTED)('inside a metamethod works as well, by an exception: %s', (_, body, expected) => {
    expect(finish(start(body))).toEqual(expected);
    expect(thrown).toHaveBeenCalled();
    for (const slice of [1, 2, 3, 5]) expect(finish(start(body, slice))).toEqual(expected);
  });

  it('inside a metamethod leaves once by an exception: what goes on is in the base loop', () => {
    const body =
      'return setmetatable({}, {__index = function() for i = 1, 9 do test.sleep(1) end return 1 end}).x';
    expect(finish(start(body))).toBe(1);
    expect(thrown).toHaveBeenCalledTimes(1);
  });

  it('at the top level of the chunk leaves without an exception, too', () => {
    const host = startLua('local what = test.sleep(5) return function() return what end', {
      modules: [luaTestModule()],
    });
    expect(host.turn(5).value).toBe('slept');
    expect(thrown).not.toHaveBeenCalled();
  });

  it('keeps nothing above the stack alive', () => {
    const host = start(
      'local t = {} for i = 1, 30 do t[i] = i end print(table.unpack(t)) test.sleep(1)',
    );
    const seen: unknown[][] = [];
    const { lua_resume } = ldo;
    ldo.lua_resume = (L, from, args) => {
      seen.push(L.stack.slice(L.top));
      return lua_resume(L, from, args);
    };
    host.turn(1);
    ldo.lua_resume = lua_resume;
    expect(seen).toHaveLength(1);
    expect(seen[0]?.every((slot) => slot === undefined)).toBe(true);
  });
});

describe('calls', () => {
  it('nest through pcall as deep as any, and end at the same depth', () => {
    expect(
      evalLua(
        'local function f(n) if n == 0 then return "deep" end return select(2, pcall(f, n - 1)) end return f(5000)',
      ),
    ).toBe('deep');
    expect(
      evalLua(
        'local function f() return select(2, pcall(f)) end return (f():match("stack overflow"))',
      ),
    ).toBe('stack overflow');
  });

  it('nest through metamethods as deep as the stack of JavaScript allows, and say so', () => {
    expect(
      evalLua(`local mt = {} local o = setmetatable({}, mt)
        mt.__index = function(_, k) return o[k + 1] end
        local ok, e = pcall(function() return o[1] end) return {ok, e}`),
    ).toEqual([false, expect.stringContaining('stack overflow')]);
  });

  it('go on after an overflow was caught', () => {
    expect(
      evalLua(`local function f() return 1 + f() end
        local n = 0
        for i = 1, 3 do if not pcall(f) then n = n + 1 end end
        local function count(d) if d == 0 then return 0 end return 1 + count(d - 1) end
        return {n, count(1000)}`),
    ).toEqual([3, 1000]);
  });

  it('too deep leave the handler of xpcall room, and no more than some', () => {
    expect(
      evalLua(`local function f() return 1 + f() end
        local function count(d) if d == 0 then return 0 end return 1 + count(d - 1) end
        local list = {xpcall(f, function(e) return e:match("stack overflow") .. count(1000) end)}
        list[3], list[4] = xpcall(f, function() return f() end)
        list[5] = count(1000)
        return list`),
    ).toEqual([false, 'stack overflow1000', false, 'error in error handling', 1000]);
  });

  it('in tail position take no room', () => {
    expect(
      evalLua(`local function f(n, ...) if n == 0 then return select("#", ...) end return f(n - 1, ...) end
        return f(100000, 1, 2, 3)`),
    ).toBe(3);
  });

  it.each([
    [
      'fewer results than wanted',
      'local function f() return 1 end local a, b, c = f() return {a, b == nil, c == nil}',
      [1, true, true],
    ],
    [
      'more results than wanted',
      'local function f() return 1, 2, 3 end local a, b = f() return {a, b}',
      [1, 2],
    ],
    ['none of any', 'local function f() end return {select("#", f()), select("#", (f()))}', [0, 1]],
    [
      'fewer arguments than named',
      'local function f(a, b, c) return a, b == nil, c == nil end return {f(1)}',
      [1, true, true],
    ],
    [
      'fewer arguments than named, and more allowed',
      'local function f(a, b, ...) return b == nil, select("#", ...) end return {f(1)}',
      [true, 0],
    ],
    [
      'more arguments than named',
      'local function f(a) local b return a, b == nil end return {f(1, 2, 3)}',
      [1, true],
    ],
    [
      'many of them',
      'local t = {} for i = 1, 300 do t[i] = i end return select("#", table.unpack(t))',
      300,
    ],
    [
      'varargs that are many',
      'local t = {} for i = 1, 3000 do t[i] = i end local function f(...) return {...}, ... end return #f(table.unpack(t))',
      3000,
    ],
  ])('have %s', (_what, body, expected) => {
    expect(evalLua(body)).toEqual(expected);
  });
});

describe('variables that closures share', () => {
  it.each([
    [
      'are those of their own turn of a loop',
      'local t = {} for i = 1, 3 do t[i] = function() i = i + 1 return i end end return {t[1](), t[1](), t[2](), t[3]()}',
      [2, 3, 3, 4],
    ],
    [
      'are one where two closures see it',
      'local function make() local n = 0 return function() n = n + 1 return n end, function() return n end end local add, get = make() add() add() return get()',
      2,
    ],
    [
      'outlive the call, and its results',
      'local function make() local a, b = 1, 2 local function f() a = a + 1 return a, b end return a, b, f end local a, b, f = make() f() return {a, b, f()}',
      [1, 2, 3, 2],
    ],
    [
      'outlive a tail call',
      'local f local function g(a, b) return a, b end local function make(a) f = function() a = a + 1 return a end return g(10, 20) end local x, y = make(1) return {x, y, f(), f()}',
      [10, 20, 2, 3],
    ],
    [
      'outlive an error',
      'local f pcall(function() local a = 1 f = function() a = a + 1 return a end error("x") end) local x, y, z = 9, 9, 9 return {f(), f(), x + y + z}',
      [2, 3, 27],
    ],
    [
      'are kept by break and goto',
      'local t = {} for i = 1, 3 do local j = i * 10 t[i] = function() j = j + 1 return j end if i == 2 then break end end return {t[1](), t[2](), t[2]()}',
      [11, 21, 22],
    ],
    [
      'are kept across a wait',
      'local n = 1 local function f() n = n + 1 test.sleep(1) return n end f() n = n * 10 return f()',
      21,
    ],
  ])('%s', (_what, body, expected) => {
    expect(finish(start(body))).toEqual(expected);
  });
});

describe('an error', () => {
  it.each([
    ['local t = {} return t.x.y', "attempt to index a nil value (field 'x')"],
    ['local t return t.x', "attempt to index a nil value (local 't')"],
    ['return u.x', "attempt to index a nil value (global 'u')"],
    ['local u local function f() return u.x end f()', "attempt to index a nil value (upvalue 'u')"],
    ['local t = {} t.x.y = 1', "attempt to index a nil value (field 'x')"],
    ['local t = {} t:go()', "attempt to call a nil value (method 'go')"],
    ['go()', "attempt to call a nil value (global 'go')"],
    ['local f = 5 return f()', "attempt to call a number value (local 'f')"],
    ['return ("x")()', "attempt to call a string value (constant 'x')"],
    ['local a = {} return a + 1', "attempt to perform arithmetic on a table value (local 'a')"],
    ['local a return 1 - a', "attempt to perform arithmetic on a nil value (local 'a')"],
    ['local a = {} return -a', "attempt to perform arithmetic on a table value (local 'a')"],
    ['local a = "x" return a * 2', "attempt to perform arithmetic on a string value (local 'a')"],
    ['return 2 ^ {}', 'attempt to perform arithmetic on a table value'],
    ['local a = 1.5 return a | 1', "number (local 'a') has no integer representation"],
    [
      'local a = {} return a & 1',
      "attempt to perform bitwise operation on a table value (local 'a')",
    ],
    ['local a = {} return "x" .. a', "attempt to concatenate a table value (local 'a')"],
    ['local a return #a', "attempt to get length of a nil value (local 'a')"],
    ['return {} < {}', 'attempt to compare two table values'],
    ['return 1 <= "x"', 'attempt to compare number with string'],
    ['for i = 1, {} do end', "'for' limit must be a number"],
    ['for i = 1, 2, {} do end', "'for' step must be a number"],
    ['for i = "x", 2 do end', "'for' initial value must be a number"],
    ['for i in 5 do end', 'attempt to call a number value'],
    ['local t = {} t[nil] = 1', 'table index is nil'],
    ['local t = {} t[0/0] = 1', 'table index is NaN'],
    ['return setmetatable({}, {__index = function() error("in it") end}).x', 'in it'],
    [
      'setmetatable(setmetatable({}, {__metatable = 1}), {})',
      'cannot change a protected metatable',
    ],
    ['setmetatable({})', "bad argument #2 to 'setmetatable' (nil or table expected)"],
    ['setmetatable(1, {})', "bad argument #1 to 'setmetatable' (table expected, got number)"],
    ['table.insert({})', "wrong number of arguments to 'insert'"],
    ['table.insert(nil, 1)', "bad argument #1 to 'insert' (table expected, got nil)"],
    ['table.insert({}, 5, 1)', "bad argument #2 to 'insert' (position out of bounds)"],
  ])('in %s', (body, message) => {
    const caught = finish(start(`local ok, e = pcall(function()\n${body}\nend) return e`));
    expect(caught).toBe(`test.lua:3: ${message}`);
  });

  it('says its line where the wait before it was in another', () => {
    const body = 'local t\ntest.sleep(1)\nlocal a = 1\nreturn t.x';
    expect(start(body).turn(1).error?.message).toBe(
      "test.lua:5: attempt to index a nil value (local 't')",
    );
  });

  it('goes to the innermost pcall, the rest of the stack as it was', () => {
    expect(
      evalLua(`local function thrower(n) if n == 0 then error("deep", 0) end local a, b = n, n return thrower(n - 1) + a + b end
        local a, b, c = 1, 2, 3
        local ok, e = pcall(function() local x, y = 4, 5 local ok, e = pcall(thrower, 20) return x, y, ok, e end)
        return {a, b, c, ok, e}`),
    ).toEqual([1, 2, 3, true, 4]);
  });

  it('in the handler of xpcall is one of its own', () => {
    expect(
      evalLua('return {xpcall(function() error("a") end, function() error("b") end)}'),
    ).toEqual([false, expect.anything()]);
  });
});

describe('a coroutine', () => {
  it.each([
    ['yielded', 'coroutine.yield(1, 2)'],
    ['waits', 'test.sleep(9)'],
  ])('that %s can be looked at', (_, body) => {
    const host = start(
      `local co = coroutine.create(function() ${body} end)
      local seen
      test.spawn(function() seen = debug.traceback(co) end)
      coroutine.resume(co)
      while seen == nil do test.sleep(1) end
      return seen`,
    );
    expect(finish(host)).toContain('test.lua:2: in function <test.lua:2>');
  });

  it('is closed once: its error comes with the first close, and nothing of it stays', () => {
    expect(
      evalLua(`local function two(co) return {coroutine.close(co)}, {coroutine.close(co)} end
        local failed = coroutine.create(error)
        coroutine.resume(failed, "e")
        local waiting = coroutine.create(coroutine.yield)
        coroutine.resume(waiting, 1)
        local a, b = two(failed)
        local c, d = two(waiting)
        return {a, b, c, d, coroutine.status(waiting), coroutine.resume(waiting)}`),
    ).toEqual([
      [false, 'e'],
      [true],
      [true],
      [true],
      'dead',
      false,
      'cannot resume dead coroutine',
    ]);
  });
});

it('puts the items of a list into the table in their order', () => {
  expect(
    evalLua(`local function items() return "c", "d" end
      local seen = {}
      for _, item in pairs({"a", "b", items()}) do seen[#seen + 1] = item end
      return seen`),
  ).toEqual(['a', 'b', 'c', 'd']);
});

it('has the numbers of fengari for types and flags', () => {
  const types = defs.constant_types;
  expect([tags.NIL, tags.BOOLEAN, tags.LIGHT, tags.FLOAT, tags.STRING, tags.TABLE]).toEqual([
    types.LUA_TNIL,
    types.LUA_TBOOLEAN,
    types.LUA_TLIGHTUSERDATA,
    types.LUA_TNUMFLT,
    types.LUA_TLNGSTR,
    types.LUA_TTABLE,
  ]);
  expect([tags.CLOSURE, tags.NATIVE]).toEqual([types.LUA_TLCL, types.LUA_TLCF]);
  expect([tags.NUMBER, tags.TEXT, tags.FUNCTION]).toEqual([
    types.LUA_TNUMBER,
    types.LUA_TSTRING,
    types.LUA_TFUNCTION,
  ]);
  const flags = lstate as unknown as { [name: string]: number };
  expect([tags.IS_LUA, tags.FRESH, tags.CATCHES, tags.TAIL_CALLED]).toEqual([
    flags.CIST_LUA,
    flags.CIST_FRESH,
    flags.CIST_YPCALL,
    flags.CIST_TAIL,
  ]);
  expect([tags.INTERRUPTED, tags.NEGATED]).toEqual([flags.CIST_HOOKYIELD, flags.CIST_LEQ]);
});
