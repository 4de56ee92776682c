import { afterEach, describe, expect, it } from '@jest/globals';
import { toSdkOptions } from '../../../src/hosts/temporal/worker-options.js';
import { temporalWorld, type World } from '../../support/temporal-world.js';

describe('settings of a worker', () => {
  let world: World | undefined;
  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  it('have the names of the SDK, and none where nothing is set', () => {
    expect(toSdkOptions({})).toEqual({});
    expect(
      toSdkOptions({
        maxConcurrentActivityExecutionSize: 1,
        maxConcurrentWorkflowTaskExecutionSize: 2,
        maxConcurrentLocalActivityExecutionSize: 3,
        maxConcurrentActivityTaskPollers: 4,
        maxConcurrentWorkflowTaskPollers: 5,
        workerActivitiesPerSecond: 6,
        taskQueueActivitiesPerSecond: 7,
        stickyScheduleToStartTimeoutMs: 8,
        maxHeartbeatThrottleIntervalMs: 9,
        defaultHeartbeatThrottleIntervalMs: 10,
        identity: 'me',
        localActivityWorkerOnly: true,
        disableEagerActivities: true,
        versioning: {
          ...{ deploymentName: 'd', buildId: 'b', useVersioning: true },
          defaultBehavior: 'auto_upgrade',
        },
      }),
    ).toEqual({
      maxConcurrentActivityTaskExecutions: 1,
      maxConcurrentWorkflowTaskExecutions: 2,
      maxConcurrentLocalActivityExecutions: 3,
      maxConcurrentActivityTaskPolls: 4,
      maxConcurrentWorkflowTaskPolls: 5,
      maxActivitiesPerSecond: 6,
      maxTaskQueueActivitiesPerSecond: 7,
      stickyQueueScheduleToStartTimeout: 8,
      maxHeartbeatThrottleInterval: 9,
      defaultHeartbeatThrottleInterval: 10,
      identity: 'me',
      enableNonLocalActivities: false,
      maxEagerActivityReservationsPerWorkflowTask: 0,
      workerDeploymentOptions: {
        version: { deploymentName: 'd', buildId: 'b' },
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'AUTO_UPGRADE',
      },
    });
  });

  it('let what runs go on for worker_stop_timeout when the worker stops: it drains', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let cancelled = false;
    world = await temporalWorld({
      workflows: { calls: 'return function(name) return require("funcs").call(name) end' },
      activities: { slow: {}, quick: {} },
      settings: { workerStopTimeoutMs: 60_000 },
    });
    const { node, host } = world;
    node.functions.set('app:slow', async ({ signal }) => {
      signal.addEventListener('abort', () => {
        cancelled = true;
      });
      node.log('info', 'began', null);
      await ended;
      return 'finished';
    });
    node.functions.set('app:quick', () => 'quick');
    const pid = await world.spawn('calls', ['app:slow']);
    await node.until(() => node.logs.find(({ message }) => message === 'began'));
    const stopped = host.stop(30_000);
    const next = world.anotherHost();
    await next.start();
    // The next worker has done something meanwhile: a cancel would have come long ago.
    expect((await world.run('calls', ['app:quick'])).value).toBe('quick');
    expect(cancelled).toBe(false);
    end();
    await stopped;
    await next.deliver(pid, { kind: 'monitor', from: '{n@app:p|1}' });
    expect(await node.exitOf(pid)).toEqual({ value: 'finished', error: null });
  });
});
