import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  skippingClock,
  startTemporalServer,
  type TemporalServer,
  type TemporalServerOptions,
} from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';
import { turnedClock } from './support/turned-clock.js';

const DAY_MS = 24 * 3_600_000;

describe('closed runs', () => {
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;

  async function start(options: TemporalServerOptions): Promise<void> {
    server = await startTemporalServer({ port: 0, ...options });
    client = rawClient(server.address);
    runs = new ByHand(client, 'retention');
  }

  afterEach(async () => {
    client.close();
    await server.close();
  });

  async function listed(): Promise<string[]> {
    const { executions } = await client.call('ListWorkflowExecutions', { namespace: 'default' });
    return (executions as { execution: { workflowId: string } }[])
      .map(({ execution }) => execution.workflowId)
      .sort();
  }

  it('are dropped when the retention of their namespace is over, and open ones are not', async () => {
    const clock = turnedClock();
    await start({ clock });
    const closed = await runs.startWith(commands.complete);
    const open = await runs.start();
    clock.turn(DAY_MS - 60_000);
    expect(await listed()).toEqual([closed, open]);
    clock.turn(60_000);
    expect(await listed()).toEqual([open]);
    await expect(runs.history(closed)).rejects.toMatchObject({ code: status.NOT_FOUND });
    const { runId } = await client.call('StartWorkflowExecution', {
      namespace: 'default',
      workflowId: closed,
      workflowType: { name: 't' },
      taskQueue: { name: closed },
      workflowIdReusePolicy: enums.WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
    });
    expect(runId).toBeTruthy();
  });

  it('are kept through time that is skipped', async () => {
    const clock = skippingClock();
    await start({ clock });
    const closed = await runs.startWith(commands.complete);
    const test = rawClient(server.address, 'temporal.api.testservice.v1.TestService');
    await test.call('Sleep', { duration: { seconds: (30 * DAY_MS) / 1000 } });
    test.close();
    expect(clock.skippedMs()).toBeGreaterThan(29 * DAY_MS);
    expect(await listed()).toEqual([closed]);
  });

  it('make room for later ones past the number of runs that is kept', async () => {
    await start({ closedRunLimits: { runs: 2 } });
    const open = await runs.start();
    const closed: string[] = [];
    for (let i = 0; i < 4; i++) closed.push(await runs.startWith(commands.complete));
    expect(await listed()).toEqual([open, ...closed.slice(2)]);
  });

  it('do not come back for a task of theirs that nobody had taken', async () => {
    const started: string[] = [];
    await start({
      closedRunLimits: { runs: 1 },
      onEvent: (event) => void (event.kind === 'runStarted' && started.push(event.workflowId)),
    });
    const gone = await runs.startWith(
      {
        commandType: enums.CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: '1',
          activityType: { name: 'a' },
          taskQueue: { name: 'activities' },
          startToCloseTimeout: { seconds: 60 },
        },
      },
      commands.complete,
    );
    const kept = await runs.startWith(commands.complete);
    const taskQueue = { name: 'activities' };
    const task = await client.call(
      'PollActivityTaskQueue',
      { namespace: 'default', taskQueue },
      300,
    );
    expect(task.taskToken).toHaveLength(0);
    expect(started).toEqual([gone, kept]);
    expect(await listed()).toEqual([kept]);
  });

  it('make room for later ones past the history that is kept', async () => {
    await start({ closedRunLimits: { historyBytes: 2500 } });
    const closed: string[] = [];
    for (let i = 0; i < 4; i++) {
      const workflowId = await runs.start({ input: { payloads: [{ data: Buffer.alloc(600) }] } });
      await runs.complete(await runs.poll(workflowId), commands.complete);
      closed.push(workflowId);
    }
    expect(await listed()).toEqual(closed.slice(2));
  });
});
