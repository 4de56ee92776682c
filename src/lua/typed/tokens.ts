/**
 * The tokens of Lua 5.3, and those that types add: `->`, `?`, `!`, `@`. A `>` is always a token of its own,
 * so that `Map<string, List<number>>` ends twice; an expression puts `>=` and `>>` together again.
 */

export type TokenKind = 'name' | 'word' | 'number' | 'string' | 'mark' | 'end' | 'bad';

export interface Token {
  readonly kind: TokenKind;
  /** As it is written; `<eof>` for the end. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const WORDS: ReadonlySet<string> = new Set(
  (
    'and break do else elseif end false for function goto if in ' +
    'local nil not or repeat return then true until while'
  ).split(' '),
);

const BLANK = /[ \t\r\n\v\f]+/y;
const LINE_COMMENT = /--[^\r\n]*/y;
const LONG_OPENING = /\[(=*)\[/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** As Lua reads a numeral: far more than is one, which the compiler then refuses. */
const NUMBER = /0[xX](?:[pP][+-]?|[0-9a-fA-F.])*|\.?[0-9](?:[eE][+-]?|[0-9a-fA-F.])*/y;
const MARK = /\.\.\.|\.\.|::|->|==|~=|<=|<<|\/\/|[-+*/%^#&~|<>=(){}[\];:,.?!@]/y;

/** All tokens, the last of which is of kind `end`, or `bad` where the text stops being Lua. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = text.startsWith('#') ? lineEnd(text, 0) : 0;
  for (;;) {
    at = afterBlanks(text, at);
    const token = tokenAt(text, at);
    tokens.push(token);
    if (token.kind === 'end' || token.kind === 'bad') return tokens;
    at = token.end;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    const next = matchEnd(BLANK, text, at) ?? commentEnd(text, at);
    if (next === null) return at;
    at = next;
  }
}

/** Past the comment at `at`; null where there is none, or where it never ends. */
function commentEnd(text: string, at: number): number | null {
  if (!text.startsWith('--', at)) return null;
  const long = longEnd(text, at + 2);
  return long === undefined ? matchEnd(LINE_COMMENT, text, at) : long;
}

/** Past the long bracket at `at`; undefined where none opens, null where it is not closed. */
function longEnd(text: string, at: number): number | null | undefined {
  LONG_OPENING.lastIndex = at;
  const opening = LONG_OPENING.exec(text);
  if (opening === null) return undefined;
  const closing = `]${opening[1]}]`;
  const end = text.indexOf(closing, LONG_OPENING.lastIndex);
  return end === -1 ? null : end + closing.length;
}

/** Past the string in quotes at `start`; null where there is none, or where it is not closed. */
function quotedEnd(text: string, start: number): number | null {
  const quote = text[start];
  if (quote !== '"' && quote !== "'") return null;
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === quote) return at + 1;
    if (char === '\n' || char === '\r') return null;
    if (char === '\\') at = escapeEnd(text, at) - 1;
  }
  return null;
}

/** Past an escape: one character, a line end of two, or `\z` with the blanks that it skips. */
function escapeEnd(text: string, at: number): number {
  const pair = text.slice(at + 1, at + 3);
  if (pair.startsWith('z')) return matchEnd(BLANK, text, at + 2) ?? at + 2;
  return pair === '\r\n' || pair === '\n\r' ? at + 3 : at + 2;
}

function matchEnd(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function tokenAt(text: string, start: number): Token {
  if (start === text.length) return { kind: 'end', text: '<eof>', start, end: start };
  const token = (kind: TokenKind, end: number): Token => ({
    kind,
    text: text.slice(start, end),
    start,
    end,
  });
  const long = longEnd(text, start);
  if (long === null) return token('bad', start + 1);
  const string = long ?? quotedEnd(text, start);
  if (string !== null) return token('string', string);
  const name = matchEnd(NAME, text, start);
  if (name !== null) return token(WORDS.has(text.slice(start, name)) ? 'word' : 'name', name);
  const number = matchEnd(NUMBER, text, start);
  if (number !== null) return token('number', number);
  // `--` is left over where a long comment never ends.
  const mark = text.startsWith('--', start) ? null : matchEnd(MARK, text, start);
  return mark === null ? token('bad', start + 1) : token('mark', mark);
}
