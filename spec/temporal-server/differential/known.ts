/**
 * Where the embedded server differs from Temporal's on purpose. An entry that no longer differs in one of
 * its programs fails the spec, so does a difference without an entry; docs/server.md gives the same reasons.
 */
import type { Difference } from './compare.js';

export interface KnownDifference {
  /** Of its heading in docs/server.md. */
  readonly about: string;
  /** `subject: name of the program`. */
  readonly programs: readonly string[];
  /** Of the places in the outcome; `*` stands for one name or number. */
  readonly path: string;
  readonly reason: string;
}

export const KNOWN: readonly KnownDifference[] = [];

/** The entries for a program. */
export function knownIn(program: string): KnownDifference[] {
  return KNOWN.filter(({ programs }) => programs.includes(program));
}

export function isAbout({ path }: KnownDifference, difference: Difference): boolean {
  const pattern = path.split('/');
  const names = difference.path.split('/');
  return (
    pattern.length === names.length &&
    pattern.every((each, at) => each === '*' || each === names[at])
  );
}
