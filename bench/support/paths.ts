/** Where things lie. Benchmarks and specs run in the root of the repository. */
import { join } from 'node:path';

export const root = process.cwd();
export const command = join(root, 'bin', 'perdure.cjs');
export const temporalServer = join(root, 'dist', 'src', 'temporal-server', 'index.js');
