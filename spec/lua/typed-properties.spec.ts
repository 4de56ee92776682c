import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stripTypes } from '../../src/lua/typed/strip.js';
import { evalLua } from '../support/lua.js';

/** Words that mean something in types, or before them, and are names like any other in Lua. */
const NAMES = [
  'a',
  'type',
  'as',
  'export',
  'interface',
  'fun',
  'typeof',
  'readonly',
  'asserts',
  'is',
];
const name = fc.constantFrom(...NAMES);

const join = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''));
const word = (text: string): fc.Arbitrary<string> => fc.constant(text);
const list = (item: fc.Arbitrary<string>, min = 0): fc.Arbitrary<string> =>
  fc.array(item, { minLength: min, maxLength: 3 }).map((items) => items.join(', '));

const { type } = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('string', 'nil', 'a.B', 'function', '"x"', '[[x]]', 'true', '1'),
    join(
      tie('type'),
      fc
        .constantFrom('?', '[]', ' | ', ' & ')
        .chain((mark) =>
          mark.startsWith(' ') ? tie('type').map((other) => mark + other) : word(mark),
        ),
    ),
    tie('type').map((t) => `{ ${t} }`),
    fc.tuple(tie('type'), tie('type')).map(([k, v]) => `{[ ${k} ]: ${v}, b?: ${v}}`),
    list(tie('type'), 1).map((types) => `Map<${types}>`),
    fc.tuple(list(tie('type')), tie('type')).map(([args, r]) => `(${args}) -> ${r}`),
    fc.tuple(list(tie('type')), tie('type')).map(([args, r]) => `fun(${args}): (${r})`),
    tie('type').map((t) => `typeof(f(${t.replace(/\W/g, '')}))`),
  ),
}));

const annotation = fc.oneof(
  word(''),
  type.map((t) => `«: ${t}»`),
);

/** Programs in which what is no part of the plain one stands between `«` and `»`; they need not compile. */
function programs(typed: boolean): fc.Arbitrary<string> {
  const note = typed ? annotation : word('');
  const cast = typed
    ? fc.oneof(
        type.map((t) => ` «as ${t}»`),
        type.map((t) => ` «:: (${t})»`),
      )
    : word('');
  const bindings = list(join(name, note), 1);
  const { block } = fc.letrec<{ block: string; statement: string; expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      name,
      fc.constantFrom(
        '1',
        '0x.8p1',
        '"a: T"',
        "'\\''",
        '[[x as T]]',
        'nil',
        '...',
        '{}',
        '-a',
        'not a',
        '#a',
      ),
      join(word('('), tie('expression'), cast, word(')')),
      join(name, word(typed ? '«!»' : ''), word('.'), name),
      join(name, word(':'), name, word('('), list(tie('expression')), word(')')),
      join(name, word('.'), name, word('['), tie('expression'), word(']')),
      join(
        tie('expression'),
        fc.constantFrom(' + ', ' >> ', ' >= ', ' < ', ' .. ', ' and ', ' or ', ' ~= ', ' | '),
        tie('expression'),
      ),
      join(
        word('{'),
        name,
        word(' = '),
        tie('expression'),
        word(', '),
        tie('expression'),
        word('; }'),
      ),
      join(
        word('function('),
        fc.oneof(word(''), bindings),
        word(')'),
        note,
        word(' local function f(...)'),
        note,
        word(' '),
        tie('block'),
        word(' end end'),
      ),
    ),
    statement: fc.oneof(
      { maxDepth: 3 },
      join(word('local '), bindings, word(' = '), list(tie('expression'), 1)),
      join(word('local '), bindings),
      join(name, word(' = '), tie('expression')),
      join(name, word(':'), name, word(' "x"')),
      join(name, fc.constantFrom('(a)', '{a}', '"a"')),
      join(word('for '), bindings, word(' in a do '), tie('block'), word(' end')),
      join(word('for a'), note, word(' = 1, 2 do '), tie('block'), word(' end')),
      join(
        word('if '),
        tie('expression'),
        word(' then '),
        tie('block'),
        word(' else '),
        tie('block'),
        word(' end'),
      ),
      join(word('repeat '), tie('block'), word(' until '), tie('expression')),
      join(word('do --[[ x: T ]] '), tie('block'), word(' end')),
      ...(typed
        ? [type.map((t) => `«type X = ${t}»`), type.map((t) => `«interface X y: ${t} end»`)]
        : []),
    ),
    block: fc
      .array(join(tie('statement'), fc.constantFrom('\n', ';', '\n--: T\n')), { maxLength: 4 })
      .map((statements) => statements.join('')),
  }));
  return block.map((text) => `local ${NAMES.join(', ')}\n${text}`);
}

const isLua = (text: string): boolean =>
  evalLua('return load(...) ~= nil', { values: [text] }) === true;

/** Tokens that mean one thing in Lua and another in types. */
const MARKS =
  'as type :: : ( ) { } x T ? ! | < > = , . -> "s" function end interface [ ] local return'.split(
    ' ',
  );

/** Close to what is a type, and Lua as it stands. */
const CLOSE = [
  'x = y as ( z ) x = y as { a } as "s" x = y ::a:: goto a type ( x ) local type , export = 1 as = as',
  'local as , type = 1 local x = y as ( z ) local x = y as { string } ( f ) ( g ) x = as return as',
  'local x = y : as ( ) ::l:: local z = y ::T:: f ( x and y : z ( ) ) ::m:: local t = { as , type = 1 }',
].map((text) => text.split(' '));

/** One of these with a few tokens put in, taken out or copied. */
const damaged = fc
  .tuple(
    fc.constantFrom(...CLOSE),
    fc.array(fc.tuple(fc.nat(40), fc.nat(2), fc.constantFrom(...MARKS), fc.nat(4)), {
      maxLength: 3,
    }),
    fc.constantFrom(' ', '\n'),
  )
  .map(([tokens, changes, blank]) => {
    const text = [...tokens];
    for (const [at, gone, mark, copied] of changes) {
      text.splice(at, gone, mark, ...text.slice(at, at + copied));
    }
    return text.join(blank);
  });

/** The program as somebody writes it. */
const written = (marked: string): string => marked.replace(/[«»]/g, '');

/** The program that it must become. */
const plain = (marked: string): string =>
  marked.replace(/«([^»]*)»/g, (_, type: string) =>
    /^(type|interface) X /.test(type) ? `;${' '.repeat(type.length - 1)}` : ' '.repeat(type.length),
  );

describe('any program', () => {
  it('without types is left alone', () => {
    fc.assert(
      fc.property(programs(false), (text) => {
        fc.pre(isLua(text));
        expect(stripTypes(text)).toEqual({ text, problem: null });
      }),
    );
  });

  it('that is Lua as it stands is left alone, however close to types', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        fc.pre(isLua(text));
        expect(stripTypes(text)).toEqual({ text, problem: null });
      }),
    );
  });

  it('with types becomes the one without, and a blank for each of their letters', () => {
    fc.assert(
      fc.property(programs(true), (marked) => {
        const text = `local first: any\n${written(marked)}`;
        const expected = `local first     \n${plain(marked)}`;
        fc.pre(isLua(expected));
        expect(stripTypes(text)).toEqual({ text: expected, problem: null });
      }),
    );
  });

  it('cut off anywhere is stripped up to there', () => {
    fc.assert(
      fc.property(programs(true), fc.nat(), (marked, at) => {
        const text = `local first: any\n${written(marked)}`;
        const part = text.slice(0, Math.max(16, at % text.length));
        const { text: found } = stripTypes(part);
        expect(found).toHaveLength(part.length);
        for (let i = 0; i < part.length; i++) {
          if (found[i] !== part[i]) expect(' ;').toContain(found[i]);
        }
      }),
    );
  });
});
