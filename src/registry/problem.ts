/**
 * Problems of a registry: what is wrong, where exactly, and what to do. All problems of all files
 * are collected and reported together.
 */
import { ErrorKind, isPerdureError, PerdureError } from '../core/errors.js';
import { suggest } from '../core/suggest.js';

/** A place in a file; line and column count from 1. */
export interface Position {
  /** Relative to the app folder, with `/` between the parts. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Position {
  /** Id of the entry concerned; `null` where it is the file itself, or the id is not known. */
  readonly entry: string | null;
  /** The field within the entry (`lifecycle.restart.jitter`); `null` where it is the whole. */
  readonly field: string | null;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Keys and indexes that lead from a node to one inside it. */
export type FieldPath = readonly (string | number)[];

/** `['restart', 'delays', 2]` as `restart.delays[2]`; `null` for the empty path. */
export function formatPath(path: FieldPath): string | null {
  const text = path.reduce<string>(
    (before, part) =>
      typeof part === 'number' ? `${before}[${part}]` : before === '' ? part : `${before}.${part}`,
    '',
  );
  return text === '' ? null : text;
}

/** `file:line:column`. */
export function formatPosition(at: Position): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** One problem on one line: place, entry, field, what is wrong, what to do. */
export function formatProblem(problem: Problem): string {
  const subject = [problem.entry, problem.field].filter((part) => part !== null).join(' ');
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`;
  return `${formatPosition(problem)}: ${subject === '' ? '' : `${subject}: `}${problem.message}${hint}`;
}

/** The error that lists all `problems`: kind INVALID, `details.problems` in the order of the files. */
export function registryError(dir: string, problems: readonly Problem[]): PerdureError {
  const sorted = [...problems].sort(byPosition);
  const count = sorted.length === 1 ? '1 problem' : `${sorted.length} problems`;
  const lines = sorted.map((problem) => `\n  ${formatProblem(problem)}`);
  return new PerdureError(
    ErrorKind.INVALID,
    `${count} in the app folder ${dir}:${lines.join('')}`,
    {
      details: { problems: sorted },
    },
  );
}

/** The problems that an error of `loadRegistry` carries; `undefined` for any other error. */
export function registryProblems(error: unknown): readonly Problem[] | undefined {
  if (!isPerdureError(error)) return undefined;
  const problems = error.details?.problems;
  return Array.isArray(problems) ? problems : undefined;
}

/** `{ hint }` naming the candidate that `word` may have meant, to spread into a problem. */
export function didYouMean(word: string, candidates: Iterable<string>): { hint?: string } {
  const nearest = suggest(word, candidates);
  return nearest === undefined ? {} : { hint: `did you mean ${nearest}?` };
}

/** Orders problems by file, then line, then column. */
export function byPosition(a: Position, b: Position): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
