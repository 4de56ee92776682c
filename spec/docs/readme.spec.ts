import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { AppFolders, perdure } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const text = await readFile('README.md', 'utf8');

/** The first two code blocks after the mark that says they run as a spec. */
function twentyLines(): { readonly app: string; readonly command: string } {
  const marked = text.slice(text.indexOf('<!-- runs as a spec'));
  const [app, command] = [...marked.matchAll(/```\w+\n(.*?)```/gs)].map((block) => block[1] ?? '');
  return { app: app ?? '', command: (command ?? '').trim() };
}

describe('the app of the README', () => {
  it('has no more lines than it says', () => {
    expect(twentyLines().app.trim().split('\n').length).toBeLessThanOrEqual(20);
  });

  it('waits its day in no time and greets', async () => {
    const { app, command } = twentyLines();
    const dir = await folders.write({ 'later/_index.yaml': app });
    const words = command.split(' ').map((word) => word.replace(/^'(.*)'$/, '$1'));
    expect(words.slice(0, 4)).toEqual(['npx', 'perdure', 'run', 'later']);
    const { code, stdout } = await perdure(['run', `${dir}/later`, ...words.slice(4)]);
    expect(stdout).toBe('Good morning, Ada\n');
    expect(code).toBe(0);
  }, 60_000);
});

describe('links of the README', () => {
  it('lead to files that are there', async () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((link) => link[1] ?? '');
    expect(targets.length).toBeGreaterThan(4);
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });
});
