import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enums } from '../../src/temporal-server/proto.js';
import { type Served, serve } from './support/served.js';

const { CommandType } = enums;

/** Temporal's limit of ids and names, in bytes. */
const LIMIT = 1000;

type Refusal = (value: string) => string;
const too = (what: string): Refusal => {
  return () => `${what} length exceeds limit.`;
};
const QUEUE: Refusal = () => 'taskQueue length exceeds limit';
const measured = (value: string) => `Length=${value.length} Limit=${LIMIT}`;

/** Some value of a length; no two are the same. */
const ofLength = (length: number) => randomUUID().padEnd(length, 'x');

/** `START_TIMER` with its attributes. */
function command(name: string, attributes: object) {
  const field = name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const commandType = CommandType[`COMMAND_TYPE_${name}` as keyof typeof CommandType];
  return { commandType, [`${field}CommandAttributes`]: attributes };
}

const activity = (more: object) =>
  command('SCHEDULE_ACTIVITY_TASK', {
    activityId: '1',
    activityType: { name: 'a' },
    taskQueue: { name: 'q' },
    startToCloseTimeout: { seconds: 60 },
    ...more,
  });
const startTimer = (timerId: string) =>
  command('START_TIMER', { timerId, startToFireTimeout: { seconds: 60 } });
const child = (more: object) =>
  command('START_CHILD_WORKFLOW_EXECUTION', {
    workflowId: randomUUID(),
    workflowType: { name: 'k' },
    taskQueue: { name: 'q' },
    ...more,
  });
const carryOn = (more: object) =>
  command('CONTINUE_AS_NEW_WORKFLOW_EXECUTION', {
    workflowType: { name: 't' },
    taskQueue: { name: 'q' },
    ...more,
  });

/** Where a command has an id or a name, and what is said when it is too long: part of it, at least. */
const COMMANDS: readonly (readonly [string, (value: string) => object[], Refusal])[] = [
  [
    'activity id',
    (activityId) => [activity({ activityId })],
    (value) =>
      `BadScheduleActivityAttributes: ActivityId on ScheduleActivityTaskCommand exceeds length limit. ActivityId=${value} ActivityType=a ${measured(value)}`,
  ],
  [
    'activity type',
    (name) => [activity({ activityType: { name } })],
    (value) =>
      `BadScheduleActivityAttributes: ActivityType on ScheduleActivityTaskCommand exceeds length limit. ActivityId=1 ActivityType=${value} ${measured(value)}`,
  ],
  [
    'task queue of an activity',
    (name) => [activity({ taskQueue: { name } })],
    () =>
      'invalid TaskQueue on ScheduleActivityTaskCommand: taskQueue length exceeds limit. ActivityId=1 ActivityType=a',
  ],
  [
    'timer id',
    (timerId) => [startTimer(timerId)],
    (value) =>
      `BadStartTimerAttributes: TimerId on StartTimerCommand exceeds length limit. TimerId=${value} ${measured(value)}`,
  ],
  [
    'id of a timer to cancel',
    (timerId) => [
      ...(timerId.length > LIMIT ? [] : [startTimer(timerId)]),
      command('CANCEL_TIMER', { timerId }),
    ],
    (value) =>
      `BadCancelTimerAttributes: TimerId on CancelTimerCommand exceeds length limit. TimerId=${value} ${measured(value)}`,
  ],
  [
    'marker name',
    (markerName) => [command('RECORD_MARKER', { markerName })],
    (value) =>
      `BadRecordMarkerAttributes: MarkerName on RecordMarkerCommand exceeds length limit. MarkerName=${value} ${measured(value)}`,
  ],
  [
    'id of a workflow to signal',
    (workflowId) => [
      command('SIGNAL_EXTERNAL_WORKFLOW_EXECUTION', { execution: { workflowId }, signalName: 's' }),
    ],
    (value) =>
      `BadSignalWorkflowExecutionAttributes: WorkflowId on SignalExternalWorkflowExecutionCommand exceeds length limit. WorkflowId=${value} ${measured(value)} Namespace= RunId= SignalName=s`,
  ],
  [
    'id of a workflow to cancel',
    (workflowId) => [command('REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION', { workflowId })],
    (value) =>
      `BadRequestCancelExternalWorkflowExecutionAttributes: WorkflowId on RequestCancelExternalWorkflowExecutionCommand exceeds length limit. WorkflowId=${value} ${measured(value)} RunId= Namespace=`,
  ],
  [
    'workflow id of a child',
    (workflowId) => [child({ workflowId })],
    (value) =>
      `BadStartChildExecutionAttributes: WorkflowId on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId=${value} ${measured(value)} WorkflowType=k Namespace=default`,
  ],
  [
    'workflow type of a child',
    (name) => [child({ workflowId: 'kid', workflowType: { name } })],
    (value) =>
      `BadStartChildExecutionAttributes: WorkflowType on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId=kid WorkflowType=${value} ${measured(value)} Namespace=default`,
  ],
  [
    'task queue of a child',
    (name) => [child({ workflowId: 'kid', taskQueue: { name } })],
    () =>
      'invalid TaskQueue on StartChildWorkflowExecutionCommand: taskQueue length exceeds limit. WorkflowId=kid WorkflowType=k Namespace=default TaskQueue=name:',
  ],
  [
    'workflow type of the next run',
    (name) => [carryOn({ workflowType: { name } })],
    (value) =>
      `BadContinueAsNewAttributes: WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType=${value} ${measured(value)}`,
  ],
  [
    'task queue of the next run',
    (name) => [carryOn({ taskQueue: { name } })],
    () =>
      'error validating ContinueAsNewWorkflowExecutionCommand TaskQueue: taskQueue length exceeds limit. WorkflowType=t TaskQueue=name:',
  ],
];

/** With `PERDURE_TEST_ADDRESS` the same is asked of a real server. */
describe('ids and names', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serve('id-limits');
  });

  afterAll(() => served.close());

  const call = (method: string, request: object) =>
    served.client.call(method, { namespace: 'default', ...request }, 20_000);

  /** Taken, or refused for something else than its length. */
  const taken = (answer: Promise<unknown>) =>
    answer.catch((error: { code: number }) => {
      if (error.code === status.INVALID_ARGUMENT) throw error;
    });

  it.each(COMMANDS)(
    'of a command are refused when too long: %s',
    async (where, commands, refusal) => {
      for (const length of [LIMIT - 1, LIMIT]) {
        const workflowId = await served.byHand.start();
        const task = await served.byHand.poll(workflowId);
        await served.byHand.complete(task, ...commands(ofLength(length)));
      }
      const workflowId = await served.byHand.start();
      const task = await served.byHand.poll(workflowId);
      const value = ofLength(LIMIT + 1);
      await expect(served.byHand.complete(task, ...commands(value))).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringContaining(refusal(value)),
      });
      const last = (await served.byHand.history(workflowId)).at(-1);
      // Where it is the queue that is too long, the task is left to its timeout.
      if (where.includes('queue')) expect(last?.workflowTaskStartedEventAttributes).toBeTruthy();
      else expect(last?.workflowTaskFailedEventAttributes?.cause).toBeGreaterThan(0);
    },
  );

  const start = (more: object) =>
    call('StartWorkflowExecution', {
      workflowId: randomUUID(),
      workflowType: { name: 't' },
      taskQueue: { name: 'q' },
      requestId: randomUUID(),
      ...more,
    });
  const signalWithStart = (more: object) =>
    call('SignalWithStartWorkflowExecution', {
      workflowId: randomUUID(),
      workflowType: { name: 't' },
      taskQueue: { name: 'q' },
      signalName: 's',
      requestId: randomUUID(),
      ...more,
    });
  const signal = async (more: object) =>
    call('SignalWorkflowExecution', {
      workflowExecution: { workflowId: await served.byHand.start() },
      signalName: 's',
      ...more,
    });
  const schedule = (more: object, action: object = {}) =>
    call('CreateSchedule', {
      scheduleId: randomUUID(),
      requestId: randomUUID(),
      schedule: {
        action: {
          startWorkflow: {
            workflowId: randomUUID(),
            workflowType: { name: 't' },
            taskQueue: { name: 'q' },
            ...action,
          },
        },
      },
      ...more,
    });

  /** Polls for a workflow task that is there, unless the poll is refused. */
  const poll = async (more: { taskQueue?: object; identity?: string }) => {
    const queue = { name: randomUUID(), ...more.taskQueue };
    await taken(start({ taskQueue: queue })).catch(() => {}); // its queue may be what is too long
    return call('PollWorkflowTaskQueue', { ...more, taskQueue: queue });
  };

  /** A task, and what its answer has to say beside who it is from. */
  const workflowTask = async () => ({
    taskToken: (await served.byHand.poll(await served.byHand.start())).taskToken,
  });
  const activityTask = async (queue: string = randomUUID()) => {
    const taskQueue = { name: queue };
    const task = await served.byHand.poll(await served.byHand.start());
    await served.byHand.complete(task, activity({ taskQueue }));
    return taskQueue;
  };
  const takenActivity = async () => {
    const { taskToken } = await call('PollActivityTaskQueue', { taskQueue: await activityTask() });
    return { taskToken };
  };

  const IDENTITY = too('Identity');

  it.each<[string, (value: string) => Promise<unknown>, Refusal, number?]>([
    ['workflow id of a start', (workflowId) => start({ workflowId }), too('WorkflowId')],
    ['type of a start', (name) => start({ workflowType: { name } }), too('WorkflowType')],
    ['queue of a start', (name) => start({ taskQueue: { name } }), QUEUE],
    ['request id of a start', (requestId) => start({ requestId }), too('RequestId')],
    ['workflow id', (workflowId) => signalWithStart({ workflowId }), too('WorkflowId')],
    ['signal name', (signalName) => signalWithStart({ signalName }), too('SignalName')],
    ['type', (name) => signalWithStart({ workflowType: { name } }), too('WorkflowType')],
    ['queue', (name) => signalWithStart({ taskQueue: { name } }), QUEUE],
    ['request id', (requestId) => signalWithStart({ requestId }), too('RequestId')],
    ['name of a signal', (signalName) => signal({ signalName }), too('SignalName')],
    ['request id of a signal', (requestId) => signal({ requestId }), too('RequestId')],
    [
      'update id',
      async (updateId) => {
        const workflowId = await served.byHand.start();
        const update = served.client.begin(
          'UpdateWorkflowExecution',
          {
            namespace: 'default',
            workflowExecution: { workflowId },
            request: { meta: { updateId }, input: { name: 'u' } },
            waitPolicy: { lifecycleStage: 2 },
          },
          20_000,
        );
        // It is in the first task, or there is none to come.
        const task = updateId.length > LIMIT ? undefined : await served.byHand.poll(workflowId);
        if (!task) return update.answer;
        return update.cancel();
      },
      too('UpdateId'),
    ],
    [
      'request id of a reset',
      async (requestId) =>
        call('ResetWorkflowExecution', {
          workflowExecution: { workflowId: await served.byHand.startWith() },
          workflowTaskFinishEventId: 4,
          requestId,
        }),
      too('RequestId'),
    ],
    ['queue of a poll', (name) => poll({ taskQueue: { name } }), QUEUE],
    ['identity of a poll', (identity) => poll({ identity }), IDENTITY],
    [
      'queue of an activity poll',
      async (name) => {
        if (name.length <= LIMIT) await activityTask(name);
        return call('PollActivityTaskQueue', { taskQueue: { name } });
      },
      QUEUE,
    ],
    [
      'identity of an activity poll',
      async (identity) =>
        call('PollActivityTaskQueue', { taskQueue: await activityTask(), identity }),
      IDENTITY,
    ],
    [
      'identity of who completes a task',
      async (identity) =>
        call('RespondWorkflowTaskCompleted', { ...(await workflowTask()), identity }),
      IDENTITY,
    ],
    [
      'identity of who fails a task',
      async (identity) =>
        call('RespondWorkflowTaskFailed', { ...(await workflowTask()), identity }),
      IDENTITY,
    ],
    ...['RespondActivityTaskCompleted', 'RespondActivityTaskFailed'].map(
      (method): [string, (value: string) => Promise<unknown>, Refusal] => [
        `identity of ${method}`,
        async (identity) => call(method, { ...(await takenActivity()), identity }),
        IDENTITY,
      ],
    ),
    [
      'queue that is described',
      (name) => call('DescribeTaskQueue', { taskQueue: { name } }),
      QUEUE,
    ],
    [
      'queue whose partitions are listed',
      (name) => call('ListTaskQueuePartitions', { taskQueue: { name } }),
      QUEUE,
    ],
    [
      'schedule id',
      (scheduleId) => schedule({ scheduleId }),
      too('WorkflowId'),
      LIMIT - 'temporal-sys-scheduler:'.length,
    ],
    ['request id of a schedule', (requestId) => schedule({ requestId }), too('RequestId')],
    [
      'workflow id of a schedule',
      (workflowId) => schedule({}, { workflowId }),
      too('WorkflowId'),
      LIMIT - '-2009-11-10T23:00:00Z'.length,
    ],
    ['type of a schedule', (name) => schedule({}, { workflowType: { name } }), too('WorkflowType')],
    ['queue of a schedule', (name) => schedule({}, { taskQueue: { name } }), QUEUE],
    [
      'name of a namespace',
      (namespace) =>
        served.client.call('RegisterNamespace', {
          namespace,
          workflowExecutionRetentionPeriod: { seconds: 86_400 },
        }),
      too('Namespace'),
    ],
    [
      'namespace of a request',
      (namespace) => served.client.call('ListOpenWorkflowExecutions', { namespace }),
      too('Namespace'),
    ],
  ])('of a request are refused when too long: %s', async (_, send, refusal, limit = LIMIT) => {
    await taken(send(ofLength(limit - 1)));
    await taken(send(ofLength(limit)));
    const value = ofLength(limit + 1);
    await expect(send(value)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: refusal(value),
    });
  });

  it('of a batch operation is refused when too long', async () => {
    const batch = async (jobId: string) =>
      call('StartBatchOperation', {
        jobId,
        reason: 'r',
        executions: [{ workflowId: await served.byHand.start() }],
        terminationOperation: {},
      });
    await taken(batch(ofLength(LIMIT)));
    for (;;) {
      // One at a time, and a real server's lists learn late that one is over.
      const refused = await batch(ofLength(LIMIT + 1)).catch((error) => error);
      if (refused.code === status.RESOURCE_EXHAUSTED) continue;
      expect(refused).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: 'WorkflowId exceeds length limit.',
      });
      return;
    }
  });

  it('are measured in bytes', async () => {
    const half = 'ö'.repeat(LIMIT / 2);
    await start({ taskQueue: { name: half } });
    await expect(start({ taskQueue: { name: `${half}x` } })).rejects.toMatchObject({
      details: 'taskQueue length exceeds limit',
    });
  });

  it('of queues do not begin as those of a server do', async () => {
    await expect(start({ taskQueue: { name: '/_sys/mine' } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'task queue name cannot start with reserved prefix /_sys/',
    });
  });
});
