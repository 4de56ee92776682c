/** Plants a bug: a copy of the server and of the simulation beside each other, with one change. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.js';
import type { simulate } from './simulate.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const SERVER = 'src/temporal-server';
const SIMULATION = 'spec/temporal-server/simulation';

/** The copies stand in the project, since they import its packages. */
const PREFIX = '.planted-';

/** How many seeds a bug took to be caught, and as what; undefined when none of them did. */
export interface Caught {
  readonly seeds: number;
  readonly as: string;
}

export async function hunt(mutant: Mutant, seeds: number): Promise<Caught | undefined> {
  const folder = mkdtempSync(join(root, PREFIX));
  try {
    for (const part of [SERVER, SIMULATION])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    plant(join(folder, SERVER), mutant);
    const copy = (await import(join(folder, SIMULATION, 'simulate.ts'))) as {
      simulate: typeof simulate;
    };
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations } = await copy.simulate(seed);
      if (violations[0]) return { seeds: seed, as: violations[0] };
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant(server: string, { file, from, to }: Mutant): void {
  const path = join(server, file);
  const source = readFileSync(path, 'utf8');
  const [before, after, ...more] = source.split(from);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} has not exactly once: ${from}`);
  writeFileSync(path, before + to + after);
}
