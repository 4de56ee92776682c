// Makes a clone ready to run: installs what package-lock.json names, builds dist/ from src/ and bench/.
// Needs nothing but Node and npm. Both steps look at content, not at dates, so a fresh checkout of
// the same files costs nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What the build wrote into dist/ when it ended well: the hash of all it was made of. */
export const BUILD_STAMP = join(root, 'dist', '.built');
const BUILD_INPUTS = [
  'src',
  'bench',
  'tsconfig.json',
  'package-lock.json',
  'scripts/build.js',
  'scripts/bundle-server.js',
  'scripts/packed',
];

/** Installs and builds where needed; ends this program with a message where that fails. */
export function prepare({ build = true } = {}) {
  refuseOldNode();
  if (!isInstalled()) {
    const npm = ['install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=warn'];
    run('installing packages (about half a minute)', 'npm', npm, {
      shell: process.platform === 'win32',
      hint: 'npm install failed; its own message is above. It needs the network, or a filled npm cache.',
    });
  }
  if (build && !isBuilt()) {
    run('building', process.execPath, [join('scripts', 'build.js')], {
      hint: 'the build failed; the compiler names the places above.',
    });
  }
}

/** Hash of everything that dist/ is made of. */
export function buildInputHash() {
  const hash = createHash('sha256');
  for (const input of BUILD_INPUTS) {
    for (const file of filesOf(input)) {
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

/** Files at or below `path`, relative to the root, in a fixed order. */
export function filesOf(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  const entries = readdirOrNull(full);
  if (entries === null) return [path];
  return entries.sort().flatMap((name) => filesOf(join(path, name)));
}

function readdirOrNull(path) {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  }
}

function isBuilt() {
  return existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, 'utf8') === buildInputHash();
}

/**
 * npm keeps what it installed in node_modules/.package-lock.json. Optional packages are left out of
 * the comparison: which of them are there depends on the platform.
 */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const there = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || there[path]?.version === version,
  );
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`perdure: Node ${process.versions.node} is too old; it needs 20.19 or later.`);
  process.exit(1);
}

function run(what, command, args, { shell = false, hint }) {
  const started = Date.now();
  console.error(`perdure: ${what} ...`);
  // Standard output belongs to the command that was asked for; progress goes to standard error.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (result.status !== 0) {
    console.error(`perdure: ${result.error?.message ?? hint}`);
    process.exit(1);
  }
  console.error(`perdure: ${what}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
