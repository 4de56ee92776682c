// Everything that can be said about the code without running it. All checks run, even after one failed.
import { spawnSync } from 'node:child_process';
import { prepare, root } from './prepare.js';

const CHECKS = [
  ['types', 'typescript/bin/tsc', ['-p', 'tsconfig.spec.json', '--noEmit']],
  ['lint and format', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']],
  ['layers', 'dependency-cruiser/bin/dependency-cruise.mjs', ['src', 'bench', 'bin', 'scripts']],
  ['unused code', 'knip/bin/knip.js', ['--no-progress']],
];

refuseTrackedPackages();
prepare({ build: false });
const failed = CHECKS.filter((check) => !passes(...check)).map(([name]) => name);
console.log(
  failed.length === 0
    ? `verify: all ${CHECKS.length} checks passed`
    : `verify: ${failed.length} of ${CHECKS.length} checks failed: ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

/** A link to the packages of another clone, once committed, replaces the real folder wherever it is checked out. */
function refuseTrackedPackages() {
  const { stdout } = spawnSync('git', ['ls-files', 'node_modules'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (!stdout) return;
  console.error(
    'verify: node_modules is committed. Remove it: git rm --cached node_modules, and commit --amend',
  );
  process.exit(1);
}

function passes(name, tool, args) {
  const started = Date.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`node_modules/${tool}`, ...args],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (status !== 0) process.stdout.write(`${stdout}${stderr}`);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  return status === 0;
}
