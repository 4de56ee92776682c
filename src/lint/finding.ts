/** What lint says: a place, a rule, and what to do. */

/** How sure it is that something is wrong. */
export const Severity = {
  /** It fails when it is reached. */
  ERROR: 'error',
  /** It runs, and does something else than it seems to. */
  WARNING: 'warning',
  /** It is right here, and surprises those who know it from elsewhere. */
  HINT: 'hint',
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** A place in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What a rule found; its file and its rule are known to whoever asked. */
export interface Remark extends Place {
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

export interface Finding extends Remark {
  /** Relative to the app folder. */
  readonly file: string;
  readonly rule: string;
  readonly severity: Severity;
}

/** `file:line:column`. */
export function placeOf({ file, line, column }: Finding): string {
  return `${file}:${line}:${column}`;
}

/** In the order of the files, without saying the same twice. */
export function sorted(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((found) => [`${placeOf(found)} ${found.rule}`, found]));
  return [...unique.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
