/** Runs the real `perdure` command, built, as a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const BIN = join(process.cwd(), 'bin/perdure.cjs');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: { readonly [name: string]: string };
}

/** Runs the command to its end. */
export async function perdure(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const running = startPerdure(args, options);
  return running.ended;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves with the text of stdout and stderr so far, once `pattern` is found in it. */
  waitFor(pattern: RegExp): Promise<string>;
}

/** Runs a script of this repository to its end. */
export async function runNode(args: readonly string[]): Promise<CliResult> {
  return startNode(args, {}).ended;
}

/** Starts the command and leaves it running. */
export function startPerdure(args: readonly string[], options: CliOptions = {}): RunningCli {
  return startNode([BIN, ...args], options);
}

/** Runs a script and leaves it running. */
export function startNode(args: readonly string[], options: CliOptions): RunningCli {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    tell();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
    tell();
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const waitFor = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const text = stdout + stderr;
        if (!pattern.test(text)) return;
        watchers.delete(look);
        resolve(text);
      };
      watchers.add(look);
      void ended.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}${stderr}`)));
      look();
    });
  return { process: child, ended, waitFor };
}

/** Folders with apps, written for one spec and removed after it. */
export class AppFolders {
  private readonly folders: string[] = [];

  /** Writes an app: file name to text. @returns its folder. */
  async write(files: { readonly [name: string]: string }): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-app-'));
    this.folders.push(folder);
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    return folder;
  }

  async remove(): Promise<void> {
    await Promise.all(this.folders.splice(0).map((f) => rm(f, { recursive: true, force: true })));
  }
}

/** An `_index.yaml` of namespace `app` with these entries. */
export function index(...entries: readonly string[]): string {
  const indented = entries.map((entry) =>
    entry.trim().replace(/^/gm, '    ').replace('   ', '  -'),
  );
  return `version: "1.0"\nnamespace: app\nentries:\n${indented.join('\n')}\n`;
}

/** A `process.lua` or `function.lua` entry whose source is `<name>.lua`. */
export function luaEntry(name: string, kind = 'process.lua', more = ''): string {
  return `name: ${name}\nkind: ${kind}\nsource: file://${name}.lua\n${more}`;
}

/** How a client or worker of a spec's app starts: by itself, and a busy machine has its time for it. */
export const AUTO_START = 'lifecycle:\n  auto_start: true\n  start_timeout: 1m';
