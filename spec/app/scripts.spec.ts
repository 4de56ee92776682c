import { afterAll, describe, expect, it } from '@jest/globals';
import { type App, startApp } from '../../src/app.js';
import { defineProcess, type PerdureError } from '../../src/index.js';
import { AppFolders, index, luaEntry } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const jsEntry = (name: string, more = '') =>
  `name: ${name}\nkind: process.js\nsource: file://${name}.mjs${more}`;

async function start(files: { readonly [name: string]: string }): Promise<App> {
  return startApp({ dir: await folders.write(files), print: () => {}, env: {} });
}

const HOST = 'name: processes\nkind: process.host';

describe('a process.js entry', () => {
  it('is spawned by its id, from outside and from Lua', async () => {
    const app = await start({
      '_index.yaml': index(HOST, jsEntry('adder'), luaEntry('caller')),
      'adder.mjs': `export async function main(ctx, a) {
        return a + (await ctx.receive()).first;
      }`,
      'caller.lua': `return function()
        return process.with_context({}):with_message("n", 2):exec("app:adder", "app:processes", 40)
      end`,
    });
    const direct = await app.runtime.spawn('app:adder', { args: [1] });
    await app.runtime.send(direct.pid, 'n', 2);
    expect(await direct.exit).toEqual({ value: 3, error: null });
    const { exit } = await app.runtime.spawn('app:caller');
    expect(await exit).toEqual({ value: 42, error: null });
    await app.stop();
  });

  it('may export its function under another name, as the default, or as a definition', async () => {
    const app = await start({
      '_index.yaml': index(
        jsEntry('named', '\nmethod: work'),
        jsEntry('plain'),
        jsEntry('defined'),
      ),
      'named.mjs': `export const work = () => 'named';`,
      'plain.mjs': `export default () => 'plain';`,
      'defined.mjs': `export const main = { name: 'defined', main: () => 'defined' };`,
    });
    const exits = ['app:named', 'app:plain', 'app:defined'].map(
      async (id) => (await (await app.runtime.spawn(id)).exit).value,
    );
    expect(await Promise.all(exits)).toEqual(['named', 'plain', 'defined']);
    await app.stop();
  });

  it('stops the start where it cannot be loaded, with file and entry of each', async () => {
    const starting = start({
      '_index.yaml': index(jsEntry('broken'), jsEntry('empty')),
      'broken.mjs': `throw new Error('broken on purpose');`,
      'empty.mjs': `export const other = 1;`,
    });
    const error = await starting.then(
      () => null,
      (e: PerdureError) => e,
    );
    expect(error).toMatchObject({ kind: 'INVALID' });
    expect(error?.message).toContain('broken.mjs: broken on purpose (app:broken)');
    expect(error?.message).toContain('empty.mjs: it must export a function');
    expect(error?.message).toContain('it exports other (app:empty)');
  });

  it('is refused in the registry where its source is no module', async () => {
    const starting = start({ '_index.yaml': index('name: x\nkind: process.js\nsource: x.lua') });
    await expect(starting).rejects.toThrow('file://NAME.js');
  });
});

describe('a program around the runtime', () => {
  it('spawns a function with its types, and reads its result with its type', async () => {
    const app = await start({ '_index.yaml': index(HOST) });
    const join = defineProcess(async (_ctx, a: string, n: number) => ({ text: a.repeat(n) }));
    const { exit } = await app.runtime.spawn(join, { args: ['ab', 2] });
    const { value } = await exit;
    const text: string | undefined = value?.text; // compiles: the type came through
    expect(text).toBe('abab');
    // @ts-expect-error the second argument is a number
    const wrong = await app.runtime.spawn(join, { args: ['ab', 'two'] });
    expect((await wrong.exit).value).toEqual({ text: '' });
    await app.stop();
  });

  it('has a mailbox that processes answer to, and that monitors them', async () => {
    const app = await start({
      '_index.yaml': index(HOST, luaEntry('echo')),
      'echo.lua': `return function()
        local m = process.inbox():receive()
        process.send(m:from(), "answer", m:payload():data())
        process.send("desk", "again", 1, 2)
        return "done"
      end`,
    });
    const mailbox = app.runtime.mailbox({ name: 'desk' });
    const { pid } = await app.runtime.spawn('app:echo');
    await mailbox.monitor(pid);
    await mailbox.send(pid, 'question', { a: [1] });
    expect(await mailbox.receive()).toMatchObject({
      from: pid,
      topic: 'answer',
      first: { a: [1] },
    });
    expect(await mailbox.receive()).toMatchObject({ topic: 'again', values: [1, 2] });
    const result = { value: 'done', error: null };
    expect(await mailbox.nextEvent()).toMatchObject({ kind: 'EXIT', from: pid, result });
    expect(() => app.runtime.mailbox({ name: 'desk' })).toThrow(
      expect.objectContaining({ kind: 'ALREADY_EXISTS' }),
    );
    await app.stop();
  });

  it('reads LINK_DOWN when what its mailbox is linked to fails', async () => {
    const app = await start({ '_index.yaml': index(HOST) });
    const mailbox = app.runtime.mailbox();
    const failing = defineProcess(async (ctx) => {
      await ctx.receive();
      throw new Error('told to fail');
    });
    const { pid } = await app.runtime.spawn(failing);
    await mailbox.link(pid);
    await mailbox.send(pid, 'now');
    expect(await mailbox.nextEvent()).toMatchObject({ kind: 'LINK_DOWN', from: pid });
    await app.stop();
  });

  it('closes a mailbox: its name is free, its monitors hear of it, its receivers are told', async () => {
    const app = await start({ '_index.yaml': index(HOST) });
    const mailbox = app.runtime.mailbox({ name: 'desk' });
    const watcher = defineProcess(async (ctx, pid: string) => {
      await ctx.monitor(pid);
      const event = await ctx.events.receive();
      return event.ok && event.value.kind;
    });
    const { exit } = await app.runtime.spawn(watcher, { args: [mailbox.pid] });
    const waiting = mailbox.receive();
    await expect(mailbox.receive({ timeoutMs: 1 })).rejects.toMatchObject({ kind: 'TIMEOUT' });
    mailbox.close();
    await expect(waiting).rejects.toMatchObject({ kind: 'CANCELED' });
    expect((await exit).value).toBe('EXIT');
    await expect(app.runtime.send(mailbox.pid, 't')).rejects.toMatchObject({ kind: 'NOT_FOUND' });
    app.runtime.mailbox({ name: 'desk' }).close();
    await app.stop();
  });
});
