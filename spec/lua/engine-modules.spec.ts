import { describe, expect, it } from '@jest/globals';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { ModuleAccess, NativeFunction, Use } from '../../src/lua/module.js';
import { evalLua, luaModule, luaSource, startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';

const modules = [
  luaModule({ name: 'process', functions: { pid: (call) => [call.kernel.pid] } }),
  luaModule({ name: 'coroutine', functions: { spawn: () => ['spawned'] } }),
  luaModule({
    name: 'json',
    access: ModuleAccess.SAFE,
    functions: { encode: () => ['{}'] },
    constants: { inner: { deep: new NativeFunction(() => ['deep']) } },
  }),
  luaModule({ name: 'http', access: ModuleAccess.LISTED, uses: [Use.LOCAL, Use.FUNCTION] }),
];

describe('require', () => {
  it('gives built-in modules and the standard library, listed or not, also as globals', () => {
    for (const listed of [null, [], ['process', 'string']]) {
      expect(
        evalLua(
          `assert(require("process") == process and process.pid())
           assert(require("string") == string and require("coroutine").spawn == coroutine.spawn)
           return coroutine.spawn() .. type(coroutine.wrap)`,
          { modules, source: { modules: listed } },
        ),
      ).toBe('spawnedfunction');
    }
  });

  it('gives safe modules where nothing is listed, but not as globals', () => {
    expect(
      evalLua('return json == nil and require("json").encode() .. require("json").inner.deep()', {
        modules,
      }),
    ).toBe('{}deep');
  });

  it('gives listed modules, also as globals', () => {
    expect(
      evalLua('return require("http") == http and require("json") == json and http ~= nil', {
        modules,
        source: { modules: ['http', 'json'] },
      }),
    ).toBe(true);
  });

  it.each([
    [
      null,
      Use.LOCAL,
      'http',
      'PERMISSION_DENIED',
      'module "http" is not listed in the modules of test:process',
    ],
    [[], Use.LOCAL, 'json', 'PERMISSION_DENIED', 'module "json" is not listed'],
    [
      ['http'],
      Use.WORKFLOW,
      'http',
      'PERMISSION_DENIED',
      'module "http" cannot be used here (workflow); it can be used in: local, function',
    ],
    [null, Use.LOCAL, 'nothing', 'NOT_FOUND', 'module "nothing" not found'],
    [null, Use.LOCAL, 'io', 'NOT_FOUND', 'module "io" not found'],
    [null, Use.LOCAL, 'constructor', 'NOT_FOUND', 'module "constructor" not found'],
    [null, Use.LOCAL, '__proto__', 'NOT_FOUND', 'module "__proto__" not found'],
    [[], Use.LOCAL, 'toString', 'NOT_FOUND', 'module "toString" not found'],
  ])('with modules %j in a %s refuses %s', (listed, use, name, kind, message) => {
    const host = startLua(`return function() require("${name}") end`, {
      modules,
      use,
      source: { modules: listed },
    });
    expect(host.error).toMatchObject({ kind, message: expect.stringContaining(message) });
  });
});

describe('imports', () => {
  const shared = luaSource('runs = (runs or 0) + 1 return { runs = function() return runs end }', {
    entry: 'test:shared',
    file: 'shared.lua',
  });
  const outer = luaSource('local s = require("base") return { twice = s.runs() * 2 }', {
    entry: 'test:outer',
    file: 'outer.lua',
    imports: { base: shared },
  });

  it('run once a process, in its globals, each after what it imports itself', () => {
    expect(
      evalLua(
        'return { require("outer").twice, require("shared").runs(), shared == require("shared"), outer.twice }',
        {
          source: { imports: { outer, shared } },
        },
      ),
    ).toEqual([2, 1, true, 2]);
  });

  it('are known only to the source that declares them', () => {
    const host = startLua('return function() require("base") end', {
      source: { imports: { outer } },
    });
    expect(host.error).toMatchObject({ kind: 'NOT_FOUND' });
  });

  describe('and modules', () => {
    const library = (text: string, listed: readonly string[] | null) =>
      luaSource(text, { entry: 'test:library', file: 'library.lua', modules: listed });
    const run = (
      body: string,
      text: string,
      own: readonly string[] | null,
      its: readonly string[] | null,
    ) =>
      evalLua(body, {
        modules,
        source: { modules: own, imports: { library: library(text, its) } },
      });

    const WAYS = `{
      global = function() return http end,
      viaG = function() return _G.http end,
      raw = function() return rawget(_G, "http") end,
      loaded = function() return load("return http")() end,
      loadedInG = function() return load("return http", "x", "t", _G)() end,
      required = function() return require("http") end,
      wrapped = function() return coroutine.wrap(require)("http") end,
      pcalled = function() return select(2, assert(pcall(require, "http"))) end,
      loadedRequire = function() return load('return require("http")')() end,
      wrappedLoad = function() return coroutine.wrap(load('return require("http")'))() end,
      newGlobal = function() function get() return http end return get() end,
    }`;
    const found = `local found = {} for name, way in pairs(ways) do
      local ok, value = pcall(way) if ok and value ~= nil then found[#found + 1] = name end end
      table.sort(found) return found`;
    const ALL = [
      'global',
      'loaded',
      'loadedInG',
      'loadedRequire',
      'newGlobal',
      'pcalled',
      'raw',
      'required',
      'viaG',
      'wrapped',
      'wrappedLoad',
    ];

    it("of a library are not the program's, whichever way it tries", () => {
      for (const listed of [null, [], ['json']]) {
        expect(
          run(`local ways = ${WAYS} ${found}`, 'return { get = http.get }', listed, ['http']),
        ).toEqual([]);
      }
      expect(run(`local ways = ${WAYS} ${found}`, 'return {}', ['http'], [])).toEqual(ALL);
    });

    it("of the program are not a library's, whichever way it tries", () => {
      for (const listed of [null, [], ['json']]) {
        expect(
          run(
            'return library()',
            `local ways = ${WAYS} return function() ${found} end`,
            ['http'],
            listed,
          ),
        ).toEqual([]);
      }
      expect(
        run(
          'return library()',
          `local ways = ${WAYS} return function() ${found} end`,
          [],
          ['http'],
        ),
      ).toEqual(ALL);
    });

    it('share all other globals, which a library reads and writes as the program does', () => {
      expect(
        run(
          'shared = 5 _G.other = 6 http = "mine" return { library(), written, viaG, loaded }',
          'written = 1 _G.viaG = 2 load("loaded = 3")() return function() return shared + _G.other + load("return shared")(), http end',
          [],
          [],
        ),
      ).toEqual([16, 1, 2, 3]);
      expect(
        run(
          'http = "mine" return select(2, library())',
          'return function() return 1, http end',
          [],
          [],
        ),
      ).toBe('mine');
    });
  });

  it('stand for true when they return nothing', () => {
    const quiet = luaSource('x = 1', { entry: 'test:quiet', file: 'quiet.lua' });
    expect(
      evalLua('return require("quiet") == true and x == 1', { source: { imports: { quiet } } }),
    ).toBe(true);
  });

  it('may wait while they load', () => {
    const slow = luaSource('return (test.sleep(5))', { entry: 'test:slow', file: 'slow.lua' });
    const host = startLua('return function() return require("slow") end', {
      modules: [luaTestModule()],
      source: { imports: { slow } },
    });
    expect(host.kernel.waiting()).toEqual([{ op: 'sleep', at: 'slow.lua:1' }]);
    expect(host.turn(5).value).toBe('slept');
  });

  it('name their own file in errors', () => {
    const bad = luaSource('\nerror("broken")', { entry: 'test:bad', file: 'bad.lua' });
    expect(startLua('return print', { source: { imports: { bad } } }).error?.message).toBe(
      'bad.lua:2: broken',
    );
  });

  it('that import each other are refused', () => {
    const imports: { [alias: string]: typeof shared } = {};
    const a = luaSource('return 1', { entry: 'test:a', imports });
    imports.b = luaSource('return 2', { entry: 'test:b', imports: { a } });
    expect(() => fengariEngine([]).check(a)).toThrow(
      'libraries import each other: test:a -> test:b -> test:a',
    );
  });
});

describe('check', () => {
  const engine = fengariEngine([]);

  it('names file and line of a mistake', () => {
    const source = luaSource('local x = 1\nlocal = 2', { file: 'orders/order.lua' });
    expect(() => engine.check(source)).toThrow(
      expect.objectContaining({
        kind: 'INVALID',
        message: "orders/order.lua:2: <name> expected near '='",
        details: { file: 'orders/order.lua', line: 2 },
      }),
    );
  });

  it('looks into imports too, and at long file names', () => {
    const file = `${'very/'.repeat(20)}deep.lua`;
    const broken = luaSource('return (', { entry: 'test:broken', file });
    expect(() => engine.check(luaSource('return 1', { imports: { broken } }))).toThrow(
      expect.objectContaining({ details: { file, line: 1 } }),
    );
  });

  it('passes what is right', () => {
    expect(() => engine.check(luaSource('return function() end'))).not.toThrow();
  });
});
