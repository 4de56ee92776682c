/** Lua text to a syntax tree. The only file that knows the parser. */
import luaparse from 'luaparse';
import type { Place, Remark } from './finding.js';

export type Tree = luaparse.Chunk;
export type Statement = luaparse.Statement;
export type Expression = luaparse.Expression;
export type Identifier = luaparse.Identifier;
export type FunctionDeclaration = luaparse.FunctionDeclaration;
export type MemberExpression = luaparse.MemberExpression;
export type CallExpression =
  | luaparse.CallExpression
  | luaparse.StringCallExpression
  | luaparse.TableCallExpression;

/** A comment, without its dashes. */
export interface Comment extends Place {
  readonly text: string;
}

export interface Parsed {
  readonly tree: Tree;
  readonly comments: readonly Comment[];
}

/** The tree of a text, or why there is none. */
export function parse(text: string): Parsed | { readonly problem: Remark } {
  try {
    const tree = luaparse.parse(withoutShebang(text), {
      luaVersion: '5.3',
      locations: true,
      comments: true,
    });
    const comments = (tree.comments ?? []).map((comment) => ({
      ...placeOfNode(comment),
      text: comment.value,
    }));
    return { tree, comments };
  } catch (thrown) {
    return { problem: problemOf(thrown) };
  }
}

/** Where a node begins. */
export function placeOfNode(node: { readonly loc?: luaparse.Base<string>['loc'] }): Place {
  const { line, column } = node.loc?.start ?? { line: 1, column: 0 };
  return { line, column: column + 1 };
}

/** The engine takes a first line that starts with `#` for a comment; its line end stays. */
function withoutShebang(text: string): string {
  return text.startsWith('#') ? text.replace(/^[^\n]*/, '') : text;
}

/** The parser goes as deep as the text is nested, and has no limit of its own. */
export const TOO_DEEP: Remark = {
  line: 1,
  column: 1,
  message: 'nested too deeply to be looked at',
  hint: 'break up long chains of operators, brackets or functions within functions',
};

function problemOf(thrown: unknown): Remark {
  if (thrown instanceof RangeError) return TOO_DEEP;
  const { line, column } = thrown as { readonly line?: unknown; readonly column?: unknown };
  if (!(thrown instanceof SyntaxError) || typeof line !== 'number') throw thrown;
  const message = thrown.message.replace(/^\[\d+:\d+\] /, '');
  return { line, column: Number(column) + 1, message };
}
