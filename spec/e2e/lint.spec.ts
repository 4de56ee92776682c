import { existsSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { AppFolders, index, luaEntry, perdure, startPerdure } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const app = (text: string, more = '') =>
  folders.write({ '_index.yaml': index(luaEntry('a', 'process.lua', more)), 'a.lua': text });

/** But for the one that knows only Temporal. */
const apps = readdirSync('examples').filter((name) => existsSync(`examples/${name}/_index.yaml`));

describe('perdure lint', () => {
  it.each(apps)('finds nothing in examples/%s', async (name) => {
    const { code, stdout } = await perdure(['lint', `examples/${name}`, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, value: { hints: 0 } });
    expect(code).toBe(0);
  });

  it('prints a tree by file with place, severity, message and rule, and ends with 1', async () => {
    const dir = await app('first()\nlocal function second() end\nreturn process.spwan');
    const { code, stdout, stderr } = await perdure(['lint', dir]);
    expect(stdout.split('\n')).toEqual([
      'a.lua',
      '├─ a.lua:1:1 warning nothing defines first: it is nil undefined-global',
      '└─ a.lua:3:16 error there is no process.spwan unknown-field',
      '      → did you mean process.spawn?',
      '',
    ]);
    expect(stderr).toBe('1 file with Lua: 1 error, 1 warning\n');
    expect(code).toBe(1);
  });

  it('prints one envelope a line with --json', async () => {
    const { code, stdout } = await perdure(['lint', await app('return x, y'), '--json']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual(
      [8, 11].map((column) => ({
        ok: false,
        pid: null,
        error: {
          kind: 'INVALID',
          message: expect.stringMatching(/^nothing defines [xy]/),
          retryable: false,
          details: {
            file: 'a.lua',
            line: 1,
            column,
            rule: 'undefined-global',
            severity: 'warning',
            hint: null,
          },
        },
      })),
    );
    expect(code).toBe(1);
  });

  it.each(['lint', 'lint --json'])(
    '%s ends with 141 and in silence when nobody reads stdout',
    async (words) => {
      const running = startPerdure([...words.split(' '), await app('return x, y')]);
      running.process.stdout?.destroy();
      const { code, stderr } = await running.ended;
      expect(stderr).not.toMatch(/EPIPE| {4}at /);
      expect(code).toBe(141);
    },
  );

  it('shows colours where it is told to, and not where NO_COLOR is set', async () => {
    const dir = await app('return x');
    const lint = (env = {}) => perdure(['lint', dir, '--color'], { env });
    expect((await lint()).stdout).toContain('\u001b[33mwarning\u001b[39m');
    expect((await lint({ NO_COLOR: '1' })).stdout).toContain(' warning nothing');
  });

  it('ends with 0 where it only has hints', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        'name: client\nkind: temporal.client',
        'name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q',
        luaEntry('a', 'workflow.lua', 'meta: { temporal: { workflow: { worker: worker } } }'),
      ),
      'a.lua': 'return function() return os.time() end',
    });
    const { code, stdout, stderr } = await perdure(['lint', dir]);
    expect(stdout).toContain('a.lua:1:26 hint os.time');
    expect(stderr).toBe('1 file with Lua: 1 hint\n');
    expect(code).toBe(0);
  });

  it('ends with 1 and says what is wrong where there is no app', async () => {
    const { code, stdout } = await perdure(['lint', 'no/such/folder']);
    expect(stdout).toContain('there is no folder no/such/folder');
    expect(code).toBe(1);
    const empty = await perdure(['lint', await folders.write({ 'x.txt': '' })]);
    expect(empty.stdout).toMatch(/there is no _index.yaml in .*app/);
    expect(empty.code).toBe(1);
  });

  it('ends with 64 for wrong usage', async () => {
    expect((await perdure(['lint'])).code).toBe(64);
    expect((await perdure(['lint', '.', '--fix'])).code).toBe(64);
  });
});
