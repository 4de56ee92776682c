/**
 * The grammar of types. Each function moves past what it is named for, or throws a TypeMistake. Nothing is
 * checked but the form: a name stands for any type.
 *
 *     type    = ['|' | '&'] suffixed {('|' | '&') suffixed}
 *     suffixed = single {'?' | '[' ']'}
 *     single  = nil | true | false | NUMBER | STRING | NAME {'.' NAME} ['<' list '>'] | '{' fields '}'
 *             | [generics] '(' list ')' ['->' result] | (fun | function) ['(' list ')' [':' result]]
 *             | (typeof | keyof) '(' ... ')' | (readonly | interface) '{' fields '}' | asserts NAME ['is' type]
 */
import { type Cursor, TypeMistake } from './cursor.js';

/** Brackets as they open and close. */
const CLOSING: { readonly [opening: string]: string } = { '(': ')', '{': '}', '[': ']' };

function mistake(c: Cursor, expected: string): TypeMistake {
  return new TypeMistake(`${expected} expected near '${c.token.text}'`, c.token);
}

function need(c: Cursor, text: string): void {
  if (!c.take(text)) throw mistake(c, `'${text}'`);
}

function needName(c: Cursor): void {
  if (!c.isName()) throw mistake(c, 'a name');
  c.at++;
}

/** @param inCast true in `x as T`, where a `<` may also compare */
export function readType(c: Cursor, inCast = false): void {
  const tooDeep = (): TypeMistake => new TypeMistake('a type is nested too deeply', c.token);
  c.within(tooDeep, () => {
    if (!c.take('|')) c.take('&');
    do readSuffixed(c, inCast);
    while (c.take('|') || c.take('&'));
  });
}

function readSuffixed(c: Cursor, inCast: boolean): void {
  readSingle(c, inCast);
  for (;;) {
    if (c.is('[') && c.is(']', 1)) c.at += 2;
    else if (c.is('@')) {
      throw new TypeMistake(
        `validators such as @${c.peek(1).text} are not supported: types are removed, not checked`,
        c.token,
      );
    } else if (!c.take('?')) return;
  }
}

function readSingle(c: Cursor, inCast: boolean): void {
  const { kind, text } = c.token;
  if (kind === 'name') readNamed(c, inCast);
  else if (kind === 'number' || kind === 'string') c.at++;
  else if (text === 'nil' || text === 'true' || text === 'false') c.at++;
  else if (text === 'function') readFunction(c);
  else if (text === '{') readFields(c);
  else if (text === '(' || text === '<') {
    readGenerics(c);
    readList(c, '(', ')');
    if (c.take('->')) readResult(c);
  } else throw mistake(c, 'a type');
}

/** A name, or one of the words that mean something before certain tokens only. */
function readNamed(c: Cursor, inCast: boolean): void {
  const word = c.token.text;
  if (word === 'fun' && c.is('(', 1)) readFunction(c);
  else {
    c.at++;
    if ((word === 'typeof' || word === 'keyof') && c.is('(')) skipBrackets(c);
    else if ((word === 'readonly' || word === 'interface') && c.is('{')) readFields(c);
    else if (word === 'asserts' && c.isName() && !c.onNewLine()) readPredicate(c);
    else readReference(c, inCast);
  }
}

/** The rest of `asserts x is T`. */
function readPredicate(c: Cursor): void {
  c.at++;
  if (c.take('is')) readType(c);
}

/** The rest of `module.Name<A, B>`. */
function readReference(c: Cursor, inCast: boolean): void {
  while (c.take('.')) needName(c);
  if (!c.is('<')) return;
  if (inCast) c.attempt(() => readList(c, '<', '>'));
  else readList(c, '<', '>');
}

/** `fun(a: number): string`, or `function` alone. A bracket on the next line begins a statement. */
function readFunction(c: Cursor): void {
  c.at++;
  if (!c.is('(') || c.onNewLine()) return;
  readList(c, '(', ')');
  if (c.take(':')) readResult(c);
}

/** What a function gives: a type, `(A, B)`, or `...T`. */
export function readResult(c: Cursor): void {
  c.take('...');
  readType(c);
  c.take('...');
}

/** Types between brackets, each with a name before it or not: parameters, results, arguments of a type. */
function readList(c: Cursor, opening: string, closing: string): void {
  need(c, opening);
  if (c.take(closing)) return;
  do readItem(c);
  while (c.take(','));
  need(c, closing);
}

function readItem(c: Cursor): void {
  if (c.take('...')) {
    if (c.take(':') || !(c.is(',') || c.is(')') || c.is('>'))) readType(c);
    return;
  }
  takeLabel(c);
  readType(c);
  c.take('...');
}

/** `name:` or `name?:` before a type. */
function takeLabel(c: Cursor): boolean {
  if (!c.isName()) return false;
  const optional = c.is('?', 1) ? 1 : 0;
  if (!c.is(':', 1 + optional)) return false;
  c.at += 2 + optional;
  return true;
}

/** `{T}`, `{[K]: V}`, `{name: T, other?: T}`. */
function readFields(c: Cursor): void {
  need(c, '{');
  while (!c.take('}')) {
    readField(c);
    if (!c.take(',') && !c.take(';') && !c.is('}')) throw mistake(c, "'}'");
  }
}

function readField(c: Cursor): void {
  if (c.take('[')) {
    readType(c);
    need(c, ']');
    need(c, ':');
  } else if (c.is('readonly') && c.isName(1)) {
    c.at++;
    takeLabel(c);
  } else takeLabel(c);
  readType(c);
}

/** `<T, U: Bound, V = Default, W...>`; nothing where there is none. */
export function readGenerics(c: Cursor): void {
  if (!c.take('<')) return;
  do {
    needName(c);
    c.take('...');
    if (c.take(':')) readType(c);
    if (c.take('=')) readType(c);
  } while (c.take(','));
  need(c, '>');
}

/** `type Name<T> = T`, from its name on. */
export function readAlias(c: Cursor): void {
  needName(c);
  readGenerics(c);
  need(c, '=');
  readType(c);
}

/** `interface Name<T>: A, B  field: T  function method(self): T  end`, from its name on. */
export function readInterface(c: Cursor): void {
  needName(c);
  readGenerics(c);
  if (c.take(':')) {
    do readType(c);
    while (c.take(','));
  }
  while (!c.take('end')) {
    if (c.is('function')) readMethod(c);
    else if (takeLabel(c)) readType(c);
    else throw mistake(c, "a field, a function or 'end'");
    if (!c.take(',')) c.take(';');
  }
}

function readMethod(c: Cursor): void {
  c.at++;
  needName(c);
  readGenerics(c);
  readList(c, '(', ')');
  if (c.take(':')) readResult(c);
}

/** Past the bracket that closes the one here. */
function skipBrackets(c: Cursor): void {
  const open: string[] = [];
  do {
    const { kind, text } = c.token;
    const closing = CLOSING[text];
    if (closing !== undefined) open.push(closing);
    else if (text === open.at(-1)) open.pop();
    if (kind === 'end' || kind === 'bad') throw mistake(c, `'${open.at(-1)}'`);
    c.at++;
  } while (open.length > 0);
}
