import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enums, toNumber } from '../../src/temporal-server/proto.js';
import { type Served, serve } from './support/served.js';

const { BatchOperationState: State, BatchOperationType: Type } = enums;

describe('batch operations', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serve('batch');
  });

  afterAll(() => served.close());

  /** Some runs of a type of their own, which a query names once lists know them. */
  async function runs(count: number): Promise<{ ids: string[]; query: string }> {
    const type = `type-${randomUUID()}`;
    const query = `WorkflowType = '${type}'`;
    const ids: string[] = [];
    while (ids.length < count)
      ids.push(await served.byHand.start({ workflowType: { name: type } }));
    for (let seen = 0; seen < count; ) {
      const answer = await served.client.call('CountWorkflowExecutions', {
        namespace: 'default',
        query,
      });
      seen = toNumber(answer.count as number);
    }
    return { ids, query };
  }

  async function batch(visibilityQuery: string, operation: object): Promise<string> {
    const jobId = randomUUID();
    for (;;) {
      try {
        const request = { namespace: 'default', jobId, reason: 'because', visibilityQuery };
        await served.client.call('StartBatchOperation', { ...request, ...operation });
        return jobId;
      } catch (error) {
        // One at a time, and a real server's lists learn late that one is over.
        if ((error as { code: number }).code !== status.RESOURCE_EXHAUSTED) throw error;
      }
    }
  }

  async function ended(jobId: string) {
    for (;;) {
      const described = await served.client.call('DescribeBatchOperation', {
        namespace: 'default',
        jobId,
      });
      if (described.state !== State.BATCH_OPERATION_STATE_RUNNING) return described;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const lastEvent = async (workflowId: string) => (await served.byHand.history(workflowId)).at(-1);

  it('terminate all that a query names, and tell how many', async () => {
    const { ids, query } = await runs(3);
    const jobId = await batch(query, { terminationOperation: { identity: 'me' } });
    const described = await ended(jobId);
    expect(described).toMatchObject({
      state: State.BATCH_OPERATION_STATE_COMPLETED,
      operationType: Type.BATCH_OPERATION_TYPE_TERMINATE,
      jobId,
      reason: 'because',
      identity: 'me',
    });
    expect(toNumber(described.totalOperationCount as number)).toBe(3);
    expect(toNumber(described.completeOperationCount as number)).toBe(3);
    for (const id of ids) {
      const event = await lastEvent(id);
      expect(event?.workflowExecutionTerminatedEventAttributes?.reason).toBe('because');
    }
  });

  it('signal, cancel, and leave closed runs alone', async () => {
    const { ids, query } = await runs(2);
    const signalOperation = { signal: 'hello', identity: 'me' };
    await ended(await batch(query, { signalOperation }));
    for (const id of ids) {
      const signaled = (await lastEvent(id))?.workflowExecutionSignaledEventAttributes;
      expect(signaled).toMatchObject({ signalName: 'hello', identity: 'me' });
    }
    await ended(await batch(query, { cancellationOperation: { identity: 'me' } }));
    for (const id of ids) {
      const asked = (await lastEvent(id))?.workflowExecutionCancelRequestedEventAttributes;
      expect(asked).toBeTruthy(); // a real server does not pass on who asked, and why
    }
  });

  it('reset', async () => {
    const { ids, query } = await runs(2);
    for (const id of ids) await served.byHand.complete(await served.byHand.poll(id));
    const options = { firstWorkflowTask: {} };
    await ended(await batch(query, { resetOperation: { identity: 'me', options } }));
    for (const id of ids) {
      const events = await served.byHand.history(id);
      expect(events[3]?.workflowTaskFailedEventAttributes?.failure?.message).toBe('because');
    }
  });

  it('delete', async () => {
    const { ids, query } = await runs(2);
    await ended(await batch(query, { deletionOperation: { identity: 'me' } }));
    for (const workflowId of ids) {
      for (let there = true; there; ) {
        const request = { namespace: 'default', execution: { workflowId } };
        there = await served.client.call('DescribeWorkflowExecution', request).then(
          () => true,
          () => false,
        );
      }
    }
  });

  it('take executions by their ids, are listed, and are one for one id', async () => {
    const { ids } = await runs(1);
    const executions = ids.map((workflowId) => ({ workflowId }));
    const jobId = await batch('', { executions, terminationOperation: {} });
    await ended(jobId);
    for (;;) {
      const listed = await served.client.call('ListBatchOperations', { namespace: 'default' });
      const jobs = listed.operationInfo as { jobId: string }[];
      if (jobs.some((job) => job.jobId === jobId)) break;
    }
    const again = {
      namespace: 'default',
      jobId,
      reason: 'x',
      executions,
      terminationOperation: {},
    };
    // A real server's lists may not know yet that it is over: then there is one too many.
    const refused = await served.client.call('StartBatchOperation', again).catch((error) => error);
    expect([status.ALREADY_EXISTS, status.RESOURCE_EXHAUSTED]).toContain(refused.code);
  });

  it('are stopped', async () => {
    const { query } = await runs(20);
    const slowly = { terminationOperation: {}, maxOperationsPerSecond: 1 };
    const jobId = await batch(query, slowly);
    const request = { namespace: 'default', jobId, reason: 'enough' };
    await served.client.call('StopBatchOperation', request);
    expect((await ended(jobId)).state).toBe(State.BATCH_OPERATION_STATE_FAILED);
    await expect(served.client.call('StopBatchOperation', request)).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'workflow execution already completed',
    });
  });

  it.each<[string, string, object]>([
    [
      'must provide required parameters: BatchType/Reason/Namespace/Query/Executions',
      'StartBatchOperation',
      { reason: '' },
    ],
    [
      'must provide required parameters: BatchType/Reason/Namespace/Query/Executions',
      'StartBatchOperation',
      { terminationOperation: null },
    ],
    ['JobId is not set on request.', 'StartBatchOperation', { jobId: '' }],
    ['JobId is not set on request.', 'DescribeBatchOperation', { jobId: '' }],
    ['Reason is not set on request.', 'StopBatchOperation', { reason: '' }],
    [
      'unknown batch reset type Unspecified',
      'StartBatchOperation',
      { terminationOperation: null, resetOperation: {} },
    ],
  ])('are refused: %s', async (details, method, more) => {
    const request = {
      namespace: 'default',
      jobId: 'job',
      reason: 'because',
      visibilityQuery: "WorkflowType = 'x'",
      terminationOperation: {},
      ...more,
    };
    await expect(served.client.call(method, request)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details,
    });
  });
});
