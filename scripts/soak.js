// `npm run soak`: the long rounds. Every property is tried PERDURE_PROPERTY_RUNS times (default 2,000)
// instead of a hundred; then the specs of spec/soak/ run, for as long as they are given.
import { spawnSync } from 'node:child_process';
import { root } from './prepare.js';

const env = { ...process.env, PERDURE_PROPERTY_RUNS: process.env.PERDURE_PROPERTY_RUNS ?? '2000' };
const rounds = [['--quick'], ['--soak', '--passWithNoTests']];
for (const round of rounds) {
  const args = ['scripts/test.js', ...round, ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
