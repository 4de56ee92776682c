/** The words of the language, for tools that read programs without running them. */
import type { LuaModule } from '../module.js';
import { baseLibrary, standardLibraries } from './libraries/standard.js';

export interface Vocabulary {
  /** Global functions and values that are no libraries. */
  readonly globals: ReadonlySet<string>;
  /** Standard libraries, which every program has. */
  readonly libraries: ReadonlySet<string>;
  /** Standard libraries and modules to the names of their functions and constants. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
}

export function vocabulary(modules: readonly LuaModule[]): Vocabulary {
  const fields = new Map<string, Set<string>>();
  for (const [name, library] of Object.entries(standardLibraries)) {
    fields.set(name, new Set(library.shared().map(([field]) => field)));
  }
  for (const { name, functions, constants = {} } of modules) {
    const known = fields.get(name) ?? [];
    fields.set(name, new Set([...known, ...Object.keys(functions), ...Object.keys(constants)]));
  }
  const base = baseLibrary.shared().map(([name]) => name);
  return {
    globals: new Set([...base, '_G', 'require']),
    libraries: new Set(Object.keys(standardLibraries)),
    fields,
  };
}
