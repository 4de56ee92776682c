/**
 * The sandbox bundle: the kernel, the Lua engine and the workflow function, packed once when perdure is
 * built. An app joins it as data when a worker starts, so no webpack runs then.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode } from '@temporalio/worker';
import { APP_GLOBAL, type SandboxData } from './workflow/sandbox-app.js';

/** Where this module is: `dist/src/hosts/temporal` when built, `src/hosts/temporal` in specs. */
const here = dirname(fileURLToPath(import.meta.url));

/** The bundle that was made with perdure: `dist/workflow-bundle.js`. */
export const builtBundlePath = join(here, '../../../workflow-bundle.js');

/** Node built-ins that fengari asks for in branches that a sandbox never takes. */
const IGNORED = ['fs', 'os', 'child_process', 'path', 'crypto', 'readline-sync', 'tmp'];

/**
 * Packs the sandbox from the modules next to this one.
 * @returns the code of the bundle, ready for {@link withApp}.
 */
export async function buildBundle(): Promise<string> {
  const module = (name: string): string => {
    const path = join(here, 'workflow', name);
    return existsSync(`${path}.js`) ? `${path}.js` : `${path}.ts`;
  };
  const { code } = await bundleWorkflowCode({
    workflowsPath: module('index'),
    workflowInterceptorModules: [module('interceptors')],
    payloadConverterPath: module('payload-converter'),
    preloadModules: ['promise-stacks', 'process', 'payload-converter'].map(module),
    ignoreModules: IGNORED,
    webpackConfigHook: configure,
    logger: QUIET,
  });
  return `${code}\n${MAP_COMMENT}${lineMap(code)}`;
}

/** The path of a bundle: the built one, else (perdure runs from its sources) one made and kept by hash. */
export async function bundlePath(): Promise<string> {
  if (existsSync(builtBundlePath)) return builtBundlePath;
  const path = join(tmpdir(), 'perdure-bundles', `${await sourceHash()}.js`);
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.${Date.now()}`;
  await writeFile(unfinished, await buildBundle());
  await rename(unfinished, path);
  return path;
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

type WebpackConfiguration = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

function configure(config: WebpackConfiguration): WebpackConfiguration {
  // The worker package's own webpack, not one that an app may have.
  const fromWorker = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker'));
  const { DefinePlugin } = fromWorker('webpack') as Webpack;
  // The first rule reads the source maps of every module, which are not used here.
  const rules = config.module?.rules?.slice(1) ?? [];
  return {
    ...config,
    devtool: false,
    module: { ...config.module, rules },
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
const QUIET = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: (message: string): void => console.error(message),
};

/** A hash over everything that can be part of the sandbox. */
async function sourceHash(): Promise<string> {
  const root = join(here, '../..');
  const hash = createHash('sha256');
  for (const folder of ['core', 'kernel', 'lua', `hosts${sep}temporal`]) {
    const names = await readdir(join(root, folder), { recursive: true });
    for (const name of names.filter((n) => /\.[jt]s$/.test(n)).sort()) {
      hash.update(name).update(await readFile(join(root, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 32);
}
