/** Schedules. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { ScheduleOverlapPolicy: Overlap } = enums;

/** In the future: such a schedule does nothing by itself meanwhile. */
const LATER = { seconds: 4_102_444_800 };

const schedule = (w: World, more: object = {}, spec: object = { startTime: LATER }) => ({
  scheduleId: w.id('schedule'),
  requestId: w.id('request'),
  identity: 'program',
  schedule: {
    spec: { interval: [{ interval: { seconds: 3600 } }], ...spec },
    action: {
      startWorkflow: {
        workflowId: w.id('wf'),
        workflowType: { name: 't' },
        taskQueue: { name: w.id('queue') },
        input: c.text('input'),
      },
    },
    ...more,
  },
});

const create = (w: World, more: object = {}, spec?: object): Promise<Plain> =>
  w.ask('CreateSchedule', schedule(w, more, spec));

const of = (w: World, method: string, more: object = {}): Promise<Plain> =>
  w.ask(method, { scheduleId: w.id('schedule'), identity: 'program', ...more });

const describe = (w: World): Promise<Plain> => of(w, 'DescribeSchedule');

const patch = (w: World, change: object): Promise<Plain> =>
  of(w, 'PatchSchedule', { patch: change, requestId: w.id('patch') });

interface Described {
  readonly info?: {
    readonly actionCount?: number;
    readonly runningWorkflows?: readonly object[];
    readonly recentActions?: readonly object[];
  };
  readonly schedule?: { readonly state?: { readonly notes?: string; readonly paused?: boolean } };
}

const until = (w: World, right: (seen: Described) => boolean): Promise<Plain> =>
  w.until(
    () => describe(w),
    (seen) => right(seen as unknown as Described),
  );

export const schedules = subject('schedules', {
  'the least that one says': async (w) => {
    const created = await create(w);
    return { created, described: await describe(w) };
  },
  'all that one may say': async (w) => {
    const created = await w.ask('CreateSchedule', {
      ...schedule(
        w,
        {
          policies: {
            overlapPolicy: Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
            catchupWindow: { seconds: 3600 },
            pauseOnFailure: true,
          },
          state: { notes: 'notes', paused: true, limitedActions: true, remainingActions: 5 },
        },
        {
          startTime: LATER,
          endTime: { seconds: 4_200_000_000 },
          jitter: { seconds: 0 },
          timezoneName: 'Europe/Berlin',
          structuredCalendar: [
            { hour: [{ start: 12 }], dayOfWeek: [{ start: 1, end: 5, step: 2 }], comment: 'noon' },
          ],
          excludeStructuredCalendar: [{ month: [{ start: 12 }] }],
        },
      ),
      memo: { fields: { m: c.payload('memo') } },
      searchAttributes: { indexedFields: { Score: c.payload(7) } },
    });
    return { created, described: await describe(w) };
  },
  'calendars and cron strings are made structured': async (w) => {
    const created = await create(
      w,
      {},
      {
        startTime: LATER,
        interval: [],
        calendar: [{ hour: '3', dayOfWeek: 'MON-FRI', comment: 'early' }],
        cronString: ['0 12 * * MON', '*/15 * * * *', '@daily', '@every 2h'],
      },
    );
    return { created, described: await describe(w) };
  },
  'one that is there': async (w) => {
    await create(w);
    const again = await create(w);
    const other = await w.ask('CreateSchedule', { ...schedule(w), requestId: w.id('another') });
    return { again, other };
  },
  triggered: async (w) => {
    await create(w);
    const patched = await patch(w, { triggerImmediately: {} });
    const task = await w.task(w.id('queue'));
    const { workflowId } = task.workflowExecution;
    const described = await until(w, ({ info }) => info?.actionCount === 1);
    await w.answer(task, [c.complete()]);
    const done = await until(w, ({ info }) => !info?.runningWorkflows?.length);
    const history = await w.history(workflowId);
    const name = workflowId.replace(/\d{4}-\d\d-\d\dT.*/, '');
    return { patched, described, done, history, name: w.masked(name) };
  },
  'triggered while one runs': async (w) => {
    await create(w, { policies: { overlapPolicy: Overlap.SCHEDULE_OVERLAP_POLICY_SKIP } });
    await patch(w, { triggerImmediately: {} });
    await w.task(w.id('queue'));
    await until(w, ({ info }) => info?.actionCount === 1);
    await of(w, 'PatchSchedule', { patch: { triggerImmediately: {} }, requestId: w.id('two') });
    return {
      described: await until(
        w,
        ({ info }) => (info as { overlapSkipped?: number })?.overlapSkipped === 1,
      ),
    };
  },
  'created with a first action': async (w) => {
    const created = await w.ask('CreateSchedule', {
      ...schedule(w),
      initialPatch: { triggerImmediately: {} },
    });
    await w.step(w.id('queue'), c.complete());
    return { created, described: await until(w, ({ info }) => info?.actionCount === 1) };
  },
  'paused and unpaused': async (w) => {
    await create(w);
    const paused = await patch(w, { pause: 'not now' });
    const meanwhile = await until(w, ({ schedule: s }) => s?.state?.notes === 'not now');
    await of(w, 'PatchSchedule', { patch: { unpause: 'go' }, requestId: w.id('two') });
    return {
      paused,
      meanwhile,
      after: await until(w, ({ schedule: s }) => s?.state?.notes === 'go'),
    };
  },
  backfilled: async (w) => {
    const policy = Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL;
    await create(w, {}, {});
    await patch(w, {
      backfillRequest: [
        {
          startTime: { seconds: 1_600_000_000 },
          endTime: { seconds: 1_600_007_200 },
          overlapPolicy: policy,
        },
      ],
    });
    const tasks = [await w.task(w.id('queue')), await w.task(w.id('queue'))];
    const ids = tasks.map(({ workflowExecution }) => workflowExecution.workflowId).sort();
    return { ids: w.masked(ids) };
  },
  updated: async (w) => {
    await create(w);
    const request = schedule(
      w,
      { state: { notes: 'another' } },
      { startTime: LATER, interval: [] },
    );
    const updated = await of(w, 'UpdateSchedule', {
      schedule: request.schedule,
      requestId: w.id('update'),
    });
    const described = await until(w, ({ schedule: s }) => s?.state?.notes === 'another');
    return { updated, described };
  },
  deleted: async (w) => {
    await create(w);
    const deleted = await of(w, 'DeleteSchedule');
    const described = await w.until(
      () => describe(w),
      (seen) => (seen as { error?: Plain }).error !== undefined,
    );
    return { deleted, described, again: await of(w, 'DeleteSchedule') };
  },
  'listed and counted': async (w) => {
    const memo = { fields: { m: c.payload('memo') } };
    await w.ask('CreateSchedule', { ...schedule(w), memo });
    const query = `ScheduleId = "${w.id('schedule')}"`;
    const listed = await w.until(
      () => w.ask('ListSchedules', { query, maximumPageSize: 10 }),
      (seen) => (seen as { schedules?: object[] }).schedules !== undefined,
    );
    return {
      listed,
      none: await w.ask('ListSchedules', { query: `ScheduleId = "${w.id('none')}"` }),
      paused: await w.ask('ListSchedules', {
        query: `${query} AND TemporalSchedulePaused = true`,
      }),
      refused: await w.ask('ListSchedules', { query: 'Nowhere = 1' }),
    };
  },
  'times that match': async (w) => {
    await create(
      w,
      {},
      {
        interval: [{ interval: { seconds: 3600 }, phase: { seconds: 60 } }],
        cronString: ['30 12 * * MON'],
      },
    );
    const answer = await w.call('ListScheduleMatchingTimes', {
      scheduleId: w.id('schedule'),
      startTime: { seconds: 1_600_000_000 },
      endTime: { seconds: 1_600_040_000 },
    });
    return { answer: await w.outcomeOf(Promise.resolve(answer)) };
  },
  'those that are not there': async (w) => ({
    described: await describe(w),
    updated: await of(w, 'UpdateSchedule', { schedule: schedule(w).schedule }),
    patched: await patch(w, { pause: 'x' }),
    deleted: await of(w, 'DeleteSchedule'),
    times: await of(w, 'ListScheduleMatchingTimes', { startTime: LATER, endTime: LATER }),
  }),
  'those that cannot be': async (w) => {
    const spec = (more: object) => create(w, {}, { startTime: LATER, interval: [], ...more });
    const action = (startWorkflow: object) =>
      create(w, {
        action: {
          startWorkflow: {
            workflowId: w.id('wf'),
            workflowType: { name: 't' },
            taskQueue: { name: 'q' },
            ...startWorkflow,
          },
        },
      });
    return {
      'no id': await w.ask('CreateSchedule', { ...schedule(w), scheduleId: '' }),
      'no schedule': await w.ask('CreateSchedule', { ...schedule(w), schedule: null }),
      'no action': await create(w, { action: null }),
      'no workflow id': await action({ workflowId: '' }),
      'no workflow type': await action({ workflowType: null }),
      'no task queue': await action({ taskQueue: null }),
      'a reuse policy': await action({ workflowIdReusePolicy: 3 }),
      'a cron schedule of the workflow': await action({ cronSchedule: '@daily' }),
      'an interval of nothing': await spec({ interval: [{ interval: { seconds: 0 } }] }),
      'a phase beyond its interval': await spec({
        interval: [{ interval: { seconds: 60 }, phase: { seconds: 61 } }],
      }),
      'a time zone that is none': await spec({ timezoneName: 'Nowhere/Else' }),
      'a cron string that is none': await spec({ cronString: ['never'] }),
      'a calendar that is none': await spec({ calendar: [{ hour: '25' }] }),
      'a structured calendar that is none': await spec({
        structuredCalendar: [{ hour: [{ start: 25 }] }],
      }),
      'a negative jitter': await spec({ jitter: { seconds: -1 } }),
    };
  },
});
