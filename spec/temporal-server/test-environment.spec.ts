import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { bundle, installRuntime, TASK_QUEUE } from './support/harness.js';

const DAY_MS = 24 * 3_600_000;

describe("the test environment of Temporal's TypeScript SDK, on this server", () => {
  let server: TemporalServer;
  let environment: TestWorkflowEnvironment;

  beforeAll(async () => {
    installRuntime();
    server = await startTemporalServer({ port: 0, timeSkipping: true });
    const { address } = server;
    environment = await TestWorkflowEnvironment.createFromExistingServer({ address });
  });

  afterAll(async () => {
    await environment.teardown();
    await server.close();
  });

  it('runs a workflow that sleeps a month, in a moment', async () => {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: await bundle('basics.ts'),
    });
    const { workflow } = environment.client;
    const options = { taskQueue: TASK_QUEUE, workflowId: 'month', args: [30 * DAY_MS] };
    expect(await worker.runUntil(workflow.execute('sleeper', options))).toBe('rested');
    const { startTime, closeTime } = await workflow.getHandle('month').describe();
    expect(Number(closeTime) - Number(startTime)).toBeGreaterThanOrEqual(30 * DAY_MS);
  });
});
