/**
 * Where a reader of typed Lua is in the tokens, and what it has found to be a type. Nothing is changed here:
 * what was found is a list, and a reader that tried in vain goes back in both.
 */
import type { Token } from './tokens.js';

/** The text is not Lua here, apart from any types. The compiler says why, better than a reader of types. */
export class NotLua extends Error {}

/** What stands where a type should is none. */
export class TypeMistake extends Error {
  constructor(
    message: string,
    readonly token: Token,
  ) {
    super(message);
  }
}

/** Tokens that are no part of the program. */
export interface Span {
  /** Index of the first token. */
  readonly from: number;
  /** Index after the last token. */
  readonly to: number;
  /** True where this cannot be Lua 5.3; `as { string }` after an expression can: it calls `as`. */
  readonly sure: boolean;
  /** The token whose first or last character becomes a `;`, so that the next line does not go on with it. */
  readonly semicolon: 'first' | 'last' | null;
}

/** As deep as Lua's compiler goes, and a little more, so that it is the one that complains. */
const DEEPEST = 250;

export class Cursor {
  readonly spans: Span[] = [];
  at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly tokens: readonly Token[],
  ) {}

  get token(): Token {
    return this.peek(0);
  }

  /** The token `ahead` of this one; the last one beyond the end. */
  peek(ahead: number): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)] as Token;
  }

  is(text: string, ahead = 0): boolean {
    return this.peek(ahead).text === text;
  }

  isName(ahead = 0): boolean {
    return this.peek(ahead).kind === 'name';
  }

  /** Moves past a token that is `text`. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  /** True where the token begins the line, or has nothing but comments before it there. */
  onNewLine(): boolean {
    const before = this.tokens[this.at - 1];
    return before !== undefined && /[\r\n]/.test(this.text.slice(before.end, this.token.start));
  }

  /** True where nothing stands between the token and the one before. */
  isAdjacent(): boolean {
    return this.tokens[this.at - 1]?.end === this.token.start;
  }

  /** All tokens since `from` are no part of the program. */
  erase(from: number, sure = true, semicolon: Span['semicolon'] = null): void {
    if (this.at > from) this.spans.push({ from, to: this.at, sure, semicolon });
  }

  /** One level further down; `fail` makes the error where that is too deep. */
  within(fail: () => Error, read: () => void): void {
    if (++this.depth > DEEPEST) throw fail();
    read();
    this.depth--;
  }

  /** True where `read` found what it was looking for; else all is as it was before. */
  attempt(read: () => void): boolean {
    const { at, depth } = this;
    const found = this.spans.length;
    try {
      read();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof TypeMistake) && !(thrown instanceof NotLua)) throw thrown;
      this.at = at;
      this.depth = depth;
      this.spans.length = found;
      return false;
    }
  }
}
