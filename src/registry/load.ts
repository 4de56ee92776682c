/** Loads an app folder: finds its files, checks everything, and only then answers, once. */
import { readFileSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { EntryBuilder } from './builder.js';
import type { Entry } from './entry.js';
import { readIndexFile, unknownKind, type WrittenEntry } from './index-file.js';
import { findIndexFiles, INDEX_FILE } from './index-files.js';
import { byPosition, formatPosition, type Problem, registryError } from './problem.js';
import { checkReferences, importCycles, startOrder } from './references.js';
import { LoadedRegistry, type Registry } from './registry.js';
import { parseYaml } from './yaml.js';

export interface LoadOptions {
  /** Names of the modules that code may list; left out, the names in `modules` are not checked. */
  readonly modules?: ReadonlySet<string>;
}

/**
 * The registry of the app in `dir`: all `_index.yaml` files in it and in its sub-folders (not
 * `node_modules`, nor folders that start with a dot), with the Lua sources they name.
 * @throws PerdureError INVALID with every problem of every file in `details.problems`
 * (see `registryProblems`); its message lists them, one a line, as `file:line:column`.
 */
export async function loadRegistry(dir: string, options: LoadOptions = {}): Promise<Registry> {
  const root = path.resolve(dir);
  const files = statSync(root, { throwIfNoEntry: false })?.isDirectory()
    ? findIndexFiles(root)
    : null;
  if (files === null || files.length === 0) throw registryError(dir, [nothingThere(dir, files)]);

  const problems: Problem[] = [];
  const written = files.flatMap((file) => readEntries(root, file, problems));
  const declared = uniqueEntries(written, problems);

  const builder = new EntryBuilder(root, options.modules);
  const entries = new Map<string, Entry>();
  for (const one of [...declared.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const entry = builder.build(one);
    if (entry !== undefined) entries.set(entry.id, entry);
  }
  const start = startOrder(entries, builder.references);
  problems.push(
    ...builder.problems,
    ...checkReferences(builder.references, declared),
    ...importCycles(builder.references),
    ...start.problems,
  );
  if (problems.length > 0) throw registryError(dir, problems);
  return new LoadedRegistry(root, entries, start, builder.warnings.sort(byPosition));
}

function nothingThere(dir: string, files: readonly string[] | null): Problem {
  const at = { file: INDEX_FILE, line: 1, column: 1, entry: null, field: null };
  if (files === null) return { ...at, message: `there is no folder ${dir}` };
  return {
    ...at,
    message: `there is no ${INDEX_FILE} in ${dir} or its sub-folders`,
    hint: 'an app is a folder whose entries are declared in such a file',
  };
}

function readEntries(root: string, file: string, problems: Problem[]): readonly WrittenEntry[] {
  const parsed = parseYaml(file, readFileSync(path.join(root, file), 'utf8'));
  if ('problem' in parsed) {
    problems.push(parsed.problem);
    return [];
  }
  const index = readIndexFile(parsed.document);
  problems.push(...index.problems);
  return index.entries;
}

/** The entries by id; the second of two with the same id is a problem, as is a kind that does not exist. */
function uniqueEntries(
  written: readonly WrittenEntry[],
  problems: Problem[],
): ReadonlyMap<string, WrittenEntry> {
  const declared = new Map<string, WrittenEntry>();
  for (const entry of written) {
    const unknown = unknownKind(entry);
    if (unknown !== undefined) problems.push(unknown);
    const first = declared.get(entry.id);
    if (first === undefined) {
      declared.set(entry.id, entry);
      continue;
    }
    const where = formatPosition(first.document.position(first.path));
    problems.push({
      ...entry.document.position([...entry.path, 'name']),
      entry: entry.id,
      field: 'name',
      message: `${entry.id} is already defined in ${where}`,
    });
  }
  return declared;
}
