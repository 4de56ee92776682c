/** Workflows by Temporal's TypeScript SDK alone: the peer. */
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import type { Side } from './side.js';

const TASK_QUEUE = 'bench-plain';

let bundle: Promise<{ code: string }> | undefined;

/** Made once a run, by webpack. */
function plainBundle(): Promise<{ code: string }> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('plain-workflows.js', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/** A worker of the plain SDK against `address`. */
export async function plainSide(address: string): Promise<Side> {
  quiet();
  const workflowBundle = await plainBundle();
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: { add: async (n: number) => n + 1 },
  });
  const running = worker.run();
  return {
    who: 'peer',
    taskQueue: TASK_QUEUE,
    typeOf: (name) => name,
    replay: (history, id) => Worker.runReplayHistory({ workflowBundle }, history, id),
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

let quieted = false;

/** The SDK's runtime can be set up once a program, and perdure may have done so. */
function quiet(): void {
  if (quieted) return;
  quieted = true;
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  } catch {
    // Somebody else has installed it already; their log level holds.
  }
}
