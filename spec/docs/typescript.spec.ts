import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { transform } from '@swc/core';

const run = promisify(execFile);

const text = await readFile('docs/typescript.md', 'utf8');

describe('docs/typescript.md', () => {
  const blocks = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, source = '']) => ({ source }));

  it('shows programs', () => expect(blocks.length).toBeGreaterThan(1));

  it.each(blocks)('shows a program that prints what it says (%#)', async ({ source }) => {
    const said = [...source.matchAll(/\/\/ (.*)$/gm)].map((comment) => comment[1]);
    const { code } = await transform(source.replace("'perdure'", "'./src/index.js'"), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
    });
    const file = 'dist/typescript-docs.mjs';
    await writeFile(file, code);
    try {
      const { stdout } = await run(process.execPath, [file], { env: { PATH: process.env.PATH } });
      expect(stdout.trim().split('\n')).toEqual(said);
    } finally {
      await rm(file);
    }
  });
});
