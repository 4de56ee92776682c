import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  startTemporalServer,
  type TemporalServer,
  type TemporalServerOptions,
} from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

const { EventType, CommandType } = enums;

function startTimer(timerId: string, afterMs: number) {
  return {
    commandType: CommandType.COMMAND_TYPE_START_TIMER,
    startTimerCommandAttributes: { timerId, startToFireTimeout: { nanos: afterMs * 1e6 } },
  };
}

function scheduleActivity(activityId: string, more: object = {}) {
  return {
    commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
    scheduleActivityTaskCommandAttributes: {
      activityId,
      activityType: { name: 'a' },
      startToCloseTimeout: { seconds: 60 },
      ...more,
    },
  };
}

describe('a server with a file', () => {
  let folder: string;
  let dbFilename: string;
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;
  let defects: unknown[];
  let prefix = 0;

  async function open(options: TemporalServerOptions = {}): Promise<void> {
    defects = [];
    server = await startTemporalServer({
      port: 0,
      dbFilename,
      ...options,
      onEvent: (event) => void (event.kind === 'defect' && defects.push(event.error)),
    });
    client = rawClient(server.address);
    prefix += 1;
    runs = new ByHand(client, `durable-${prefix}`);
  }

  async function close(): Promise<void> {
    client.close();
    await server.close();
    expect(defects).toEqual([]);
  }

  async function reopen(options: TemporalServerOptions = {}): Promise<void> {
    await close();
    await open(options);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-durable-'));
    dbFilename = join(folder, 'server.db');
    await open();
  });

  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });

  async function types(workflowId: string): Promise<string[]> {
    return (await runs.history(workflowId)).map(({ eventType }) =>
      String(EventType[eventType ?? 0]).replace('EVENT_TYPE_', ''),
    );
  }

  it('has open and closed runs with their histories when it is opened again', async () => {
    const closed = await runs.startWith(commands.complete);
    const open = await runs.start({ memo: { fields: { m: { data: Buffer.from('1') } } } });
    const before = [await runs.history(closed), await runs.history(open)];
    await reopen();
    expect([await runs.history(closed), await runs.history(open)]).toEqual(before);
    expect(await runs.status(closed)).toBe(
      enums.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    );
    const { executions } = await client.call('ListWorkflowExecutions', { namespace: 'default' });
    expect(executions).toMatchObject([
      { execution: { workflowId: open }, memo: { fields: { m: { data: Buffer.from('1') } } } },
      { execution: { workflowId: closed } },
    ]);
  });

  it('offers tasks again that nobody had taken, and goes on from there', async () => {
    const workflowId = await runs.start();
    await reopen();
    await runs.complete(await runs.poll(workflowId), scheduleActivity('a1'));
    await reopen();
    const activity = await client.call('PollActivityTaskQueue', {
      namespace: 'default',
      taskQueue: { name: workflowId },
    });
    expect(activity).toMatchObject({ activityId: 'a1', attempt: 1 });
    await client.call('RespondActivityTaskCompleted', {
      namespace: 'default',
      taskToken: activity.taskToken,
    });
    await reopen();
    await runs.complete(await runs.poll(workflowId), commands.complete);
    expect(await types(workflowId)).toEqual([
      'WORKFLOW_EXECUTION_STARTED',
      'WORKFLOW_TASK_SCHEDULED',
      'WORKFLOW_TASK_STARTED',
      'WORKFLOW_TASK_COMPLETED',
      'ACTIVITY_TASK_SCHEDULED',
      'ACTIVITY_TASK_STARTED',
      'ACTIVITY_TASK_COMPLETED',
      'WORKFLOW_TASK_SCHEDULED',
      'WORKFLOW_TASK_STARTED',
      'WORKFLOW_TASK_COMPLETED',
      'WORKFLOW_EXECUTION_COMPLETED',
    ]);
  });

  it('takes the answer to a task that was out when it stopped', async () => {
    const workflowId = await runs.start();
    const task = await runs.poll(workflowId);
    await reopen();
    await runs.complete(task, commands.complete);
    expect((await types(workflowId)).at(-1)).toBe('WORKFLOW_EXECUTION_COMPLETED');
    await expect(runs.complete(task, commands.complete)).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  it('fires timers that fell due while it was away, and those that fall due later', async () => {
    const workflowId = await runs.startWith(startTimer('now', 1), startTimer('soon', 900));
    await reopen();
    const first = await runs.poll(workflowId);
    await runs.complete(first);
    await runs.complete(await runs.poll(workflowId), commands.complete);
    expect((await types(workflowId)).filter((type) => type === 'TIMER_FIRED')).toHaveLength(2);
  });

  it('keeps signals that came while a workflow task was out', async () => {
    const workflowId = await runs.start();
    const task = await runs.poll(workflowId);
    await client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 's',
      input: { payloads: [{ data: Buffer.from('"x"') }] },
      requestId: 'once',
    });
    await reopen();
    await client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 's',
      requestId: 'once',
    });
    await runs.complete(task);
    const history = await runs.history(workflowId);
    const signals = history.filter((e) => e.workflowExecutionSignaledEventAttributes);
    expect(signals).toMatchObject([
      {
        workflowExecutionSignaledEventAttributes: {
          input: { payloads: [{ data: Buffer.from('"x"') }] },
        },
      },
    ]);
  });

  it('keeps namespaces, their retention and their search attributes', async () => {
    await client.call('RegisterNamespace', {
      namespace: 'mine',
      workflowExecutionRetentionPeriod: { seconds: 3600 },
    });
    const operator = rawClient(server.address, 'temporal.api.operatorservice.v1.OperatorService');
    await operator.call('AddSearchAttributes', {
      namespace: 'mine',
      searchAttributes: { Colour: 2 },
    });
    operator.close();
    const before = await client.call('DescribeNamespace', { namespace: 'mine' });
    await reopen();
    expect(await client.call('DescribeNamespace', { namespace: 'mine' })).toEqual(before);
    const again = rawClient(server.address, 'temporal.api.operatorservice.v1.OperatorService');
    const listed = await again.call('ListSearchAttributes', { namespace: 'mine' });
    again.close();
    expect(listed.customAttributes).toEqual({ Colour: 2 });
  });
});
