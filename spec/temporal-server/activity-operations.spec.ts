import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enums, toNumber } from '../../src/temporal-server/proto.js';
import { type Served, serve } from './support/served.js';

const { CommandType, PendingActivityState: State } = enums;

interface Pending {
  readonly state: number;
  readonly attempt: number;
  readonly paused: boolean;
  readonly pauseInfo: unknown;
  readonly heartbeatDetails: unknown;
  readonly activityOptions: Record<string, { seconds?: number; name?: string }>;
}

describe('operations on activities', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serve('activity');
  });

  afterAll(() => served.close());

  /** A run with one pending activity, `1` of type `a`, on the queue of its id. */
  async function started(more: object = {}): Promise<string> {
    const workflowId = await served.byHand.start();
    await served.byHand.complete(await served.byHand.poll(workflowId), {
      commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
      scheduleActivityTaskCommandAttributes: {
        activityId: '1',
        activityType: { name: 'a' },
        taskQueue: { name: workflowId },
        startToCloseTimeout: { seconds: 60 },
        retryPolicy: { initialInterval: { nanos: 1_000_000 } },
        ...more,
      },
    });
    return workflowId;
  }

  const call = (method: string, workflowId: string, more: object) =>
    served.client.call(method, {
      namespace: 'default',
      execution: { workflowId },
      identity: 'spec',
      ...more,
    });

  const take = (queue: string, withinMs = 30_000) =>
    served.client.call(
      'PollActivityTaskQueue',
      { namespace: 'default', taskQueue: { name: queue }, identity: 'spec' },
      withinMs,
    );

  /** Nobody gets it within half a second. */
  async function nobodyGets(queue: string): Promise<void> {
    const answer = await take(queue, 1500).catch((error) => error);
    expect(answer.taskToken?.length ?? 0).toBe(0);
  }

  async function pending(workflowId: string): Promise<Pending> {
    const described = await call('DescribeWorkflowExecution', workflowId, {});
    const [activity] = described.pendingActivities as Pending[];
    if (!activity) throw new Error('no activity is pending');
    return activity;
  }

  const respond = (method: string, task: Record<string, unknown>, more: object = {}) =>
    served.client.call(method, { namespace: 'default', taskToken: task.taskToken, ...more });

  const failure = { message: 'broken', applicationFailureInfo: { type: 'Broken' } };

  it('pause one that waits until it is unpaused', async () => {
    const workflowId = await started();
    await call('PauseActivity', workflowId, { id: '1', reason: 'not now' });
    expect(await pending(workflowId)).toMatchObject({
      state: State.PENDING_ACTIVITY_STATE_PAUSED,
      paused: true,
      pauseInfo: { manual: { identity: 'spec', reason: 'not now' } },
    });
    await nobodyGets(workflowId);
    await call('UnpauseActivity', workflowId, { type: 'a' });
    expect((await take(workflowId)).activityId).toBe('1');
    expect((await pending(workflowId)).paused).toBe(false);
  });

  it('tell the worker that has a paused one, and let it finish', async () => {
    const workflowId = await started({ heartbeatTimeout: { seconds: 30 } });
    const task = await take(workflowId);
    await call('PauseActivity', workflowId, { type: 'a' });
    expect((await pending(workflowId)).state).toBe(State.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED);
    const answer = await respond('RecordActivityTaskHeartbeat', task);
    expect(answer).toMatchObject({ activityPaused: true, cancelRequested: false });
    await respond('RespondActivityTaskCompleted', task);
    await served.byHand.poll(workflowId);
  });

  it('hold the next attempt of a paused one back', async () => {
    const workflowId = await started();
    const task = await take(workflowId);
    await call('PauseActivity', workflowId, { id: '1' });
    await respond('RespondActivityTaskFailed', task, { failure });
    await nobodyGets(workflowId);
    await call('UnpauseActivity', workflowId, { id: '1', resetAttempts: true });
    expect((await take(workflowId)).attempt).toBe(1);
  });

  it('reset the attempts of one that waits for its next', async () => {
    const workflowId = await started({ retryPolicy: { initialInterval: { seconds: 3600 } } });
    await respond('RespondActivityTaskFailed', await take(workflowId), { failure });
    expect((await pending(workflowId)).attempt).toBe(2);
    await call('ResetActivity', workflowId, { id: '1' });
    const again = await take(workflowId);
    expect(again.attempt).toBe(1);
  });

  it('tell the worker that has one that it was reset', async () => {
    const workflowId = await started({ heartbeatTimeout: { seconds: 30 } });
    const task = await take(workflowId);
    await call('ResetActivity', workflowId, { id: '1' });
    const answer = await respond('RecordActivityTaskHeartbeat', task);
    expect(answer).toMatchObject({ activityReset: true });
  });

  it('change the options that a mask names, and put them back', async () => {
    const workflowId = await started();
    const changed = await call('UpdateActivityOptions', workflowId, {
      id: '1',
      activityOptions: {
        taskQueue: { name: `${workflowId}-b` },
        startToCloseTimeout: { seconds: 7 },
        scheduleToCloseTimeout: { seconds: 9 },
        retryPolicy: { maximumAttempts: 3 },
      },
      updateMask: {
        paths: ['task_queue.name', 'start_to_close_timeout', 'retry_policy.maximum_attempts'],
      },
    });
    const options = changed.activityOptions as Pending['activityOptions'];
    expect(options.taskQueue?.name).toBe(`${workflowId}-b`);
    expect(toNumber(options.startToCloseTimeout?.seconds)).toBe(7);
    expect(toNumber(options.scheduleToCloseTimeout?.seconds)).not.toBe(9);
    expect(options.retryPolicy).toMatchObject({ maximumAttempts: 3 });
    const shown = (await pending(workflowId)).activityOptions;
    expect(toNumber(shown.startToCloseTimeout?.seconds)).toBe(7);
    await nobodyGets(workflowId);
    await call('UpdateActivityOptions', workflowId, { id: '1', restoreOriginal: true });
    const task = await take(workflowId);
    expect(toNumber((task.startToCloseTimeout as { seconds: number }).seconds)).toBe(60);
  });

  it.each<[string, object, number, string]>([
    ['PauseActivity', { id: 'x' }, status.NOT_FOUND, "Can't find pending activity with such ID"],
    ['UnpauseActivity', { type: 'x' }, status.NOT_FOUND, "Can't find pending activity"],
    ['ResetActivity', { id: 'x' }, status.NOT_FOUND, "Can't find pending activity"],
    [
      'UpdateActivityOptions',
      { id: '1', activityOptions: {} },
      status.INVALID_ARGUMENT,
      'UpdateMask is not provided',
    ],
    [
      'UpdateActivityOptions',
      { id: '1', updateMask: { paths: ['task_queue.name'] } },
      status.INVALID_ARGUMENT,
      'ActivityOptions are not provided',
    ],
    [
      'UpdateActivityOptions',
      { id: '1', restoreOriginal: true, updateMask: { paths: ['x'] } },
      status.INVALID_ARGUMENT,
      'Both UpdateMask and RestoreOriginal are provided',
    ],
  ])('%s refuses %j', async (method, more, code, details) => {
    const workflowId = await started();
    await expect(call(method, workflowId, more)).rejects.toMatchObject({
      code,
      details: expect.stringContaining(details),
    });
  });

  it('refuse a run that has closed', async () => {
    const workflowId = await started();
    await served.client.call('TerminateWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
    });
    await expect(call('PauseActivity', workflowId, { id: '1' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});
