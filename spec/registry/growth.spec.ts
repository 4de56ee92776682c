import { describe, expect, it } from '@jest/globals';
import { loadRegistry } from '../../src/registry/index.js';
import { folder, index, problemsOf } from './app-folder.js';

const entries = (count: number, modules: string): string =>
  Array.from(
    { length: count },
    (_, i) => `  - name: f${i}
    kind: function.lua
    source: file://f${i % 50}.lua
    modules: [${modules}]
    meta: {temporal: {activity: {worker: w, retry_policy: {maximum_attempts: 3}}}}
`,
  ).join('');

const app = (count: number, modules = 'json, time'): string =>
  folder({
    '_index.yaml': index(
      `  - {name: c, kind: temporal.client}\n  - {name: w, kind: temporal.worker, client: c, task_queue: q}\n${entries(count, modules)}`,
    ),
    ...Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}.lua`, 'return {}'])),
  });

async function fastestMs(work: () => Promise<unknown>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = performance.now();
    await work();
    fastest = Math.min(fastest, performance.now() - before);
  }
  return fastest;
}

describe('the cost of loading', () => {
  it('grows with the number of entries, not with its square', async () => {
    const [small, large] = [app(250), app(2000)];
    await loadRegistry(small);
    const smallMs = await fastestMs(() => loadRegistry(small));
    const largeMs = await fastestMs(() => loadRegistry(large));
    // Eight times the entries: about 8 if linear, 64 if quadratic.
    expect(largeMs / smallMs).toBeLessThan(24);
    expect((await loadRegistry(large)).entries.size).toBe(2002);
  });

  it('stays bounded when every entry is wrong', async () => {
    const broken = app(2000, 'jsn');
    const problems = await problemsOf(broken, { modules: new Set(['json', 'time']) });
    expect(problems).toHaveLength(2000);
    expect(problems.every((problem) => problem.hint === 'did you mean json?')).toBe(true);
  });
});
