/** What lint knows of an app, from its registry, its modules and its engine. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { PerdureError } from '../core/errors.js';
import type { AppFacts, Entry as EntryFacts, Finding, Role, Source } from '../lint/index.js';
import { lint, Severity, sorted } from '../lint/index.js';
import { fengariEngine } from '../lua/fengari/engine.js';
import { vocabulary } from '../lua/fengari/vocabulary.js';
import { Use } from '../lua/module.js';
import { standardModules } from '../lua/modules/index.js';
import { stripTypes } from '../lua/typed/strip.js';
import {
  type Entry,
  type LibraryLuaEntry,
  loadRegistry,
  type Problem,
  type Registry,
  registryProblems,
} from '../registry/index.js';
import { isRunnable, moduleUseProblems, type Runnable, sourceAlone, useOf } from './sources.js';

export interface LintResult {
  readonly findings: readonly Finding[];
  /** Files with Lua that were looked at. */
  readonly files: number;
}

/**
 * Everything that is wrong with the app in `dir`: what would stop its start (rule `app`), and what the rules
 * find in its Lua.
 * @throws PerdureError where the folder cannot be read
 */
export async function lintApp(dir: string): Promise<LintResult> {
  const modules = standardModules();
  const loaded = await load(dir, new Set(modules.map(({ name }) => name)));
  if ('problems' in loaded) return { findings: loaded.problems.map(toFinding), files: 0 };
  const facts = factsOf(loaded);
  const findings = [...moduleUseProblems(loaded, modules).map(toFinding), ...lint(facts)];
  return { findings: sorted(findings), files: new Set(facts.sources.map((s) => s.file)).size };
}

async function load(
  dir: string,
  modules: ReadonlySet<string>,
): Promise<Registry | { readonly problems: readonly Problem[] }> {
  try {
    return await loadRegistry(dir, { modules });
  } catch (thrown) {
    const problems = registryProblems(thrown);
    if (problems === undefined) throw thrown;
    return { problems };
  }
}

/** A problem that stops the start. */
function toFinding({ file, line, column, entry, field, message, hint }: Problem): Finding {
  const subject = [entry, field].filter((part) => part !== null).join(' ');
  const text = subject === '' ? message : `${subject}: ${message}`;
  const advice = hint === undefined ? {} : { hint };
  return { file, line, column, rule: 'app', severity: Severity.ERROR, message: text, ...advice };
}

type Code = Runnable | LibraryLuaEntry;

function factsOf(registry: Registry): AppFacts {
  const modules = standardModules();
  const code = [...registry.entries.values()].filter(isCode);
  return {
    sources: sourcesOf(registry, code),
    entries: new Map([...registry.entries.values()].map((entry) => [entry.id, toFacts(entry)])),
    taskQueues: new Set(registry.ofKind('temporal.worker').map(({ taskQueue }) => taskQueue)),
    language: {
      ...vocabulary(modules),
      modules: new Map(modules.map(({ name, access, uses }) => [name, { access, uses }])),
    },
  };
}

function toFacts(entry: Entry): EntryFacts {
  return { kind: entry.kind, activity: 'activity' in entry && entry.activity !== null };
}

const isCode = (entry: Entry): entry is Code => isRunnable(entry) || entry.kind === 'library.lua';

/** Each text once, with the roles of all entries that name it. */
function sourcesOf(registry: Registry, code: readonly Code[]): Source[] {
  const uses = usesOf(registry, code);
  const engine = fengariEngine(standardModules());
  const sources = new Map<string, Source>();
  for (const entry of code) {
    const key = `${entry.source.file}:${entry.source.line}:${entry.source.hash}`;
    const known = sources.get(key) ?? newSource(registry, entry, (text) => engine.check(text));
    const sharing = entry.kind === 'library.lua' || Object.keys(entry.imports).length > 0;
    const roles = [...(uses.get(entry.id) ?? [])].map((use) => roleOf(entry, use));
    sources.set(key, {
      ...known,
      shared: known.shared || sharing,
      roles: [...known.roles, ...roles],
    });
  }
  return [...sources.values()];
}

function roleOf({ id, modules, imports }: Code, use: Use): Role {
  return { entry: id, use, modules, imports: Object.keys(imports) };
}

/** Where each entry's code runs; a library that nobody imports could run anywhere. */
function usesOf(registry: Registry, code: readonly Code[]): ReadonlyMap<string, Set<Use>> {
  const uses = new Map<string, Set<Use>>(code.map(({ id }) => [id, new Set()]));
  const visit = (entry: Code, use: Use): void => {
    const known = uses.get(entry.id);
    if (known === undefined || known.has(use)) return;
    known.add(use);
    for (const id of Object.values(entry.imports)) {
      const library = registry.get(id);
      if (library?.kind === 'library.lua') visit(library, use);
    }
  };
  for (const entry of code) {
    if (entry.kind !== 'library.lua') visit(entry, useOf(entry));
  }
  for (const found of uses.values()) {
    if (found.size === 0) for (const use of Object.values(Use)) found.add(use);
  }
  return uses;
}

function newSource(
  registry: Registry,
  entry: Code,
  compile: (source: ReturnType<typeof sourceAlone>) => void,
): Source {
  const alone = sourceAlone(entry);
  return {
    file: alone.file,
    text: stripTypes(alone.text).text,
    indent: indentOf(registry.dir, entry),
    roles: [],
    shared: false,
    broken: brokenIn(() => compile(alone)),
  };
}

function brokenIn(compile: () => void): Source['broken'] {
  try {
    compile();
    return null;
  } catch (thrown) {
    const { details, text } = PerdureError.from(thrown);
    const line = Number(details?.line ?? 1);
    const column = details?.column === undefined ? null : Number(details.column);
    return { line, column, message: text.replace(/^.*?:\d+: /, '') };
  }
}

/** Lua that stands in YAML is indented there; its own text is not. */
function indentOf(dir: string, { source: { file, line, text } }: Code): number {
  if (file.endsWith('.lua')) return 0;
  const written = readFileSync(path.join(dir, file), 'utf8').split('\n')[line - 1] ?? '';
  return Math.max(0, written.indexOf(text.split('\n')[0] ?? ''));
}
