import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bundle,
  type Harness,
  installRuntime,
  startHarness,
  TASK_QUEUE,
} from './support/harness.js';

describe('a real worker on the embedded server', () => {
  let harness: Harness;

  beforeAll(async () => {
    installRuntime();
    harness = await startHarness();
    await harness.startWorker(await bundle('basics.ts'));
  });

  afterAll(() => harness.close());

  it('runs a workflow with a timer and an activity to its result', async () => {
    const result = await harness.client.workflow.execute('hello', {
      taskQueue: TASK_QUEUE,
      workflowId: 'hello-1',
      args: ['you', 10, true],
    });
    expect(result).toBe('hello you');
  });
});
