/**
 * `x as T` and `x :: T`, after an expression. Both could begin a statement there: a label, or one about a
 * variable that is called `as`.
 */
import { type Cursor, TypeMistake } from './cursor.js';
import { readType } from './types.js';

/** Where an expression stands. Only after one that may end its statement another may begin. */
export type Place = 'inside' | 'ending';

/** What continues an expression that could be called or looked into. */
const SUFFIXES: ReadonlySet<string> = new Set(['(', '[', '{', '.', ':']);

export function readCasts(c: Cursor, place: Place): void {
  for (;;) {
    if (c.is('::')) {
      if (place === 'ending' && isLabel(c)) return;
      readCast(c, place, true);
    } else if (c.is('as') && mayBeCast(c, place)) {
      if (place === 'inside' || !isCallOfAs(c)) readCast(c, place, true);
      else if (!c.attempt(() => readCast(c, place, false))) return;
    } else return;
  }
}

/** `::name::`. In `x :: A ::name::` the first is a cast, as no statement begins with `name ::`. */
const isLabel = (c: Cursor): boolean =>
  c.isName(1) && c.is('::', 2) && !(c.isName(3) && c.is('::', 4));

/** False where a statement begins that is about a variable of that name. */
function mayBeCast(c: Cursor, place: Place): boolean {
  const next = c.peek(1).text;
  if (next === '=' || next === ',' || next === '.' || next === '[' || next === ':') return false;
  return place === 'inside' || !isCallOfAs(c) || !c.onNewLine();
}

/** `as (T)`, `as {T}` and `as "T"` could as well call a function of that name. */
const isCallOfAs = (c: Cursor): boolean =>
  c.is('(', 1) || c.is('{', 1) || c.peek(1).kind === 'string';

function readCast(c: Cursor, place: Place, sure: boolean): void {
  const from = c.at++;
  readType(c, true);
  const next = c.token;
  const goesOn = SUFFIXES.has(next.text) || next.kind === 'string';
  const isStatement = place === 'ending' && next.text === '(' && c.onNewLine();
  if (goesOn && !isStatement) {
    throw new TypeMistake(
      `a cast ends its expression; put it in brackets before '${next.text}'`,
      next,
    );
  }
  c.erase(from, sure, goesOn ? 'last' : null);
}
