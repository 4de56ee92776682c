/** The modules of `process.js` entries, loaded before anything starts. */
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProcessDefinition } from '../core/definition.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { type Body, definitionOf } from '../js/define.js';
import type { EntryOf, Registry } from '../registry/index.js';

/** Definitions by entry id. */
export type Scripts = ReadonlyMap<string, ProcessDefinition>;

type Module = { readonly [name: string]: unknown };

/**
 * Loads the module of every `process.js` entry and takes its process out of it.
 * @throws PerdureError INVALID listing what is wrong with all of them; `details.scripts` has file and entry.
 */
export async function loadScripts(registry: Registry): Promise<Scripts> {
  const scripts = new Map<string, ProcessDefinition>();
  const problems: { file: string; entry: string; message: string }[] = [];
  for (const entry of registry.ofKind('process.js')) {
    const { file } = entry.source;
    try {
      const url = pathToFileURL(path.join(registry.dir, file)).href;
      scripts.set(entry.id, programIn(entry, (await import(url)) as Module));
    } catch (thrown) {
      problems.push({ file, entry: entry.id, message: PerdureError.from(thrown).message });
    }
  }
  if (problems.length === 0) return scripts;
  const lines = problems.map(({ file, entry, message }) => `\n  ${file}: ${message} (${entry})`);
  throw new PerdureError(ErrorKind.INVALID, `modules that cannot be run:${lines.join('')}`, {
    details: { scripts: problems },
  });
}

function programIn(entry: EntryOf<'process.js'>, module: Module): ProcessDefinition {
  const name = entry.method ?? ('main' in module ? 'main' : 'default');
  const found = module[name];
  if (typeof found === 'function') return definitionOf(found as Body, entry.id);
  const main = (found as ProcessDefinition | null | undefined)?.main;
  if (typeof main === 'function') return definitionOf(main as Body, entry.id);
  const exported = Object.keys(module);
  throw new PerdureError(
    ErrorKind.INVALID,
    `it must export a function, or a process of defineProcess, as ${
      entry.method ?? 'main or default'
    }; it exports ${exported.length === 0 ? 'nothing' : exported.join(', ')}`,
  );
}
