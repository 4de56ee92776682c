import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enums } from '../../src/temporal-server/proto.js';
import { commands } from './support/by-hand.js';
import { type Served, serve } from './support/served.js';

const { CommandType } = enums;

describe('bad input', () => {
  let served: Served;
  let workflowId: string;

  beforeAll(async () => {
    served = await serve('bad');
    workflowId = await served.byHand.start();
  });

  afterAll(() => served.close());

  const call = (method: string, request: object) =>
    served.client.call(method, { namespace: 'default', ...request });

  /** What a call is answered with: `OK`, or the status and its text. */
  async function answer(method: string, request: object): Promise<string> {
    try {
      await call(method, request);
      return 'OK';
    } catch (error) {
      const { code, details } = error as { code: number; details: string };
      return `${status[code]} ${details}`;
    }
  }

  const start = (more: object) => ({
    workflowId: `${workflowId}-${Math.random()}`,
    workflowType: { name: 't' },
    taskQueue: { name: 'nobody' },
    requestId: `${Math.random()}`,
    ...more,
  });
  const signal = (more: object) => ({
    workflowExecution: { workflowId },
    signalName: 's',
    ...more,
  });
  const update = (more: object) => ({
    workflowExecution: { workflowId },
    waitPolicy: { lifecycleStage: 1 },
    request: { meta: { updateId: 'u' }, input: { name: 'n' }, ...more },
  });

  const IDS: [string, string, (id: string) => object, string][] = [
    [
      'WorkflowId',
      'StartWorkflowExecution',
      (id) => start({ workflowId: id }),
      'WorkflowId length exceeds limit.',
    ],
    [
      'WorkflowType',
      'StartWorkflowExecution',
      (id) => start({ workflowType: { name: id } }),
      'WorkflowType length exceeds limit.',
    ],
    [
      'taskQueue',
      'StartWorkflowExecution',
      (id) => start({ taskQueue: { name: id } }),
      'taskQueue length exceeds limit',
    ],
    [
      'RequestId',
      'StartWorkflowExecution',
      (id) => start({ requestId: id }),
      'RequestId length exceeds limit.',
    ],
    [
      'SignalName',
      'SignalWorkflowExecution',
      (id) => signal({ signalName: id }),
      'SignalName length exceeds limit.',
    ],
    [
      'RequestId',
      'SignalWorkflowExecution',
      (id) => signal({ requestId: id }),
      'RequestId length exceeds limit.',
    ],
    [
      'UpdateId',
      'UpdateWorkflowExecution',
      (id) => update({ meta: { updateId: id } }),
      'UpdateId length exceeds limit.',
    ],
  ];

  it.each(IDS)('an id of 1,001 bytes: %s of %s', async (_, method, request, text) => {
    expect(await answer(method, request('x'.repeat(1001)))).toBe(`INVALID_ARGUMENT ${text}`);
    expect(await answer(method, request(`${'é'.repeat(500)}x`))).toBe(`INVALID_ARGUMENT ${text}`);
    if (method === 'UpdateWorkflowExecution') return; // it would wait for a worker
    const full = `${String(Math.random()).slice(2, 12).padEnd(10, '0')}${'é'.repeat(495)}`;
    expect(await answer(method, request(full))).toBe('OK');
  });

  it('takes ids with control characters for what they are', async () => {
    const odd = `${workflowId} \u0001\n\t\u007f🙂`;
    await call('StartWorkflowExecution', start({ workflowId: odd }));
    const described = await call('DescribeWorkflowExecution', { execution: { workflowId: odd } });
    expect(described.workflowExecutionInfo).toMatchObject({ execution: { workflowId: odd } });
  });

  const TOKENS = [
    'RespondWorkflowTaskCompleted',
    'RespondWorkflowTaskFailed',
    'RespondActivityTaskCompleted',
    'RespondActivityTaskFailed',
    'RespondActivityTaskCanceled',
    'RecordActivityTaskHeartbeat',
    'RespondQueryTaskCompleted',
  ];

  it.each(TOKENS)('no token, and one that is none: %s', async (method) => {
    expect(await answer(method, {})).toMatch(/^INVALID_ARGUMENT /);
    const garbage = Buffer.from('{"kind":"garbage');
    expect(await answer(method, { taskToken: garbage })).toMatch(/^INVALID_ARGUMENT /);
  });

  it('a workflow task that is completed twice, or after its run has closed', async () => {
    const id = await served.byHand.start();
    const task = await served.byHand.poll(id);
    await served.byHand.complete(task);
    const { taskToken } = task;
    expect(await answer('RespondWorkflowTaskCompleted', { taskToken })).toBe(
      'NOT_FOUND Workflow task not found.',
    );
    expect(await answer('RespondWorkflowTaskFailed', { taskToken })).toBe(
      'NOT_FOUND Workflow task not found.',
    );
    await call('TerminateWorkflowExecution', { workflowExecution: { workflowId: id } });
    expect(await answer('RespondWorkflowTaskCompleted', { taskToken })).toMatch(/^NOT_FOUND /);
  });

  it('an activity that is completed twice, and one whose attempt is over', async () => {
    const id = await served.byHand.start();
    await served.byHand.complete(await served.byHand.poll(id), {
      commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
      scheduleActivityTaskCommandAttributes: {
        activityId: '1',
        activityType: { name: 'a' },
        taskQueue: { name: id },
        startToCloseTimeout: { seconds: 60 },
        retryPolicy: { initialInterval: { nanos: 1_000_000 } },
      },
    });
    const take = () =>
      served.client.call(
        'PollActivityTaskQueue',
        { namespace: 'default', taskQueue: { name: id } },
        30_000,
      );
    const first = await take();
    const failure = { message: 'again', applicationFailureInfo: {} };
    await call('RespondActivityTaskFailed', { taskToken: first.taskToken, failure });
    const second = await take();
    const gone =
      'NOT_FOUND invalid activityID or activity already timed out or invoking workflow is completed';
    const old = { taskToken: first.taskToken };
    for (const method of TOKENS.slice(2, 6)) expect(await answer(method, old)).toBe(gone);
    const { taskToken } = second;
    expect(await answer('RespondActivityTaskCompleted', { taskToken })).toBe('OK');
    for (const method of TOKENS.slice(2, 6)) expect(await answer(method, { taskToken })).toBe(gone);
  });

  it('a token of another kind of task', async () => {
    const id = await served.byHand.start();
    const { taskToken } = await served.byHand.poll(id);
    const said = await answer('RespondActivityTaskCompleted', { taskToken });
    expect(said).toMatch(/^(INVALID_ARGUMENT|NOT_FOUND) /);
    await served.byHand.complete(
      { taskToken, query: null, workflowExecution: { workflowId: id, runId: '' } },
      commands.complete,
    );
  });

  it.each<[string, string, object, string]>([
    [
      'GetWorkflowExecutionHistory',
      'a run id that is none',
      { execution: { workflowId: 'w', runId: 'x' } },
      'INVALID_ARGUMENT Invalid RunId.',
    ],
    [
      'DescribeWorkflowExecution',
      'no execution',
      {},
      'INVALID_ARGUMENT Execution is not set on request.',
    ],
    [
      'DescribeWorkflowExecution',
      'nobody',
      { execution: { workflowId: 'nobody' } },
      'NOT_FOUND workflow not found for ID: nobody',
    ],
    [
      'SignalWorkflowExecution',
      'no name',
      { workflowExecution: { workflowId: 'w' } },
      'INVALID_ARGUMENT SignalName is not set on request.',
    ],
    ['StartWorkflowExecution', 'no id', {}, 'INVALID_ARGUMENT WorkflowId is not set on request.'],
    [
      'QueryWorkflow',
      'no query',
      { execution: { workflowId: 'w' } },
      'INVALID_ARGUMENT WorkflowQuery is not set on request.',
    ],
    [
      'QueryWorkflow',
      'a query of no type',
      { execution: { workflowId: 'w' }, query: {} },
      'INVALID_ARGUMENT QueryType is not set on request.',
    ],
    [
      'DescribeNamespace',
      'another namespace',
      { namespace: 'nobody' },
      'NOT_FOUND Namespace nobody is not found.',
    ],
    [
      'GetWorkflowExecutionHistory',
      'a page token that is none',
      { execution: { workflowId: 'w' }, nextPageToken: Buffer.from('x') },
      'INVALID_ARGUMENT',
    ],
  ])('%s with %s', async (method, _, request, expected) => {
    expect(await answer(method, request)).toContain(expected);
  });
});
