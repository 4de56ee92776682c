// `npm run bench -- NAME...`: runs bench/NAME.ts; without a name it lists them.
import { spawnSync } from 'node:child_process';
import { prepare, root } from './prepare.js';

prepare();
const args = ['dist/bench/run.js', ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
