/** Where the code leaves the history of its workflow, and how that is said. */
import type { RecordedStep, Step } from './steps.js';

/** `null` on one side: there is nothing more there. */
export interface Divergence {
  readonly came: Step | null;
  readonly expected: RecordedStep | null;
}

/** The first step that is not the same. @param by `key` compares as a server does, `text` every argument. */
export function firstDifference(
  recorded: readonly RecordedStep[],
  taken: readonly Step[],
  by: 'key' | 'text',
): Divergence | null {
  const same = (expected: RecordedStep, i: number): boolean => taken[i]?.[by] === expected[by];
  const at = recorded.findIndex((expected, i) => !same(expected, i));
  return at < 0 ? null : { came: taken[at] ?? null, expected: recorded[at] ?? null };
}

/** What came, where, and what the history has instead. */
export function describeDivergence({ came, expected }: Divergence): string {
  // Where they look alike, the difference is in what is not shown.
  const by = came?.shown === expected?.shown ? 'text' : 'shown';
  const asked =
    came === null
      ? 'the code asks for nothing more'
      : `${came.place ?? 'the code'} asks for: ${short(came[by])}`;
  if (expected === null) return `${asked}; the history has nothing more`;
  const where = expected.place === null ? '' : `, asked for at ${expected.place}`;
  return `${asked}; the history has, in event ${expected.eventId}${where}: ${short(expected[by])}`;
}

/** What to do about it. */
export const ADVICE =
  'The run waits for code that does what was recorded, and then goes on. ' +
  'To change what open runs have not reached yet, ask workflow.version("change", 0, 1) which way to take.';

const LONGEST = 300;

const short = (text: string): string =>
  text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`;
