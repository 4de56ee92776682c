import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enums } from '../../src/temporal-server/proto.js';
import { type Served, serve } from './support/served.js';

const { TaskQueueKind } = enums;

/** With `PERDURE_TEST_ADDRESS` the same is asked of a real server. */
describe('a workflow task of a sticky queue', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serve('sticky');
  });

  afterAll(() => served.close());

  const call = (method: string, request: object) =>
    served.client.call(method, { namespace: 'default', ...request }, 20_000);
  const sticky = (workflowId: string) => ({
    name: `${workflowId}-sticky`,
    kind: TaskQueueKind.TASK_QUEUE_KIND_STICKY,
    normalName: workflowId,
  });
  const poll = (taskQueue: object) => call('PollWorkflowTaskQueue', { taskQueue });
  const signal = (workflowId: string) =>
    call('SignalWorkflowExecution', { workflowExecution: { workflowId }, signalName: 's' });
  const fail = ({ taskToken }: Record<string, unknown>) =>
    call('RespondWorkflowTaskFailed', { taskToken, failure: { message: 'no' } });

  /** A run with a task in its sticky queue, which is polled for. */
  async function stuck(): Promise<{ workflowId: string; task: Record<string, unknown> }> {
    const workflowId = await served.byHand.start();
    const { taskToken } = await served.byHand.poll(workflowId);
    await call('RespondWorkflowTaskCompleted', {
      taskToken,
      stickyAttributes: {
        workerTaskQueue: sticky(workflowId),
        scheduleToStartTimeout: { seconds: 10 },
      },
    });
    const polling = poll(sticky(workflowId));
    await signal(workflowId);
    return { workflowId, task: await polling };
  }

  const types = async (workflowId: string) =>
    (await served.byHand.history(workflowId)).map(({ eventType }) =>
      String(enums.EventType[eventType ?? 0]).replace(/EVENT_TYPE_WORKFLOW_(EXECUTION_)?/, ''),
    );

  it('is tried anew in the normal queue when it has failed, and that does not count', async () => {
    const { workflowId, task } = await stuck();
    await fail(task);
    const again = await poll({ name: workflowId });
    expect(again.attempt).toBe(1);
    expect((await types(workflowId)).slice(4)).toEqual([
      ...['SIGNALED', 'TASK_SCHEDULED', 'TASK_STARTED', 'TASK_FAILED'],
      ...['TASK_SCHEDULED', 'TASK_STARTED'],
    ]);
    await fail(again);
    // From then on each attempt counts, and is in no history until one succeeds.
    const third = await poll({ name: workflowId });
    expect(third.attempt).toBe(2);
    expect((await types(workflowId)).slice(-3)).toEqual([
      ...['TASK_SCHEDULED', 'TASK_STARTED', 'TASK_FAILED'],
    ]);
  });
});
