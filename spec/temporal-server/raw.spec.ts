import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { enums, type HistoryEvent, toNumber } from '../../src/temporal-server/proto.js';
import { type RawClient, rawClient } from './support/raw.js';

const { CommandType, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } = enums;

interface WorkflowTask {
  taskToken: Uint8Array;
  attempt: number;
  workflowExecution: { workflowId: string; runId: string };
  history: { events: HistoryEvent[] };
  nextPageToken: Uint8Array;
}

describe('WorkflowService on the wire', () => {
  let server: TemporalServer;
  let client: RawClient;
  let count = 0;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0 });
    client = rawClient(server.address);
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  function startRequest(overrides: object = {}) {
    count += 1;
    return {
      namespace: 'default',
      workflowId: `raw-${count}`,
      workflowType: { name: 't' },
      taskQueue: { name: `queue-${count}` },
      requestId: `request-${count}`,
      ...overrides,
    };
  }

  const poll = (name: string) =>
    client.call('PollWorkflowTaskQueue', {
      namespace: 'default',
      taskQueue: { name },
      identity: 'spec',
    }) as Promise<unknown> as Promise<WorkflowTask>;

  const complete = (task: WorkflowTask, commands: object[] = [], more: object = {}) =>
    client.call('RespondWorkflowTaskCompleted', {
      namespace: 'default',
      taskToken: task.taskToken,
      commands,
      ...more,
    });

  const signal = (workflowId: string, signalName: string, requestId = '') =>
    client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName,
      requestId,
    });

  async function history(workflowId: string): Promise<string[]> {
    const answer = await client.call('GetWorkflowExecutionHistory', {
      namespace: 'default',
      execution: { workflowId },
    });
    return (answer.history as WorkflowTask['history']).events.map(
      (event) => enums.EventType[event.eventType ?? 0]?.replace('EVENT_TYPE_', '') ?? '',
    );
  }

  const completeCommand = {
    commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
    completeWorkflowExecutionCommandAttributes: {},
  };

  it.each([
    [{ namespace: 'nope' }, status.NOT_FOUND, 'Namespace nope is not found.'],
    [{ workflowId: '' }, status.INVALID_ARGUMENT, 'WorkflowId is not set on request.'],
    [{ workflowType: null }, status.INVALID_ARGUMENT, 'WorkflowType is not set on request.'],
    [{ taskQueue: null }, status.INVALID_ARGUMENT, 'taskQueue is not set'],
    [{ workflowId: 'a'.repeat(1001) }, status.INVALID_ARGUMENT, 'WorkflowId length exceeds limit.'],
    [{ cronSchedule: 'nope' }, status.INVALID_ARGUMENT, 'invalid CronSchedule.'],
    [
      { cronSchedule: '* * * * *', workflowStartDelay: { seconds: 3 } },
      status.INVALID_ARGUMENT,
      'CronSchedule and WorkflowStartDelay may not be used together.',
    ],
    [
      { searchAttributes: { indexedFields: { Foo: { data: Buffer.from('"x"') } } } },
      status.INVALID_ARGUMENT,
      'Namespace default has no mapping defined for search attribute Foo',
    ],
    [
      { input: { payloads: [{ data: Buffer.alloc(2_200_000) }] } },
      status.INVALID_ARGUMENT,
      'Blob data size exceeds limit.',
    ],
  ])('refuses a bad start in the words of Temporal: %#', async (overrides, code, details) => {
    await expect(
      client.call('StartWorkflowExecution', startRequest(overrides)),
    ).rejects.toMatchObject({ code, details });
  });

  it('says by name which method it has not', async () => {
    await expect(client.call('PollNexusTaskQueue', { namespace: 'default' })).rejects.toMatchObject(
      {
        code: status.UNIMPLEMENTED,
        details: expect.stringContaining('PollNexusTaskQueue'),
      },
    );
  });

  it('answers a start with the same request id with the same run', async () => {
    const request = startRequest();
    const first = await client.call('StartWorkflowExecution', request);
    const again = await client.call('StartWorkflowExecution', request);
    expect(again.runId).toBe(first.runId);
    await expect(
      client.call('StartWorkflowExecution', { ...request, requestId: 'other' }),
    ).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
      details: `Workflow execution is already running. WorkflowId: ${request.workflowId}, RunId: ${first.runId}.`,
    });
  });

  it('obeys the conflict and reuse policies', async () => {
    const request = startRequest();
    const first = await client.call('StartWorkflowExecution', request);
    const using = await client.call('StartWorkflowExecution', {
      ...request,
      requestId: 'b',
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    });
    expect(using).toMatchObject({ runId: first.runId, started: false });
    const replacing = await client.call('StartWorkflowExecution', {
      ...request,
      requestId: 'c',
      workflowIdConflictPolicy:
        WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
    });
    expect(replacing.runId).not.toBe(first.runId);
    await complete(await poll(request.taskQueue.name), [completeCommand]);
    await expect(
      client.call('StartWorkflowExecution', {
        ...request,
        requestId: 'd',
        workflowIdReusePolicy:
          WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
      }),
    ).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
      details: expect.stringContaining('allow duplicate workflow Id if last run failed'),
    });
  });

  it('takes a signal with the same request id once', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    await signal(request.workflowId, 's', 'once');
    await signal(request.workflowId, 's', 'once');
    await signal(request.workflowId, 's', 'twice');
    const types = await history(request.workflowId);
    expect(types.filter((type) => type === 'WORKFLOW_EXECUTION_SIGNALED')).toHaveLength(2);
  });

  it('keeps a signal back while a task is started, and fails a close that has not seen it', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    const task = await poll(request.taskQueue.name);
    await signal(request.workflowId, 's');
    expect((await history(request.workflowId)).at(-1)).toBe('WORKFLOW_TASK_STARTED');
    await expect(complete(task, [completeCommand])).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'UnhandledCommand',
    });
    expect((await history(request.workflowId)).slice(-3)).toEqual([
      'WORKFLOW_TASK_FAILED',
      'WORKFLOW_EXECUTION_SIGNALED',
      'WORKFLOW_TASK_SCHEDULED',
    ]);
    await complete(await poll(request.taskQueue.name), [completeCommand]);
    expect((await history(request.workflowId)).at(-1)).toBe('WORKFLOW_EXECUTION_COMPLETED');
  });

  it('fails a task with a bad command and leaves nothing of its other commands', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    const task = await poll(request.taskQueue.name);
    const timer = {
      commandType: CommandType.COMMAND_TYPE_START_TIMER,
      startTimerCommandAttributes: { timerId: '1', startToFireTimeout: { seconds: 60 } },
    };
    await expect(complete(task, [timer, timer])).rejects.toMatchObject({
      details: expect.stringMatching(/^StartTimerDuplicateId: /),
    });
    const types = await history(request.workflowId);
    expect(types).not.toContain('TIMER_STARTED');
    expect(types.at(-1)).toBe('WORKFLOW_TASK_FAILED');
  });

  it('shows further attempts of a task to the worker and does not write them', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    const fail = async () => {
      const task = await poll(request.taskQueue.name);
      await client.call('RespondWorkflowTaskFailed', {
        namespace: 'default',
        taskToken: task.taskToken,
        cause: 1,
      });
      return task;
    };
    await fail();
    const second = await poll(request.taskQueue.name);
    expect(second.attempt).toBe(2);
    expect(second.history.events.map((event) => toNumber(event.eventId))).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(await history(request.workflowId)).toHaveLength(4);
    await complete(second, [completeCommand]);
    expect((await history(request.workflowId)).slice(4)).toEqual([
      'WORKFLOW_TASK_SCHEDULED',
      'WORKFLOW_TASK_STARTED',
      'WORKFLOW_TASK_COMPLETED',
      'WORKFLOW_EXECUTION_COMPLETED',
    ]);
  });

  it('does not lose a task to a poll that was cancelled', async () => {
    const request = startRequest();
    const abandoned = client.begin('PollWorkflowTaskQueue', {
      namespace: 'default',
      taskQueue: { name: request.taskQueue.name },
    });
    const described = async () =>
      client.call('DescribeTaskQueue', {
        namespace: 'default',
        taskQueue: { name: request.taskQueue.name },
      });
    while (((await described()).pollers as unknown[]).length === 0);
    abandoned.cancel();
    await expect(abandoned.answer).rejects.toMatchObject({ code: status.CANCELLED });
    await described(); // behind the cancellation on the same connection
    await client.call('StartWorkflowExecution', request);
    expect((await poll(request.taskQueue.name)).workflowExecution.workflowId).toBe(
      request.workflowId,
    );
  });

  it('gives a task with a long history in pages', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    const payload = { payloads: [{ data: Buffer.alloc(1_000_000) }] };
    for (let i = 0; i < 6; i++) {
      await client.call('SignalWorkflowExecution', {
        namespace: 'default',
        workflowExecution: { workflowId: request.workflowId },
        signalName: `s${i}`,
        input: payload,
      });
    }
    const task = await poll(request.taskQueue.name);
    const events = [...task.history.events];
    let nextPageToken = task.nextPageToken;
    expect(nextPageToken.length).toBeGreaterThan(0);
    while (nextPageToken.length > 0) {
      const page = await client.call('GetWorkflowExecutionHistory', {
        namespace: 'default',
        execution: task.workflowExecution,
        nextPageToken,
      });
      events.push(...(page.history as WorkflowTask['history']).events);
      nextPageToken = page.nextPageToken as Uint8Array;
    }
    expect(events.map((event) => toNumber(event.eventId))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('answers a long poll for the close event as soon as there is one', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    const closed = client.call('GetWorkflowExecutionHistory', {
      namespace: 'default',
      execution: { workflowId: request.workflowId },
      waitNewEvent: true,
      historyEventFilterType: 2,
    });
    await client.call('TerminateWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId: request.workflowId },
      reason: 'enough',
    });
    const { events } = (await closed).history as WorkflowTask['history'];
    expect(events[0]?.workflowExecutionTerminatedEventAttributes?.reason).toBe('enough');
    await expect(signal(request.workflowId, 's')).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'workflow execution already completed',
    });
  });

  it('falls back to the normal queue when nobody serves the sticky one', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    await complete(await poll(request.taskQueue.name), [], {
      stickyAttributes: {
        workerTaskQueue: { name: 'sticky-of-nobody', kind: 2 },
        scheduleToStartTimeout: { seconds: 5 },
      },
    });
    await signal(request.workflowId, 's');
    const task = await poll(request.taskQueue.name);
    expect(task.history.events[0]?.workflowExecutionStartedEventAttributes).toBeTruthy();
    expect(await history(request.workflowId)).not.toContain('WORKFLOW_TASK_TIMED_OUT');
  });

  it('completes an activity by its id', async () => {
    const request = startRequest();
    await client.call('StartWorkflowExecution', request);
    await complete(await poll(request.taskQueue.name), [
      {
        commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: 'one',
          activityType: { name: 'a' },
          taskQueue: request.taskQueue,
          startToCloseTimeout: { seconds: 60 },
        },
      },
    ]);
    await client.call('PollActivityTaskQueue', {
      namespace: 'default',
      taskQueue: request.taskQueue,
    });
    await client.call('RespondActivityTaskCompletedById', {
      namespace: 'default',
      workflowId: request.workflowId,
      activityId: 'one',
    });
    expect((await history(request.workflowId)).slice(-3)).toEqual([
      'ACTIVITY_TASK_STARTED',
      'ACTIVITY_TASK_COMPLETED',
      'WORKFLOW_TASK_SCHEDULED',
    ]);
  });

  it.each([
    ['WorkflowId = ', 'syntax error at position 14'],
    ["Foo = 'x'", "column name 'Foo' is not a valid search attribute"],
    ["ExecutionStatus = 'Nope'", "invalid ExecutionStatus value 'Nope'"],
    ["StartTime > 'x'", "unable to parse datetime 'x'"],
    ['WorkflowId', 'incomplete expression'],
  ])('refuses the query %s and says where', async (query, details) => {
    await expect(
      client.call('ListWorkflowExecutions', { namespace: 'default', query }),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(details),
    });
  });

  it('pages a list without repeating or leaving out a run', async () => {
    const type = { name: 'paged' };
    for (let i = 0; i < 7; i++)
      await client.call('StartWorkflowExecution', startRequest({ workflowType: type }));
    const seen: string[] = [];
    let nextPageToken: Uint8Array = new Uint8Array();
    do {
      const page = await client.call('ListWorkflowExecutions', {
        namespace: 'default',
        query: "WorkflowType = 'paged'",
        pageSize: 3,
        nextPageToken,
      });
      for (const { execution } of page.executions as { execution: { workflowId: string } }[])
        seen.push(execution.workflowId);
      nextPageToken = page.nextPageToken as Uint8Array;
    } while (nextPageToken.length > 0);
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });

  it('ends long polls empty when it closes', async () => {
    const other = await startTemporalServer({ port: 0 });
    const raw = rawClient(other.address);
    const polling = raw.call('PollWorkflowTaskQueue', {
      namespace: 'default',
      taskQueue: { name: 'q' },
    });
    await raw.call('GetSystemInfo', {}); // the poll, sent first, has arrived too
    await other.close();
    expect((await polling).taskToken).toHaveLength(0);
    raw.close();
  });
});
