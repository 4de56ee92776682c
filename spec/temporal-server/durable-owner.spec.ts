import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const OWNER = pathToFileURL(join(process.cwd(), 'dist/src/temporal-server/file/owner.js')).href;

/** Asks for the file when it is told to, says what came of it, and stays until it is killed. */
const CONTENDER = `
  const { claim } = await import(${JSON.stringify(OWNER)});
  const [, path] = process.argv;
  process.stdout.write('ready\\n');
  process.stdin.once('data', async () => {
    const said = await claim(path).then(() => 'mine', (error) => error.message);
    process.stdout.write(said + '\\n');
  });
`;

const BIND_AND_DIE = `
  require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'));
`;

const TAKEN = expect.stringContaining('another server has it open');

const ROUNDS = Number(process.env.PERDURE_PROPERTY_RUNS ?? 15);

describe('the owner of a file', () => {
  let folder: string;
  let path: string;
  const children = new Set<ChildProcess>();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-owner-'));
    path = join(folder, 'server.db');
  });

  afterEach(async () => {
    await Promise.all([...children].map(kill));
    rmSync(folder, { recursive: true });
  });

  async function contender(): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CONTENDER, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.add(child);
    expect(await said(child)).toBe('ready');
    return child;
  }

  async function said(child: ChildProcess): Promise<string> {
    if (!child.stdout) throw new Error('it has no output');
    const ended = once(child, 'exit').then(([code]) => `ended with ${code}`);
    const told = once(child.stdout, 'data').then(([text]) => String(text).trim());
    return Promise.race([told, ended]);
  }

  async function kill(child: ChildProcess): Promise<void> {
    children.delete(child);
    if (child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** All of them ask at once. */
  async function contend(contenders: readonly ChildProcess[]): Promise<readonly string[]> {
    const answers = contenders.map(said);
    for (const { stdin } of contenders) stdin?.write('go\n');
    return Promise.all(answers);
  }

  it.each([2, 4])(
    'is one of %i that ask for it at once after the one before was killed, in many rounds',
    async (count) => {
      for (let round = 0; round < ROUNDS; round++) {
        const contenders = await Promise.all(Array.from({ length: count }, contender));
        const answers = await contend(contenders);
        expect(answers.filter((answer) => answer === 'mine')).toHaveLength(1);
        expect(answers.filter((answer) => answer !== 'mine')).toEqual(
          Array.from({ length: count - 1 }, () => TAKEN),
        );
        // Those that were refused are gone first: nothing but the owner is left behind.
        const owner = contenders[answers.indexOf('mine')];
        await Promise.all(contenders.filter((each) => each !== owner).map(kill));
        if (owner) await kill(owner);
      }
      const left = readdirSync(folder).filter((name) => name.startsWith('server.db-owner'));
      expect(left.length).toBeLessThan(3);
    },
    120_000,
  );

  it('clears up what was left by those that were killed before they had it', async () => {
    // Bound and never linked to, as it is when a process is killed in between.
    const socket = `${path}-owner-0123abcd`;
    const [code] = await once(
      spawn(process.execPath, ['-e', BIND_AND_DIE, socket], { stdio: 'inherit' }),
      'exit',
    );
    expect(code).toBe(null);
    writeFileSync(`${path}-owner-notes`, '');
    expect(readdirSync(folder)).toContain('server.db-owner-0123abcd');
    const owner = await contender();
    expect(await contend([owner])).toEqual(['mine']);
    expect(readdirSync(folder).filter((name) => /-[0-9a-f]{8}$/.test(name))).toHaveLength(1);
    expect(readdirSync(folder)).toContain('server.db-owner-notes');
    const other = await contender();
    expect(await contend([other])).toEqual([TAKEN]);
  });

  it('is nobody else while it is there, however often somebody asks', async () => {
    const owner = await contender();
    expect(await contend([owner])).toEqual(['mine']);
    for (let round = 0; round < 3; round++) {
      const others = await Promise.all([contender(), contender()]);
      expect(await contend(others)).toEqual([TAKEN, TAKEN]);
      await Promise.all(others.map(kill));
    }
  });
});
