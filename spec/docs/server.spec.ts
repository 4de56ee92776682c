import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { TemporalServerError } from '../../src/temporal-server/index.js';
import { checkOptions } from '../../src/temporal-server/options.js';
import { perdure, runNode } from '../support/cli.js';

const text = await readFile('docs/server.md', 'utf8');

describe('docs/server.md', () => {
  it('has a program that runs as it is written', async () => {
    const [, program = ''] = /<!-- runs as a spec -->\n```js\n(.*?)```/s.exec(text) ?? [];
    const { code, stdout, stderr } = await runNode(['--input-type=module', '-e', program]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1\n', stderr: '' });
  });

  it('has every option of the library, and only flags that the command knows', async () => {
    const [, options = ''] = /^## Options$(.*?)^## /ms.exec(text) ?? [];
    const rows = [...options.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)];
    let known = '';
    try {
      checkOptions({ none: true } as object);
    } catch (thrown) {
      known = (thrown as TemporalServerError).message.replace(/.*there are /, '');
    }
    expect(rows.map(([, option]) => option).sort()).toEqual(known.split(', ').sort());
    const { stdout } = await perdure(['server', 'start-dev', '--help']);
    const flags = rows.flatMap(([, , cell = '']) => cell.match(/--[a-z-]+/g) ?? []);
    expect(flags.length).toBeGreaterThan(8);
    for (const flag of flags) expect(stdout).toContain(flag);
  });
});
