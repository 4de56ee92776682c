import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Clock } from '../../src/temporal-server/clock.js';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { duration, int64, Status } from '../../src/temporal-server/proto.js';
import type {
  BufferedStart,
  ScheduleRecord,
  ScheduleStore,
} from '../../src/temporal-server/schedules/record.js';
import {
  advance,
  type End,
  futureTimes,
  withDefaults,
} from '../../src/temporal-server/schedules/rules.js';
import { Schedules, type ScheduleWorld } from '../../src/temporal-server/schedules/schedules.js';
import { canonicalSpec, compileSpec, type Spec } from '../../src/temporal-server/schedules/spec.js';
import { ByHand, commands } from './support/by-hand.js';
import { cpu } from './support/cpu.js';
import { rawClient } from './support/raw.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const everySecond = {
  second: [{ start: 0, end: 59 }],
  minute: [{ start: 0, end: 59 }],
  hour: [{ start: 0, end: 23 }],
  dayOfMonth: [{ start: 1, end: 31 }],
  month: [{ start: 1, end: 12 }],
  dayOfWeek: [{ start: 0, end: 6 }],
};

class Kept implements ScheduleStore {
  readonly records = new Map<string, ScheduleRecord>();
  putSchedule(record: ScheduleRecord) {
    this.records.set(record.scheduleId, structuredClone(record));
  }
  dropSchedule(_: string, scheduleId: string) {
    this.records.delete(scheduleId);
  }
  schedules() {
    return [...this.records.values()];
  }
}

/** A world whose time is a variable, and what was started in it. */
function world(nowMs: number) {
  const timers = new Map<object, { readonly atMs: number; readonly fire: () => void }>();
  const started: BufferedStart[] = [];
  const ends = new Map<string, End>();
  const pending: Promise<unknown>[] = [];
  let runs = 0;
  const clock: Clock = {
    now: () => nowMs,
    setTimer(atMs, fire) {
      const handle = {};
      timers.set(handle, { atMs, fire });
      return handle;
    },
    clearTimer: (handle) => void timers.delete(handle),
    hold: () => () => {},
  };
  const made: ScheduleWorld = {
    clock,
    async start(_, start) {
      started.push(start);
      return { workflowId: 'w', runId: `r${nowMs}-${runs++}` };
    },
    cancel: async () => {},
    terminate: async () => {},
    end: (_, { runId }) => ends.get(runId),
    background: (_, work) => void pending.push(work()),
    untilStored: async (work) => work(),
  };
  const settle = async () => {
    for (let seen = -1; seen < pending.length; ) {
      seen = pending.length;
      await Promise.all(pending);
    }
  };
  return {
    made,
    started,
    ends,
    settle,
    async turnTo(atMs: number) {
      await settle();
      nowMs = atMs;
      for (const [handle, timer] of [...timers]) {
        if (timer.atMs > nowMs) continue;
        timers.delete(handle);
        timer.fire();
      }
      await settle();
    },
  };
}

function record(more: Partial<ScheduleRecord['schedule']> = {}): ScheduleRecord {
  return {
    namespace: 'default',
    scheduleId: 's',
    requestId: 'r',
    schedule: withDefaults({ spec: { interval: [{ interval: duration(HOUR) }] }, ...more }),
    memo: {},
    searchAttributes: {},
    createdAtMs: 0,
    updatedAtMs: undefined,
    conflictToken: 1,
    processedMs: 0,
    buffer: [],
    backfills: [],
    running: [],
    recent: [],
    actionCount: 0,
    missedCatchupWindow: 0,
    overlapSkipped: 0,
    bufferDropped: 0,
    lastResult: undefined,
    lastFailure: undefined,
  };
}

const ALLOW_ALL = { overlapPolicy: 6 };

describe('schedules in a store', () => {
  it('go on after a restart, and catch up with what fell due meanwhile', async () => {
    const store = new Kept();
    const before = world(0);
    const schedules = new Schedules(before.made, store);
    await schedules.create(record({ policies: ALLOW_ALL }), undefined);
    await before.turnTo(HOUR);
    expect(before.started.map(({ nominalMs }) => nominalMs)).toEqual([HOUR]);
    schedules.close();

    const after = world(4.5 * HOUR);
    const again = new Schedules(after.made, store);
    again.open();
    await after.settle();
    expect(after.started.map(({ nominalMs }) => nominalMs)).toEqual([2 * HOUR, 3 * HOUR, 4 * HOUR]);
    await after.turnTo(5 * HOUR);
    expect(after.started).toHaveLength(4);
    expect(store.records.get('s')).toMatchObject({ actionCount: 5, processedMs: 5 * HOUR });
  });

  it('are as they were where the store refuses what a client asks for', async () => {
    const store = new Kept();
    const { made, started, settle, turnTo } = world(0);
    const schedules = new Schedules(made, store);
    const refused = new Error('the disk is full');
    const refusing = jest.spyOn(store, 'putSchedule').mockRejectedValue(refused as never);
    await expect(schedules.create(record(), undefined)).rejects.toBe(refused);
    expect(schedules.find('default', 's')).toBeUndefined();
    refusing.mockRestore();
    await schedules.create(record(), undefined);
    await settle();

    const before = schedules.find('default', 's');
    jest.spyOn(store, 'putSchedule').mockRejectedValueOnce(refused as never);
    const everyMinute = { spec: { interval: [{ interval: duration(HOUR / 60) }] } };
    const change = (kept: ScheduleRecord) => ({
      ...kept,
      schedule: withDefaults(everyMinute),
    });
    await expect(schedules.update('default', 's', change)).rejects.toBe(refused);
    expect(schedules.find('default', 's')).toEqual(before);
    await turnTo(HOUR + 1);
    expect(started).toHaveLength(1);
  });

  it('count what is older than the catch-up window as missed, once', async () => {
    const store = new Kept();
    store.putSchedule(record({ policies: { ...ALLOW_ALL, catchupWindow: duration(HOUR) } }));
    const { made, started, settle, turnTo } = world(4.5 * HOUR);
    const schedules = new Schedules(made, store);
    schedules.open();
    await settle();
    expect(started.map(({ nominalMs }) => nominalMs)).toEqual([4 * HOUR]);
    await turnTo(5 * HOUR);
    expect(store.records.get('s')).toMatchObject({ missedCatchupWindow: 3, actionCount: 2 });
  });

  it.each<[string, Spec]>([
    ['every second', { interval: [{ interval: duration(1000) }] }],
    ['every second of a calendar', { structuredCalendar: [everySecond] }],
    ['every second, spread', { interval: [{ interval: duration(1000) }], jitter: duration(900) }],
  ])('catch up with years away as quickly as with a minute: %s', async (_, plain) => {
    const store = new Kept();
    const spec = canonicalSpec(plain);
    store.putSchedule(record({ spec, policies: { overlapPolicy: 3 } })); // buffer all
    const { made, started, settle } = world(400 * DAY);
    const spent = cpu();
    new Schedules(made, store).open();
    await settle();
    const kept = store.records.get('s') ?? record();
    expect(started).toHaveLength(1);
    expect(started[0]?.nominalMs).toBe(35 * DAY);
    expect(kept.buffer).toHaveLength(999);
    const count = kept.missedCatchupWindow + kept.bufferDropped + 1000;
    // The last one may be due in a moment.
    expect(Math.abs(count - 400 * 86_400)).toBeLessThanOrEqual(plain.jitter ? 1 : 0);
    expect(kept.missedCatchupWindow).toBe(35 * 86_400 - 1);
    expect(400 * DAY - kept.processedMs).toBeLessThan(2000);
    expect(futureTimes(kept, compileSpec(spec, 'default-s'), 2)[0]).toBeGreaterThan(400 * DAY - 1);
    expect(spent()).toBeLessThan(1500);
  });

  it('do not act at a time that an update came after, by less than a millisecond', () => {
    const updated = { ...record(), updatedAtMs: HOUR + 0.5 };
    const spec = compileSpec(updated.schedule.spec ?? {}, 'seed');
    expect(advance(updated, spec, HOUR + 1).record.buffer).toEqual([]);
    expect(futureTimes(updated, spec, 1)).toEqual([2 * HOUR]);
    expect(advance(record(), spec, HOUR + 1).record.buffer).toHaveLength(1);
  });

  it('do not walk through the time before an update when they are described', () => {
    const spec = canonicalSpec({ interval: [{ interval: duration(1000) }] });
    const updated = { ...record({ spec }), updatedAtMs: 400 * DAY };
    const spent = cpu();
    expect(futureTimes(updated, compileSpec(spec, 'seed'), 2)).toEqual([
      400 * DAY,
      400 * DAY + 1000,
    ]);
    expect(spent()).toBeLessThan(500);
  });

  it('learn after a restart how the workflow ended that was running', async () => {
    const store = new Kept();
    store.putSchedule({
      ...record({ policies: { pauseOnFailure: true } }),
      running: [{ workflowId: 'w', runId: 'old' }],
    });
    const { made, ends, settle } = world(HOUR / 2);
    const failure = { message: 'broken' };
    ends.set('old', { status: Status.WORKFLOW_EXECUTION_STATUS_FAILED, failure });
    new Schedules(made, store).open();
    await settle();
    expect(store.records.get('s')).toMatchObject({
      running: [],
      lastFailure: failure,
      schedule: { state: { paused: true, notes: 'paused due to workflow failure: w: broken' } },
    });
  });

  it('do a long backfill bit by bit as there is room, and all of it', async () => {
    const store = new Kept();
    const { made, started, ends, settle } = world(0);
    const schedules = new Schedules(made, store);
    await schedules.create(record({ state: { paused: true } }), {
      backfillRequest: [
        {
          startTime: { seconds: int64(HOUR / 1000) },
          endTime: { seconds: int64((600 * HOUR) / 1000) },
          overlapPolicy: 3,
        },
      ],
    });
    await settle();
    expect(store.records.get('s')?.buffer.length).toBeGreaterThan(400);
    expect(store.records.get('s')?.buffer.length).toBeLessThanOrEqual(500);
    for (let i = 0; i < 600; i++) {
      const running = store.records.get('s')?.running[0]?.runId ?? '';
      ends.set(running, { status: Status.WORKFLOW_EXECUTION_STATUS_COMPLETED });
      schedules.closed(running);
      await settle();
    }
    expect(started).toHaveLength(600);
    expect(started.at(-1)?.nominalMs).toBe(600 * HOUR);
  });

  it('are forgotten a week after their last action when there is nothing left to do', async () => {
    const store = new Kept();
    const { made, turnTo } = world(0);
    const endTime = { seconds: int64((1.5 * HOUR) / 1000) };
    const spec = { interval: [{ interval: duration(HOUR) }], endTime };
    await new Schedules(made, store).create(record({ spec }), undefined);
    await turnTo(HOUR);
    expect(store.records.get('s')?.actionCount).toBe(1);
    await turnTo(HOUR + 7 * 24 * HOUR - 1);
    expect(store.records.size).toBe(1);
    await turnTo(HOUR + 7 * 24 * HOUR);
    expect(store.records.size).toBe(0);
  });
});

describe('schedules in a file', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-schedules-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are as they were in the next server, with what they had started and what they wait for', async () => {
    const dbFilename = join(folder, 'data.db');
    const request = { namespace: 'default', scheduleId: 's', requestId: 'r' };
    const action = {
      startWorkflow: {
        workflowId: 'w',
        workflowType: { name: 't' },
        taskQueue: { name: 'q' },
        input: { payloads: [{ data: Buffer.from('1') }] },
      },
    };
    const first = await startTemporalServer({ port: 0, dbFilename });
    const before = rawClient(first.address);
    const runs = new ByHand(before, 'file');
    await before.call('CreateSchedule', {
      ...request,
      schedule: {
        spec: { cronString: ['0 12 * * *'], timezoneName: 'Europe/Berlin' },
        action,
        policies: { overlapPolicy: 2 },
      },
      memo: { fields: { note: { data: Buffer.from('"kept"') } } },
    });
    await before.call('PatchSchedule', { ...request, patch: { triggerImmediately: {} } });
    const task = await runs.poll('q');
    await before.call('PatchSchedule', {
      ...request,
      patch: { triggerImmediately: { scheduledTime: { seconds: 1_700_000_000 } } },
    });
    const described = await before.call('DescribeSchedule', request);
    expect(described.info).toMatchObject({ bufferSize: expect.anything() });
    before.close();
    await first.close();

    const second = await startTemporalServer({ port: 0, dbFilename });
    const after = rawClient(second.address);
    expect(await after.call('DescribeSchedule', request)).toEqual(described);
    const again = new ByHand(after, 'file');
    await again.complete(task, commands.complete);
    const next = await again.poll('q');
    expect(next.workflowExecution.workflowId).toBe('w-2023-11-14T22:13:20Z');
    await after.call('DeleteSchedule', request);
    after.close();
    await second.close();

    const third = await startTemporalServer({ port: 0, dbFilename });
    const last = rawClient(third.address);
    await expect(last.call('DescribeSchedule', request)).rejects.toThrow('not found');
    last.close();
    await third.close();
  });
});
