/** The two servers that programs run on, each with the same search attributes and the same worker. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { startTemporalServer } from '../../../src/temporal-server/index.js';
import { startReal } from '../../support/servers.js';
import { rawClient } from '../support/raw.js';
import * as activities from './activities.js';
import type { Side } from './world.js';

const ATTRIBUTES = {
  Score: 'Int',
  Colour: 'Keyword',
  Note: 'Text',
  Ratio: 'Double',
  Flag: 'Bool',
  Due: 'Datetime',
  Tags: 'KeywordList',
} as const;
const WORKER_QUEUE = 'the-worker';

export interface OpenSide extends Side {
  close(): Promise<void>;
}

interface Listening {
  readonly address: string;
  stop(): Promise<void>;
}

export async function embeddedSide(bundle: { code: string }): Promise<OpenSide> {
  const server = await startTemporalServer({ port: 0, searchAttributes: ATTRIBUTES });
  return open({ address: server.address, stop: () => server.close() }, bundle);
}

export async function realSide(bundle: { code: string }): Promise<OpenSide> {
  const flags = Object.entries(ATTRIBUTES).flatMap((pair) => [
    '--search-attribute',
    pair.join('='),
  ]);
  return open(await startReal(flags), bundle);
}

async function open(server: Listening, workflowBundle: { code: string }): Promise<OpenSide> {
  const { address } = server;
  const client = rawClient(address);
  const operator = rawClient(address, 'temporal.api.operatorservice.v1.OperatorService');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection: native,
    taskQueue: WORKER_QUEUE,
    identity: 'worker',
    buildId: 'build',
    workflowBundle,
    activities,
  });
  const done = worker.run();
  const sdk = new Client({ connection, identity: 'client' });
  // A server that has just started loses a task now and then; this waits until it has done one.
  await sdk.workflow.execute('hello', { taskQueue: WORKER_QUEUE, workflowId: 'first', args: [''] });
  return {
    client,
    operator,
    sdk,
    workerQueue: WORKER_QUEUE,
    async close() {
      worker.shutdown();
      await done;
      await native.close();
      await connection.close();
      client.close();
      operator.close();
      await server.stop();
    },
  };
}

/** The workflows of `workflows/`. */
export const WORKFLOWS = fileURLToPath(new URL('./workflows/programs.ts', import.meta.url));
