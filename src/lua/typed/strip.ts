/**
 * Typed Lua to Lua. Types are removed, not checked: each becomes as many blanks, so that every line, and
 * every column, stays where it was. A valid Lua 5.3 text is its own result, whatever its variables are
 * called. What is understood is in docs/lua.md, "Typed sources".
 */
import { Cursor, NotLua, type Span, TypeMistake } from './cursor.js';
import { readProgram } from './program.js';
import { type Token, tokensOf } from './tokens.js';

/** A mistake in a type; line and column begin at 1. */
export interface TypeProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Stripped {
  /** The text without its types: the text itself where it has none. As long as it was. */
  readonly text: string;
  readonly problem: TypeProblem | null;
}

/**
 * Removes the types of a source. Where the text is not Lua in other ways, those before that place are
 * removed, and the compiler says what is wrong there.
 */
export function stripTypes(text: string): Stripped {
  const tokens = tokensOf(text);
  const cursor = new Cursor(text, tokens);
  const mistaken = mistakeIn(cursor);
  const { spans } = cursor;
  return {
    text: spans.some(({ sure }) => sure) ? without(spans, tokens, text) : text,
    problem: mistaken && problemOf(mistaken, text),
  };
}

function mistakeIn(cursor: Cursor): TypeMistake | null {
  try {
    readProgram(cursor);
    return null;
  } catch (thrown) {
    if (thrown instanceof TypeMistake) return thrown;
    if (thrown instanceof NotLua) return null; // the compiler finds it too, and says why
    throw thrown;
  }
}

function problemOf({ message, token }: TypeMistake, text: string): TypeProblem {
  const lines = text.slice(0, token.start).split(/\r\n|\n\r|\r|\n/);
  return { line: lines.length, column: (lines.at(-1) as string).length + 1, message };
}

/** Comments between the tokens stay. */
function without(spans: readonly Span[], tokens: readonly Token[], text: string): string {
  const parts: string[] = [];
  let done = 0;
  const replace = (start: number, end: number, by: string): void => {
    parts.push(text.slice(done, start), by);
    done = end;
  };
  for (const { from, to, semicolon } of spans) {
    for (let i = from; i < to; i++) {
      const { start, end } = tokens[i] as Token;
      const blank = text.slice(start, end).replace(/[^\r\n]/g, ' ');
      if (semicolon === 'first' && i === from) replace(start, end, `;${blank.slice(1)}`);
      else if (semicolon === 'last' && i === to - 1) replace(start, end, `${blank.slice(1)};`);
      else replace(start, end, blank);
    }
  }
  return parts.join('') + text.slice(done);
}
