import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  bundle,
  type Harness,
  installRuntime,
  startHarness,
  TASK_QUEUE,
} from './support/harness.js';

describe('a real worker and client on the embedded server', () => {
  let harness: Harness;
  let count = 0;

  beforeAll(async () => {
    installRuntime();
    harness = await startHarness({ searchAttributes: { Score: 'Int' } });
    await harness.startWorker(await bundle('basics.ts'));
  });

  afterAll(() => harness.close());

  function start(type: string, args: unknown[] = [], options: object = {}) {
    count += 1;
    const workflowId = `${type}-${count}`;
    return harness.client.workflow.start(type, {
      taskQueue: TASK_QUEUE,
      workflowId,
      args,
      ...options,
    });
  }

  async function run(type: string, ...args: unknown[]): Promise<unknown> {
    return (await start(type, args)).result();
  }

  async function eventTypes(workflowId: string): Promise<string[]> {
    const { events } = await harness.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).map((event) => {
      const key = Object.keys(event).find((name) => name.endsWith('EventAttributes')) ?? '';
      return key.replace('EventAttributes', '');
    });
  }

  it('runs a workflow with a timer and an activity, with the events of a real server', async () => {
    const handle = await start('hello', ['you', 10, true]);
    expect(await handle.result()).toBe('hello you');
    expect(await eventTypes(handle.workflowId)).toEqual([
      'workflowExecutionStarted',
      ...['workflowTaskScheduled', 'workflowTaskStarted', 'workflowTaskCompleted'],
      ...['timerStarted', 'timerFired'],
      ...['workflowTaskScheduled', 'workflowTaskStarted', 'workflowTaskCompleted'],
      ...['activityTaskScheduled', 'activityTaskStarted', 'activityTaskCompleted'],
      ...['workflowTaskScheduled', 'workflowTaskStarted', 'workflowTaskCompleted'],
      'workflowExecutionCompleted',
    ]);
  });

  it('delivers signals in order and answers queries, while it runs and after', async () => {
    const handle = await start('collector');
    for (const item of ['a', 'b', 'c']) await handle.signal('add', item);
    expect(await handle.query('items')).toEqual(['a', 'b', 'c']);
    await handle.signal('finish');
    expect(await handle.result()).toEqual(['a', 'b', 'c']);
    expect(await handle.query('items')).toEqual(['a', 'b', 'c']);
  });

  it('tells a client that its query failed in the workflow', async () => {
    const handle = await start('collector');
    await expect(handle.query('no-such-query')).rejects.toThrow('did not register a handler');
    await handle.terminate();
  });

  it('refuses a query on a closed run when asked to', async () => {
    const handle = await start('hello', ['x']);
    await handle.result();
    const strict = harness.client.workflow.getHandle(handle.workflowId);
    const rejected = harness.client.connection.workflowService.queryWorkflow({
      namespace: 'default',
      execution: { workflowId: strict.workflowId },
      query: { queryType: 'items' },
      queryRejectCondition: 2,
    });
    expect((await rejected).queryRejected?.status).toBe(2);
  });

  it('retries a failing activity by its policy, and writes one start with the last failure', async () => {
    const handle = await start('retried', [2]);
    expect(await handle.result()).toBe(3);
    const { events } = await handle.fetchHistory();
    const started = events?.find((e) => e.activityTaskStartedEventAttributes);
    expect(started?.activityTaskStartedEventAttributes).toMatchObject({
      attempt: 3,
      lastFailure: { message: 'attempt 2' },
    });
  });

  it('fails the activity when its attempts are used up', async () => {
    const failed = await (await start('exhausted')).result().catch((e: WorkflowFailedError) => e);
    expect(failed).toBeInstanceOf(WorkflowFailedError);
    expect((failed as WorkflowFailedError).cause).toMatchObject({
      name: 'ActivityFailure',
      retryState: 'MAXIMUM_ATTEMPTS_REACHED',
      cause: { message: 'attempt 2', type: 'Flaky' },
    });
  });

  it.each([
    ['startToClose', 'START_TO_CLOSE'],
    ['scheduleToStart', 'SCHEDULE_TO_START'],
    ['heartbeat', 'HEARTBEAT'],
    ['scheduleToClose', 'SCHEDULE_TO_CLOSE'],
  ])('times an activity out: %s', async (kind, shown) => {
    expect(await run('timesOut', kind)).toBe(`TimeoutFailure ${shown}`);
  });

  it('tells a heartbeating activity that it was cancelled', async () => {
    expect(await run('cancelsActivity')).toBe('cancelled');
  });

  it('lets a cancelled workflow clean up and end as cancelled', async () => {
    const handle = await start('cancellable');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });

  it('gives the result of a child, and its failure', async () => {
    expect(await run('parent', 'you')).toBe('hello you');
    expect(await run('parentOfBroken')).toBe('no');
  });

  it('tells a parent that the id of its child is taken, and signals the child', async () => {
    expect(await run('childConflict')).toBe(
      'WorkflowExecutionAlreadyStartedError: from the parent',
    );
  });

  it('meets each child with its parent close policy', async () => {
    const handle = await start('leaver');
    await handle.result();
    const child = (policy: string) =>
      harness.client.workflow.getHandle(`${handle.workflowId}/${policy}`);
    await expect(child('TERMINATE').result()).rejects.toMatchObject({
      cause: { name: 'TerminatedFailure' },
    });
    await expect(child('REQUEST_CANCEL').result()).rejects.toMatchObject({
      cause: { name: 'CancelledFailure' },
    });
    expect((await child('ABANDON').describe()).status.name).toBe('RUNNING');
    await child('ABANDON').terminate();
  });

  it('signals and cancels other workflows, and says when there is none', async () => {
    const target = await start('meddledWith');
    const outcomes = await run('meddler', target.workflowId);
    expect(outcomes).toEqual(['ApplicationFailure', 'ApplicationFailure']);
    expect(await target.result()).toBe('from outside');
  });

  it('continues as new, and a client follows the chain', async () => {
    const handle = await start('countdown', [3]);
    expect(await handle.result()).toBe('done after true');
    const runs: string[] = [];
    for await (const each of harness.client.workflow.list({
      query: `WorkflowId = '${handle.workflowId}'`,
    }))
      runs.push(each.status.name);
    expect(runs.sort()).toEqual([
      'COMPLETED',
      'CONTINUED_AS_NEW',
      'CONTINUED_AS_NEW',
      'CONTINUED_AS_NEW',
    ]);
  });

  it('retries a workflow by its own policy', async () => {
    const retry = { initialInterval: '1ms', maximumAttempts: 5 } as const;
    expect(await (await start('retriedWorkflow', [], { retry })).result()).toBe(3);
  });

  it('cancels a timer', async () => {
    expect(await run('cancelsTimer')).toBe('cancelled');
  });

  it('records local activities as markers', async () => {
    const handle = await start('local');
    expect(await handle.result()).toBe('near');
    expect(await eventTypes(handle.workflowId)).toContain('markerRecorded');
  });

  it('keeps memo and search attributes, and finds the run by them', async () => {
    const handle = await start('attributes', [], { memo: { first: 1, kept: 'yes' } });
    await handle.result();
    const { memo, typedSearchAttributes } = await handle.describe();
    expect(memo).toEqual({ kept: 'yes', note: 'later' });
    expect(typedSearchAttributes.get(defineSearchAttributeKey('Score', 'INT'))).toBe(42);
    const found: string[] = [];
    for await (const each of harness.client.workflow.list({ query: 'Score > 41' }))
      found.push(each.workflowId);
    expect(found).toEqual([handle.workflowId]);
  });

  it('times a run out', async () => {
    const handle = await start('sleeper', [60_000], { workflowRunTimeout: 300 });
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'TimeoutFailure' } });
  });

  it('starts later when told to', async () => {
    const handle = await start('hello', ['later'], { startDelay: '100ms' });
    const before = await handle.describe();
    expect(before.historyLength).toBe(1);
    expect(await handle.result()).toBe('hello later');
  });

  it('moves a workflow to another worker when its own has gone', async () => {
    const taskQueue = 'moves';
    const code = await bundle('basics.ts');
    const stop = await harness.startWorker(code, { taskQueue });
    const handle = await start('collector', [], { taskQueue });
    await handle.signal('add', 'to the first');
    expect(await handle.query('items')).toEqual(['to the first']);
    await stop();
    await harness.startWorker(code, { taskQueue });
    await handle.signal('add', 'to the second');
    await handle.signal('finish');
    expect(await handle.result()).toEqual(['to the first', 'to the second']);
  });

  it('leaves histories that replay without divergence', async () => {
    const { Worker } = await import('@temporalio/worker');
    const workflowBundle = await bundle('basics.ts');
    for (const type of ['hello', 'cancelsActivity', 'childConflict', 'meddler', 'attributes']) {
      for await (const each of harness.client.workflow.list({
        query: `WorkflowType = '${type}'`,
      })) {
        const history = await harness.client.workflow.getHandle(each.workflowId).fetchHistory();
        await Worker.runReplayHistory({ workflowBundle }, history, each.workflowId);
        break;
      }
    }
  });
});
