/** References between entries: that each leads to an entry of the right kind, and that none goes round in a circle. */
import { type Entry, isStartable } from './entry.js';
import { dependencyOrder, formatCycle } from './graph.js';
import type { WrittenEntry } from './index-file.js';
import type { RefRule } from './kinds/kind.js';
import { didYouMean, type FieldPath, formatPath, formatPosition, type Problem } from './problem.js';

/** One reference, found while an entry was made. */
export interface Reference {
  readonly from: WrittenEntry;
  /** Within the entry. */
  readonly path: FieldPath;
  /** Full id of the entry referred to. */
  readonly to: string;
  readonly rule: RefRule;
}

/** Entries as written, by id: those that are broken too, so that one problem is not reported as two. */
export type Declared = ReadonlyMap<string, WrittenEntry>;

const STARTABLE = [
  'process.host',
  'terminal.host',
  'temporal.client',
  'temporal.worker',
  'process.service',
  'process.supervisor',
] as const;

/** The problems of references that lead nowhere, or to the wrong kind of entry. */
export function checkReferences(references: readonly Reference[], declared: Declared): Problem[] {
  return references.flatMap((reference) => {
    const kinds: readonly string[] = reference.rule.kinds ?? STARTABLE;
    const expected = `expected a ${kinds.join(' or ')}`;
    const target = declared.get(reference.to);
    if (target === undefined) {
      const near = [...declared.values()].filter((entry) => kinds.includes(entry.kind));
      const hint = didYouMean(
        reference.to,
        near.map((entry) => entry.id),
      );
      return [problemAt(reference, `${reference.to} not found; ${expected}`, hint)];
    }
    if (kinds.includes(target.kind)) return [];
    const at = formatPosition(target.document.position(target.path));
    return [problemAt(reference, `${reference.to} (${at}) is a ${target.kind}; ${expected}`)];
  });
}

/** What must be up before what, and in which order to start. */
export interface StartOrder {
  readonly order: readonly string[];
  /** For each id, the ids that must be up before it; sorted. */
  readonly requires: ReadonlyMap<string, readonly string[]>;
  /** Circles. */
  readonly problems: readonly Problem[];
}

/** A dependency, and the reference it comes from. */
interface Edge {
  readonly to: string;
  readonly because: Reference;
}

/**
 * Start order of the entries with a lifecycle: after what `requires` names, after the client of a
 * worker, after the host of a service and after the worker of a workflow that a service runs. For a
 * supervisor the same holds of its children, and of the children of supervisors among them.
 */
export function startOrder(
  entries: ReadonlyMap<string, Entry>,
  references: readonly Reference[],
): StartOrder {
  const nodes = [...entries.values()].filter(isStartable).map((entry) => entry.id);
  const edges = group(
    references.flatMap((reference): [string, Edge][] => {
      const from = reference.from.id;
      if (reference.rule.starts === true) return [[from, { to: reference.to, because: reference }]];
      const worker = reference.path.at(-1) === 'process' && workerOf(entries.get(reference.to));
      return worker ? [[from, { to: worker, because: reference }]] : [];
    }),
  );
  const nesting = nestedSupervisors(entries, references);
  const nested = ordering(nesting.keys(), nesting, 'the supervisors go');
  // Those further in come first, so that what they need has been gathered when their turn comes.
  for (const id of nested.order) {
    const own = edges.get(id) ?? [];
    const theirs = (nesting.get(id) ?? []).flatMap((edge) => edges.get(edge.to) ?? []);
    edges.set(id, [...own, ...theirs.filter((edge) => edge.to !== id)]);
  }
  const { order, problems } = ordering(nodes, edges, 'the start order goes');
  const known = new Set(nodes);
  const requires = nodes.map((id): [string, readonly string[]] => {
    const ids = (edges.get(id) ?? []).map((edge) => edge.to).filter((to) => known.has(to));
    return [id, [...new Set(ids)].sort()];
  });
  return { order, requires: new Map(requires), problems: [...nested.problems, ...problems] };
}

/** For each supervisor, the supervisors among its children. */
function nestedSupervisors(
  entries: ReadonlyMap<string, Entry>,
  references: readonly Reference[],
): ReadonlyMap<string, Edge[]> {
  return group(
    references.flatMap((reference): [string, Edge][] => {
      const nested = entries.get(reference.to)?.kind === 'process.supervisor';
      if (!nested || reference.path.at(-1) !== 'process') return [];
      return [[reference.from.id, { to: reference.to, because: reference }]];
    }),
  );
}

/** The problems of libraries that import each other in a circle. */
export function importCycles(references: readonly Reference[]): readonly Problem[] {
  const imports = references.filter((reference) => reference.path[0] === 'imports');
  const edges = group(
    imports.map((reference) => [reference.from.id, { to: reference.to, because: reference }]),
  );
  return ordering(edges.keys(), edges, 'the imports go').problems;
}

function ordering(
  nodes: Iterable<string>,
  edges: ReadonlyMap<string, readonly Edge[]>,
  what: string,
): { order: readonly string[]; problems: Problem[] } {
  const from = (id: string): readonly Edge[] => edges.get(id) ?? [];
  const { order, cycles } = dependencyOrder(nodes, (id) => from(id).map((edge) => edge.to));
  const problems = cycles.flatMap((cycle) => {
    const [first = '', second = first] = cycle;
    const edge = from(first).find(({ to }) => to === second);
    if (edge === undefined) return [];
    return [problemAt(edge.because, `${what} in a circle: ${formatCycle(cycle)}`)];
  });
  return { order, problems };
}

function workerOf(entry: Entry | undefined): string | undefined {
  return entry?.kind === 'workflow.lua' ? entry.workflow.worker : undefined;
}

function group(edges: readonly (readonly [string, Edge])[]): Map<string, Edge[]> {
  const groups = new Map<string, Edge[]>();
  for (const [from, edge] of edges) {
    const known = groups.get(from);
    if (known === undefined) groups.set(from, [edge]);
    else known.push(edge);
  }
  return groups;
}

function problemAt(
  reference: Reference,
  message: string,
  hint: { readonly hint?: string } = {},
): Problem {
  const { from, path } = reference;
  return {
    ...from.document.position([...from.path, ...path]),
    entry: from.id,
    field: formatPath(path),
    message,
    ...hint,
  };
}
