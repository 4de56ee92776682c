import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stripTypes } from '../../src/lua/typed/strip.js';
import { evalLua, startLua } from '../support/lua.js';

/** The text without types, which have no mistakes. */
function stripped(text: string): string {
  const { text: plain, problem } = stripTypes(text);
  expect(problem).toBeNull();
  expect(plain.length).toBe(text.length);
  expect(plain.split('\n').map((line) => line.length)).toEqual(
    text.split('\n').map((line) => line.length),
  );
  return plain;
}

/** True where Lua's own compiler takes it. */
const isLua = (text: string): boolean =>
  evalLua('return load(...) ~= nil', { values: [text] }) === true;

/** What is left of each line, with one blank where there are several. */
const squeezed = (text: string): string[] =>
  stripped(text)
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim());

describe('typed Lua', () => {
  it.each([
    // Annotations
    ['local x: string = y', 'local x = y'],
    ['local x: string, y: number? = 1, 2', 'local x , y = 1, 2'],
    ['local x: T', 'local x'],
    [
      'local function f(a: number, b?: T, c?, ...: any): (string, error) end',
      'local function f(a , b , c , ... ) end',
    ],
    ['function m.n:o(a: A): A, B return a end', 'function m.n:o(a ) return a end'],
    ['local f = function<T>(x: T): T? return x end', 'local f = function (x ) return x end'],
    ['function map<T, U: Bound>(l: {T}, f: (T) -> U): {U} end', 'function map (l , f ) end'],
    ['for i: integer = 1, 2 do end', 'for i = 1, 2 do end'],
    ['for k: string, v: {T} in pairs(t) do end', 'for k , v in pairs(t) do end'],
    ['f(function(): string return "a" end, 1)', 'f(function() return "a" end, 1)'],
    ['function f(x: any): asserts x is string end', 'function f(x ) end'],
    // Declarations
    ['type A = string', ';'],
    ['local a = b type A = string local c', 'local a = b ; local c'],
    ['export type Pair<K, V = K> = {key: K, value: V}', ';'],
    ['interface A: B, c.D name: string other?: T function f(self, a: T): U end f()', '; f()'],
    ['export interface A<T> end', ';'],
    // Casts
    ['local x = y as string', 'local x = y'],
    ['local x = y :: string', 'local x = y'],
    ['f(x as {string}, y as (A, B), z as "a" | "b")', 'f(x , y , z )'],
    ['x = (y as {a: number}).a', 'x = (y ).a'],
    ['x = -y as number + 1 :: number', 'x = -y + 1'],
    ['if x as number < y then end', 'if x < y then end'],
    ['x = y as Map<string, List<number>> or z', 'x = y or z'],
    ['x = y as number >= z', 'x = y >= z'],
    ['return x as T, y :: U', 'return x , y'],
    ['repeat until x as boolean', 'repeat until x'],
    ['local n = x :: number ::again:: goto again', 'local n = x ::again:: goto again'],
    ['local x: T = y as {string}', 'local x = y'],
    ['return { a = x as T, [y :: U] = 1 }', 'return { a = x , [y ] = 1 }'],
    ['local n = (user!).name', 'local n = (user ).name'],
    ['local n = user!.name', 'local n = user .name'],
  ])('%s', (text, plain) => {
    expect(squeezed(text)).toEqual([plain]);
  });

  it.each([
    'nil',
    'string | nil',
    '| "a" | "b"',
    'A & B',
    'string??',
    'string[]',
    '{}',
    '{string}',
    '{[string]: number}',
    '{ string: number }',
    '{a: number, b?: string; ["c d"]: true}',
    'readonly {number}',
    'interface {a: number}',
    'Map<string, {List<Map<A, B>>}>',
    'a.b.C<D>',
    '() -> ()',
    '(number) -> string',
    '(a: number, b?: string, ...any) -> (A, B)',
    '<T>(T) -> T',
    '((a: A) -> B)?',
    'fun(a: number): string',
    'fun()',
    'fun(...: any): (string, error)',
    'function',
    'function(number): string',
    'typeof(f({ 1, ")" }))',
    'keyof(A)',
    '"a" | 1 | true',
    'any -- what comes\n',
    '{ -- the first\n  string, -- the other\n  number }',
  ])('knows the type %s', (type) => {
    const code = `local a: ${type} = 1; local function f(b: ${type}): ${type} return b :: ${type} end; type T = ${type}`;
    expect(stripped(code).replace(/--.*/g, '').replace(/\s+/g, ' ').trim()).toBe(
      'local a = 1; local function f(b ) return b end; ;',
    );
  });

  it('keeps what stands on the next line a statement of its own', () => {
    expect(
      evalLua(`
        local log = {}
        local function say(x) log[#log + 1] = x end
        local a = say as any
        (function() say("cast") end)()
        local b = a
        type T = string
        (function() say("alias") end)()
        local c: fun
        (function() say("function") end)()
        return log`),
    ).toEqual(['cast', 'alias', 'function']);
  });

  it('keeps comments, long brackets and line ends', () => {
    const text =
      'type A = -- one\r\n  [[a\r\nb]] | -- two\r\n  B\r\nlocal x --[[: T]] = [==[ as T ]==]';
    expect(stripped(text)).toBe(
      ';        -- one\r\n     \r\n      -- two\r\n   \r\nlocal x --[[: T]] = [==[ as T ]==]',
    );
  });
});

describe('a text that is Lua as it stands', () => {
  const tricky = [
    'a:b() a.b:c "d" a:b{c} return a and b:c() or d:e(f)',
    '::x:: goto x',
    'local a = b ::x:: ::y:: f() goto x',
    'for i = 1, 2 do local a = i ::continue:: end',
    'repeat local a until a ::x:: f()',
    'local type = type; type (x) type "x" type{} local y = type(x) type.a = 1 type[1] = 2 type:b()',
    'local type\nfoo = 1',
    'local as, export, interface = 1, 2, 3 as = export export = as interface = as + 1',
    'local x = y as = 1',
    'local x = y as, z = 1, 2',
    'local x = y as.b = 1',
    'local x = y as["b"] = 1',
    'local x = y as:b()',
    'local x = y as(z)',
    'local x = y as(z):b().c = 1',
    'local x = y as{string}',
    'local x = y as{string}.c = 1',
    'local x = y as"string"',
    'local x = y as "string" (z)',
    'local x = y as {string}\n(z)()',
    'local x = y as {a = 1}',
    'local x = y as (function() return x end)',
    'local x = y\nas {string}',
    'goto type ::type:: goto as ::as::',
    'function type.as:export(interface, type, ...) end',
    's = ": string" t = [[local x: T = y as T]] u = [==[ ]] x :: T ]==] -- local x: T',
    '--[[ type A = B\n]] --[==[ x as T ]] ]==] --[ x: T',
    'return "a\\"b", \'a\\\'b: T\', "a\\\n: T", "a\\z  \n  : T", "\\x41\\u{48}\\065"',
    'return 0x.8p-1, 1e+5, .5, 3., 0xA.fP2, 1 .. 2, 7 // 2, 1 << 2 >> 1, ~1 ~ 2, a <= b, a >= b, a ~= b',
    'return - - -x, not not y, #z, a < b, b > a, a & b | c',
    'local t = { a, b = c, [d] = e; f(), } ; ; ; return t;',
    '#!/usr/bin/lua: T\nreturn 1',
    'return ("a"):rep(2), (a)(b)(c){d}"e".f[g]:h()',
    'while a do if b then break elseif c then else do end end end',
    'return',
    '',
  ];

  it.each(tricky)('is left alone: %s', (text) => {
    expect(isLua(text)).toBe(true);
    expect(stripped(text)).toBe(text);
  });

  it.each(tricky.filter((text) => !/^#| as *[({"]/.test(text)))(
    'is read to its end: %s',
    (text) => {
      expect(stripped(`do ${text}\nend local x: T`)).toBe(`do ${text}\nend local x   `);
    },
  );

  it('is all Lua of this project', async () => {
    const found: string[] = [];
    for (const folder of ['examples', 'spec', 'bench', 'docs']) {
      const files = await readdir(folder, { recursive: true });
      for (const file of files.filter((name) => /\.(lua|ts|md)$/.test(name)).sort()) {
        const text = await readFile(join(folder, file), 'utf8');
        if (file.endsWith('.lua')) found.push(text);
        else found.push(...[...text.matchAll(/```lua\n(.*?)```/gs)].map((m) => m[1] ?? ''));
      }
    }
    const plain = found.filter(isLua);
    expect(plain.length).toBeGreaterThan(30);
    for (const text of plain) expect(stripTypes(text).text).toBe(text);
  });
});

describe('a mistake in a typed source', () => {
  const errorOf = (text: string) => startLua(text).error;

  it.each([
    ['local x: = 1', "test.lua:1: a type expected near '='"],
    ['\ntype A =\n  {a: }', "test.lua:3: a type expected near '}'"],
    ['type A string', "test.lua:1: '=' expected near 'string'"],
    ['local x: {string', "test.lua:1: '}' expected near '<eof>'"],
    ['local x: Map<string = 1', "test.lua:1: '>' expected near '='"],
    [
      'interface A name string end',
      "test.lua:1: a field, a function or 'end' expected near 'name'",
    ],
    ['return x as T.a[1]', "test.lua:1: a cast ends its expression; put it in brackets before '['"],
    [
      'local x: number @min(0) = 1',
      'test.lua:1: validators such as @min are not supported: types are removed, not checked',
    ],
    [`local x: ${'{'.repeat(300)}`, 'test.lua:1: a type is nested too deeply'],
  ])('in a type is told with its line: %s', (text, message) => {
    expect(errorOf(text)?.kind).toBe('INVALID');
    expect(errorOf(text)?.message).toBe(message);
  });

  it('in a type has a column', () => {
    expect(stripTypes('\r\n\tlocal x: = 1').problem).toMatchObject({ line: 2, column: 11 });
  });

  it.each([
    ['local x: number = = 1', "test.lua:1: unexpected symbol near '='"],
    ['local a: T\nlocal b: T\nif a b end', "test.lua:3: 'then' expected near 'b'"],
    ['local a: T\nx: number = 5', "test.lua:2: function arguments expected near '='"],
    ['local a: T\nlocal s = "abc', 'test.lua:2: unfinished string near <eof>'],
    ['local a = b = c', "test.lua:1: unexpected symbol near '='"],
  ])('of another kind is told as in Lua: %s', (text, message) => {
    expect(errorOf(text)?.message).toBe(message);
  });

  it('at run time has the line of the text', () => {
    const text = `type Order = {
  id: string,
}
return function(order: Order?): string
  local id: string =
    (order as Order).id
  return id
end`;
    expect(errorOf(text)?.message).toMatch(/^test\.lua:6: attempt to index a nil value/);
  });

  it('is no reason to nest without end', () => {
    for (const text of ['(', 'f{', 'function() return ', '-(', 'do ', 'if a then ', 'x as (']) {
      expect(errorOf(`local a: T return ${text.repeat(20_000)}`)?.kind).toBe('INVALID');
    }
  });
});

describe('types', () => {
  it('are removed, not checked; what checks is a call of the type', () => {
    expect(evalLua('local x: number = "one" return x as boolean')).toBe('one');
    const typed = (call: string) =>
      startLua(`return function()\nlocal x: any = "1"\nlocal y: T = ${call}\nreturn y end`);
    expect(typed('string(x)').value).toBe('1');
    expect(typed('integer(x)').error?.message).toBe('test.lua:3: integer expected, got string');
  });

  it('are removed for processes, not for load', () => {
    expect(evalLua('local f, err = load("local x: T = 1 return x") return { err }')).toEqual([
      expect.stringContaining("unexpected symbol near ':'"),
    ]);
  });
});
