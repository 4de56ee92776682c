import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ServerEvent,
  startTemporalServer,
  type TemporalServer,
} from '../../src/temporal-server/index.js';
import { enums, toNumber } from '../../src/temporal-server/proto.js';
import { ByHand } from './support/by-hand.js';
import { Crashing } from './support/crashing.js';
import { type RawClient, rawClient } from './support/raw.js';

const { BatchOperationState: State } = enums;
const TYPE = "WorkflowType = 't'";

interface Described {
  readonly state: number;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

async function described(client: RawClient, jobId: string): Promise<Described> {
  const answer = await client.call('DescribeBatchOperation', { namespace: 'default', jobId });
  return {
    state: answer.state as number,
    total: toNumber(answer.totalOperationCount as number),
    completed: toNumber(answer.completeOperationCount as number),
    failed: toNumber(answer.failureOperationCount as number),
  };
}

async function until(
  client: RawClient,
  jobId: string,
  isSo: (now: Described) => boolean,
): Promise<Described> {
  for (;;) {
    const now = await described(client, jobId);
    if (isSo(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const ended = (client: RawClient, jobId: string) =>
  until(client, jobId, ({ state }) => state !== State.BATCH_OPERATION_STATE_RUNNING);

const start = (client: RawClient, jobId: string, more: object) =>
  client.call('StartBatchOperation', {
    namespace: 'default',
    jobId,
    reason: 'because',
    visibilityQuery: TYPE,
    ...more,
  });

/** How often each run has been signalled. */
async function signals(client: RawClient, ids: readonly string[]): Promise<number[]> {
  const hand = new ByHand(client, '');
  const histories = await Promise.all(ids.map((id) => hand.history(id)));
  return histories.map(
    (events) => events.filter((event) => event.workflowExecutionSignaledEventAttributes).length,
  );
}

describe('batch operations and the file', () => {
  let folder: string;
  let dbFilename: string;
  let server: TemporalServer;
  let client: RawClient;
  let defects: unknown[];

  async function open(): Promise<void> {
    const onEvent = (event: ServerEvent) =>
      void (event.kind === 'defect' && defects.push(event.error));
    server = await startTemporalServer({ port: 0, dbFilename, onEvent });
    client = rawClient(server.address);
  }

  async function close(): Promise<void> {
    client.close();
    await server.close();
    expect(defects).toEqual([]);
  }

  async function runs(count: number): Promise<string[]> {
    const hand = new ByHand(client, 'batched');
    return Promise.all(Array.from({ length: count }, () => hand.start()));
  }

  beforeEach(async () => {
    defects = [];
    folder = mkdtempSync(join(tmpdir(), 'perdure-batches-'));
    dbFilename = join(folder, 'server.db');
    await open();
  });

  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });

  it('goes on with one that was under way where it was', async () => {
    const ids = await runs(30);
    await start(client, 'job', {
      signalOperation: { signal: 'hello' },
      maxOperationsPerSecond: 20,
    });
    await until(client, 'job', ({ completed }) => completed >= 3);
    await close();
    await open();
    const taken = await described(client, 'job');
    expect(taken).toMatchObject({ state: State.BATCH_OPERATION_STATE_RUNNING, total: 30 });
    expect(taken.completed).toBeGreaterThanOrEqual(3);
    expect(taken.completed).toBeLessThan(30);
    expect(await ended(client, 'job')).toMatchObject({
      state: State.BATCH_OPERATION_STATE_COMPLETED,
      total: 30,
      completed: 30,
      failed: 0,
    });
    expect(new Set(await signals(client, ids))).toEqual(new Set([1]));
  });

  it('goes on from the file as it is on disk, and does nothing twice', async () => {
    const ids = await runs(30);
    await start(client, 'job', {
      signalOperation: { signal: 'hello' },
      maxOperationsPerSecond: 20,
    });
    await until(client, 'job', ({ completed }) => completed >= 3);
    const copy = join(folder, 'copy.db');
    copyFileSync(dbFilename, copy);
    await close();
    dbFilename = copy;
    await open();
    expect(await ended(client, 'job')).toMatchObject({ total: 30, completed: 30, failed: 0 });
    expect(new Set(await signals(client, ids))).toEqual(new Set([1]));
  });

  it('has what is over when it is opened again: completed, stopped, and how far', async () => {
    const [gone] = await runs(12);
    const executions = [{ workflowId: gone }, { workflowId: 'never there' }];
    await start(client, 'first', {
      visibilityQuery: '',
      executions,
      terminationOperation: { identity: 'me' },
    });
    await ended(client, 'first');
    await start(client, 'second', { terminationOperation: {}, maxOperationsPerSecond: 10 });
    await until(client, 'second', ({ completed }) => completed >= 2);
    const stop = { namespace: 'default', jobId: 'second', reason: 'enough' };
    await client.call('StopBatchOperation', stop);
    const describeBoth = () =>
      Promise.all(
        ['first', 'second'].map((jobId) =>
          client.call('DescribeBatchOperation', { namespace: 'default', jobId }),
        ),
      );
    const [before] = await describeBoth();
    await close();
    await open();
    const [first, second] = await describeBoth();
    expect(first).toEqual(before);
    expect(first).toMatchObject({ reason: 'because', identity: 'me' });
    expect(second).toMatchObject({ state: State.BATCH_OPERATION_STATE_FAILED, query: TYPE });
    expect(second?.closeTime).toBeTruthy();
    const listed = await client.call('ListBatchOperations', { namespace: 'default' });
    expect(listed.operationInfo).toMatchObject([
      { jobId: 'second', state: State.BATCH_OPERATION_STATE_FAILED },
      { jobId: 'first', state: State.BATCH_OPERATION_STATE_COMPLETED },
    ]);
    await expect(start(client, 'first', { terminationOperation: {} })).rejects.toThrow(
      /already finished or is running/,
    );
  });

  it('resets each run once, however often its server is started', async () => {
    const ids = await runs(10);
    const hand = new ByHand(client, '');
    for (const id of ids) await hand.complete(await hand.poll(id));
    await start(client, 'job', {
      resetOperation: { options: { firstWorkflowTask: {} } },
      maxOperationsPerSecond: 10,
    });
    for (const wanted of [2, 4]) {
      await until(client, 'job', ({ completed }) => completed >= wanted);
      await close();
      await open();
    }
    expect(await ended(client, 'job')).toMatchObject({ total: 10, completed: 10, failed: 0 });
    const count = await client.call('CountWorkflowExecutions', {
      namespace: 'default',
      query: TYPE,
    });
    expect(toNumber(count.count as number)).toBe(20);
  });
});

describe('a batch operation', () => {
  it('survives kill -9', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-batch-crash-'));
    const server = new Crashing(join(folder, 'server.db'));
    try {
      await server.start();
      const hand = new ByHand(server.client, 'batched');
      const ids = await Promise.all(Array.from({ length: 60 }, () => hand.start()));
      await start(server.client, 'job', {
        signalOperation: { signal: 'hello' },
        maxOperationsPerSecond: 30,
      });
      for (const wanted of [5, 20]) {
        await until(server.client, 'job', ({ completed }) => completed >= wanted);
        await server.kill();
        await server.start();
      }
      expect(await ended(server.client, 'job')).toMatchObject({ total: 60, completed: 60 });
      expect(new Set(await signals(server.client, ids))).toEqual(new Set([1]));
    } finally {
      await server.kill();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a slow batch operation that is stopped', () => {
  it.each<[string, (server: TemporalServer, client: RawClient) => Promise<unknown>]>([
    [
      'by itself',
      (_, client) =>
        client.call('StopBatchOperation', {
          namespace: 'default',
          jobId: 'job',
          reason: 'enough',
        }),
    ],
    [
      'with its namespace',
      async ({ address }) => {
        const operator = rawClient(address, 'temporal.api.operatorservice.v1.OperatorService');
        await operator.call('DeleteNamespace', { namespace: 'default' });
        operator.close();
      },
    ],
  ])('holds no time back after that: %s', async (_, stop) => {
    const server = await startTemporalServer({
      port: 0,
      timeSkipping: true,
      namespaces: ['default', 'other'],
    });
    const client = rawClient(server.address);
    const hand = new ByHand(client, 'slow');
    const ids = [await hand.start(), await hand.start()];
    await client.call('StartBatchOperation', {
      namespace: 'default',
      jobId: 'job',
      reason: 'because',
      executions: ids.map((workflowId) => ({ workflowId })),
      terminationOperation: {},
      maxOperationsPerSecond: 0.001,
    });
    await until(client, 'job', ({ completed }) => completed === 1);
    await stop(server, client);
    await client
      .call('TerminateWorkflowExecution', {
        namespace: 'default',
        workflowExecution: { workflowId: ids[1] },
      })
      .catch(() => {}); // gone with its namespace
    // A delay that only skipped time brings to an end.
    await client.call('StartWorkflowExecution', {
      namespace: 'other',
      workflowId: 'delayed',
      workflowType: { name: 't' },
      taskQueue: { name: 'delayed' },
      requestId: 'r',
      workflowStartDelay: { seconds: 3600 },
    });
    const task = await client.call('PollWorkflowTaskQueue', {
      namespace: 'other',
      taskQueue: { name: 'delayed' },
    });
    expect(task).toMatchObject({ workflowExecution: { workflowId: 'delayed' } });
    client.close();
    await server.close();
  });
});
