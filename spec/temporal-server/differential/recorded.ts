/** What Temporal's server made of the programs when that was last written down: a file for each subject. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Outcome, Subject } from './program.js';

const FOLDER = new URL('./recorded/', import.meta.url);

type Outcomes = { readonly [program: string]: Outcome };

const fileOf = (subject: string) => new URL(`${subject.replaceAll(' ', '-')}.json`, FOLDER);

/** @returns the outcomes by the names of the programs; none where nothing is recorded */
export function recorded(subject: string): Outcomes {
  const file = fileOf(subject);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Outcomes) : {};
}

/** Writes all files anew. @param outcomeOf - by the title of a program */
export async function record(
  subjects: readonly Subject[],
  outcomeOf: (title: string) => Promise<Outcome> | undefined,
): Promise<void> {
  const texts = new Map<URL, string>();
  for (const { name, programs } of subjects) {
    const outcomes: { [program: string]: Outcome | undefined } = {};
    for (const program of programs)
      outcomes[program.name] = await outcomeOf(`${name}: ${program.name}`);
    texts.set(fileOf(name), `${JSON.stringify(outcomes, null, 1)}\n`);
  }
  mkdirSync(FOLDER, { recursive: true });
  for (const old of readdirSync(FOLDER)) rmSync(new URL(old, FOLDER));
  for (const [file, text] of texts) writeFileSync(file, text);
}
