import { describe, expect, it } from '@jest/globals';
import { Budget } from '../../src/lua/engine.js';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { Use } from '../../src/lua/module.js';
import { evalLua, luaSource, startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';
import { TestHost } from '../support/test-host.js';

describe('what a program cannot reach', () => {
  it('is absent', () => {
    expect(
      evalLua(`
        local absent = {}
        for _, name in ipairs({"dofile", "loadfile", "loadstring", "io", "package", "module", "fengari", "js"}) do
          if _G[name] ~= nil then absent[#absent + 1] = name end
        end
        for _, name in ipairs({"execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale"}) do
          if os[name] ~= nil then absent[#absent + 1] = name end
        end
        for name in pairs(debug) do if name ~= "traceback" then absent[#absent + 1] = name end end
        if string.dump ~= nil then absent[#absent + 1] = "dump" end
        return absent`),
    ).toEqual([]);
  });

  it.each([
    ['io.open("x")', /test\.lua:1: .*'io'.*: io is not there.*http_client.*activity/],
    ['os.execute("ls")', /os\.execute is meant, that is not there/],
    ['dofile("x")', /dofile is not there/],
  ])('is explained by the error that it causes: %s', (code, words) => {
    expect(startLua(`return function() ${code} end`).error?.message).toMatch(words);
  });

  it('is what another process has changed: globals, libraries, the metatable of strings', () => {
    const engine = fengariEngine([luaTestModule()]);
    evalLua(
      `x = 1 string.upper = nil math.pi = 3 table.mine = true test.echo = 1 _G.print = nil
       coroutine.wrap = nil debug.traceback = nil os.time = nil utf8.char = nil`,
      { engine },
    );
    expect(
      evalLua(
        `assert(x == nil and string.upper and math.pi > 3.1 and not table.mine and type(test.echo) == "function")
         assert(print and coroutine.wrap and debug.traceback and os.time and utf8.char)
         return ("a"):upper()`,
        { engine },
      ),
    ).toBe('A');
    expect(
      evalLua('function string.shout(s) return s:upper() .. "!" end return ("a"):shout()', {
        engine,
      }),
    ).toBe('A!');
    expect(evalLua('return (pcall(function() return ("a"):shout() end))', { engine })).toBe(false);
  });

  it('changes hands with the turn: two processes take turns with their own string tables', () => {
    const engine = fengariEngine([luaTestModule()]);
    const source = (word: string) =>
      luaSource(`return function()
        function string.word() return "${word}" end
        local out = ""
        for i = 1, 3 do test.sleep(1) out = out .. (""):word() end
        return out
      end`);
    const hosts = ['a', 'b'].map((word) => {
      const host = new TestHost();
      return host.run(
        engine.open({
          source: source(word),
          use: Use.LOCAL,
          kernel: host.kernel,
          budget: null,
          slice: null,
        }),
      );
    });
    for (let i = 0; i < 3; i++) for (const host of hosts) host.turn(1);
    expect(hosts.map((host) => host.value)).toEqual(['aaa', 'bbb']);
  });

  it('protects the metatables of strings and of the string table', () => {
    expect(evalLua('return getmetatable("") == false and getmetatable(string) == false')).toBe(
      true,
    );
  });

  it('removes and walks globals like any table', () => {
    expect(
      evalLua(`
        print = nil assert(print == nil and rawget(_G, "print") == nil)
        local seen = {} for k, v in pairs(_G) do seen[k] = v end
        assert(seen._G == _G and seen.string == string and seen.print == nil and seen.tostring == tostring)
        for k in pairs(string) do seen[k] = true end assert(seen.gsub and seen.format)
        print = 5 assert(_G.print == 5)
        setmetatable(_G, {__index = function(_, k) return "no " .. k end})
        assert(undefined == "no undefined" and type(math) == "table")
        return _VERSION`),
    ).toBe('Lua 5.3');
  });
});

describe('the host decides', () => {
  it('the time, in UTC', () => {
    const host = startLua(
      `return function()
         return { os.time(), os.clock(), os.date("!%Y-%m-%d %H:%M:%S"), os.date("%c"), os.date("*t").yday,
           os.time({year = 2024, month = 14, day = 1, hour = 0}), os.date("%a %d %b %Y %j %p %I %%", 0), os.difftime(5, 2),
           os.time() * 1000 }
       end`,
      { startMs: Date.UTC(2024, 4, 17, 13, 5, 9, 500) },
    );
    expect(host.value).toEqual([
      1715951109,
      1715951109.5,
      '2024-05-17 13:05:09',
      'Fri May 17 13:05:09 2024',
      138,
      Date.UTC(2025, 1, 1) / 1000,
      'Thu 01 Jan 1970 001 AM 12 %',
      3,
      1715951109000,
    ]);
    expect(startLua('return function() os.date("%Q") end').error?.message).toMatch(/conversion/);
    expect(startLua('return function() os.time({year = 1}) end').error?.message).toMatch(
      /field 'month' missing in date table/,
    );
  });

  it('what is random', () => {
    const host = new TestHost();
    host.randoms.push(0.25, 0, 0.999, 0.5);
    const program = fengariEngine([]).open({
      source: luaSource(
        'return function() math.randomseed(1) return { math.random(), math.random(6), math.random(6), math.random(-2^40, 2^40) } end',
      ),
      use: Use.LOCAL,
      kernel: host.kernel,
      budget: null,
      slice: null,
    });
    expect(host.run(program).value).toEqual([0.25, 1, 6, 0]);
    expect(startLua('return function() math.random(0) end').error?.message).toMatch(
      /interval is empty/,
    );
  });

  it('where print goes', () => {
    const host = startLua('print("a", 1, nil, 1.5, true) print() return print');
    expect(host.printed).toEqual(['a\t1\tnil\t1.5\ttrue', '', '']);
  });

  it('what memory means', () => {
    expect(
      evalLua('collectgarbage() collectgarbage("collect") return collectgarbage("count")'),
    ).toBe(0);
  });
});

describe('checked casts', () => {
  it('give the value back, or raise what was expected', () => {
    expect(evalLua('return { string("a"), number(1.5), integer(3), boolean(false) }')).toEqual([
      'a',
      1.5,
      3,
      false,
    ]);
    for (const [call, message] of [
      ['string(1)', 'string expected, got number'],
      ['string()', 'string expected, got no value'],
      ['number("1")', 'number expected, got string'],
      ['integer(1.5)', 'integer expected, got 1.5'],
      ['integer(2^53)', 'integer expected, got 9.007199254740992e+15'],
      ['integer("1")', 'integer expected, got string'],
      ['boolean(nil)', 'boolean expected, got nil'],
    ]) {
      expect(startLua(`return function() ${call} end`).error?.message).toBe(
        `test.lua:1: ${message}`,
      );
    }
  });

  it('are no other for one process because another has none left', () => {
    const engine = fengariEngine([]);
    startLua('string, number, integer, boolean = nil', { engine });
    const texts = 'return string("a"), number(1.5), integer(3), boolean(false)';
    expect(startLua(`return function() ${texts} end`, { engine }).value).toBe('a');
  });
});

describe('the instruction limit', () => {
  const limited = (body: string, limit: number | Budget = 10_000) =>
    startLua(`return function()\n${body}\nend`, {
      modules: [luaTestModule()],
      budget: typeof limit === 'number' ? new Budget(limit) : limit,
    });

  it('ends a loop that never waits, and says where', () => {
    expect(limited('while true do end').error).toMatchObject({
      kind: 'INTERNAL',
      message: 'used more than 10000 instructions without waiting (test.lua:2)',
    });
  });

  it.each([
    'while true do pcall(function() while true do end end) end',
    'while true do pcall(error) end',
    'local function f() pcall(f) return f() end f()',
    'while true do coroutine.wrap(function() while true do end end)() end',
    'while true do pcall(coroutine.wrap(function() while true do end end)) end',
    'while true do coroutine.resume(coroutine.create(function() while true do end end)) end',
    'pcall(error) while true do end',
    'coroutine.wrap(function() pcall(error) pcall(error) while true do end end)()',
    'xpcall(function() while true do end end, function() while true do end end)',
    'table.sort({3, 2, 1}, function() while true do end end)',
    'setmetatable({}, {__index = function() while true do end end}).x = nil local y = setmetatable({}, {__index = function() while true do end end}).x',
  ])('cannot be caught: %s', (body) => {
    const host = limited(body);
    expect(host.error?.message).toContain('used more than 10000 instructions');
  });

  it('holds for all turns until it is renewed', () => {
    const body = 'for i = 1, 10 do for j = 1, 2000 do end test.sleep(1) end return "done"';
    expect(limited(body).turn(10).error?.kind).toBe('INTERNAL');
    const budget = new Budget(10_000);
    const host = limited(body, budget);
    for (let i = 0; i < 10; i++) {
      budget.renew();
      host.turn(1);
    }
    expect(host.value).toBe('done');
  });

  it.each([
    'string.find(string.rep("a", 26), string.rep("a?", 26) .. string.rep("a", 26))',
    'string.match(string.rep("a", 2000), ".-.-.-.-b")',
    'string.gsub(string.rep("a", 2000), "(.-)(.-)(.-)b", "")',
    'string.gmatch(string.rep("a", 2000), ".-.-.-.-b")()',
    'string.find(string.rep("a", 200000), string.rep("a", 100000) .. "b", 1, true)',
    'local s = string.rep("x", 1000000) while true do s:reverse() end',
    'table.move({}, 1, 2^30, 2)',
    'local t = {} for i = 1, 2000 do table.insert(t, 1, i) end',
    'string.rep("x", 30000000)',
  ])('counts what library functions do: %s', (body) => {
    const host = limited(`pcall(function() ${body} end) while true do end`, 50_000);
    expect(host.error?.message).toBe(
      'used more than 50000 instructions without waiting (test.lua:2)',
    );
  });

  it('is also met by many short coroutines', () => {
    const host = limited(
      'while true do coroutine.wrap(function() for i = 1, 100 do end end)() end',
      100_000,
    );
    expect(host.error?.message).toContain('used more than');
  });
});

describe('a library function without a budget', () => {
  it.each([
    ['string.rep("x", 2^40)', 'resulting string too large'],
    ['string.gsub(string.rep("x", 2^20), "x", string.rep("y", 2^20))', 'too large'],
    ['table.concat({ string.rep("x", 2^25), string.rep("x", 2^25), "x" })', 'too large'],
    ['string.find(string.rep("a", 40), string.rep("a?", 40) .. string.rep("a", 40))', 'backtracks'],
  ])('fails all the same: %s', (call, message) => {
    const error = startLua(`return function() ${call} end`).error;
    expect(error?.message).toContain('test.lua:1: ');
    expect(error?.message).toContain(message);
  });
});

describe('memory', () => {
  it('of processes that have ended comes back', () => {
    const gc = (globalThis as { gc?: () => void }).gc;
    const engine = fengariEngine([luaTestModule()]);
    const source = luaSource(
      'data = {} for i = 1, 50 do data[i] = { n = i } end return function() test.handle() local co = coroutine.wrap(function() test.sleep(1) end) co() end',
    );
    const open = (): void => {
      const host = new TestHost();
      host.run(
        engine.open({
          source,
          use: Use.LOCAL,
          kernel: host.kernel,
          budget: null,
          slice: null,
        }),
      );
      if (host.kernel.result !== null) throw host.value;
      host.kernel.end({ value: null, error: null });
    };
    const registrySize = (): number => {
      const { state } = engine as unknown as { state: { top: number; stack: unknown[] } };
      return state.top + state.stack.length;
    };
    for (let i = 0; i < 200; i++) open();
    gc?.();
    const before = process.memoryUsage().heapUsed;
    const size = registrySize();
    for (let i = 0; i < 10_000; i++) open();
    gc?.();
    expect(registrySize()).toBe(size);
    // Each of them held some 30 KB while it lived; without `--expose-gc` only the size above is sure.
    if (gc !== undefined) expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  });
});
