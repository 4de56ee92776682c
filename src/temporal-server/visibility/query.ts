/**
 * The query language of the list calls: text in, a tree of conditions out. What an attribute means
 * is no matter here (see filter.ts).
 *
 *     query     = [ or ] [ GROUP BY name ] [ ORDER BY name [ASC|DESC] {, name [ASC|DESC]} ]
 *     or        = and { OR and }
 *     and       = not { AND not }
 *     not       = NOT not | "(" or ")" | condition
 *     condition = name ( op value | [NOT] IN (value, ...) | [NOT] BETWEEN value AND value
 *               | [NOT] STARTS_WITH value | IS [NOT] NULL )
 */
import { invalid } from '../errors.js';

export type Value = string | number | boolean;

export type CompareOp = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | {
      readonly kind: 'compare';
      readonly name: string;
      readonly op: CompareOp;
      readonly value: Value;
    }
  | { readonly kind: 'in'; readonly name: string; readonly values: readonly Value[] }
  | { readonly kind: 'between'; readonly name: string; readonly low: Value; readonly high: Value }
  | { readonly kind: 'startsWith'; readonly name: string; readonly prefix: Value }
  | { readonly kind: 'isNull'; readonly name: string };

export interface OrderBy {
  readonly name: string;
  readonly descending: boolean;
}

export interface Query {
  readonly where: Condition | undefined;
  readonly groupBy: string | undefined;
  readonly orderBy: readonly OrderBy[];
}

interface Token {
  readonly kind: 'word' | 'name' | 'value' | 'symbol' | 'end';
  readonly text: string;
  readonly value?: Value;
  readonly at: number;
}

const TOKEN =
  /\s*(?:('(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(`[^`]*`)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_][\w.]*)|(<=|>=|!=|<>|[=<>(),])|(\S))/gy;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [, quoted, ticked, number, word, symbol, other] = match;
    const shown = quoted ?? ticked ?? number ?? word ?? symbol ?? other ?? '';
    const at = match.index + match[0].length - shown.length;
    if (other) throw syntaxError({ kind: 'symbol', text: other, at });
    if (quoted) found.push({ kind: 'value', text: quoted, value: unquote(quoted), at });
    else if (ticked) found.push({ kind: 'name', text: ticked.slice(1, -1), at });
    else if (number) found.push({ kind: 'value', text: number, value: Number(number), at });
    else if (word) found.push(wordToken(word, at));
    else found.push({ kind: 'symbol', text: shown, at });
  }
  found.push({ kind: 'end', text: '', at: text.length });
  return found;
}

function unquote(text: string): string {
  const quote = text[0] ?? '';
  return text
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .replace(/\\(.)/g, '$1');
}

const WORDS = new Set([
  'AND',
  'OR',
  'NOT',
  'IN',
  'BETWEEN',
  'IS',
  'NULL',
  'STARTS_WITH',
  'GROUP',
  'ORDER',
  'BY',
  'ASC',
  'DESC',
  'LIMIT',
  'LIKE',
]);

function wordToken(word: string, at: number): Token {
  const upper = word.toUpperCase();
  if (WORDS.has(upper)) return { kind: 'word', text: upper, at };
  if (upper === 'TRUE' || upper === 'FALSE')
    return { kind: 'value', text: word, value: upper === 'TRUE', at };
  return { kind: 'name', text: word, at };
}

function syntaxError(token: Token): Error {
  const near = token.kind === 'end' ? '' : ` near '${token.text}'`;
  return invalid(
    `invalid query: malformed SQL query: syntax error at position ${token.at + 1}${near}`,
  );
}

/** What is allowed by the grammar and not by Temporal. */
export function badExpression(what: string): Error {
  return invalid(`invalid query: invalid expression: ${what}`);
}

function notSupported(what: string): Error {
  return invalid(`invalid query: operation is not supported: ${what}`);
}

/** Reads a query; INVALID_ARGUMENT with the position where it cannot be read. */
export function parseQuery(text: string): Query {
  return new Parser(tokens(text)).query();
}

/** How deep brackets and NOTs may lie in one another: each costs the parser and the filter some stack. */
const MAX_DEPTH = 100;

class Parser {
  #at = 0;
  #depth = 0;

  constructor(readonly all: readonly Token[]) {}

  query(): Query {
    const first = this.#peek();
    const empty = first.kind === 'end' || this.#is('GROUP') || this.#is('ORDER');
    const where = empty ? undefined : this.#or();
    const groupBy = this.#take('GROUP') ? this.#group() : undefined;
    const orderBy = this.#take('ORDER') ? this.#order() : [];
    if (this.#is('LIMIT')) throw notSupported("'limit' clause");
    if (this.#peek().kind !== 'end') throw syntaxError(this.#peek());
    return { where, groupBy, orderBy };
  }

  #group(): string {
    this.#expect('BY');
    const name = this.#name();
    if (this.#is(',')) throw notSupported("'group by' clause supports only a single field");
    return name;
  }

  #order(): OrderBy[] {
    this.#expect('BY');
    const found: OrderBy[] = [];
    do {
      const name = this.#name();
      const descending = this.#take('DESC');
      if (!descending) this.#take('ASC');
      found.push({ name, descending });
    } while (this.#take(','));
    return found;
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== 'name') throw syntaxError(token);
    return token.text;
  }

  #or(): Condition {
    const first = this.#and();
    const of = [first];
    while (this.#take('OR')) of.push(this.#and());
    return of.length === 1 ? first : { kind: 'or', of };
  }

  #and(): Condition {
    const first = this.#not();
    const of = [first];
    while (this.#take('AND')) of.push(this.#not());
    return of.length === 1 ? first : { kind: 'and', of };
  }

  #not(): Condition {
    const opening = this.#peek();
    if (this.#take('NOT')) return this.#deeper(opening, () => ({ kind: 'not', of: this.#not() }));
    if (!this.#take('(')) return this.#condition();
    const inner = this.#deeper(opening, () => this.#or());
    this.#expect(')');
    return inner;
  }

  #deeper(opening: Token, read: () => Condition): Condition {
    if (this.#depth === MAX_DEPTH)
      throw badExpression(
        `more than ${MAX_DEPTH} brackets and NOTs in one another at position ${opening.at + 1}`,
      );
    this.#depth += 1;
    const inner = read();
    this.#depth -= 1;
    return inner;
  }

  #condition(): Condition {
    const subject = this.#next();
    if (subject.kind === 'value')
      throw badExpression('must be a column name but was *sqlparser.SQLVal');
    if (subject.kind !== 'name') throw syntaxError(subject);
    const name = subject.text;
    if (this.#take('IS')) {
      const negated = this.#take('NOT');
      if (this.#peek().kind === 'value')
        throw badExpression("'IS' operator can only be used with 'NULL' or 'NOT NULL'");
      this.#expect('NULL');
      return negate({ kind: 'isNull', name }, negated);
    }
    const negated = this.#take('NOT');
    const token = this.#next();
    switch (token.kind === 'word' ? token.text : '') {
      case 'IN':
        return negate({ kind: 'in', name, values: this.#list() }, negated);
      case 'BETWEEN': {
        const low = this.#value();
        this.#expect('AND');
        return negate({ kind: 'between', name, low, high: this.#value() }, negated);
      }
      case 'STARTS_WITH':
        return negate({ kind: 'startsWith', name, prefix: this.#value() }, negated);
      default:
        if (negated) throw syntaxError(token);
        return this.#compare(name, token);
    }
  }

  #compare(name: string, token: Token): Condition {
    if (token.text === 'LIKE')
      throw badExpression(
        `invalid operator 'like' in \`${name} like ${shownValue(this.#value())}\``,
      );
    if (token.kind === 'end' || token.kind === 'word' || token.text === ')')
      throw badExpression('incomplete expression');
    const op = token.text === '<>' ? '!=' : token.text;
    if (token.kind !== 'symbol' || !['=', '!=', '<', '<=', '>', '>='].includes(op))
      throw syntaxError(token);
    return { kind: 'compare', name, op: op as CompareOp, value: this.#value() };
  }

  #list(): Value[] {
    this.#expect('(');
    const values = [this.#value()];
    while (this.#take(',')) values.push(this.#value());
    this.#expect(')');
    return values;
  }

  #value(): Value {
    const token = this.#next();
    if (token.kind === 'name')
      throw notSupported(
        `column name on the right side of comparison expression (did you forget to quote '${token.text}'?)`,
      );
    if (token.kind !== 'value' || token.value === undefined) throw syntaxError(token);
    return token.value;
  }

  #peek(): Token {
    return this.all[this.#at] ?? { kind: 'end', text: '', at: 0 };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#peek();
    return (token.kind === 'word' || token.kind === 'symbol') && token.text === text;
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw syntaxError(this.#peek());
  }
}

/** A value as Temporal writes it into what it says of an expression. */
export function shownValue(value: Value): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function negate(condition: Condition, negated: boolean): Condition {
  return negated ? { kind: 'not', of: condition } : condition;
}
