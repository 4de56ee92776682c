import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import { CLOSED_RUN_LIMITS, MemoryStore } from '../../src/temporal-server/memory-store.js';
import { Namespaces } from '../../src/temporal-server/namespaces.js';
import { enums, toNumber } from '../../src/temporal-server/proto.js';
import { OnFile } from './support/on-file.js';
import { type RawClient, rawClient } from './support/raw.js';
import { type Served, serve } from './support/served.js';

const OPERATOR = 'temporal.api.operatorservice.v1.OperatorService';
const NOT_FOUND = { code: status.NOT_FOUND };

const register = (client: RawClient, namespace: string) =>
  client.call('RegisterNamespace', {
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 },
  });

const start = (client: RawClient, namespace: string, workflowId: string, more: object = {}) =>
  client.call('StartWorkflowExecution', {
    namespace,
    workflowId,
    workflowType: { name: 't' },
    taskQueue: { name: 'q' },
    requestId: randomUUID(),
    ...more,
  });

/** With `PERDURE_TEST_ADDRESS` the same is asked of a real server. */
describe('a namespace', () => {
  let served: Served;
  let operator: RawClient;

  beforeAll(async () => {
    served = await serve('namespaces');
    operator = rawClient(served.address, OPERATOR);
  });

  afterAll(async () => {
    operator.close();
    await served.close();
  });

  it('is deleted, and its name is free', async () => {
    const namespace = `n-${randomUUID()}`;
    await register(served.client, namespace);
    const { namespaceInfo } = await served.client.call('DescribeNamespace', { namespace });
    const { id } = namespaceInfo as { id: string };
    const { deletedNamespace } = await operator.call('DeleteNamespace', { namespace });
    expect(deletedNamespace).toBe(`${namespace}-deleted-${id.slice(0, 5)}`);
    await expect(served.client.call('DescribeNamespace', { namespace })).rejects.toMatchObject({
      ...NOT_FOUND,
      details: `Namespace ${namespace} is not found.`,
    });
    await register(served.client, namespace);
    const again = await served.client.call('DescribeNamespace', { namespace });
    expect((again.namespaceInfo as { id: string }).id).not.toBe(id);
  });

  it.each<[string, object | undefined]>([
    ['none', undefined],
    ['one of zero', {}],
    ['a negative one', { seconds: -1 }],
    ['one shorter than an hour', { seconds: 3599, nanos: 999_999_999 }],
    ['one with nanoseconds that make a second', { seconds: 86_400, nanos: 1_000_000_000 }],
    ['one of two signs', { seconds: 86_400, nanos: -1 }],
  ])('is refused with a retention that cannot be: %s', async (_, period) => {
    const refused = {
      code: status.INVALID_ARGUMENT,
      details: 'A valid retention period is not set on request.',
    };
    const namespace = `n-${randomUUID()}`;
    const request = { namespace, workflowExecutionRetentionPeriod: period };
    await expect(served.client.call('RegisterNamespace', request)).rejects.toMatchObject(refused);
    if (!period) return;
    await register(served.client, namespace);
    const config = { workflowExecutionRetentionTtl: period };
    await expect(
      served.client.call('UpdateNamespace', { namespace, config }),
    ).rejects.toMatchObject(refused);
  });

  it('keeps its runs for a hundred years where more is asked for', async () => {
    const namespace = `n-${randomUUID()}`;
    const seconds = 2 ** 53;
    await served.client.call('RegisterNamespace', {
      namespace,
      workflowExecutionRetentionPeriod: { seconds },
    });
    const { config } = await served.client.call('DescribeNamespace', { namespace });
    const { workflowExecutionRetentionTtl } = config as {
      workflowExecutionRetentionTtl: { seconds: number };
    };
    expect(toNumber(workflowExecutionRetentionTtl.seconds)).toBe(100 * 365 * 86_400);
  });

  it('is deleted by its id', async () => {
    const namespace = `n-${randomUUID()}`;
    await register(served.client, namespace);
    const { namespaceInfo } = await served.client.call('DescribeNamespace', { namespace });
    await operator.call('DeleteNamespace', { namespaceId: (namespaceInfo as { id: string }).id });
    await expect(served.client.call('DescribeNamespace', { namespace })).rejects.toMatchObject(
      NOT_FOUND,
    );
  });

  it.each<[number, string, object]>([
    [status.INVALID_ARGUMENT, 'Namespace not set on request.', {}],
    [
      status.INVALID_ARGUMENT,
      'Only one of namespace name or Id should be set on request.',
      { namespace: 'a', namespaceId: 'b' },
    ],
    [status.NOT_FOUND, 'Namespace no-such is not found.', { namespace: 'no-such' }],
    [
      status.FAILED_PRECONDITION,
      'unable to delete system namespace',
      { namespace: 'temporal-system' },
    ],
  ])('is not deleted: %i %s', async (code, details, request) => {
    await expect(operator.call('DeleteNamespace', request)).rejects.toMatchObject({
      code,
      details,
    });
  });

  it('is listed on pages of some size, and not of less than none', async () => {
    const list = (pageSize: number) => served.client.call('ListNamespaces', { pageSize });
    expect((await list(1)).namespaces).toHaveLength(1);
    // Temporal's own is UNAVAILABLE then, which SDKs try again.
    if (!process.env.PERDURE_TEST_ADDRESS)
      await expect(list(-1)).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: 'PageSize is negative.',
      });
  });

  it('is on the one cluster that there is', async () => {
    const { clusters } = await operator.call('ListClusters', {});
    const info = await served.client.call('GetClusterInfo', {});
    expect(clusters).toMatchObject([
      {
        clusterName: 'active',
        clusterId: info.clusterId,
        address: served.address,
        historyShardCount: 1,
        isConnectionEnabled: true,
      },
    ]);
  });
});

describe('a deleted namespace and the file', () => {
  let file: OnFile;
  let operator: RawClient;

  beforeEach(async () => {
    file = new OnFile();
    await file.open();
    operator = rawClient(file.address, OPERATOR);
    await register(file.client, 'doomed');
  });

  afterEach(async () => {
    operator.close();
    await file.end();
  });

  const remove = () => operator.call('DeleteNamespace', { namespace: 'doomed' });

  /** A parent with a child that waits, a closed run, a schedule and a batch operation. */
  async function fill(): Promise<void> {
    const { client } = file;
    await start(client, 'doomed', 'parent');
    const task = await client.call('PollWorkflowTaskQueue', {
      namespace: 'doomed',
      taskQueue: { name: 'q' },
    });
    await client.call('RespondWorkflowTaskCompleted', {
      namespace: 'doomed',
      taskToken: task.taskToken,
      commands: [
        {
          commandType: enums.CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
          startChildWorkflowExecutionCommandAttributes: {
            workflowId: 'child',
            workflowType: { name: 't' },
            parentClosePolicy: enums.ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON,
          },
        },
      ],
    });
    await start(client, 'doomed', 'closed');
    const closed = { workflowId: 'closed' };
    await client.call('TerminateWorkflowExecution', {
      namespace: 'doomed',
      workflowExecution: closed,
    });
    await start(client, 'doomed', 'cron', { cronSchedule: '* * * * *' });
    await client.call('CreateSchedule', {
      namespace: 'doomed',
      scheduleId: 'each second',
      requestId: randomUUID(),
      schedule: {
        spec: { interval: [{ interval: { seconds: 1 } }] },
        action: {
          startWorkflow: {
            workflowId: 'scheduled',
            workflowType: { name: 't' },
            taskQueue: { name: 'q' },
          },
        },
      },
    });
    await client.call('StartBatchOperation', {
      namespace: 'doomed',
      jobId: 'job',
      reason: 'because',
      visibilityQuery: "WorkflowType = 't'",
      signalOperation: { signal: 's' },
      maxOperationsPerSecond: 1,
    });
  }

  async function expectNothing(): Promise<void> {
    await register(file.client, 'doomed');
    const { executions } = await file.client.call('ListWorkflowExecutions', {
      namespace: 'doomed',
    });
    expect(executions).toEqual([]);
    for (const workflowId of ['parent', 'child', 'closed', 'cron'])
      await expect(
        file.client.call('DescribeWorkflowExecution', {
          namespace: 'doomed',
          execution: { workflowId },
        }),
      ).rejects.toMatchObject(NOT_FOUND);
    const { schedules } = await file.client.call('ListSchedules', { namespace: 'doomed' });
    expect(schedules).toEqual([]);
    const batches = await file.client.call('ListBatchOperations', { namespace: 'doomed' });
    expect(batches.operationInfo).toEqual([]);
  }

  it('takes its runs, schedules and batch operations with it', async () => {
    await fill();
    await remove();
    await file.reopen();
    await expect(
      file.client.call('DescribeNamespace', { namespace: 'doomed' }),
    ).rejects.toMatchObject(NOT_FOUND);
    await expectNothing();
  });

  it('leaves others alone', async () => {
    await start(file.client, 'default', 'parent');
    await fill();
    await remove();
    await file.reopen();
    const { executions } = await file.client.call('ListWorkflowExecutions', {
      namespace: 'default',
    });
    expect(executions).toMatchObject([{ execution: { workflowId: 'parent' } }]);
  });

  /** Until its end has begun, and is not answered. */
  async function endBegun(namespace: string): Promise<void> {
    let answered = false;
    const removal = operator.call('DeleteNamespace', { namespace }).then(() => {
      answered = true;
    });
    const isMarked = () =>
      file.client.call('DescribeNamespace', { namespace }).then(
        () => false,
        () => true,
      );
    while (!(await isMarked()));
    expect(answered).toBe(false);
    removal.catch(() => {}); // its server goes away
  }

  it('is made anew after a crash that came upon its end, where the server is to have it', async () => {
    await start(file.client, 'default', 'old');
    await endBegun('default');
    await file.reopenAsAfterCrash();
    const isThere = () =>
      start(file.client, 'default', 'new').then(
        () => true,
        () => false,
      );
    while (!(await isThere()));
    const { executions } = await file.client.call('ListWorkflowExecutions', {
      namespace: 'default',
    });
    expect(executions).toMatchObject([{ execution: { workflowId: 'new' } }]);
  });

  it('closes its runs though a version before has kept a retention without end', async () => {
    await file.close();
    const store = await FileStore.open(file.dbFilename);
    for (const namespace of store.namespaces())
      if (namespace.name === 'default')
        await store.putNamespace({ ...namespace, retentionMs: 2 ** 53 * 1000 });
    await store.close();
    await file.open();
    await start(file.client, 'default', 'w');
    const workflowExecution = { workflowId: 'w' };
    await file.client.call('TerminateWorkflowExecution', {
      namespace: 'default',
      workflowExecution,
    });
    const { config } = await file.client.call('DescribeNamespace', { namespace: 'default' });
    const { workflowExecutionRetentionTtl } = config as {
      workflowExecutionRetentionTtl: { seconds: number };
    };
    expect(toNumber(workflowExecutionRetentionTtl.seconds)).toBe(100 * 365 * 86_400);
  });

  it('is gone after a crash that came upon its end', async () => {
    await fill();
    await endBegun('doomed');
    await file.reopenAsAfterCrash();
    await expect(start(file.client, 'doomed', 'another')).rejects.toMatchObject(NOT_FOUND);
    // What is left goes soon after the start.
    for (;;) {
      const free = await register(file.client, 'doomed').then(
        () => true,
        (error: { code: number }) => {
          expect(error.code).toBe(status.ALREADY_EXISTS);
          return false;
        },
      );
      if (free) break;
    }
    await file.client.call('UpdateNamespace', { namespace: 'doomed' });
    operator.close();
    operator = rawClient(file.address, OPERATOR);
    await remove();
    await expectNothing();
  });
});

describe('the end of a namespace', () => {
  async function three(clear: () => Promise<void>) {
    const namespaces = new Namespaces(() => randomUUID(), {}, new MemoryStore(CLOSED_RUN_LIMITS));
    await namespaces.register('doomed');
    return { namespaces, ends: [1, 2, 3].map(() => namespaces.end('doomed', clear)) };
  }

  it('comes once for all who ask', async () => {
    let cleared = 0;
    const { namespaces, ends } = await three(async () => {
      cleared += 1;
      expect(namespaces.all()).toEqual([]);
      await expect(namespaces.change('doomed', (each) => each)).rejects.toMatchObject(NOT_FOUND);
    });
    await Promise.all(ends);
    expect(cleared).toBe(1);
    await namespaces.register('doomed');
  });

  it('is gone on with by asking again, where it failed', async () => {
    const { namespaces, ends } = await three(() => Promise.reject(new Error('no space left')));
    for (const end of await Promise.allSettled(ends)) expect(end.status).toBe('rejected');
    await expect(namespaces.register('doomed')).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
    });
    await namespaces.end('doomed', async () => {});
    await namespaces.register('doomed');
  });
});

describe('changes of a namespace that are asked for at once, and the file', () => {
  let file: OnFile;
  let operator: RawClient;

  beforeEach(async () => {
    file = new OnFile();
    await file.open();
    operator = rawClient(file.address, OPERATOR);
  });

  afterEach(async () => {
    operator.close();
    await file.end();
  });

  it('are all kept', async () => {
    const names = ['A', 'B', 'C', 'D'];
    await Promise.all([
      ...names.map((name) =>
        operator.call('AddSearchAttributes', {
          namespace: 'default',
          searchAttributes: { [name]: enums.IndexedValueType.INDEXED_VALUE_TYPE_INT },
        }),
      ),
      file.client.call('UpdateNamespace', {
        namespace: 'default',
        updateInfo: { description: 'changed' },
      }),
    ]);
    await file.reopen();
    operator.close();
    operator = rawClient(file.address, OPERATOR);
    const { customAttributes } = await operator.call('ListSearchAttributes', {});
    expect(Object.keys(customAttributes as object)).toEqual(names);
    const { namespaceInfo } = await file.client.call('DescribeNamespace', { namespace: 'default' });
    expect(namespaceInfo).toMatchObject({ description: 'changed' });
  });

  it('make it once', async () => {
    const answers = await Promise.allSettled([1, 2, 3].map(() => register(file.client, 'new')));
    expect(answers).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: status.ALREADY_EXISTS } },
      { status: 'rejected', reason: { code: status.ALREADY_EXISTS } },
    ]);
  });
});
