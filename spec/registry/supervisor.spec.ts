import { describe, expect, it } from '@jest/globals';
import { formatProblem, loadRegistry } from '../../src/registry/index.js';
import { folder, index, problemsOf } from './app-folder.js';

const WORKER = `  - {name: h, kind: process.host}
  - {name: worker, kind: process.lua, source: "return function() end"}
`;
const app = (entries: string) => folder({ '_index.yaml': index(WORKER + entries) });
const linesOf = async (entries: string): Promise<string[]> =>
  (await problemsOf(app(entries))).map(formatProblem);

describe('process.supervisor', () => {
  it("has OTP's defaults [sup_start_map]", async () => {
    const registry = await loadRegistry(
      app(`  - name: sup
    kind: process.supervisor
    children:
      - process: worker
        host: h
      - id: other
        process: app:worker
        input: [1, two]
        restart: transient
        shutdown: brutal_kill
      - {id: third, process: worker, shutdown: infinity, name: printer}
`),
    );
    const child = { process: 'app:worker', host: null, input: [], restart: 'permanent' };
    const rest = { shutdown: null, significant: false, name: null };
    expect(registry.get('app:sup')).toMatchObject({
      kind: 'process.supervisor',
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5000,
      autoShutdown: 'never',
      host: null,
      lifecycle: { autoStart: false },
      children: [
        { id: 'worker', ...child, ...rest, host: 'app:h' },
        {
          id: 'other',
          ...child,
          ...rest,
          input: [1, 'two'],
          restart: 'transient',
          shutdown: 'brutal_kill',
        },
        { id: 'third', ...child, ...rest, shutdown: Number.POSITIVE_INFINITY, name: 'printer' },
      ],
    });
  });

  it('starts after the hosts of its children, and of the children of supervisors among them', async () => {
    const registry = await loadRegistry(
      app(`  - {name: z, kind: process.host}
  - name: a_top
    kind: process.supervisor
    children: [{process: middle}]
  - name: middle
    kind: process.supervisor
    children: [{process: inner}, {process: worker, host: h}]
  - name: inner
    kind: process.supervisor
    host: z
    children: []
`),
    );
    expect(registry.requires('app:a_top')).toEqual(['app:h', 'app:z']);
    expect(registry.requires('app:middle')).toEqual(['app:h', 'app:z']);
    expect(registry.requires('app:inner')).toEqual(['app:z']);
  });

  it('is refused with all that is wrong, each at its place [sup_flags, child_specs, sup_start_map_faulty_specs]', async () => {
    expect(
      await linesOf(`  - name: s
    kind: process.supervisor
    strategy: none_for_one
    intensity: -1
    period: 0s
    auto_shutdown: sometimes
    children:
      - {process: worker, restrat: permanent}
      - {process: worker, restart: prmanent, shutdown: soon}
      - {process: worker, shutdown: 5}
      - process: wrker
      - process: h
`),
    ).toEqual([
      '_index.yaml:8:15: app:s strategy: expected "one_for_one" or "one_for_all" or "rest_for_one" or "simple_one_for_one", found the text "none_for_one"',
      '_index.yaml:9:16: app:s intensity: must be at least 0, found the number -1',
      '_index.yaml:10:13: app:s period: must be more than 0',
      '_index.yaml:11:20: app:s auto_shutdown: expected "never" or "any_significant" or "all_significant", found the text "sometimes"',
      '_index.yaml:13:27: app:s children[0].restrat: unknown field (did you mean restart?)',
      '_index.yaml:14:9: app:s children[1]: there is another child worker (give one of them an id)',
      '_index.yaml:14:36: app:s children[1].restart: expected "permanent" or "transient" or "temporary", found the text "prmanent"',
      '_index.yaml:14:56: app:s children[1].shutdown: expected a duration such as "5s", "brutal_kill" or "infinity"',
      '_index.yaml:15:9: app:s children[2]: there is another child worker (give one of them an id)',
      '_index.yaml:15:37: app:s children[2].shutdown: expected a duration such as "5s", "brutal_kill" or "infinity"',
      '_index.yaml:16:18: app:s children[3].process: app:wrker not found; expected a process.lua or process.js or workflow.lua or workflow.js or process.supervisor (did you mean app:worker?)',
      '_index.yaml:17:18: app:s children[4].process: app:h (_index.yaml:4:5) is a process.host; expected a process.lua or process.js or workflow.lua or workflow.js or process.supervisor',
    ]);
    expect(await linesOf('  - {name: s, kind: process.supervisor, children: [{id: a}]}\n')).toEqual(
      ['_index.yaml:6:52: app:s children[0].process: is required'],
    );
  });

  it('is refused where a significant child could never matter', async () => {
    expect(
      await linesOf(`  - name: s
    kind: process.supervisor
    children:
      - {process: worker, restart: transient, significant: true}
  - name: t
    kind: process.supervisor
    auto_shutdown: any_significant
    children:
      - {process: worker, significant: true}
`),
    ).toEqual([
      '_index.yaml:9:60: app:s children[0].significant: has no meaning while auto_shutdown is never (set auto_shutdown to any_significant or all_significant)',
      '_index.yaml:14:40: app:t children[0].significant: a permanent child is always started again, so its end cannot be significant (set restart to transient or temporary)',
    ]);
  });

  it('of simple_one_for_one has one child, the template, which has no name [child_specs]', async () => {
    expect(
      await linesOf(`  - {name: s, kind: process.supervisor, strategy: simple_one_for_one, children: []}
  - name: t
    kind: process.supervisor
    strategy: simple_one_for_one
    children: [{process: worker, name: one}]
`),
    ).toEqual([
      expect.stringContaining('app:s children: simple_one_for_one has one child, the template'),
      expect.stringContaining('app:t children[0].name: one name cannot be that of every child'),
    ]);
  });

  it('is refused where supervisors supervise each other in a circle', async () => {
    const lines = await linesOf(`  - {name: a, kind: process.supervisor, children: [{process: b}]}
  - {name: b, kind: process.supervisor, children: [{process: a}]}
`);
    expect(lines).toEqual([
      expect.stringContaining('the supervisors go in a circle: app:a → app:b → app:a'),
    ]);
  });
});
