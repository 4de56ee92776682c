import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SkippingClock, skippingClock } from '../../src/temporal-server/index.js';
import { type Timestamp, timestampMs } from '../../src/temporal-server/proto.js';
import {
  bundle,
  type Harness,
  installRuntime,
  startHarness,
  TASK_QUEUE,
} from './support/harness.js';
import { rawClient } from './support/raw.js';

const DAY_MS = 24 * 3_600_000;

describe('a server that skips time', () => {
  let clock: SkippingClock;
  let harness: Harness;

  beforeAll(async () => {
    installRuntime();
    clock = skippingClock();
    harness = await startHarness({ clock });
    await harness.startWorker(await bundle('basics.ts'));
  });

  afterAll(() => harness.close());

  it('passes a month of sleep in a moment, and the history shows the month', async () => {
    const startedMs = Date.now();
    const handle = await harness.client.workflow.start('sleeper', {
      taskQueue: TASK_QUEUE,
      workflowId: 'month',
      args: [30 * DAY_MS],
    });
    expect(await handle.result()).toBe('rested');
    expect(Date.now() - startedMs).toBeLessThan(5000);
    const { startTime, closeTime } = await handle.describe();
    const tookMs = (closeTime?.getTime() ?? 0) - startTime.getTime();
    expect(tookMs).toBeGreaterThanOrEqual(30 * DAY_MS);
    expect(tookMs).toBeLessThan(30 * DAY_MS + 10_000);
  });

  it('keeps the order of timers of several workflows', async () => {
    const order: string[] = [];
    const release = clock.hold('starting');
    const handles = await Promise.all(
      [3, 1, 2].map((days) =>
        harness.client.workflow.start('sleeper', {
          taskQueue: TASK_QUEUE,
          workflowId: `order-${days}`,
          args: [days * DAY_MS],
        }),
      ),
    );
    release();
    await Promise.all(
      handles.map((handle) => handle.result().then(() => order.push(handle.workflowId))),
    );
    expect(order).toEqual(['order-1', 'order-2', 'order-3']);
  });

  it('does not skip while an activity is in progress', async () => {
    const before = clock.skippedMs();
    const handle = await harness.client.workflow.start('timesOut', {
      taskQueue: TASK_QUEUE,
      workflowId: 'busy',
      args: ['startToClose'],
    });
    expect(await handle.result()).toBe('TimeoutFailure START_TO_CLOSE');
    expect(clock.skippedMs() - before).toBe(0);
  });

  it('runs a cron schedule at its minutes until it is terminated', async () => {
    const release = clock.hold('until the first run is seen');
    const handle = await harness.client.workflow.start('hello', {
      taskQueue: TASK_QUEUE,
      workflowId: 'cron',
      args: ['cron'],
      cronSchedule: '*/5 * * * *',
    });
    const first = handle.firstExecutionRunId;
    release();
    const closed = await harness.client.workflow.getHandle('cron', first, { followRuns: false });
    expect(await closed.result()).toBe('hello cron');
    await harness.client.workflow.getHandle('cron').terminate();
    const { closeTime } = await closed.describe();
    expect((closeTime?.getUTCMinutes() ?? 1) % 5).toBe(0);
    const { events } = await closed.fetchHistory();
    expect(
      events?.at(-1)?.workflowExecutionCompletedEventAttributes?.newExecutionRunId,
    ).toBeTruthy();
  });

  it('sleeps on its clock for the test service', async () => {
    const before = clock.now();
    const test = rawClient(harness.server.address, 'temporal.api.testservice.v1.TestService');
    await test.call('Sleep', { duration: { seconds: 7 * 86_400 } });
    expect(clock.now() - before).toBeGreaterThanOrEqual(7 * DAY_MS);
    test.close();
  });

  it('stays where it is while a test has locked it', async () => {
    const test = rawClient(harness.server.address, 'temporal.api.testservice.v1.TestService');
    await test.call('LockTimeSkipping', {});
    const skipped = clock.skippedMs();
    const handle = await harness.client.workflow.start('hello', {
      taskQueue: TASK_QUEUE,
      workflowId: 'locked',
      args: ['you', 200],
    });
    await handle.result();
    expect(clock.skippedMs()).toBe(skipped);
    await test.call('UnlockTimeSkipping', {});
    await expect(test.call('UnlockTimeSkipping', {})).rejects.toThrow('not locked');
    test.close();
  });
});

describe('a server whose time is locked until a client unlocks it', () => {
  it('serves the test environments of SDKs, which unlock it for a result or a sleep', async () => {
    installRuntime();
    const harness = await startHarness({ timeSkipping: 'locked' });
    const test = rawClient(harness.server.address, 'temporal.api.testservice.v1.TestService');
    const now = async () => {
      const { time } = await test.call('GetCurrentTime', {});
      return timestampMs(time as Timestamp) ?? 0;
    };
    await harness.startWorker(await bundle('basics.ts'));
    const startedMs = await now();
    const options = { taskQueue: TASK_QUEUE, workflowId: 'kept', args: [30 * DAY_MS] };
    const handle = await harness.client.workflow.start('sleeper', options);
    await handle.query('__stack_trace'); // its first task is done: nothing is going on
    expect((await now()) - startedMs).toBeLessThan(DAY_MS);

    await test.call('UnlockTimeSkippingWithSleep', { duration: { seconds: 86_400 } });
    const day = Math.floor(((await now()) - startedMs) / DAY_MS);
    expect(day).toBe(1);
    await test.call('UnlockTimeSkipping', {});
    expect(await handle.result()).toBe('rested');
    await test.call('LockTimeSkipping', {});
    expect(Math.floor(((await now()) - startedMs) / DAY_MS)).toBe(30);
    test.close();
    await harness.close();
  });
});
