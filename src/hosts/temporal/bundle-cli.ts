/** A build step: packs the workflow sandbox into `dist/workflow-bundle.js`. */
import { writeFile } from 'node:fs/promises';
import { buildBundle, builtBundlePath } from './bundle.js';

await writeFile(builtBundlePath, await buildBundle());
