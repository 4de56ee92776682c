/** Lua sources of registry entries, in the form that engines take. */
import { createHash } from 'node:crypto';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Engine, LuaSource } from '../lua/engine.js';
import type { LuaModule, Use } from '../lua/module.js';
import {
  type Entry,
  type EntryOf,
  formatProblem,
  type LuaCode,
  type Problem,
  type Registry,
} from '../registry/index.js';

export type Runnable = EntryOf<'process.lua' | 'function.lua' | 'workflow.lua'>;

/** The source of an entry with its libraries; the registry has checked that imports make no cycle. */
export function sourceOf(registry: Registry, entry: Runnable): LuaSource {
  return convert(registry, entry, entry.method);
}

function convert(registry: Registry, code: LuaCode, method: string): LuaSource {
  const imports: { [alias: string]: LuaSource } = {};
  for (const [alias, id] of Object.entries(code.imports)) {
    const library = registry.get(id);
    if (library?.kind !== 'library.lua')
      throw new Error(`${code.id}: import ${id} was not checked`);
    imports[alias] = convert(registry, library, 'main');
  }
  const alone = sourceAlone(code);
  return { ...alone, hash: hashOf(alone, imports), method, imports };
}

/** A source is another one where what it imports is. */
function hashOf({ hash }: { hash: string }, imports: LuaSource['imports']): string {
  const libraries = Object.entries(imports).map(([alias, library]) => `${alias}=${library.hash}`);
  if (libraries.length === 0) return hash;
  return createHash('sha256')
    .update([hash, ...libraries.sort()].join('\n'))
    .digest('hex');
}

/** The source of an entry without what it imports. */
export function sourceAlone(code: LuaCode): LuaSource {
  const { file, line, text, hash } = code.source;
  return {
    entry: code.id,
    file,
    // Lua that stands in the YAML itself keeps the line numbers of the YAML.
    text: '\n'.repeat(line - 1) + text,
    hash: line === 1 ? hash : `${hash}@${line}`,
    method: 'main',
    modules: code.modules,
    imports: {},
  };
}

/**
 * Compiles every source of the app, so that all mistakes show before anything starts.
 * @throws PerdureError INVALID listing all of them; `details.problems` has file, line and entry.
 */
export function checkSources(registry: Registry, engine: Engine): void {
  const problems = new Map<string, SourceProblem>();
  for (const entry of registry.entries.values()) {
    if (!isRunnable(entry)) continue;
    try {
      engine.check(sourceOf(registry, entry));
    } catch (thrown) {
      const error = PerdureError.from(thrown);
      problems.set(error.message, {
        file: String(error.details?.file ?? entry.source.file),
        line: Number(error.details?.line ?? entry.source.line),
        entry: entry.id,
        message: error.message,
      });
    }
  }
  if (problems.size === 0) return;
  const all = [...problems.values()];
  throw new PerdureError(
    ErrorKind.INVALID,
    `Lua that does not compile:${all.map(({ entry, message }) => `\n  ${message} (${entry})`).join('')}`,
    { details: { lua: all } },
  );
}

/**
 * Refuses modules in lists where they could never be required: `http_client` in a workflow, say.
 * @throws PerdureError INVALID listing all of them.
 */
export function checkModuleUse(registry: Registry, modules: readonly LuaModule[]): void {
  const problems = moduleUseProblems(registry, modules).map(formatProblem);
  if (problems.length === 0) return;
  throw new PerdureError(ErrorKind.INVALID, ['modules out of place:', ...problems].join('\n  '));
}

/** The modules that {@link checkModuleUse} refuses, each at its entry. */
export function moduleUseProblems(registry: Registry, modules: readonly LuaModule[]): Problem[] {
  const byName = new Map(modules.map((module) => [module.name, module]));
  return [...registry.entries.values()].filter(isRunnable).flatMap((entry) => {
    const use = useOf(entry);
    return (entry.modules ?? []).flatMap((name) => {
      const uses = byName.get(name)?.uses;
      if (uses === undefined || uses.includes(use)) return [];
      const where = uses.map((u) => USE_NAMES[u]).join(' or ');
      const message = `${name} is for a ${where}, not for a ${USE_NAMES[use]}`;
      return [{ ...entry.at, entry: entry.id, field: 'modules', message }];
    });
  });
}

const USE_NAMES: { readonly [U in Use]: string } = {
  local: 'local process',
  function: 'function',
  workflow: 'workflow',
};

export function useOf(entry: Runnable): Use {
  return entry.kind === 'workflow.lua'
    ? 'workflow'
    : entry.kind === 'function.lua'
      ? 'function'
      : 'local';
}

interface SourceProblem {
  readonly file: string;
  readonly line: number;
  readonly entry: string;
  readonly message: string;
}

export function isRunnable(entry: Entry): entry is Runnable {
  return (
    entry.kind === 'process.lua' || entry.kind === 'function.lua' || entry.kind === 'workflow.lua'
  );
}
