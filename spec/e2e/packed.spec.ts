import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { type RunningCli, runNode, startNode } from '../support/cli.js';

const LOADER = 'bin/packed.cjs';
const HEAD_BYTES = 8;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perdure-packed-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a packed file and the copy of its code that V8 has made', () => {
  let file: string;
  let cache: string;

  beforeEach(() => {
    file = join(folder, 'packed.cjs');
    cache = `${file}.cache`;
    answering(42);
  });

  function answering(answer: number): void {
    const body = `exports.answer = () => ${answer};`;
    writeFileSync(file, `(function (exports, require, module, __filename, __dirname) {${body}\n})`);
  }

  /** In a process of its own, since a V8 remembers what it has compiled; its clock is turned. */
  const SCRIPT = `
    let fire;
    global.setTimeout = (later) => { fire = later; return { unref() {} }; };
    const { exports, keep } = require(process.argv[1]).load(process.argv[2]);
    if (process.argv[3] === 'serves') keep();
    const isNew = fire !== undefined;
    fire?.();
    process.stdout.write(JSON.stringify({ answer: exports.answer(), isNew }));`;

  /** @returns what the file answers, and whether the copy is made anew. */
  async function run(does = 'serves', before = ''): Promise<unknown> {
    const { stdout, stderr } = await runNode([
      '-e',
      `${before}${SCRIPT}`,
      resolve(LOADER),
      file,
      does,
    ]);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  /** Changes the copy; with the right checksum, so that only V8 can tell. */
  function change(at: number): void {
    const bytes = readFileSync(cache);
    bytes[HEAD_BYTES + at] = 255 - (bytes[HEAD_BYTES + at] ?? 0);
    bytes.writeUInt32LE(crc32(bytes.subarray(HEAD_BYTES)), 4);
    writeFileSync(cache, bytes);
  }

  it('is made once', async () => {
    expect(await run()).toEqual({ answer: 42, isNew: true });
    expect(readdirSync(folder)).toEqual(['packed.cjs', 'packed.cjs.cache']);
    expect(await run()).toEqual({ answer: 42, isNew: false });
  });

  it('is not made of a file that came to nothing', async () => {
    expect(await run('ends')).toEqual({ answer: 42, isNew: false });
    expect(existsSync(cache)).toBe(false);
  });

  it.each([
    ['nothing', () => Buffer.alloc(0)],
    ['less than its head', (whole: Buffer) => whole.subarray(0, HEAD_BYTES - 1)],
    ['half of it', (whole: Buffer) => whole.subarray(0, whole.length / 2)],
    ['another byte', (whole: Buffer) => whole.fill(0xff, whole.length - 20, whole.length - 19)],
    ['zeros', (whole: Buffer) => whole.fill(0)],
  ])('is made anew where there is %s', async (_, damaged) => {
    await run();
    const whole = readFileSync(cache);
    writeFileSync(cache, damaged(Buffer.from(whole)));
    expect(await run()).toEqual({ answer: 42, isNew: true });
    expect(await run()).toEqual({ answer: 42, isNew: false });
  });

  it('is made anew where the file is another one, of the same length', async () => {
    await run();
    answering(43);
    expect(await run()).toEqual({ answer: 43, isNew: true });
    expect(await run()).toEqual({ answer: 43, isNew: false });
  });

  it.each([
    ['version', 4],
    ['flags', 12],
  ])('is made anew where it is of a V8 with another %s', async (_, at) => {
    await run();
    change(at);
    expect(await run()).toEqual({ answer: 42, isNew: true });
    expect(await run()).toEqual({ answer: 42, isNew: false });
  });

  it('is done without where it cannot be read or replaced', async () => {
    mkdirSync(join(cache, 'taken'), { recursive: true });
    expect(await run()).toEqual({ answer: 42, isNew: true });
    expect(readdirSync(folder)).toEqual(['packed.cjs', 'packed.cjs.cache']);
  });

  it.each([['EROFS'], ['EACCES'], ['ENOSPC']])(
    'is done without where writing fails with %s',
    async (code) => {
      const refuse = `require('fs').writeFileSync = () => { throw Object.assign(new Error(), { code: '${code}' }); };`;
      expect(await run('serves', refuse)).toEqual({ answer: 42, isNew: true });
      expect(readdirSync(folder)).toEqual(['packed.cjs']);
    },
  );
});

describe('the packed server', () => {
  let running: RunningCli | undefined;

  afterEach(async () => {
    running?.process.kill('SIGTERM');
    await running?.ended;
  });

  /** Starts a server of the copy, and asks it something. */
  async function serve(): Promise<void> {
    const command = join(folder, 'bin/perdure.cjs');
    // The logger is a file apart, which the packed one imports.
    const flags = ['server', 'start-dev', '--port', '0', '--json', '--log-level', 'info'];
    const file = ['--db-filename', join(folder, 'server.db')];
    running = startNode([command, ...flags, ...file], {});
    await running.waitFor(/listening on/);
    const text = await running.waitFor(/^\{.*\}$/m);
    const { address } = JSON.parse(text.split('\n').find((line) => line.startsWith('{')) ?? '');
    const connection = await Connection.connect({ address });
    const { namespaces } = await connection.workflowService.listNamespaces({});
    expect(namespaces?.map(({ namespaceInfo }) => namespaceInfo?.name)).toEqual(['default']);
    await connection.close();
  }

  async function stop(): Promise<void> {
    running?.process.kill('SIGTERM');
    expect(await running?.ended).toMatchObject({ code: 143 });
  }

  it('keeps a copy beside it, starts from it, and does not mind a damaged one', async () => {
    const parts = ['dist/temporal-protos.txt', 'dist/src/cli/bundle', 'dist/src/cli/log.js'];
    for (const part of ['package.json', 'bin', ...parts])
      cpSync(part, join(folder, part), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    const cache = join(folder, 'dist/src/cli/bundle/server-command.cjs.cache');
    rmSync(cache, { force: true });
    await serve();
    await until(() => existsSync(cache));
    await stop();
    const whole = readFileSync(cache);
    expect(whole.readUInt32LE(4)).toBe(crc32(whole.subarray(HEAD_BYTES)));
    await serve();
    await stop();
    const damaged = Buffer.from(whole).fill(0, whole.length / 2);
    writeFileSync(cache, damaged);
    await serve();
    await until(() => !readFileSync(cache).equals(damaged));
    await stop();
  }, 60_000);
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
