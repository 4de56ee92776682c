/**
 * The grammar of Lua 5.3, with types where they may stand: finds all that is no part of the program.
 *
 * Invariants:
 * 1. A valid Lua 5.3 text is read to its end, and nothing in it is found for sure.
 * 2. Where the text is not Lua, apart from types, the reader stops (NotLua): what it found up to there is
 *    right, and the compiler stumbles over the same place.
 * 3. What is left without the types means what it meant with them: an expression that ended with a type
 *    does not go on with the next line.
 */
import { type Place, readCasts } from './casts.js';
import { type Cursor, NotLua } from './cursor.js';
import { readAlias, readGenerics, readInterface, readResult, readType } from './types.js';

const UNARY: ReadonlySet<string> = new Set(['not', '-', '#', '~']);
const BINARY: ReadonlySet<string> = new Set(
  '+ - * / // % ^ .. == ~= < <= << & | ~ and or'.split(' '),
);
const BLOCK_ENDS: ReadonlySet<string> = new Set(['end', 'else', 'elseif', 'until', '<eof>']);
const CONSTANTS: ReadonlySet<string> = new Set(['nil', 'true', 'false', '...']);

const stop = (): NotLua => new NotLua();

function need(c: Cursor, text: string): void {
  if (!c.take(text)) throw stop();
}

function needName(c: Cursor): void {
  if (!c.isName()) throw stop();
  c.at++;
}

export function readProgram(c: Cursor): void {
  readBlock(c);
  need(c, '<eof>');
}

function readBlock(c: Cursor): void {
  while (!BLOCK_ENDS.has(c.token.text)) {
    if (c.take('return')) {
      if (!BLOCK_ENDS.has(c.token.text) && !c.is(';')) readExpressions(c, 'inside');
      c.take(';');
      return;
    }
    c.within(stop, () => readStatement(c));
  }
}

function readStatement(c: Cursor): void {
  const read = c.isName() ? undefined : STATEMENTS.get(c.token.text);
  if (read !== undefined) {
    c.at++;
    read(c);
  } else if (!takeDeclaration(c)) readExpressionStatement(c);
}

/** What follows the word, or the mark, that a statement begins with. */
const STATEMENTS: ReadonlyMap<string, (c: Cursor) => void> = new Map([
  [';', () => {}],
  ['break', () => {}],
  ['::', readLabel],
  ['do', readBody],
  ['for', readFor],
  ['function', readFunctionStatement],
  ['goto', needName],
  ['if', readIf],
  ['local', readLocal],
  ['repeat', readRepeat],
  ['while', readWhile],
]);

function readLabel(c: Cursor): void {
  needName(c);
  need(c, '::');
}

function readRepeat(c: Cursor): void {
  readBlock(c);
  need(c, 'until');
  readExpression(c, 'ending');
}

function readWhile(c: Cursor): void {
  readExpression(c, 'inside');
  need(c, 'do');
  readBody(c);
}

/** From a `do`, or the head of a function, to the `end`. */
function readBody(c: Cursor): void {
  readBlock(c);
  need(c, 'end');
}

function readIf(c: Cursor): void {
  do {
    readExpression(c, 'inside');
    need(c, 'then');
    readBlock(c);
  } while (c.take('elseif'));
  if (c.take('else')) readBlock(c);
  need(c, 'end');
}

function readFor(c: Cursor): void {
  readBinding(c);
  if (!c.take('=')) {
    while (c.take(',')) readBinding(c);
    need(c, 'in');
  }
  readExpressions(c, 'inside');
  need(c, 'do');
  readBody(c);
}

function readFunctionStatement(c: Cursor): void {
  needName(c);
  while (c.take('.')) needName(c);
  if (c.take(':')) needName(c);
  readFunction(c);
}

function readLocal(c: Cursor): void {
  if (c.take('function')) {
    needName(c);
    readFunction(c);
    return;
  }
  do readBinding(c);
  while (c.take(','));
  if (c.take('=')) readExpressions(c, 'ending');
}

/** A name, and what it is said to be. */
function readBinding(c: Cursor): void {
  needName(c);
  eraseAnnotation(c, () => readType(c));
}

function eraseAnnotation(c: Cursor, read: () => void): void {
  const from = c.at;
  if (!c.take(':')) return;
  read();
  c.erase(from);
}

/** From the parameters, or what is generic in them, to the `end`. */
function readFunction(c: Cursor): void {
  const from = c.at;
  readGenerics(c);
  c.erase(from);
  need(c, '(');
  if (!c.take(')')) {
    do readParameter(c);
    while (c.take(','));
    need(c, ')');
  }
  eraseAnnotation(c, () => {
    do readResult(c);
    while (c.take(','));
  });
  readBody(c);
}

function readParameter(c: Cursor): void {
  if (!c.take('...')) {
    needName(c);
    const from = c.at;
    if (c.take('?')) c.erase(from);
  }
  eraseAnnotation(c, () => readResult(c));
}

/** `type X = T` and `interface X ... end`, where a name that is followed by a name is no statement. */
function takeDeclaration(c: Cursor): boolean {
  const from = c.at;
  const at = c.is('export') && c.isName(1) ? 1 : 0;
  const read = c.is('type', at) ? readAlias : c.is('interface', at) ? readInterface : null;
  if (read === null || !c.isName(at + 1)) return false;
  c.at += at + 1;
  read(c);
  c.erase(from, true, 'first');
  return true;
}

function readExpressionStatement(c: Cursor): void {
  const isCall = readSuffixed(c);
  if (!c.is('=') && !c.is(',')) {
    if (!isCall) throw stop();
    return;
  }
  while (c.take(',')) readSuffixed(c);
  need(c, '=');
  readExpressions(c, 'ending');
}

function readExpressions(c: Cursor, place: Place): void {
  do readExpression(c, place);
  while (c.take(','));
}

function readExpression(c: Cursor, place: Place): void {
  c.within(stop, () => {
    do {
      while (UNARY.has(c.token.text)) c.at++;
      readOperand(c);
      readCasts(c, place);
    } while (takeOperator(c));
  });
}

function takeOperator(c: Cursor): boolean {
  if (c.take('>')) {
    if (c.isAdjacent() && !c.take('>')) c.take('=');
    return true;
  }
  if (!BINARY.has(c.token.text)) return false;
  c.at++;
  return true;
}

function readOperand(c: Cursor): void {
  const { kind, text } = c.token;
  if (kind === 'number' || kind === 'string' || CONSTANTS.has(text)) c.at++;
  else if (text === '{') readTable(c);
  else if (c.take('function')) readFunction(c);
  else readSuffixed(c);
}

function readTable(c: Cursor): void {
  need(c, '{');
  while (!c.take('}')) {
    if (c.take('[')) {
      readExpression(c, 'inside');
      need(c, ']');
      need(c, '=');
    } else if (c.isName() && c.is('=', 1)) c.at += 2;
    readExpression(c, 'inside');
    if (!c.take(',') && !c.take(';') && !c.is('}')) throw stop();
  }
}

/** True where it ends with a call. */
function readSuffixed(c: Cursor): boolean {
  if (c.take('(')) {
    readExpression(c, 'inside');
    need(c, ')');
  } else needName(c);
  let isCall = false;
  for (;;) {
    const { kind, text } = c.token;
    if (text === '(' || text === '{' || text === ':' || kind === 'string') {
      if (c.take(':')) needName(c);
      readArguments(c);
      isCall = true;
    } else if (text === '.' || text === '[') {
      readIndex(c);
      isCall = false;
    } else if (!takeAssertion(c)) return isCall;
  }
}

function readIndex(c: Cursor): void {
  if (c.take('.')) needName(c);
  else {
    need(c, '[');
    readExpression(c, 'inside');
    need(c, ']');
  }
}

function readArguments(c: Cursor): void {
  if (c.is('{')) readTable(c);
  else if (c.token.kind === 'string') c.at++;
  else {
    need(c, '(');
    if (c.take(')')) return;
    readExpressions(c, 'inside');
    need(c, ')');
  }
}

/** `x!`, which says that x is not nil. */
function takeAssertion(c: Cursor): boolean {
  const from = c.at;
  if (!c.take('!')) return false;
  if (c.isAdjacent() && (c.is('=') || c.is('=='))) throw stop();
  c.erase(from);
  return true;
}
