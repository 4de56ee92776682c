import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import type {
  ServerEvent,
  TemporalServer,
  TemporalServerOptions,
} from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { startOnStore } from '../../src/temporal-server/server.js';
import type { Change, Store } from '../../src/temporal-server/store.js';
import { armedCheck } from './support/armed-check.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';
import { turnedClock } from './support/turned-clock.js';

const { EventType, CommandType } = enums;

function startTimer(timerId: string, afterMs: number) {
  return {
    commandType: CommandType.COMMAND_TYPE_START_TIMER,
    startTimerCommandAttributes: {
      timerId,
      startToFireTimeout: { seconds: Math.floor(afterMs / 1000), nanos: (afterMs % 1000) * 1e6 },
    },
  };
}

function cancelTimer(timerId: string) {
  return {
    commandType: CommandType.COMMAND_TYPE_CANCEL_TIMER,
    cancelTimerCommandAttributes: { timerId },
  };
}

function scheduleActivity(activityId: string, more: object = {}) {
  return {
    commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
    scheduleActivityTaskCommandAttributes: {
      activityId,
      activityType: { name: 'a' },
      taskQueue: { name: 'activities' },
      startToCloseTimeout: { seconds: 60 },
      ...more,
    },
  };
}

function startChild(workflowId: string) {
  return {
    commandType: CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
    startChildWorkflowExecutionCommandAttributes: {
      workflowId,
      workflowType: { name: 't' },
      taskQueue: { name: workflowId },
    },
  };
}

function signalTo(workflowId: string) {
  return {
    commandType: CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
    signalExternalWorkflowExecutionCommandAttributes: {
      execution: { workflowId },
      signalName: 's',
    },
  };
}

/** Where a change is kept waiting. */
class Gate {
  /** A change has come to it. */
  readonly reached: Promise<void>;
  readonly opened: Promise<void>;
  reach = () => {};
  open = () => {};

  constructor() {
    this.reached = new Promise((resolve) => {
      this.reach = resolve;
    });
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

describe('a server with a file', () => {
  let folder: string;
  let dbFilename: string;
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;
  let defects: unknown[];
  /** Workflow ids. */
  let held: Set<string>;
  /** By workflow id: what its next change waits for on its way to the disk. */
  let gates: Map<string, Gate>;
  let prefix = 0;

  /** The store, where changes of workflows that are held never come to an end, and no transfer is settled. */
  function holding(store: Store): Store {
    return new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name === 'settle') return () => {};
        if (name !== 'commit') return value.bind(target);
        return async (change: Change) => {
          if (held.has(change.workflowId)) return new Promise(() => {});
          const gate = gates.get(change.workflowId);
          gates.delete(change.workflowId);
          gate?.reach();
          await gate?.opened;
          return target.commit(change);
        };
      },
    });
  }

  async function open(options: TemporalServerOptions = {}): Promise<void> {
    defects = [];
    const found = defects;
    const onEvent = (event: ServerEvent) =>
      void (event.kind === 'defect' && found.push(event.error));
    server = await startOnStore({ port: 0, ...options, onEvent }, async () =>
      armedCheck(holding(await FileStore.open(dbFilename)), (difference) => found.push(difference)),
    );
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

  /** Puts a namespace into the file that the server itself would not make: one that is soon forgotten. */
  async function withNamespace(name: string, retentionMs: number): Promise<void> {
    await close();
    const store = await FileStore.open(dbFilename);
    const rest = { id: randomUUID(), description: '', ownerEmail: '', data: {} };
    await store.putNamespace({ ...rest, name, retentionMs, searchAttributes: new Map() });
    await store.close();
    await open();
  }

  /** Opens the file as it is on disk while the server is at work: as after a crash. */
  async function reopenCopy(): Promise<void> {
    const copy = join(folder, `copy-${prefix}.db`);
    copyFileSync(dbFilename, copy);
    held.clear();
    await close();
    dbFilename = copy;
    await open();
  }

  /** Answers tasks of the workflow until its history has an event. */
  async function tasksUntil(workflowId: string, type: string): Promise<void> {
    while (!(await types(workflowId)).includes(type))
      await runs.complete(await runs.poll(workflowId));
  }

  async function untilGone(namespace: string, workflowId: string): Promise<void> {
    const request = { namespace, execution: { workflowId } };
    for (let left = 500; left > 0; left--) {
      const code = await client.call('DescribeWorkflowExecution', request).then(
        () => status.OK,
        (error: { code: number }) => error.code,
      );
      if (code === status.NOT_FOUND) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${workflowId} is still there`);
  }

  beforeEach(async () => {
    held = new Set();
    gates = new Map();
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
      taskQueue: { name: 'activities' },
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

  it('has everything acknowledged where it ended without a word', async () => {
    const closed = await runs.startWith(commands.complete);
    const timer = await runs.startWith(startTimer('t', 10));
    const task = await runs.poll(timer);
    const signalled = await runs.start();
    await client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId: signalled },
      signalName: 's',
    });
    const ids = [closed, timer, signalled];
    const before = await Promise.all(ids.map((id) => runs.history(id)));
    await reopenCopy();
    expect(await Promise.all(ids.map((id) => runs.history(id)))).toEqual(before);
    await runs.complete(task, commands.complete);
    expect((await types(timer)).at(-1)).toBe('WORKFLOW_EXECUTION_COMPLETED');
  });

  it('keeps attempts, failures and heartbeats of an activity', async () => {
    const workflowId = await runs.startWith(
      scheduleActivity('a', { retryPolicy: { initialInterval: { nanos: 1e6 } } }),
    );
    const poll = () =>
      client.call('PollActivityTaskQueue', {
        namespace: 'default',
        taskQueue: { name: 'activities' },
      });
    const first = await poll();
    await client.call('RecordActivityTaskHeartbeat', {
      namespace: 'default',
      taskToken: first.taskToken,
      details: { payloads: [{ data: Buffer.from('1') }] },
    });
    await reopen();
    await client.call('RespondActivityTaskFailed', {
      namespace: 'default',
      taskToken: first.taskToken,
      failure: { message: 'no luck', applicationFailureInfo: {} },
    });
    const second = await poll();
    expect(second).toMatchObject({
      attempt: 2,
      heartbeatDetails: { payloads: [{ data: Buffer.from('1') }] },
    });
    await reopen();
    const described = await client.call('DescribeWorkflowExecution', {
      namespace: 'default',
      execution: { workflowId },
    });
    expect(described.pendingActivities).toMatchObject([
      { attempt: 2, lastFailure: { message: 'no luck' } },
    ]);
  });

  it('goes on with children, and tells a parent of the end of one', async () => {
    const child = `child-${prefix}`;
    const parent = await runs.startWith(startChild(child));
    await reopen();
    await runs.complete(await runs.poll(child), commands.complete);
    await reopen();
    await tasksUntil(parent, 'CHILD_WORKFLOW_EXECUTION_COMPLETED');
    const seen = (await types(parent)).filter((type) => type.startsWith('CHILD'));
    expect(seen).toEqual([
      'CHILD_WORKFLOW_EXECUTION_STARTED',
      'CHILD_WORKFLOW_EXECUTION_COMPLETED',
    ]);
  });

  it('hands a transfer over that was stored and not done', async () => {
    const child = `child-${prefix}`;
    held.add(child);
    const parent = await runs.startWith(startChild(child));
    await reopenCopy();
    await runs.complete(await runs.poll(child), commands.complete);
    await tasksUntil(parent, 'CHILD_WORKFLOW_EXECUTION_COMPLETED');
  });

  it('does not do again what it has answered, when it comes once more after a crash', async () => {
    const childId = await runs.startWith(); // in the way of the child
    const parentId = await runs.startWith(startChild(childId), signalTo('nobody-yet'));
    await tasksUntil(parentId, 'START_CHILD_WORKFLOW_EXECUTION_FAILED');
    await tasksUntil(parentId, 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED');
    await client.call('TerminateWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId: childId },
    });
    await runs.start({ workflowId: 'nobody-yet' });
    await reopen();
    const fence = await runs.start();
    await client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId: fence },
      signalName: 's',
    });
    expect(await types('nobody-yet')).toEqual([
      'WORKFLOW_EXECUTION_STARTED',
      'WORKFLOW_TASK_SCHEDULED',
    ]);
    expect(await types(childId)).toContain('WORKFLOW_EXECUTION_TERMINATED');
  });

  it('lets no timer fire that a change took back which was on its way to the disk', async () => {
    const clock = turnedClock();
    await reopen({ clock });
    const workflowId = await runs.startWith(startTimer('later', 10_000));
    const signal = () =>
      client.call('SignalWorkflowExecution', {
        namespace: 'default',
        workflowExecution: { workflowId },
        signalName: 's',
      });
    await signal();
    const task = await runs.poll(workflowId);
    const gate = new Gate();
    gates.set(workflowId, gate);
    const answer = runs.complete(task, cancelTimer('later'), startTimer('later', 100_000));
    await gate.reached;
    clock.turn(11_000);
    gate.open();
    await answer;
    await signal(); // after whatever has waited for the answer
    expect(await types(workflowId)).not.toContain('TIMER_FIRED');
    clock.turn(90_000);
    await signal();
    expect(await types(workflowId)).toContain('TIMER_FIRED');
  });

  it('lets no activity time out whose heartbeat was on its way to the disk', async () => {
    const clock = turnedClock();
    await reopen({ clock });
    const workflowId = await runs.startWith(
      scheduleActivity('a', { heartbeatTimeout: { seconds: 10 }, taskQueue: { name: 'beats' } }),
    );
    const { taskToken } = await client.call('PollActivityTaskQueue', {
      namespace: 'default',
      taskQueue: { name: 'beats' },
    });
    clock.turn(6000);
    const gate = new Gate();
    gates.set(workflowId, gate);
    const beat = client.call('RecordActivityTaskHeartbeat', { namespace: 'default', taskToken });
    await gate.reached;
    clock.turn(6000);
    gate.open();
    await beat;
    await client.call('RespondActivityTaskCompleted', { namespace: 'default', taskToken });
    expect(await types(workflowId)).toContain('ACTIVITY_TASK_COMPLETED');
  });

  it('drops closed runs when their retention is over, also while it was away', async () => {
    const namespace = 'short';
    await withNamespace(namespace, 300);
    const workflowId = 'w';
    const { runId } = await client.call('StartWorkflowExecution', {
      namespace,
      workflowId,
      workflowType: { name: 't' },
      taskQueue: { name: 'q' },
    });
    await client.call('TerminateWorkflowExecution', {
      namespace,
      workflowExecution: { workflowId, runId },
    });
    await reopen();
    await untilGone(namespace, workflowId);
    const { executions } = await client.call('ListWorkflowExecutions', { namespace });
    expect(executions).toEqual([]);
    await reopen();
    await untilGone(namespace, workflowId);
  });

  it('closes runs of a namespace that keeps them for longer than anybody lives', async () => {
    const namespace = 'long';
    await client.call('RegisterNamespace', {
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 2 ** 53 },
    });
    await client.call('StartWorkflowExecution', {
      namespace,
      workflowId: 'w',
      workflowType: { name: 't' },
      taskQueue: { name: 'q' },
    });
    const workflowExecution = { workflowId: 'w' };
    await client.call('TerminateWorkflowExecution', { namespace, workflowExecution });
    await reopen();
    const { executions } = await client.call('ListClosedWorkflowExecutions', { namespace });
    expect(executions).toHaveLength(1);
  });

  it('says what keeps the data', async () => {
    expect(await client.call('GetClusterInfo', {})).toMatchObject({
      persistenceStore: 'lmdb',
      visibilityStore: 'lmdb',
    });
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
