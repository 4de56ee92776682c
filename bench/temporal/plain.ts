/** Workflows by Temporal's TypeScript SDK alone: the peer. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { perSecond } from '../support/load.js';

const TASK_QUEUE = 'bench-plain';

/** How many workflows are under way at a time. */
export const WIDTH = 50;

let bundle: Promise<{ code: string }> | undefined;

/** Made once a run, by webpack. */
function plainBundle(): Promise<{ code: string }> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('plain-workflow.js', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/** Runs `n` hello workflows of the plain SDK against `address`. @returns how many a second. */
export async function plainHello(address: string, n: number): Promise<number> {
  quiet();
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowBundle: await plainBundle(),
  });
  const running = worker.run();
  const rate = await clientHello(address, 'hello', TASK_QUEUE, n);
  worker.shutdown();
  await running;
  await connection.close();
  return rate;
}

/** Starts `n` workflows of `type` with a plain client and waits for their results. */
export async function clientHello(
  address: string,
  type: string,
  taskQueue: string,
  n: number,
): Promise<number> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const one = (kind: string) => async (i: number) => {
    const workflowId = `${type}-${kind}-${i}`;
    const result = await client.workflow.execute(type, { taskQueue, workflowId, args: ['Ada'] });
    if (result !== 'Hello, Ada') throw new Error(`${workflowId} returned ${String(result)}`);
  };
  await perSecond(WIDTH, WIDTH, one('warm-up'));
  const rate = await perSecond(n, WIDTH, one('measured'));
  await connection.close();
  return rate;
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
