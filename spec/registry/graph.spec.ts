import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dependencyOrder, formatCycle } from '../../src/registry/graph.js';

type Graph = Readonly<Record<string, readonly string[]>>;
const run = (graph: Graph, nodes = Object.keys(graph)) =>
  dependencyOrder(nodes, (node) => graph[node] ?? []);

/** Names in no particular order; with `acyclic`, dependencies only on names earlier in the list. */
const graphs = (acyclic: boolean): fc.Arbitrary<Graph> =>
  fc
    .uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 14 })
    .chain((names) =>
      fc
        .tuple(
          ...names.map((_, i) =>
            fc
              .shuffledSubarray(acyclic ? names.slice(0, i) : names)
              .map((some) => some.slice(0, 3)),
          ),
        )
        .map((edges) => Object.fromEntries(names.map((name, i) => [name, edges[i] ?? []]))),
    );

const shuffles = (graph: Graph) =>
  fc.shuffledSubarray(Object.keys(graph), { minLength: Object.keys(graph).length });

/** Whether every edge leads to a node earlier in `order`. */
function isValid(graph: Graph, order: readonly string[]): boolean {
  const place = new Map(order.map((node, i) => [node, i]));
  return Object.entries(graph).every(([node, edges]) =>
    edges.every((to) => (place.get(to) ?? Number.NaN) < (place.get(node) ?? Number.NaN)),
  );
}

/** Whether some way leads from `node` back to itself. */
function isKnotted(graph: Graph, node: string): boolean {
  const seen = new Set<string>();
  const next = [...(graph[node] ?? [])];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    if (at === node) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    next.push(...(graph[at] ?? []));
  }
  return false;
}

describe('dependencyOrder', () => {
  it('puts every node after its dependencies, the same way however they are given', () => {
    const cases = graphs(true).chain((graph) => fc.tuple(fc.constant(graph), shuffles(graph)));
    fc.assert(
      fc.property(cases, ([graph, shuffled]) => {
        const { order, cycles } = run(graph);
        expect(cycles).toEqual([]);
        expect([...order].sort()).toEqual(Object.keys(graph).sort());
        expect(isValid(graph, order)).toBe(true);
        expect(run(graph, shuffled).order).toEqual(order);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a circle exactly where there is one, and every circle it gives is real', () => {
    fc.assert(
      fc.property(graphs(false), (graph) => {
        const { cycles } = run(graph);
        const knotted = Object.keys(graph).some((node) => isKnotted(graph, node));
        expect(cycles.length > 0).toBe(knotted);
        for (const cycle of cycles) {
          for (const [i, node] of cycle.entries()) {
            expect(graph[node]).toContain(cycle[(i + 1) % cycle.length]);
          }
          expect([...cycle].sort()[0]).toBe(cycle[0]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes nodes that do not depend on each other by their ids', () => {
    expect(run({ c: [], a: ['z'], z: [], b: [] }).order).toEqual(['z', 'a', 'b', 'c']);
  });

  it('gives one circle for each of two separate knots', () => {
    const { cycles } = run({ b: ['a'], a: ['b'], y: ['x'], x: ['y', 'a'] });
    expect(cycles.map(formatCycle)).toEqual(['a → b → a', 'x → y → x']);
  });

  it('follows a chain of 100,000 nodes', () => {
    const name = (i: number): string => String(i).padStart(6, '0');
    const nodes = Array.from({ length: 100_000 }, (_, i) => name(i));
    const { order } = dependencyOrder(nodes, (node) =>
      Number(node) + 1 < nodes.length ? [name(Number(node) + 1)] : [],
    );
    expect(order[0]).toBe('099999');
    expect(order.at(-1)).toBe('000000');
  });
});
