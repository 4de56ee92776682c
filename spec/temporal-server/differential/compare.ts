/** Where two outcomes differ, place by place. */
import type { Plain } from './program.js';

export interface Difference {
  /** Names and places from the outcome's root, such as `history/3/attempt`. */
  readonly path: string;
  /** `undefined` where there is nothing. */
  readonly embedded: Plain | undefined;
  readonly real: Plain | undefined;
}

export function differences(
  embedded: Plain | undefined,
  real: Plain | undefined,
  path = '',
): Difference[] {
  if (!isTree(embedded) || !isTree(real) || Array.isArray(embedded) !== Array.isArray(real))
    return Object.is(embedded, real) ? [] : [{ path, embedded, real }];
  const names = new Set([...Object.keys(embedded), ...Object.keys(real)]);
  return [...names].flatMap((name) =>
    differences(embedded[name], real[name], path ? `${path}/${name}` : name),
  );
}

type Tree = { readonly [name: string]: Plain };

function isTree(value: Plain | undefined): value is Tree {
  return typeof value === 'object' && value !== null;
}
