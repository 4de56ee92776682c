/** Programs run side by side, many at a time: most of their time goes into waiting. */
import type { Outcome, Program, Subject } from './program.js';
import { type Side, World } from './world.js';

const AT_ONCE = 24;

export interface Titled {
  /** `subject: name of the program`. */
  readonly title: string;
  readonly subject: Subject;
  readonly program: Program;
}

export function titled(subjects: readonly Subject[]): Titled[] {
  return subjects.flatMap((subject) =>
    subject.programs.map((program) => ({
      title: `${subject.name}: ${program.name}`,
      subject,
      program,
    })),
  );
}

/** Starts them all. @returns the outcome of each, by its title */
export function runAll(side: Side, programs: readonly Titled[]): Map<string, Promise<Outcome>> {
  const waiting: (() => void)[] = [];
  let free = AT_ONCE;
  const turn = () => (free-- > 0 ? Promise.resolve() : new Promise<void>((go) => waiting.push(go)));
  const next = () => {
    free += 1;
    waiting.shift()?.();
  };
  const last = new Map<Subject, Promise<unknown>>();
  const run = async ({ program }: Titled, before: Promise<unknown> | undefined) => {
    await before?.catch(() => {}); // told by the spec of that program
    await turn();
    return program.run(new World(side)).finally(next);
  };
  return new Map(
    programs.map((each) => {
      const outcome = run(each, last.get(each.subject));
      if (each.subject.inTurn) last.set(each.subject, outcome);
      outcome.catch(() => {}); // told by the spec of that program
      return [each.title, outcome];
    }),
  );
}
