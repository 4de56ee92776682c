/** `function.js` and `workflow.js`: what was written for Temporal's TypeScript SDK, beside processes. */
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import { entry, type PerdureError } from '../../src/index.js';
import { AppFolders, index } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const WORKER = `name: temporal\nkind: temporal.client`;
const QUEUE =
  'name: worker\nkind: temporal.worker\nclient: temporal\ntask_queue: js\nlifecycle: { auto_start: true, start_timeout: 1m }';
const HOST = 'name: processes\nkind: process.host';
const on = (kind: 'activity' | 'workflow') => `meta: { temporal: { ${kind}: { worker: worker } } }`;
const js = (name: string, kind: string, more = '', extension = 'mjs') =>
  `name: ${name}\nkind: ${kind}\nsource: file://${name}.${extension}\n${more}`;
const lua = (name: string, kind: string, more = '') =>
  `name: ${name}\nkind: ${kind}\nsource: file://${name}.lua\nmodules: [funcs]\n${more}`;

async function start(files: { readonly [name: string]: string }): Promise<App> {
  const dir = await folders.write(files);
  // The packages that an app installs beside perdure: copies of its own.
  const [ours, its] = [process.cwd(), dir].map((at) => join(at, 'node_modules', '@temporalio'));
  for (const name of ['workflow', 'common']) {
    await cp(join(ours as string, name), join(its as string, name), { recursive: true });
  }
  await symlink(join(ours as string, 'activity'), join(its as string, 'activity'));
  return startApp({ dir, skipTime: true, print: () => {}, env: {} });
}

/** A workflow as a user of the SDK writes it, in TypeScript. */
const GREET = `
import { condition, defineQuery, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';
const { hello } = proxyActivities<{ hello(name: string): Promise<string> }>({ startToCloseTimeout: '10s' });
const more = defineSignal<[string]>('more');
export async function greet(name: string): Promise<string> {
  let end: string | undefined;
  setHandler(defineQuery<string>('end'), () => end ?? 'none');
  setHandler(more, (text) => { end = text; });
  const greeting = await hello(name);
  await sleep('1h');
  await condition(() => end !== undefined);
  return greeting + end;
}`;
const HELLO = `
import { Context } from '@temporalio/activity';
export async function main(name) {
  Context.current().heartbeat({ greeting: name });
  return 'hello ' + name;
}`;

describe('a workflow.js entry', () => {
  const files = {
    '_index.yaml': index(
      WORKER,
      QUEUE,
      HOST,
      js('greet', 'workflow.js', `method: greet\n${on('workflow')}`, 'ts'),
      js(
        'hello',
        'function.js',
        'meta: { temporal: { activity: { worker: worker, name: hello } } }',
      ),
      lua('parent', 'workflow.lua', on('workflow')),
      lua('desk', 'process.lua'),
      lua('changes', 'workflow.lua', on('workflow')),
      lua('links', 'workflow.lua', on('workflow')),
      js('throws', 'workflow.js', on('workflow')),
    ),
    'throws.mjs': `throw new Error('at load'); export async function main() {}`,
    'links.lua': `return function()
      local child = assert(process.spawn("app:greet", "app:worker", "x"))
      local linked, first = process.link(child)
      local spawned, second = process.spawn_linked("app:greet", "app:worker", "y")
      return { linked == nil, first:kind(), spawned == nil, second:kind() }
    end`,
    'changes.lua': `return function()
      local ok, err = process.upgrade("app:greet")
      return { ok == nil, err:kind() }
    end`,
    'greet.ts': GREET,
    'hello.mjs': HELLO,
    'parent.lua': `return function(name)
      local pid = assert(process.spawn("app:greet", "app:worker", name))
      process.send(pid, "more", "!")
      local event = process.events():receive()
      local err = event.result.error
      return { event.from == pid, event.result.value, err and err:kind(), err and err:message() }
    end`,
    'desk.lua': `return function()
      local pid = assert(process.with_options({}):with_name("by-name"):spawn_monitored("app:greet", "app:worker", "ada"))
      process.send(pid, "more", "?")
      local value = process.events():receive().result.value
      process.set_options({ trap_links = true })
      local other = assert(process.spawn("app:greet", "app:worker", "eve"))
      local linked, err = process.link(other)
      process.terminate(other)
      return { pid, value, linked == nil, err:kind() }
    end`,
  };

  let app: App;
  beforeAll(async () => {
    app = await start(files);
  }, 60_000);
  afterAll(() => app?.stop());

  it('is spawned, sent to, monitored and named like any process', async () => {
    const { exit } = await app.runtime.spawn('app:desk');
    expect(await exit).toEqual({
      value: ['{app:worker|by-name}', 'hello ada?', true, 'INVALID'],
      error: null,
    });
  });

  it('is a child of a workflow in Lua, which hears how it ended', async () => {
    const { exit } = await app.runtime.spawn('app:parent', { args: ['lua'] });
    expect(await exit).toEqual({ value: [true, 'hello lua!'], error: null });
  });

  it('cannot be linked to by its parent either', async () => {
    const { exit } = await app.runtime.spawn('app:links');
    expect(await exit).toEqual({ value: [true, 'INVALID', true, 'INVALID'], error: null });
  });

  it('stops no other workflow where its module throws at load', async () => {
    const broken = await app.runtime.spawn('app:throws');
    const { exit } = await app.runtime.spawn('app:parent', { args: ['all the same'] });
    expect((await exit).value).toEqual([true, 'hello all the same!']);
    await app.runtime.terminate(broken.pid);
  });

  it('is nothing that a process can be upgraded to', async () => {
    const { exit } = await app.runtime.spawn('app:changes');
    expect((await exit).value).toEqual([true, 'INVALID']);
  });

  it('has the types of its function where the program gives them', async () => {
    const greet = entry<(name: string) => Promise<string>>('app:greet');
    const { pid, exit } = await app.runtime.spawn(greet, { args: ['types'] });
    // @ts-expect-error: the workflow takes a string
    void (() => app.runtime.spawn(greet, { args: [1] }));
    await app.runtime.send(pid, 'more', '.');
    const value: string | null = (await exit).value;
    expect(value).toBe('hello types.');
  });

  it('stops the start where its module lacks the export, or cannot be bundled', async () => {
    const broken = { ...files, 'greet.ts': `import fs from 'node:fs';\nexport const other = fs;` };
    const error = (await start(broken).catch((e: unknown) => e)) as PerdureError;
    expect(error.kind).toBe('INVALID');
    expect(error.message).toMatch(/greet\.ts.*cannot be bundled/);
    expect(error.message).toMatch(/export 'greet'.*was not found|disallowed.*node:fs/);
  }, 60_000);
});

describe('a function.js entry', () => {
  const files = {
    '_index.yaml': index(
      WORKER,
      QUEUE,
      HOST,
      js('work', 'function.js', on('activity')),
      js('plain', 'function.js', 'method: double'),
      lua('flow', 'workflow.lua', on('workflow')),
      lua('desk', 'process.lua'),
    ),
    'work.mjs': `
      import { ApplicationFailure, Context } from '@temporalio/activity';
      export default async function work(how) {
        const { attempt } = Context.current().info;
        if (how === 'fail') throw new Error('on purpose');
        if (how === 'typed') throw ApplicationFailure.create({ message: 'typed', type: 'CONFLICT', details: [{ a: 1 }] });
        if (how === 'retry' && attempt < 3) throw ApplicationFailure.retryable('again');
        return { how, attempt };
      }`,
    'plain.mjs': 'export const double = (n) => ({ twice: 2 * n });',
    'flow.lua': `local funcs = require("funcs")
    return function(how)
      local call = funcs.new()
      if how == "retry" then
        call = call:with_options({ ["activity.retry_policy"] = { initial_interval = 1, maximum_attempts = 5 } })
      end
      local value, err = call:call("app:work", how)
      return { value or false, err and err:kind(), err and err:message() }
    end`,
    'desk.lua': 'return function() return (require("funcs").call("app:plain", 21)) end',
  };

  let app: App;
  beforeAll(async () => {
    app = await start(files);
  });
  afterAll(() => app?.stop());

  it('is called by local processes, without a worker', async () => {
    const { exit } = await app.runtime.spawn('app:desk');
    expect((await exit).value).toEqual({ twice: 42 });
    expect(await app.runtime.call('app:plain', 4)).toEqual({ twice: 8 });
  });

  it('is an activity, in whose context it runs; its failures come back once, unless the call retries', async () => {
    const run = async (how: string) =>
      (await (await app.runtime.spawn('app:flow', { args: [how] })).exit).value;
    expect(await run('well')).toEqual([{ how: 'well', attempt: 1 }]);
    expect(await run('fail')).toEqual([false, expect.any(String), 'on purpose']);
    expect(await run('typed')).toEqual([false, 'CONFLICT', 'typed']);
    expect(await run('retry')).toEqual([{ how: 'retry', attempt: 3 }]);
  });

  it('stops the start where its module does not export a function', async () => {
    const broken = { ...files, 'plain.mjs': 'export const double = 2;' };
    const error = (await start(broken).catch((e: unknown) => e)) as PerdureError;
    expect(error.message).toMatch(
      /plain\.mjs: it must export a function as double; it exports double/,
    );
  });
});
