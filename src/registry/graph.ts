/** Dependency order and cycles of a graph; linear in nodes and edges, and the same every time. */

export interface Ordering {
  /** Every node after all that it depends on (meaningless among nodes on a cycle). */
  readonly order: readonly string[];
  /** Cycles, each once and from its smallest node: `['a', 'b']` for a → b → a. At least one for every knot. */
  readonly cycles: readonly (readonly string[])[];
}

interface Visit {
  readonly node: string;
  readonly pending: Iterator<string>;
}

/**
 * Orders `nodes` so that each comes after its dependencies; ties go by id: depth first from the
 * smallest node, through its dependencies in order. Dependencies that are not nodes are ignored.
 */
export function dependencyOrder(
  nodes: Iterable<string>,
  dependencies: (node: string) => Iterable<string>,
): Ordering {
  const sorted = [...new Set(nodes)].sort();
  const known = new Set(sorted);
  const finished = new Set<string>();
  const open = new Map<string, number>();
  const order: string[] = [];
  const cycles: string[][] = [];
  const stack: Visit[] = [];
  // An explicit stack: a chain of thousands of entries must not exhaust the call stack.
  const enter = (node: string): void => {
    open.set(node, stack.length);
    const pending = [...new Set(dependencies(node))].filter((to) => known.has(to)).sort();
    stack.push({ node, pending: pending.values() });
  };
  for (const root of sorted) {
    if (!finished.has(root)) enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.pending.next();
      if (next.done) {
        stack.pop();
        open.delete(top.node);
        finished.add(top.node);
        order.push(top.node);
      } else if (open.has(next.value)) {
        cycles.push(fromSmallest(stack.slice(open.get(next.value)).map((visit) => visit.node)));
      } else if (!finished.has(next.value)) {
        enter(next.value);
      }
    }
  }
  return { order, cycles };
}

/** `['a', 'b']` as `a → b → a`. */
export function formatCycle(cycle: readonly string[]): string {
  return [...cycle, cycle[0]].join(' → ');
}

function fromSmallest(cycle: readonly string[]): string[] {
  const first = cycle.reduce((least, node, i) => (node < (cycle[least] ?? '') ? i : least), 0);
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
