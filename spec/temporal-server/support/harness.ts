/** A server on a free port with a client and, where asked for, a real worker. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type {
  ServerEvent,
  TemporalServer,
  TemporalServerOptions,
} from '../../../src/temporal-server/index.js';
import { MemoryStore } from '../../../src/temporal-server/memory-store.js';
import { startOnStore } from '../../../src/temporal-server/server.js';
import * as activities from './activities.js';
import { armedCheck } from './armed-check.js';

/** One bundle of the workflows of a file under `workflows/`. */
export function bundle(file: string): Promise<{ code: string }> {
  const workflowsPath = fileURLToPath(new URL(`../workflows/${file}`, import.meta.url));
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
}

/** Once a process: the worker's native runtime, quiet and without signal handlers. */
export function installRuntime(): void {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
}

export interface Harness {
  readonly server: TemporalServer;
  readonly client: Client;
  /** Runs a worker until the returned function is called. */
  startWorker(
    bundle: { code: string },
    options?: Partial<WorkerOptions>,
  ): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export const TASK_QUEUE = 'specs';

export async function startHarness(options: TemporalServerOptions = {}): Promise<Harness> {
  const defects: unknown[] = [];
  const onEvent = (event: ServerEvent) => {
    if (event.kind === 'defect') defects.push(event.error);
    options.onEvent?.(event);
  };
  const server = await startOnStore({ port: 0, ...options, onEvent }, async () =>
    armedCheck(new MemoryStore(), (difference) => defects.push(new Error(difference))),
  );
  const connection = await Connection.connect({ address: server.address });
  const native = await NativeConnection.connect({ address: server.address });
  const stops: (() => Promise<void>)[] = [];
  return {
    server,
    client: new Client({ connection }),
    async startWorker(workflowBundle, workerOptions = {}) {
      const worker = await Worker.create({
        connection: native,
        taskQueue: TASK_QUEUE,
        workflowBundle,
        activities,
        ...workerOptions,
      });
      const done = worker.run();
      let stopped = false;
      const stop = async () => {
        if (stopped) return;
        stopped = true;
        worker.shutdown();
        await done;
      };
      stops.push(stop);
      return stop;
    },
    async close() {
      await Promise.all(stops.map((stop) => stop()));
      await native.close();
      await connection.close();
      await server.close();
      if (defects.length > 0)
        throw new AggregateError(defects, `defects of the server: ${defects}`);
    },
  };
}
