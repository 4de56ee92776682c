/**
 * What an expression surely is, as far as that can be read from the text: `funcs.call` for a function that
 * was reached through a library's name, a `require`, and locals that nobody changes; `funcs.new()` for what
 * a call of it gave, with any number of `with_*` behind it; `null` for everything else.
 */
import type { Names } from './scopes.js';
import type { CallExpression, Expression } from './syntax.js';

/** Objects whose methods start or call entries. */
const MADE_BY = /^(funcs\.new|process\.with_(context|options))\(\)$/;

/**
 * @param isOwn true for a global name, and for a name to require, that stands for perdure's own library
 */
export function originOf(
  node: Expression,
  names: Names,
  isOwn: (name: string) => boolean,
): string | null {
  const origin = (of: Expression): string | null => originOf(of, names, isOwn);
  switch (node.type) {
    case 'Identifier': {
      const local = names.localOf(node);
      if (local === undefined) return isOwn(node.name) ? node.name : null;
      return local.value === null || local.changed ? null : origin(local.value);
    }
    case 'MemberExpression': {
      const base = origin(node.base);
      return base === null ? null : `${base}${node.indexer}${node.identifier.name}`;
    }
    case 'CallExpression':
    case 'StringCallExpression':
    case 'TableCallExpression':
      return originOfCall(node, origin, isOwn);
    default:
      return null;
  }
}

function originOfCall(
  node: CallExpression,
  origin: (of: Expression) => string | null,
  isOwn: (name: string) => boolean,
): string | null {
  const required = requiredName(node);
  if (required !== null) return isOwn(required) ? required : null;
  const callee = origin(node.base);
  if (callee === null) return null;
  const chain = /^(.*\(\)):with_\w+$/.exec(callee)?.[1];
  const made = chain ?? `${callee}()`;
  return MADE_BY.test(made) ? made : null;
}

/** The name that `require("name")` asks for; `null` for any other call. */
export function requiredName(node: CallExpression): string | null {
  const { base } = node;
  if (base.type !== 'Identifier' || base.name !== 'require') return null;
  if (node.type === 'StringCallExpression') return textOf(node.argument);
  const [first] = node.type === 'CallExpression' ? node.arguments : [];
  return textOf(first);
}

/** The text of a literal without escapes; `null` for anything else. */
export function textOf(node: Expression | undefined): string | null {
  if (node?.type !== 'StringLiteral') return null;
  const quoted = /^(["'])([^\\\r\n]*)\1$/.exec(node.raw)?.[2];
  return quoted ?? /^\[(=*)\[([^\n]*)\]\1\]$/.exec(node.raw)?.[2] ?? null;
}

/** The value of a number that stands in the text, or of arithmetic on such; `null` for anything else. */
export function numberOf(node: Expression | undefined): number | null {
  switch (node?.type) {
    case 'NumericLiteral':
      return node.value;
    case 'UnaryExpression': {
      const value = numberOf(node.argument);
      return value === null || node.operator !== '-' ? null : -value;
    }
    case 'BinaryExpression': {
      const [left, right] = [numberOf(node.left), numberOf(node.right)];
      return left === null || right === null ? null : calculate(node.operator, left, right);
    }
    default:
      return null;
  }
}

function calculate(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      return null;
  }
}
