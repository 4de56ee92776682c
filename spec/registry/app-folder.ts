/** App folders for specs: files on disk, removed after each spec. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach } from '@jest/globals';
import { type Problem, registryProblems } from '../../src/registry/index.js';
import { loadRegistry } from '../../src/registry/load.js';

const made: string[] = [];

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A new folder with these files (path → text). */
export function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'perdure-registry-'));
  made.push(dir);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

/** An `_index.yaml` of namespace `app` with these entries (YAML of a list, two spaces in). */
export function index(entries: string): string {
  return `version: "1.0"\nnamespace: app\nentries:\n${entries}`;
}

/** What is wrong with an app; empty where nothing is. */
export async function problemsOf(
  dir: string,
  options?: Parameters<typeof loadRegistry>[1],
): Promise<readonly Problem[]> {
  try {
    await loadRegistry(dir, options);
    return [];
  } catch (error) {
    const problems = registryProblems(error);
    if (problems === undefined) throw error;
    return problems;
  }
}
