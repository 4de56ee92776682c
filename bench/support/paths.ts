/** Where things lie, seen from dist/bench/. */
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const command = `${root}bin/perdure.js`;
