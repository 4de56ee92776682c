// `npm start`: the tour of examples/02-orders. Virtual time, so the hour that an order waits is over
// at once.
import { spawnSync } from 'node:child_process';
import { prepare, root } from './prepare.js';

prepare();
const args = ['bin/perdure.js', 'run', 'examples/02-orders', '--skip-time', '-x', 'app:tour'];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
