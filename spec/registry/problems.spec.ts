import { symlinkSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { formatProblem, loadRegistry } from '../../src/registry/index.js';
import { folder, index, problemsOf } from './app-folder.js';

/** The problems of one `_index.yaml` with these entries, each as the one line that users see. */
const linesOf = async (entries: string): Promise<string[]> =>
  (await problemsOf(folder({ '_index.yaml': index(entries) }))).map(formatProblem);

describe('problems of a registry', () => {
  it('are all reported at once, in the order of files and lines, in one INVALID error', async () => {
    const dir = folder({
      '_index.yaml': index(`  - name: w
    kind: temporal.worker
    client: nobody
  - name: h
    kind: process.hots
`),
      'b/_index.yaml': 'version: "1.0"\nnamespace: b\nentries: [\n',
      'a/_index.yaml':
        'version: 1.0\nnamespace: a\nentries:\n  - {name: f, kind: function.lua, source: file://f.lua}\n',
    });
    const error = await loadRegistry(dir).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'INVALID' });
    const { message } = error as Error;
    expect(message.split('\n')).toEqual([
      `5 problems in the app folder ${dir}:`,
      '  _index.yaml:4:5: app:w task_queue: is required',
      '  _index.yaml:8:11: app:h kind: unknown kind "process.hots" (did you mean process.host?)',
      '  a/_index.yaml:1:10: version: expected "1.0", found the number 1 (write version: "1.0", in quotes)',
      '  a/_index.yaml:4:43: a:f source: there is no file a/f.lua',
      '  b/_index.yaml:4:1: not valid YAML: deficient indentation',
    ]);
  });

  it('name the field that was meant where one is unknown, at its key', async () => {
    expect(
      await linesOf(`  - name: s
    kind: process.host
    lifecycle:
      auto_strat: true
      restart: {initial_dealy: 1s, zzz: 1}
    pool: 1
`),
    ).toEqual([
      '_index.yaml:7:7: app:s lifecycle.auto_strat: unknown field (did you mean auto_start?)',
      '_index.yaml:8:17: app:s lifecycle.restart.initial_dealy: unknown field (did you mean initial_delay?)',
      expect.stringContaining(
        '_index.yaml:8:36: app:s lifecycle.restart.zzz: unknown field (known here: ',
      ),
      expect.stringContaining('_index.yaml:9:5: app:s pool: unknown field (known here: '),
    ]);
  });

  it('say what was found and what was expected, at the value', async () => {
    expect(
      await linesOf(`  - name: s
    kind: process.host
    host: {workers: "two", max_processes: 1.5}
    lifecycle:
      auto_start: "yes"
      requires: app:x
      restart: {jitter: 2, backoff_factor: 0.5}
`),
    ).toEqual([
      '_index.yaml:6:21: app:s host.workers: expected a number, found the text "two"',
      '_index.yaml:6:43: app:s host.max_processes: expected a whole number, found the number 1.5',
      '_index.yaml:8:19: app:s lifecycle.auto_start: expected true or false, found the text "yes"',
      '_index.yaml:9:17: app:s lifecycle.requires: expected a list, found the text "app:x"',
      '_index.yaml:10:25: app:s lifecycle.restart.jitter: must be at most 1, found the number 2',
      '_index.yaml:10:44: app:s lifecycle.restart.backoff_factor: must be at least 1, found the number 0.5',
    ]);
  });

  it('include a duration without a unit, and one that is none', async () => {
    expect(
      await linesOf(
        `  - {name: s, kind: process.host, lifecycle: {start_timeout: 10, stop_timeout: soon}}\n`,
      ),
    ).toEqual([
      '_index.yaml:4:62: app:s lifecycle.start_timeout: a duration needs a unit, such as "10s" or "500ms"; found the number 10',
      '_index.yaml:4:80: app:s lifecycle.stop_timeout: expected a duration such as "10s", "500ms" or "1h30m", found the text "soon"',
    ]);
  });

  it('include an id that is defined twice, in one file or in two', async () => {
    const host = '  - {name: h, kind: process.host}\n';
    const dir = folder({ '_index.yaml': index(host + host), 'sub/_index.yaml': index(host) });
    expect((await problemsOf(dir)).map(formatProblem)).toEqual([
      '_index.yaml:5:12: app:h name: app:h is already defined in _index.yaml:4:5',
      'sub/_index.yaml:4:12: app:h name: app:h is already defined in _index.yaml:4:5',
    ]);
  });

  it('include references to what is not there, or is of another kind', async () => {
    expect(
      await linesOf(`  - {name: client, kind: temporal.client}
  - {name: lib, kind: library.lua, source: "return 1", imports: {me: p}}
  - {name: p, kind: process.lua, source: "return 1", meta: {default_host: lib}}
  - {name: w, kind: temporal.worker, client: cleint, task_queue: q, lifecycle: {requires: [p]}}
  - {name: s, kind: process.service, process: client, host: other:h}
`),
    ).toEqual([
      '_index.yaml:5:70: app:lib imports.me: app:p (_index.yaml:6:5) is a process.lua; expected a library.lua',
      expect.stringContaining(
        '_index.yaml:6:75: app:p meta.default_host: app:lib (_index.yaml:5:5) is a library.lua',
      ),
      '_index.yaml:7:46: app:w client: app:cleint not found; expected a temporal.client (did you mean app:client?)',
      expect.stringContaining(
        '_index.yaml:7:92: app:w lifecycle.requires[0]: app:p (_index.yaml:6:5) is a process.lua',
      ),
      expect.stringContaining(
        '_index.yaml:8:47: app:s process: app:client (_index.yaml:4:5) is a temporal.client',
      ),
      expect.stringContaining('_index.yaml:8:61: app:s host: other:h not found'),
    ]);
  });

  it('go on past a field that is wrong to those after it', async () => {
    expect(
      await linesOf(`  - name: w
    kind: temporal.worker
    clinet: c
    client: nobody
    task_queue: q
    worker_options: {identity: 5}
`),
    ).toEqual([
      '_index.yaml:6:5: app:w clinet: unknown field (did you mean client?)',
      '_index.yaml:7:13: app:w client: app:nobody not found; expected a temporal.client',
      '_index.yaml:9:32: app:w worker_options.identity: expected text, found the number 5',
    ]);
  });

  it('do not repeat a broken entry at every reference to it', async () => {
    expect(
      await linesOf(`  - {name: c, kind: temporal.client, adress: "x:1"}
  - {name: w, kind: temporal.worker, client: c, task_queue: q}
`),
    ).toEqual(['_index.yaml:4:38: app:c adress: unknown field (did you mean address?)']);
  });

  it('show circles of requires and of imports as the circle', async () => {
    expect(
      await linesOf(`  - {name: b, kind: process.host, lifecycle: {depends_on: [c]}}
  - {name: c, kind: process.host, lifecycle: {requires: [a]}}
  - {name: a, kind: process.host, lifecycle: {requires: [b]}}
  - {name: self, kind: process.host, lifecycle: {requires: [self]}}
  - {name: l1, kind: library.lua, source: "return 1", imports: {x: l2}}
  - {name: l2, kind: library.lua, source: "return 1", imports: {x: l1}}
`),
    ).toEqual([
      '_index.yaml:6:58: app:a lifecycle.requires[0]: the start order goes in a circle: app:a → app:b → app:c → app:a',
      '_index.yaml:7:61: app:self lifecycle.requires[0]: the start order goes in a circle: app:self → app:self',
      '_index.yaml:8:68: app:l1 imports.x: the imports go in a circle: app:l1 → app:l2 → app:l1',
    ]);
  });

  it('name the worker that a workflow lacks', async () => {
    const lines = await linesOf(`  - {name: a, kind: workflow.lua, source: "return 1"}
  - {name: b, kind: workflow.lua, source: "return 1", meta: {temporal: {activity: {worker: w}}}}
`);
    const needs = 'is required: a workflow names its worker in meta.temporal.workflow.worker';
    expect(lines).toContain(`_index.yaml:4:5: app:a meta: ${needs}`);
    expect(lines).toContain(`_index.yaml:5:72: app:b meta.temporal.workflow: ${needs}`);
    expect(lines.at(-1)).toContain('meta.temporal.activity: unknown field');
  });

  it('include sources that are missing, outside the folder, folders, not text, or names of files', async () => {
    const outside = folder({ 'secret.lua': 'return 1' });
    const dir = folder({
      '_index.yaml': index(
        [
          'file://main.lau',
          'file://../x.lua',
          'file://link.lua',
          'file://sub',
          'main.lua',
          'file://b.lua',
        ]
          .map((source, i) => `  - {name: f${i}, kind: function.lua, source: "${source}"}\n`)
          .join(''),
      ),
      'main.lua': 'return 1',
      'sub/x': '',
    });
    symlinkSync(path.join(outside, 'secret.lua'), path.join(dir, 'link.lua'));
    symlinkSync(path.join(dir, 'main.lua'), path.join(dir, 'b.lua'));
    expect((await problemsOf(dir)).map(({ message, hint }) => [message, hint])).toEqual([
      ['there is no file main.lau', 'did you mean main.lua?'],
      ['there is no file ../x.lua', undefined],
      ['link.lua lies outside the app folder', 'move it into the folder'],
      ['sub is a folder, not a file', undefined],
      ['is the name of a file, not Lua code', 'write file://main.lua'],
    ]);
  });

  it('include modules that do not exist, where the loader knows them', async () => {
    const dir = folder({
      '_index.yaml': index(
        '  - {name: f, kind: function.lua, source: "return 1", modules: [tme, json]}\n',
      ),
    });
    const problems = await problemsOf(dir, { modules: new Set(['time', 'json']) });
    expect(problems.map(formatProblem)).toEqual([
      '_index.yaml:4:65: app:f modules[0]: there is no module tme (did you mean time?)',
    ]);
    expect(await problemsOf(dir)).toEqual([]);
  });

  it('include folders without an _index.yaml, and folders that are not there', async () => {
    const dir = folder({ 'main.lua': '' });
    expect(await problemsOf(dir)).toMatchObject([
      { message: `there is no _index.yaml in ${dir} or its sub-folders` },
    ]);
    const missing = path.join(dir, 'nowhere');
    expect(await problemsOf(missing)).toMatchObject([{ message: `there is no folder ${missing}` }]);
  });

  it('include files that are empty, several documents, or no map of entries', async () => {
    const texts = [
      '',
      '# nothing\n',
      'a: 1\n---\nb: 2\n',
      '- 1\n',
      'version: "1.0"\nnamespace: app\nentries: {}\n',
    ];
    const found = await Promise.all(
      texts.map((text) => problemsOf(folder({ '_index.yaml': text }))),
    );
    expect(found.map((problems) => problems.map(({ message }) => message))).toEqual([
      ['the file is empty'],
      ['the file is empty'],
      ['the file holds several YAML documents; expected one'],
      ['expected a map, found a list'],
      ['expected a list, found a map'],
    ]);
  });

  it('include entries without a name or a kind, and names that PIDs could not hold', async () => {
    expect(
      await linesOf(
        '  - kind: process.host\n  - name: x\n  - {name: "a|b", kind: process.host}\n  - 5\n',
      ),
    ).toEqual([
      '_index.yaml:4:5: entries[0].name: is required',
      '_index.yaml:5:5: app:x kind: is required',
      '_index.yaml:6:12: entries[2].name: must be letters, digits, "_", "-" and ".", found the text "a|b"',
      '_index.yaml:7:5: entries[3]: expected an entry (a map), found the number 5',
    ]);
  });

  it('include keys written twice and data that goes in a circle, at their place', async () => {
    expect(await linesOf('  - {name: h, kind: process.host, kind: process.host}\n')).toEqual([
      expect.stringMatching(/^_index\.yaml:4:35: not valid YAML: duplicated mapping key/),
    ]);
    expect(await linesOf('  - {name: h, kind: process.host, meta: &m {again: *m}}\n')).toEqual([
      expect.stringMatching(/^_index\.yaml:4:4\d: app:h meta: meta.again/),
    ]);
  });

  it('never show a secret', async () => {
    const lines = await linesOf(`  - {name: a, kind: temporal.client, api_key: [sk-12345]}
  - {name: b, kind: temporal.client, auth: sk-12345}
  - {name: c, kind: temporal.client, auth: {type: sk-12345, api_key: {k: sk-12345}}}
  - {name: d, kind: temporal.client, auth: {type: api_key}}
  - {name: e, kind: temporal.client, api_key: sk-12345, auth: {type: mtls, key_pem: sk-12345}}
  - {name: f, kind: temporal.client, api_key: 12345}
`);
    expect(lines).toHaveLength(7);
    expect(lines.join('\n')).not.toContain('12345');
  });
});
