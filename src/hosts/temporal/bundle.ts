/**
 * The sandbox bundle: the kernel, the Lua engine and the workflow function, packed once when perdure is
 * built. An app joins it as data when a worker starts, so no webpack runs then.
 */
import { createHash, type Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode } from '@temporalio/worker';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { APP_GLOBAL, type SandboxData } from './workflow/sandbox-app.js';

/** Where this module is: `dist/src/hosts/temporal` when built, `src/hosts/temporal` in specs. */
const here = dirname(fileURLToPath(import.meta.url));

/** The bundle that was made with perdure: `dist/workflow-bundle.js`. */
export const builtBundlePath = join(here, '../../../workflow-bundle.js');

/** Node built-ins that fengari asks for in branches that a sandbox never takes. */
const IGNORED = ['fs', 'os', 'child_process', 'path', 'crypto', 'readline-sync', 'tmp'];

/** A workflow function of Temporal's TypeScript SDK. */
export interface WorkflowScript {
  /** Workflow type name. */
  readonly type: string;
  /** Absolute path of its module. */
  readonly file: string;
  /** Its export. */
  readonly method: string;
}

export interface WorkflowScripts {
  /** The app's folder. */
  readonly root: string;
  readonly workflows: readonly WorkflowScript[];
}

/** A module of the sandbox, next to this one. */
function module(name: string): string {
  const path = join(here, 'workflow', name);
  return existsSync(`${path}.js`) ? `${path}.js` : `${path}.ts`;
}

/**
 * Packs the sandbox from the modules next to this one.
 * @param workflowsPath the module that exports the workflows. Default: perdure's own.
 * @returns the code of the bundle, ready for {@link withApp}.
 */
export async function buildBundle(
  workflowsPath = module('index'),
  onError: (text: string) => void = (text) => console.error(text),
): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [module('interceptors')],
    payloadConverterPath: module('payload-converter'),
    preloadModules: ['promise-stacks', 'process', 'payload-converter'].map(module),
    ignoreModules: IGNORED,
    webpackConfigHook: configure,
    logger: { ...SILENT, error: onError },
  });
  return `${code}\n${MAP_COMMENT}${lineMap(code)}`;
}

/**
 * The path of a bundle: the built one, else (perdure runs from its sources, or the app has workflows in
 * JavaScript) one that is made once and kept by the hash of what is in it.
 * @throws PerdureError INVALID where a module cannot be bundled, or lacks its export.
 */
export async function bundlePath(scripts?: WorkflowScripts): Promise<string> {
  if (scripts === undefined || scripts.workflows.length === 0) {
    if (existsSync(builtBundlePath)) return builtBundlePath;
    return kept(await sourceHash(), () => buildBundle());
  }
  return kept(await scriptsHash(scripts), () => buildWithScripts(scripts.workflows));
}

/** A file of what `build` makes; built only where nobody has before. */
async function kept(hash: string, build: () => Promise<string>): Promise<string> {
  const path = join(tmpdir(), 'perdure-bundles', `${hash}.js`);
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.${Date.now()}`;
  await writeFile(unfinished, await build());
  await rename(unfinished, path);
  return path;
}

/** What webpack found, each problem with its first two lines; it says much more. */
function problemsIn(report: string): string {
  const problems = report.split(/^ERROR in /m).slice(1);
  return problems.map((problem) => `\n  ${problem.split('\n').slice(0, 2).join(': ')}`).join('');
}

/**
 * The sandbox with the app's own workflow functions beside perdure's, each exported under its type. The
 * bundler checks each export; a module is loaded by the first task of a workflow of its own only, so that
 * one which throws at load stops no other.
 */
async function buildWithScripts(scripts: readonly WorkflowScript[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-workflows-'));
  const text = JSON.stringify;
  let said = '';
  try {
    for (const [i, { file, method }] of scripts.entries()) {
      const line = `export { ${method} as run } from ${text(file)};\n`;
      await writeFile(join(folder, `w${i}.mjs`), line);
    }
    const entry = join(folder, 'workflows.js');
    const lines = scripts.map(({ type }, i) => exportOf(type, i));
    await writeFile(entry, `export { default } from ${text(module('index'))};\n${lines.join('')}`);
    return await buildBundle(entry, (report) => {
      said += report;
    });
  } catch (thrown) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `workflow.js: ${scripts.map(({ file }) => file).join(', ')} cannot be bundled for the sandbox` +
        `${problemsIn(said) || `: ${PerdureError.from(thrown).message}`}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The `i`th script as an export of the entry; what the SDK has noted on the function is the script's. */
function exportOf(type: string, i: number): string {
  const run = `require('./w${i}.mjs').run`;
  return (
    `const w${i} = (...args) => ${run}(...args);\n` +
    `Object.defineProperty(w${i}, 'workflowDefinitionOptions', ` +
    `{ get: () => ${run}.workflowDefinitionOptions });\n` +
    `export { w${i} as ${JSON.stringify(type)} };\n`
  );
}

/**
 * The bundle with an app in it. The data stands before the source map comment, as a global that is there
 * before any workflow, so it is frozen and shared by all workflows of the thread.
 */
export function withApp(code: string, data: SandboxData): string {
  const json = JSON.stringify(JSON.stringify(data));
  const statement =
    `Object.defineProperty(globalThis, '${APP_GLOBAL}', { value: JSON.parse(${json}), ` +
    'writable: false, configurable: false, enumerable: true });\n';
  const at = code.lastIndexOf(MAP_COMMENT);
  return code.slice(0, at) + statement + code.slice(at);
}

const MAP_COMMENT = '//# sourceMappingURL=';

/**
 * The SDK wants a source map, and looks every frame of every promise up in it. Positions that matter to a
 * user are those of the Lua source, so a map that names lines of the bundle itself serves, and is faster.
 */
function lineMap(code: string): string {
  const lines = code.split('\n').length;
  const file = 'perdure-workflow-bundle.js';
  const mappings = `AAAA${';AACA'.repeat(lines - 1)}`;
  const map = JSON.stringify({ version: 3, file, sources: [file], names: [], mappings });
  return `data:application/json;base64,${Buffer.from(map).toString('base64')}`;
}

type Webpack = { DefinePlugin: new (values: { [name: string]: string }) => never };

/** Packages of which a sandbox must hold one copy: perdure's. */
const SANDBOX_PACKAGES = ['@temporalio/common', '@temporalio/workflow'];

type WebpackConfiguration = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

function configure(config: WebpackConfiguration): WebpackConfiguration {
  // The worker package's own webpack, not one that an app may have.
  const fromWorker = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker'));
  const { DefinePlugin } = fromWorker('webpack') as Webpack;
  const packages = join(dirname(fromWorker.resolve('@temporalio/workflow/package.json')), '../..');
  const own = SANDBOX_PACKAGES.map((name) => [name, join(packages, name)]);
  // The first rule reads the source maps of every module, which are not used here.
  const rules = config.module?.rules?.slice(1) ?? [];
  return {
    ...config,
    devtool: false,
    module: {
      ...config.module,
      rules,
      parser: { javascript: { exportsPresence: 'error' } },
    },
    resolve: {
      ...config.resolve,
      // An app may have copies of its own, and two copies of a class in one sandbox are two classes.
      alias: { ...config.resolve?.alias, ...Object.fromEntries(own) },
      // An app's workflows are bundled from a folder that has no packages of its own.
      modules: [...(config.resolve?.modules ?? ['node_modules']), packages],
    },
    plugins: [
      ...(config.plugins ?? []),
      new DefinePlugin({
        'typeof process': '"undefined"',
        'process.env.FENGARICONF': 'undefined',
      }),
    ],
  };
}

const silent = (): void => {};
const SILENT = { log: silent, trace: silent, debug: silent, info: silent, warn: silent };

/** A hash over everything of perdure that can be part of the sandbox. */
async function sourceHash(): Promise<string> {
  const root = join(here, '../..');
  const hash = createHash('sha256');
  for (const folder of ['core', 'kernel', 'lua', `hosts${sep}temporal`]) {
    await hashFolder(hash, join(root, folder));
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * A hash over perdure, the scripts and all that they can import: the modules of the app's folder, and the
 * packages as their lock file names them.
 */
async function scriptsHash({ root, workflows }: WorkflowScripts): Promise<string> {
  const hash = createHash('sha256').update(await sourceHash());
  hash.update(JSON.stringify(workflows));
  await hashFolder(hash, root);
  for (let folder = root; ; folder = dirname(folder)) {
    const lock = join(folder, 'package-lock.json');
    if (existsSync(lock)) hash.update(await readFile(lock));
    if (dirname(folder) === folder) return hash.digest('hex').slice(0, 32);
  }
}

async function hashFolder(hash: Hash, folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter(isModule).sort()) {
    hash.update(name).update(await readFile(join(folder, name)));
  }
}

const isModule = (name: string): boolean =>
  /\.([cm]?[jt]s|json)$/.test(name) && !/(^|[\\/])(node_modules|\.[^\\/]*)[\\/]/.test(name);
