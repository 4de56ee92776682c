/** The modules of `process.js` and `function.js` entries, loaded before anything starts. */
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProcessDefinition } from '../core/definition.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { JsFunction } from '../hosts/temporal/index.js';
import { type Body, definitionOf } from '../js/define.js';
import type { EntryOf, Registry } from '../registry/index.js';

/** What JavaScript entries export, by entry id. */
export interface Scripts {
  readonly processes: ReadonlyMap<string, ProcessDefinition>;
  readonly functions: ReadonlyMap<string, JsFunction>;
}

type Module = { readonly [name: string]: unknown };
type ScriptEntry = EntryOf<'process.js' | 'function.js'>;

/**
 * Loads the module of every entry and takes its process or its function out of it.
 * @throws PerdureError INVALID listing what is wrong with all of them; `details.scripts` has file and entry.
 */
export async function loadScripts(registry: Registry): Promise<Scripts> {
  const processes = new Map<string, ProcessDefinition>();
  const functions = new Map<string, JsFunction>();
  const problems: { file: string; entry: string; message: string }[] = [];
  const load = async (entry: ScriptEntry, take: (module: Module) => void): Promise<void> => {
    const { file } = entry.source;
    try {
      const url = pathToFileURL(path.join(registry.dir, file)).href;
      take((await import(url)) as Module);
    } catch (thrown) {
      problems.push({ file, entry: entry.id, message: PerdureError.from(thrown).message });
    }
  };
  for (const entry of registry.ofKind('process.js')) {
    await load(entry, (module) => processes.set(entry.id, processIn(entry, module)));
  }
  for (const entry of registry.ofKind('function.js')) {
    await load(entry, (module) => functions.set(entry.id, functionIn(entry, module)));
  }
  if (problems.length === 0) return { processes, functions };
  const lines = problems.map(({ file, entry, message }) => `\n  ${file}: ${message} (${entry})`);
  throw new PerdureError(ErrorKind.INVALID, `modules that cannot be run:${lines.join('')}`, {
    details: { scripts: problems },
  });
}

/** A plain function as the program of a short process. */
export function definitionOfFunction(run: JsFunction, entry: string): ProcessDefinition {
  return definitionOf((_context, ...args) => run(...(args as Value[])), entry);
}

function exportOf({ method }: ScriptEntry, module: Module): unknown {
  return module[method ?? ('main' in module ? 'main' : 'default')];
}

function processIn(entry: EntryOf<'process.js'>, module: Module): ProcessDefinition {
  const found = exportOf(entry, module);
  if (typeof found === 'function') return definitionOf(found as Body, entry.id);
  const main = (found as ProcessDefinition | null | undefined)?.main;
  if (typeof main === 'function') return definitionOf(main as Body, entry.id);
  throw wrongExport(entry, module, 'a function, or a process of defineProcess,');
}

function functionIn(entry: EntryOf<'function.js'>, module: Module): JsFunction {
  const found = exportOf(entry, module);
  if (typeof found === 'function') return found as JsFunction;
  throw wrongExport(entry, module, 'a function');
}

function wrongExport({ method }: ScriptEntry, module: Module, what: string): PerdureError {
  const exported = Object.keys(module);
  return new PerdureError(
    ErrorKind.INVALID,
    `it must export ${what} as ${method ?? 'main or default'}; it exports ${
      exported.length === 0 ? 'nothing' : exported.join(', ')
    }`,
  );
}
