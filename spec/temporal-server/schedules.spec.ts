import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Client,
  Connection,
  ScheduleOverlapPolicy as Policy,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from '@temporalio/client';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { enums, type PayloadMap, timestampMs } from '../../src/temporal-server/proto.js';
import { ByHand, commands } from './support/by-hand.js';
import { rawClient } from './support/raw.js';
import { type Served, serve } from './support/served.js';

const json = (payload: PayloadMap[string] | undefined) =>
  JSON.parse(Buffer.from(payload?.data ?? []).toString());

const failing = {
  commandType: enums.CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
  failWorkflowExecutionCommandAttributes: { failure: { message: 'broken' } },
};

describe('schedules', () => {
  let served: Served;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    served = await serve('schedule');
    connection = await Connection.connect({ address: served.address });
    client = new Client({ connection });
  });

  afterAll(async () => {
    await connection.close();
    await served.close();
  });

  /** Its workflows have a task queue of its id. */
  function create(more: Partial<ScheduleOptions> = {}): Promise<ScheduleHandle> {
    const scheduleId = `s-${randomUUID()}`;
    return client.schedule.create({
      scheduleId,
      spec: {},
      action: { type: 'startWorkflow', workflowType: 't', taskQueue: scheduleId, args: [1] },
      ...more,
    });
  }

  const poll = ({ scheduleId }: ScheduleHandle) => served.byHand.poll(scheduleId);

  /** As the schedule's own policy says: the SDK's `trigger()` lets actions overlap. */
  const trigger = ({ scheduleId }: ScheduleHandle) =>
    served.client.call('PatchSchedule', {
      namespace: 'default',
      scheduleId,
      requestId: randomUUID(),
      patch: { triggerImmediately: {} },
    });

  /** Describes it until it looks right: what follows from a change comes soon after it. */
  async function until(
    handle: ScheduleHandle,
    right: (seen: Awaited<ReturnType<ScheduleHandle['describe']>>) => boolean,
  ) {
    for (;;) {
      const seen = await handle.describe();
      if (right(seen)) return seen;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('are described as they were created, with defaults', async () => {
    const handle = await create({
      spec: {
        cronExpressions: ['0 12 * * MON-FRI'],
        intervals: [{ every: '1h', offset: '5m' }],
        calendars: [{ hour: [{ start: 3, end: 7, step: 2 }], month: 'JANUARY', comment: 'rare' }],
        jitter: '5s',
        timezone: 'Europe/Berlin',
      },
      policies: { overlap: Policy.BUFFER_ONE, catchupWindow: '1h', pauseOnFailure: true },
      state: { note: 'hi', remainingActions: 7 },
      memo: { a: 1 },
    });
    const described = await handle.describe();
    expect(described).toMatchObject({
      scheduleId: handle.scheduleId,
      spec: {
        jitter: 5000,
        timezone: 'Europe/Berlin',
        intervals: [{ every: 3_600_000, offset: 300_000 }],
      },
      memo: { a: 1 },
      policies: { overlap: 'BUFFER_ONE', catchupWindow: 3_600_000, pauseOnFailure: true },
      state: { note: 'hi', remainingActions: 7, paused: false },
      info: { numActionsTaken: 0, recentActions: [], runningActions: [] },
    });
    const [rare, cron] = described.spec.calendars ?? [];
    expect(rare).toMatchObject({ comment: 'rare', hour: [{ start: 3, end: 7, step: 2 }] });
    expect(cron?.dayOfWeek).toEqual([{ start: 'MONDAY', end: 'FRIDAY', step: 1 }]);
    expect(described.info.nextActionTimes).toHaveLength(7);
    expect(described.raw.conflictToken).toHaveLength(8);
  });

  it('act at their times, with the attributes that say who and when', async () => {
    const handle = await create({ spec: { intervals: [{ every: '1s' }] } });
    const task = await poll(handle);
    const seen = await until(handle, ({ info }) => info.numActionsTaken > 0);
    await handle.delete();
    const [first] = seen.info.recentActions;
    expect(first?.action.workflow).toEqual({
      workflowId: task.workflowExecution.workflowId,
      firstExecutionRunId: task.workflowExecution.runId,
    });
    expect(task.workflowExecution.workflowId).toMatch(/-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const [started] = await served.byHand.history(task.workflowExecution.workflowId);
    const attributes = started?.workflowExecutionStartedEventAttributes;
    const fields = attributes?.searchAttributes?.indexedFields ?? {};
    expect(json(fields.TemporalScheduledById)).toBe(handle.scheduleId);
    const nominal = task.workflowExecution.workflowId.slice(-20);
    expect(Date.parse(json(fields.TemporalScheduledStartTime))).toBe(Date.parse(nominal));
    expect(attributes?.identity).toBe(`temporal-scheduler-default-${handle.scheduleId}`);
    expect(first?.scheduledAt.getTime()).toBe(Date.parse(nominal));
  });

  it('act at once when they are triggered, also while they are paused', async () => {
    const handle = await create({ state: { paused: true } });
    await handle.trigger();
    const task = await poll(handle);
    await served.byHand.complete(task, commands.complete);
    const seen = await until(handle, ({ info }) => info.numActionsTaken === 1);
    expect(seen.state.paused).toBe(true);
  });

  it('skip what overlaps, as they do where nothing is said', async () => {
    const handle = await create();
    await trigger(handle);
    await poll(handle);
    await trigger(handle);
    const { info } = await until(handle, (seen) => seen.info.numActionsSkippedOverlap === 1);
    expect(info.numActionsTaken).toBe(1);
    expect(info.runningActions).toHaveLength(1);
  });

  it('keep one of those that overlap until the one before has ended', async () => {
    const handle = await create({ policies: { overlap: Policy.BUFFER_ONE } });
    await trigger(handle);
    const first = await poll(handle);
    await trigger(handle);
    await trigger(handle);
    await until(handle, ({ info }) => info.numActionsSkippedOverlap === 1);
    await served.byHand.complete(first, commands.complete);
    const second = await poll(handle);
    expect(second.workflowExecution.runId).not.toBe(first.workflowExecution.runId);
    await served.byHand.complete(second, commands.complete);
    await until(handle, ({ info }) => info.numActionsTaken === 2);
  });

  it('do all one after the other', async () => {
    const handle = await create({ policies: { overlap: Policy.BUFFER_ALL } });
    for (let i = 0; i < 3; i++) {
      await trigger(handle);
      await new Promise((resolve) => setTimeout(resolve, 1100)); // workflow ids have the second
    }
    const runs = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const task = await poll(handle);
      runs.add(task.workflowExecution.runId);
      await served.byHand.complete(task, commands.complete);
    }
    expect(runs.size).toBe(3);
  });

  it('do all at the same time', async () => {
    const handle = await create({
      spec: { intervals: [{ every: '1h' }] },
      policies: { overlap: Policy.ALLOW_ALL },
      state: { paused: true },
    });
    const start = new Date('2026-01-01T00:30:00Z');
    const end = new Date('2026-01-01T03:00:00Z');
    await handle.backfill([{ start, end, overlap: Policy.ALLOW_ALL }]);
    const tasks = [await poll(handle), await poll(handle), await poll(handle)];
    expect(
      tasks.map(({ workflowExecution }) => workflowExecution.workflowId.slice(-20)).sort(),
    ).toEqual(['2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z', '2026-01-01T03:00:00Z']);
  });

  it('cancel the one before', async () => {
    const handle = await create({ policies: { overlap: Policy.CANCEL_OTHER } });
    await trigger(handle);
    const first = await poll(handle);
    await served.byHand.complete(first);
    await trigger(handle);
    const again = await poll(handle);
    expect(again.workflowExecution).toEqual(first.workflowExecution);
    const canceled = {
      commandType: enums.CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
      cancelWorkflowExecutionCommandAttributes: {},
    };
    await served.byHand.complete(again, canceled);
    const second = await poll(handle);
    expect(second.workflowExecution.runId).not.toBe(first.workflowExecution.runId);
  });

  it('terminate the one before', async () => {
    const handle = await create({ policies: { overlap: Policy.TERMINATE_OTHER } });
    await trigger(handle);
    const first = await poll(handle);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // another workflow id
    await trigger(handle);
    const second = await poll(handle);
    expect(second.workflowExecution.runId).not.toBe(first.workflowExecution.runId);
    const events = await served.byHand.history(
      first.workflowExecution.workflowId,
      first.workflowExecution.runId,
    );
    expect(events.at(-1)?.workflowExecutionTerminatedEventAttributes).toMatchObject({
      reason: 'terminated by schedule overlap policy',
      identity: `temporal-scheduler-default-${handle.scheduleId}`,
    });
  });

  it('pause when a workflow fails, if they are to', async () => {
    const handle = await create({ policies: { pauseOnFailure: true } });
    await trigger(handle);
    const task = await poll(handle);
    await served.byHand.complete(task, failing);
    // A real server looks when something happens next.
    await trigger(handle);
    const { state } = await until(handle, (seen) => seen.state.paused);
    expect(state.note).toBe(
      `paused due to workflow failure: ${task.workflowExecution.workflowId}: broken`,
    );
  });

  it('hand the last result on', async () => {
    const handle = await create();
    await trigger(handle);
    const result = { payloads: [{ data: Buffer.from('"so far"') }] };
    await served.byHand.complete(await poll(handle), {
      ...commands.complete,
      completeWorkflowExecutionCommandAttributes: { result },
    });
    await new Promise((resolve) => setTimeout(resolve, 1100)); // another workflow id
    await trigger(handle);
    const { workflowId } = (await poll(handle)).workflowExecution;
    const [started] = await served.byHand.history(workflowId);
    const last = started?.workflowExecutionStartedEventAttributes?.lastCompletionResult;
    expect(Buffer.from(last?.payloads?.[0]?.data ?? []).toString()).toBe('"so far"');
  });

  it('end when no actions remain', async () => {
    const handle = await create({
      spec: { intervals: [{ every: '1s' }] },
      policies: { overlap: Policy.ALLOW_ALL },
      state: { remainingActions: 2 },
    });
    await poll(handle);
    await poll(handle);
    const { info, state } = await until(handle, (seen) => seen.state.remainingActions === 0);
    expect(info.numActionsTaken).toBe(2);
    expect(info.nextActionTimes).toEqual([]);
    expect(state.remainingActions).toBe(0);
  });

  it('are paused, unpaused and updated', async () => {
    const handle = await create({ spec: { intervals: [{ every: '1h' }] } });
    await handle.pause('not now');
    expect((await until(handle, ({ state }) => state.paused)).state.note).toBe('not now');
    await handle.unpause('now');
    expect((await until(handle, ({ state }) => !state.paused)).state.note).toBe('now');
    await handle.update((before) => ({ ...before, spec: { intervals: [{ every: '2h' }] } }));
    const { spec, info } = await until(handle, (seen) => seen.info.lastUpdatedAt !== undefined);
    expect(spec.intervals).toMatchObject([{ every: 7_200_000 }]);
    expect(info.nextActionTimes).toHaveLength(10);
  });

  it('are listed, by query too', async () => {
    const handle = await create({ state: { note: 'listed', paused: true } });
    const { scheduleId } = handle;
    const find = async (query?: string) => {
      for await (const summary of client.schedule.list(query === undefined ? {} : { query }))
        if (summary.scheduleId === scheduleId) return summary;
      return undefined;
    };
    while (!(await find())); // a real server's lists come later
    expect(await find()).toMatchObject({
      action: { type: 'startWorkflow', workflowType: 't' },
      state: { paused: true, note: 'listed' },
    });
    expect(await find('TemporalSchedulePaused = true')).toBeDefined();
    expect(await find(`ScheduleId = '${scheduleId}'`)).toBeDefined();
    expect(await find('TemporalSchedulePaused = false')).toBeUndefined();
  });

  it('tell their times between two instants', async () => {
    const { scheduleId } = await create({
      spec: { cronExpressions: ['30 1 * * *'], timezone: 'America/New_York' },
    });
    const seconds = (text: string) => ({ seconds: Date.parse(text) / 1000 });
    const answer = await served.client.call('ListScheduleMatchingTimes', {
      namespace: 'default',
      scheduleId,
      startTime: seconds('2026-10-31T12:00:00Z'),
      endTime: seconds('2026-11-02T12:00:00Z'),
    });
    const found = (answer.startTime as object[]).map((at) => timestampMs(at) ?? 0);
    expect(found.map((ms) => new Date(ms).toISOString())).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-01T06:30:00.000Z',
      '2026-11-02T06:30:00.000Z',
    ]);
  });

  it('are gone once deleted, and their workflows go on', async () => {
    const handle = await create();
    await trigger(handle);
    const task = await poll(handle);
    await handle.delete();
    await expect(handle.describe()).rejects.toThrow(ScheduleNotFoundError);
    await served.byHand.complete(task, commands.complete);
    await create({ scheduleId: handle.scheduleId });
  });

  it('are refused when their id is taken', async () => {
    const { scheduleId } = await create();
    await expect(create({ scheduleId })).rejects.toThrow(ScheduleAlreadyRunning);
  });

  it.each<[string, string, object]>([
    [
      'Invalid schedule spec: Minute is not in range [0-59]',
      'CreateSchedule',
      { schedule: { spec: { cronString: ['99 * * * *'] } } },
    ],
    ['RequestId is not set on request.', 'CreateSchedule', { requestId: '' }],
    [
      'Scheduled workflow must not contain CronSchedule',
      'CreateSchedule',
      {
        schedule: {
          action: {
            startWorkflow: {
              workflowId: 'w',
              workflowType: { name: 't' },
              taskQueue: { name: 'q' },
              cronSchedule: '* * * * *',
            },
          },
        },
      },
    ],
    ['Schedule notes exceeds limit.', 'PatchSchedule', { patch: { pause: 'x'.repeat(1001) } }],
  ])('are refused: %s', async (details, method, more) => {
    const request = { namespace: 'default', scheduleId: randomUUID(), requestId: randomUUID() };
    await expect(served.client.call(method, { ...request, ...more })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details,
    });
  });

  it.each(['DescribeSchedule', 'DeleteSchedule', 'PatchSchedule', 'UpdateSchedule'])(
    'are not found: %s',
    async (method) => {
      const request = { namespace: 'default', scheduleId: 'nobody', patch: { pause: 'x' } };
      await expect(served.client.call(method, request)).rejects.toMatchObject({
        code: status.NOT_FOUND,
        details: 'workflow not found for ID: temporal-sys-scheduler:nobody',
      });
    },
  );
});

describe('schedules on a clock that skips', () => {
  let server: TemporalServer;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0, timeSkipping: true });
  });

  afterAll(() => server.close());

  it('act once a day without a day going by', async () => {
    const connection = await Connection.connect({ address: server.address });
    const raw = rawClient(server.address);
    const runs = new ByHand(raw, 'skip');
    const handle = await new Client({ connection }).schedule.create({
      scheduleId: 'daily',
      spec: { cronExpressions: ['0 6 * * *'] },
      action: { type: 'startWorkflow', workflowType: 't', taskQueue: 'daily' },
      state: { remainingActions: 3 },
    });
    const days: string[] = [];
    for (let i = 0; i < 3; i++) {
      const task = await runs.poll('daily');
      days.push(task.workflowExecution.workflowId.slice(-20));
      await runs.complete(task, commands.complete);
    }
    expect(days.map((day) => day.slice(10))).toEqual(Array(3).fill('T06:00:00Z'));
    expect(new Set(days).size).toBe(3);
    expect((await handle.describe()).state.remainingActions).toBe(0);
    await connection.close();
    raw.close();
  });

  it('refuse an update that has not seen the last change', async () => {
    const raw = rawClient(server.address);
    const request = { namespace: 'default', scheduleId: 'conflict', requestId: randomUUID() };
    const { conflictToken } = await raw.call('CreateSchedule', request);
    const patch = { pause: 'changed' };
    await raw.call('PatchSchedule', { ...request, patch });
    await expect(raw.call('UpdateSchedule', { ...request, conflictToken })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'mismatched conflict token',
    });
    raw.close();
  });
});
