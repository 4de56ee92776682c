import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startApp } from '../../src/app.js';
import { NativeFunction } from '../../src/lua/module.js';
import { standardModules } from '../../src/lua/modules/index.js';
import { loadRegistry, registryJsonSchema } from '../../src/registry/index.js';
import { AppFolders, index } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const lua = await readFile('docs/lua.md', 'utf8');
const entries = await readFile('docs/entries.md', 'utf8');

/** `module.name` of every function of a module, those in its nested tables too. */
function functionNames(table: object, prefix: string): string[] {
  return Object.entries(table).flatMap(([name, value]): string[] => {
    const full = `${prefix}.${name}`;
    if (typeof value === 'function' || value instanceof NativeFunction) return [full];
    return typeof value === 'object' && value !== null ? functionNames(value, full) : [];
  });
}

/** Names that `text` does not have as words of their own. */
function missing(text: string, names: readonly string[]): string[] {
  return names.filter((name) => {
    const word = name.replaceAll('.', '\\.');
    return !new RegExp(`(?<![\\w.])${word}(?!\\w)`).test(text);
  });
}

describe('docs/lua.md', () => {
  it('names every module and every function of it', () => {
    const modules = standardModules();
    const names = modules.flatMap((m) => functionNames({ ...m.functions, ...m.constants }, m.name));
    expect(names.length).toBeGreaterThan(60);
    expect(missing(lua, names)).toEqual([]);
    expect(missing(lua, ['no.such'])).toEqual(['no.such']);
  });

  it('names every method of every value', () => {
    const methods = standardModules().flatMap((m) =>
      (m.types ?? []).flatMap((type) => Object.keys(type.methods)),
    );
    expect(methods.filter((name) => !new RegExp(`[:.\`]${name}\\b`).test(lua))).toEqual([]);
  });
});

/** A part of a JSON Schema, as far as fields are concerned. */
interface Schema {
  readonly $ref?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const root = registryJsonSchema() as Schema & { readonly $defs: { readonly [id: string]: Schema } };

function resolved(schema: Schema): Schema {
  const id = schema.$ref?.split('/').at(-1);
  return id === undefined ? schema : { ...resolved(root.$defs[id] ?? {}), ...schema };
}

/** Names of fields, kinds and choices in a schema and in all below it. */
function wordsOf(schema: Schema): string[] {
  const { properties = {}, items, anyOf = [], enum: choices = [], const: only } = resolved(schema);
  const below = [...Object.values(properties), ...(items === undefined ? [] : [items]), ...anyOf];
  return [
    ...Object.keys(properties),
    ...choices,
    ...(only === undefined ? [] : [only]),
    ...below.flatMap(wordsOf),
  ];
}

describe('docs/entries.md', () => {
  const schemas = resolved(root.properties?.entries?.items ?? {}).anyOf ?? [];
  const kinds = schemas.map((schema) => resolved(schema).properties?.kind?.const ?? '');

  it('has a section for every kind', () => {
    expect(kinds.length).toBeGreaterThan(8);
    expect(kinds.filter((kind) => !entries.includes(`\n## ${kind}\n`))).toEqual([]);
  });

  it('names every field, and every word that a field may have', () => {
    const words = [...new Set(wordsOf(root))].filter((word) => !kinds.includes(word));
    expect(words.length).toBeGreaterThan(100);
    const text = entries.replaceAll('"1.0"', '`1.0`');
    expect(
      words.filter((word) => !new RegExp(`\`([\\w.]+\\.)?${word}(\\.[\\w.]+)?\``).test(text)),
    ).toEqual([]);
  });

  it('names every option of a workflow start and of an activity call', async () => {
    const read = /reader\.\w+\('(\w+)'/g;
    for (const group of ['workflow', 'activity']) {
      const code = await readFile(`src/hosts/temporal/workflow/${group}-options.ts`, 'utf8');
      const names = [...code.matchAll(read)].map((match) => `${group}.${match[1]}`);
      expect(names.length).toBeGreaterThan(8);
      expect(names.filter((name) => !entries.includes(`${name}\``))).toEqual([]);
    }
  });

  it('shows an app that loads', async () => {
    const app = /```yaml\n(.*?)```/s.exec(entries)?.[1] ?? '';
    const dir = await folders.write({ '_index.yaml': app, 'hello.lua': 'return function() end' });
    expect((await loadRegistry(dir)).entries.size).toBe(2);
  });
});

interface Example {
  readonly code: string;
  readonly workflow: boolean;
}

function examples(): readonly Example[] {
  return [...lua.matchAll(/(<!-- in a workflow -->\n)?```lua\n(.*?)```/gs)].map((block) => ({
    code: block[2] ?? '',
    workflow: block[1] !== undefined,
  }));
}

/** What an example says that it prints, with tabs as `print` writes them. */
function promised(code: string): readonly string[] {
  return [...code.matchAll(/--> (.*)$/gm)].map((line) =>
    (line[1] ?? '').replaceAll(/ {2,}/g, '\t'),
  );
}

const WORKER = '{ temporal: { workflow: { worker: worker } } }';

/** The entries that the examples speak of. */
const WORLD = [
  '{ name: temporal, kind: temporal.client }',
  '{ name: worker, kind: temporal.worker, client: temporal, task_queue: reference, lifecycle: { auto_start: true, start_timeout: 1m } }',
  '{ name: processes, kind: process.host }',
  '{ name: double, kind: function.lua, source: "return function(n) return n * 2 end" }',
  `{ name: child, kind: workflow.lua, meta: ${WORKER}, source: "return function(name) return name end" }`,
  `name: echo
kind: process.lua
source: |
  return function()
    local msg = process.inbox():receive()
    if msg:from() then process.send(msg:from(), "answer", msg:payload()) end
    return "bye"
  end`,
].map((entry) => (entry.startsWith('{') ? `<<: ${entry}` : entry));

/** Where the examples find the server that they ask. */
const API = 'https://api.example.com';

async function apiServer(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((_request, response) => {
    response.end('{"state":"paid"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function entryOf({ code, workflow }: Example, i: number): string {
  const source = /^return /m.test(code) ? code : `return function()\n${code}end\n`;
  const extra = workflow ? ['workflow'] : ['funcs', 'env', 'http_client'];
  const safe = ['time', 'json', 'logger', 'ctx', 'uuid', 'crypto', 'base64'];
  return [
    `name: example${i}`,
    `kind: ${workflow ? 'workflow' : 'process'}.lua`,
    ...(workflow ? [`meta: ${WORKER}`] : []),
    `modules: [${[...safe, ...extra].join(', ')}]`,
    'source: |',
    source.replace(/^/gm, '  '),
  ].join('\n');
}

describe('the examples of docs/lua.md', () => {
  it('run, and print what they say', async () => {
    const all = examples();
    expect(all.length).toBeGreaterThan(10);
    const { server, url } = await apiServer();
    const text = index(...WORLD, ...all.map(entryOf)).replaceAll(API, url);
    const dir = await folders.write({ '_index.yaml': text });
    const printed: string[] = [];
    const print = (text: string) => void printed.push(text);
    const app = await startApp({ dir, skipTime: true, print });
    try {
      for (const [i, { code }] of all.entries()) {
        const { exit } = await app.runtime.spawn(`app:example${i}`);
        const { error } = await exit;
        const lines = printed.splice(0).map((text) => text.trimEnd());
        expect({ code, error, lines }).toEqual({ code, error: null, lines: promised(code) });
      }
    } finally {
      await app.stop();
      server.close();
    }
  }, 60_000);
});

describe.each(['docs/lua.md', 'docs/entries.md'])('links of %s', (file) => {
  it('lead to files and headings that are there', async () => {
    const text = await readFile(file, 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map((link) => link[1] ?? '');
    expect(targets.length).toBeGreaterThan(2);
    const lost = await Promise.all(targets.map(async (t) => ((await leads(file, t)) ? [] : [t])));
    expect(lost.flat()).toEqual([]);
  });
});

async function leads(from: string, target: string): Promise<boolean> {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : join(dirname(from), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchors(await readFile(file, 'utf8')).includes(anchor);
}

/** The anchors that GitHub gives to headings. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map((heading) =>
    (heading[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
