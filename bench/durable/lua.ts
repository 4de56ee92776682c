/** The same workflows as perdure's: an app with a worker. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { appDataOf } from '../../src/app/app-data.js';
import { startApp } from '../../src/app.js';
import { bundlePath, withApp } from '../../src/hosts/temporal/bundle.js';
import { root } from '../support/paths.js';
import type { Side } from './side.js';

const WORKER = 'app:worker';

/** The app of this folder against `address`. */
export async function luaSide(address: string): Promise<Side> {
  const app = await startApp({ dir: join(root, 'bench/durable/app'), address });
  const data = appDataOf(app.registry, '');
  const code = withApp(await readFile(await bundlePath(), 'utf8'), { app: data, worker: WORKER });
  return {
    who: 'perdure-lua',
    taskQueue: data.workers[WORKER] ?? '',
    typeOf: (name) => `app:${name}`,
    replay: (history, id) => Worker.runReplayHistory({ workflowBundle: { code } }, history, id),
    async stop() {
      await app.stop();
    },
  };
}
