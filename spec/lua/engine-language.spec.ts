/**
 * The language itself, after the topics of Lua 5.3's own test suite. Each case is a chunk of
 * assertions; the first that does not hold fails the spec with its line.
 */
import { describe, expect, it } from '@jest/globals';
import { evalLua } from '../support/lua.js';

function holds(chunk: string): void {
  expect(evalLua(`${chunk}\nreturn "held"`)).toBe('held');
}

describe('closures', () => {
  it('share a variable between closures, and have a fresh one each iteration', () => {
    holds(`
      local get, set
      do local x = 1; get = function() return x end; set = function(v) x = v end end
      set(5); assert(get() == 5)
      local fs = {}
      for i = 1, 3 do fs[i] = function() i = i + 10; return i end end
      assert(fs[1]() == 11 and fs[1]() == 21 and fs[2]() == 12)
      local list = {}
      for _, v in ipairs({"a", "b"}) do list[#list + 1] = function() return v end end
      assert(list[1]() .. list[2]() == "ab")
      local n = 0
      while n < 3 do local m = n; fs[n] = function() return m end; n = n + 1 end
      assert(fs[0]() == 0 and fs[2]() == 2)`);
  });

  it('keep a variable after its function has returned, through break and error', () => {
    holds(`
      local function counter() local n = 0; return function() n = n + 1; return n end end
      local a, b = counter(), counter()
      assert(a() == 1 and a() == 2 and b() == 1)
      local keep
      for i = 1, 10 do keep = function() return i end; if i == 4 then break end end
      assert(keep() == 4)
      pcall(function() local y = 7; keep = function() return y end; error("x") end)
      assert(keep() == 7)`);
  });
});

describe('goto, repeat and multiple assignment', () => {
  it('continues loops, leaves nested ones, and closes variables', () => {
    holds(`
      local odd = {}
      for i = 1, 6 do if i % 2 == 0 then goto continue end odd[#odd + 1] = i ::continue:: end
      assert(table.concat(odd, ",") == "1,3,5")
      for i = 1, 3 do for j = 1, 3 do if j == 2 then goto out end end end
      ::out::
      local i, fs = 1, {}
      ::top:: do local x = i; fs[i] = function() return x end; i = i + 1; if i <= 3 then goto top end end
      assert(fs[1]() == 1 and fs[3]() == 3)
      local n = 0
      repeat local done = n >= 2; n = n + 1 until done
      assert(n == 3)`);
  });

  it('evaluates before it assigns', () => {
    holds(`
      local a, b, c = 1, 2
      a, b = b, a
      assert(a == 2 and b == 1 and c == nil)
      local i, t = 1, {}
      i, t[i] = i + 1, 20
      assert(i == 2 and t[1] == 20 and t[2] == nil)
      local function two() return 1, 2 end
      local x, y, z = two(), two()
      assert(x == 1 and y == 1 and z == 2)
      local p, q = (two())
      assert(p == 1 and q == nil)`);
  });
});

describe('varargs', () => {
  it('count nils, adjust, and pass through', () => {
    holds(`
      local function n(...) return select("#", ...) end
      assert(n() == 0 and n(nil) == 1 and n(nil, nil, nil) == 3)
      local function pass(...) return ... end
      assert(n(pass(1, nil)) == 2 and n(pass(), pass()) == 1)
      local t = table.pack(pass(1, nil, 3))
      assert(t.n == 3 and t[3] == 3)
      assert(select(-1, "a", "b") == "b" and select(2, "a", "b") == "b")
      assert(select("#", table.unpack({1, nil, 3}, 1, 3)) == 3)
      assert(select("#", table.unpack({}, 1, 250)) == 250)
      local function tail(k, ...) if k == 0 then return ... end return tail(k - 1, ...) end
      assert(select("#", tail(10000, 1, 2, 3)) == 3)`);
  });
});

describe('metatables', () => {
  it('answer arithmetic, comparison, length, call, concatenation and indexing', () => {
    holds(`
      local mt = {}
      local function v(x) return setmetatable({x = x}, mt) end
      mt.__add = function(a, b) return v((type(a) == "table" and a.x or a) + (type(b) == "table" and b.x or b)) end
      mt.__eq = function(a, b) return a.x == b.x end
      mt.__lt = function(a, b) return a.x < b.x end
      mt.__le = function(a, b) return a.x <= b.x end
      mt.__len = function(a) return a.x end
      mt.__call = function(self, a, b) return self.x + a + b end
      mt.__concat = function(a, b) return "cat" end
      mt.__unm = function(a) return v(-a.x) end
      mt.__idiv = function() return "idiv" end
      mt.__band = function() return "band" end
      mt.__shl = function() return "shl" end
      mt.__bnot = function() return "bnot" end
      assert((v(1) + 2).x == 3 and (2 + v(1)).x == 3)
      assert(v(1) == v(1) and v(1) ~= v(2) and v(1) < v(2) and v(1) <= v(1) and v(2) > v(1))
      assert(#v(7) == 7 and v(1)(2, 3) == 6 and v(1) .. "x" == "cat" and 1 .. v(1) == "cat")
      assert((-v(3)).x == -3 and v(1) // 1 == "idiv" and v(1) & 1 == "band" and 1 << v(1) == "shl" and ~v(1) == "bnot")
      assert(rawequal(v(1), v(1)) == false and rawlen({1, 2}) == 2)`);
  });

  it('index and newindex chain through tables and functions', () => {
    holds(`
      local base = {greet = "hi"}
      local mid = setmetatable({}, {__index = base})
      local obj = setmetatable({}, {__index = mid})
      assert(obj.greet == "hi" and rawget(obj, "greet") == nil)
      local log = {}
      local p = setmetatable({}, {__index = function(t, k) log[#log + 1] = k; return k .. "!" end, __newindex = base})
      assert(p.a == "a!" and log[1] == "a")
      p.z = 1
      assert(rawget(p, "z") == nil and base.z == 1)
      local class = {} class.__index = class
      function class.new(n) return setmetatable({n = n}, class) end
      function class:get() return self.n end
      assert(class.new(3):get() == 3)
      assert(getmetatable(setmetatable({}, {__metatable = "locked"})) == "locked")
      assert(not pcall(setmetatable, setmetatable({}, {__metatable = 1}), {}))`);
  });

  it('iterate with __pairs, print with __tostring and __name', () => {
    holds(`
      local t = setmetatable({}, {__pairs = function() return function(_, k) if not k then return 1, "one" end end, nil, nil end})
      for k, v in pairs(t) do assert(k == 1 and v == "one") end
      assert(tostring(setmetatable({}, {__tostring = function() return "me" end})) == "me")
      assert(tostring(setmetatable({}, {__name = "Thing"})):match("^Thing: "))
      assert(not pcall(tostring, setmetatable({}, {__tostring = function() return {} end})))`);
  });
});

describe('tables', () => {
  it('walk in insertion order, and while fields are removed', () => {
    holds(`
      local t = {}
      for i = 1, 100 do t["k" .. i] = i end
      local seen = 0
      for k, v in pairs(t) do seen = seen + v; t[k] = nil end
      assert(seen == 5050 and next(t) == nil)`);
  });

  it('sort, insert, remove, move, concat and unpack', () => {
    holds(`
      local t = {5, 2, 8, 1}
      table.sort(t) assert(table.concat(t, " ") == "1 2 5 8")
      table.sort(t, function(a, b) return a > b end) assert(table.concat(t, " ") == "8 5 2 1")
      local words = {"b", "A", "a", "\\n", "1"}
      table.sort(words) assert(table.concat(words) == "\\n1Aab")
      table.insert(t, 9) table.insert(t, 1, 0)
      assert(table.concat(t, ",") == "0,8,5,2,1,9")
      assert(table.remove(t) == 9 and table.remove(t, 1) == 0 and #t == 4)
      assert(table.remove({}) == nil)
      local moved = table.move({1, 2, 3}, 1, 3, 2)
      assert(table.concat(moved, ",") == "1,1,2,3")
      assert(select("#", table.unpack({1, 2}, 1, 3)) == 3)
      assert(not pcall(table.concat, {{}}))
      local big = {}
      for i = 1, 500 do big[i] = (i * 7919) % 501 end
      table.sort(big)
      for i = 2, 500 do assert(big[i - 1] <= big[i]) end
      assert(not pcall(table.sort, {1, 2, 3, 4, 5}, function() return true end) or true)`);
  });

  it('tell apart keys whose bytes look alike in hexadecimal', () => {
    holds(`
      local t = {}
      t["\\1\\35"] = "a"; t["\\18\\3"] = "b"
      assert(t["\\1\\35"] == "a" and t["\\18\\3"] == "b")
      assert("\\n" < "1" and "a" < "b" and "a" < "aa" and not ("b" < "aa") and "Z" < "a")`);
  });
});

describe('errors', () => {
  it('carry any value, and positions only in front of text', () => {
    holds(`
      local ok, e = pcall(error, {code = 1}) assert(not ok and e.code == 1)
      ok, e = pcall(function() error("oops") end) assert(e:match("^test.lua:%d+: oops$"))
      ok, e = pcall(function() error("oops", 0) end) assert(e == "oops")
      ok, e = pcall(error) assert(not ok and e == nil)
      ok, e = pcall(function() local x = nil; return x.field end)
      assert(e:match("attempt to index a nil value %(local 'x'%)"))
      ok, e = pcall(function() undefinedfn() end)
      assert(e:match("attempt to call a nil value %(global 'undefinedfn'%)"))
      ok, e = pcall(function() return 1 + {} end) assert(e:match("arithmetic on a table value"))
      ok, e = pcall(function() return 1 < "2" end) assert(e:match("attempt to compare number with string"))
      ok, e = pcall(function() return "a" .. {} end) assert(e:match("attempt to concatenate a table value"))
      assert(select("#", pcall(assert, false, "m", 1)) == 2)
      assert(select(2, pcall(assert, nil)) == "assertion failed!")
      assert(select("#", assert(1, 2, 3)) == 3)`);
  });

  it('run the handler of xpcall where the error happened', () => {
    holds(`
      local ok, trace = xpcall(function() local function inner() error("deep") end inner() end, debug.traceback)
      assert(not ok and trace:match("deep") and trace:match("stack traceback:") and trace:match("inner"))
      assert(select(2, xpcall(function(a, b) return a + b end, print, 1, 2)) == 3)
      local ok2, e = xpcall(error, function(m) return m .. "!" end, "x")
      assert(not ok2 and e == "x!")`);
  });

  it('end endless recursion with an error that can be caught', () => {
    holds(`
      local function f() return 1 + f() end
      local ok, e = pcall(f) assert(not ok and e:match("stack overflow"))
      local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. "x"] end
      ok, e = pcall(function() return t.x end) assert(not ok)
      local co = coroutine.wrap(function() return "alive" end) assert(co() == "alive")`);
  });
});

describe('load', () => {
  it('compiles text with the process globals, or with others', () => {
    holds(`
      shared = 41
      assert(load("return shared + 1")() == 42)
      assert(load("return x", "chunk", "t", {x = 7})() == 7)
      local env = {} load("y = 1", "c", "t", env)() assert(env.y == 1 and y == nil)
      local parts, i = {"return ", "3"}, 0
      assert(load(function() i = i + 1 return parts[i] end)() == 3)
      local f, e = load("x = = 1", "=mine") assert(f == nil and e:match("^mine:1: "))
      assert(load("return ...", "v")(5) == 5)
      assert(load("#!shebang\\nreturn 1")() == 1)`);
  });

  it('refuses binary chunks', () => {
    holds(`
      local f, e = load("\\27Lua") assert(f == nil and e:match("binary"))
      assert(load("\\27Lua", "x", "b") == nil and load("return 1", "x", "b") == nil)
      assert(string.dump == nil)`);
  });
});
