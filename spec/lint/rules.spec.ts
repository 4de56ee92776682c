import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { lintApp } from '../../src/app/lint.js';
import { RULES } from '../../src/lint/rules/index.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const WORKER = [
  'name: client\nkind: temporal.client',
  'name: worker\nkind: temporal.worker\nclient: client\ntask_queue: orders',
];
const IN_WORKFLOW = 'meta: { temporal: { workflow: { worker: worker } } }\n';
const MODULES = 'modules: [funcs, time]\n';

/** Findings as `line:column rule` in an app with these entries and files. */
async function findingsIn(
  entries: readonly string[],
  files: { readonly [name: string]: string },
): Promise<string[]> {
  const { findings } = await lintApp(
    await folders.write({ '_index.yaml': index(...entries), ...files }),
  );
  return findings.map(({ file, line, column, rule }) => `${file}:${line}:${column} ${rule}`);
}

/** Findings in one process, or one workflow. */
async function inSource(text: string, kind: 'process' | 'workflow' = 'process'): Promise<string[]> {
  const more = MODULES + (kind === 'workflow' ? IN_WORKFLOW : '');
  const plain = luaEntry('plain', 'function.lua');
  const entries = [...WORKER, plain, luaEntry('main', `${kind}.lua`, more)];
  const found = await findingsIn(entries, { 'plain.lua': 'return print', 'main.lua': text });
  return found.map((line) => line.replace('main.lua:', ''));
}

const docs = await readFile('docs/lint.md', 'utf8');

describe('docs/lint.md', () => {
  it('has an example for each rule, in which the rule finds what is marked and no rule finds more', async () => {
    for (const { name } of RULES) {
      const section = docs.split(`\n### ${name}\n`)[1]?.split('\n### ')[0] ?? '';
      const kind = section.includes('<!-- in a workflow -->') ? 'workflow' : 'process';
      const code = /```lua\n(.*?)```/s.exec(section)?.[1] ?? '';
      const marked = code
        .split('\n')
        .flatMap((line, i) => [...line.matchAll(/-- found/g)].map(() => `${i + 1} ${name}`));
      const found = (await inSource(code, kind)).map((text) => text.replace(/:\d+/, ''));
      expect([name, marked.length > 0]).toEqual([name, true]);
      expect([name, ...found]).toEqual([name, ...marked]);
    }
  });

  it('shows comments that silence what is found', async () => {
    const code = /```lua\n(.*?)```/s.exec(docs)?.[1] ?? '';
    const loud = code.replaceAll('lint: ignore', '');
    expect(await inSource(code, 'workflow')).toEqual([]);
    expect(await inSource(loud, 'workflow')).toEqual([
      '1:17 workflow-clock',
      '4:7 undefined-global',
      '4:22 unknown-field',
    ]);
  });
});

describe('names', () => {
  it('are what Lua makes of them: blocks, loops, parameters, self, labels and repeat conditions', async () => {
    expect(
      await inSource(
        `
        local Stack = {}
        function Stack:push(x, ...) self[#self + 1] = x return select("#", ...) end
        for i = 1, 3, 1 do Stack:push(i) end
        for k, v in pairs(Stack) do Stack[k] = v end
        repeat local done = true until done
        while #Stack > 9 do table.remove(Stack) end
        goto out
        do local inner = 1 end
        ::out::
        return Stack`,
      ),
    ).toEqual([]);
    expect(
      await inSource('for i = 1, 2 do end\nrepeat local x = 1 until x\nreturn i, x, self'),
    ).toEqual(['3:8 undefined-global', '3:11 undefined-global', '3:14 undefined-global']);
  });

  it('may be defined by assignment, anywhere in the source', async () => {
    expect(
      await inSource('function helper() return later end\nlater = 1\n_G.more = 2\nreturn more'),
    ).toEqual([]);
  });

  it('are not judged in an environment of the program’s own', async () => {
    expect(
      await inSource('local function f() local _ENV = {} return x end\n_ENV = f\nreturn y'),
    ).toEqual([]);
  });

  it('are those of modules only where these are listed, and of imports', async () => {
    const entries = [
      luaEntry('tools', 'library.lua'),
      luaEntry('a', 'process.lua', 'modules: [json]\nimports: { tools: tools }'),
      luaEntry('b', 'process.lua', 'modules: []'),
    ];
    const text = 'local t = require("tools")\nreturn json.encode(tools), t';
    expect(
      await findingsIn(entries, { 'tools.lua': 'return {}', 'a.lua': text, 'b.lua': text }),
    ).toEqual([
      'b.lua:1:11 unlisted-module',
      'b.lua:2:8 undefined-global',
      'b.lua:2:20 undefined-global',
    ]);
  });

  it('of a library may be defined by the program that imports it, and the other way round', async () => {
    const entries = [
      luaEntry('lib', 'library.lua'),
      luaEntry('a', 'process.lua', 'imports: { lib: lib }'),
    ];
    const files = {
      'lib.lua': 'made = 1\nreturn function() return given end',
      'a.lua': 'given = made\nreturn lib',
    };
    expect(await findingsIn(entries, files)).toEqual([]);
  });
});

describe('use-before-definition', () => {
  it('finds the local function that is called above its definition, in all blocks around the call', async () => {
    const text = `
local function main(order)
  if order then
    return function() undo(order) end
  end
end
local function undo(order) return order end
return { main = main }`;
    expect(await inSource(text)).toEqual(['4:23 use-before-definition']);
    expect(
      await inSource(
        text
          .replace('local function main', 'local undo\nlocal function main')
          .replace('local function undo', 'function undo'),
      ),
    ).toEqual([]);
  });

  it('does not take a local of another block for the one that was meant', async () => {
    expect(await inSource('print(x)\ndo local x = 1 print(x) end')).toEqual([
      '1:7 undefined-global',
    ]);
  });
});

describe('rules about workflows', () => {
  const both = (kind: string) =>
    luaEntry('b', kind, kind === 'workflow.lua' ? MODULES + IN_WORKFLOW : MODULES);
  const shared = (kinds: readonly string[], text: string) =>
    findingsIn(
      [
        ...WORKER,
        luaEntry('plain', 'function.lua'),
        ...kinds.map((kind, i) => both(kind).replace('name: b', `name: b${i}`)),
      ],
      { 'plain.lua': 'return print', 'b.lua': text },
    );

  it('accuse a function of a shared file only where every entry that names the file is a workflow', async () => {
    const text = 'return { main = function() return funcs.call("app:plain") end }';
    expect(await shared(['workflow.lua', 'workflow.lua'], text)).toEqual([
      'b.lua:1:46 no-activity',
    ]);
    expect(await shared(['workflow.lua', 'process.lua'], text)).toEqual([]);
  });

  it('accuse what stands outside of functions where one of them is', async () => {
    const text = 'local now = os.time()\nreturn print';
    expect(await shared(['workflow.lua', 'process.lua'], text)).toEqual([
      'b.lua:1:13 workflow-clock',
    ]);
    expect(await shared(['process.lua'], text)).toEqual([]);
  });

  it('find the clock, chance, files and globals, each under a rule of its own', async () => {
    const text = `return function()
  local now, chance = os.time(), math.random()
  local file = io.open("data.txt")
  counter = counter + 1
  return uuid.v4(), crypto.random_bytes(32), time.now(), now, chance, file
end`;
    expect(await shared(['workflow.lua'], text)).toEqual([
      'b.lua:2:23 workflow-clock',
      'b.lua:2:34 workflow-random',
      'b.lua:3:16 undefined-global',
      'b.lua:4:3 workflow-global',
      'b.lua:5:10 undefined-global',
      'b.lua:5:21 undefined-global',
    ]);
  });

  it('accept a function with activity metadata, whatever calls it', async () => {
    const entries = [
      ...WORKER,
      luaEntry('pay', 'function.lua', 'meta: { temporal: { activity: { worker: worker } } }'),
      luaEntry('flow', 'workflow.lua', MODULES + IN_WORKFLOW),
    ];
    const files = {
      'pay.lua': 'return print',
      'flow.lua': `local calls = funcs.new():with_options({}):with_context({})
return function() return calls:call("app:pay"), funcs.async("app:pay"), calls:async("app:gone") end`,
    };
    expect(await findingsIn(entries, files)).toEqual(['flow.lua:2:85 unknown-entry']);
  });
});

describe('what is certain', () => {
  it('is followed through locals, requires and chained options, as long as nobody changes them', async () => {
    expect(
      await inSource(`
local t = require "time"
local rest = t.sleep
rest(5)
local spawner = process.with_options({}):with_name("x")
spawner:spawn("app:gone", "orders")
local other = t
other = { sleep = print }
other.sleep(5)
local time = { sleep = print }
time.sleep(5)`),
    ).toEqual(['4:1 short-wait', '6:15 unknown-entry']);
  });

  it('does not include what a program adds to a library, nor names that are computed', async () => {
    expect(
      await inSource(`function string.trim(s) return s end
local name = "app:" .. "x"
process.spawn(name, name)
time.sleep(0) time.sleep(5 * time.SECOND) time.sleep(-1) time.sleep(2 * 1e9)
return string.trim("x"), process.event.EXIT`),
    ).toEqual([]);
  });
});

describe('files that cannot be read', () => {
  it('are findings with their place, and the other files are still looked at', async () => {
    const entries = [luaEntry('a'), luaEntry('b')];
    const files = { 'a.lua': 'local x = = 1', 'b.lua': 'return nothing_there' };
    expect(await findingsIn(entries, files)).toEqual([
      'a.lua:1:11 syntax',
      'b.lua:1:8 undefined-global',
    ]);
  });

  it('are found by the engine where the parser is content', async () => {
    const locals = Array.from({ length: 201 }, (_, i) => `local v${i}`).join('\n');
    expect(await inSource(locals)).toEqual(['201:1 syntax']);
  });

  it('are those that are nested too deeply, and say so', async () => {
    const deep = `return ${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
    const { findings } = await lintApp(
      await folders.write({ '_index.yaml': index(luaEntry('a')), 'a.lua': deep }),
    );
    expect(findings).toMatchObject([
      { rule: 'syntax', message: expect.stringContaining('nested') },
    ]);
  });

  it('say where a type is wrong, in YAML too', async () => {
    const inYaml =
      'name: b\nkind: process.lua\nsource: |\n  return function()\n    local x: = 1\n  end';
    const files = { 'a.lua': 'type A = {\n  a: \n}' };
    expect(await findingsIn([luaEntry('a'), inYaml], files)).toEqual([
      expect.stringMatching(/^_index\.yaml:\d+:18 syntax$/),
      'a.lua:3:1 syntax',
    ]);
  });

  it('may begin with a shebang', async () => {
    expect(await inSource('#!/usr/bin/env perdure\nreturn nope')).toEqual(['2:8 undefined-global']);
  });

  it('are all those that an app names and does not have, as perdure run reports them', async () => {
    expect(await findingsIn([luaEntry('a'), 'name: b\nkind: process.lau'], {})).toEqual([
      '_index.yaml:6:13 app',
      '_index.yaml:8:11 app',
    ]);
  });
});

it('gives places in the YAML for Lua that stands there', async () => {
  const entry = 'name: a\nkind: process.lua\nsource: |\n  local x = 1\n  return x, oops';
  expect(await findingsIn([entry], {})).toEqual(['_index.yaml:8:17 undefined-global']);
});

it('says what is wrong with a comment that silences nothing', async () => {
  expect(await inSource('return x -- lint: ignore undefined-globl\n-- lint: disable y')).toEqual([
    '1:8 undefined-global',
    '1:10 lint-comment',
    '2:1 lint-comment',
  ]);
  expect(await inSource('-- lint: ignore-file undefined-global\nreturn x, y')).toEqual([]);
});

describe('typed sources', () => {
  it('are looked at as if they had no types', async () => {
    const text = `type Order = { id: string } -- lint: ignore unknown-field
local function main(order: Order, other?: undefined_type): (string?, error?)
  local id: string = (order as Order).id :: string
  return id as any, nobody
end
return main`;
    expect(await inSource(text)).toEqual(['4:21 undefined-global']);
  });

  it('have no values for their types', async () => {
    const text =
      'type Order = { id: string }\nreturn function(x: any) return Order(x), string(x) end';
    expect(await inSource(text)).toEqual(['2:32 undefined-global']);
  });
});
