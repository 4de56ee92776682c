import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnFile } from './support/on-file.js';

const WORKFLOW_ID = 'w';
const RUN_ID = randomUUID();

/** No call fails for a reason of its own: closing the server finds no defects. */
describe('a page token that nobody was given', () => {
  const file = new OnFile();

  beforeAll(async () => {
    await file.open();
    for (const workflowId of [WORKFLOW_ID, 'another'])
      await file.client.call('StartWorkflowExecution', {
        namespace: 'default',
        workflowId,
        workflowType: { name: 't' },
        taskQueue: { name: 'q' },
      });
  });

  afterAll(() => file.end());

  const places = [{}, [], { next: 'x' }, { next: -1 }, { next: 0.5 }, { next: 2 ** 40 }];
  const lists = [
    {},
    [],
    { closedAtMs: 'x', startedAtMs: 1, runId: RUN_ID },
    { closedAtMs: null, startedAtMs: 'x', runId: RUN_ID },
    { closedAtMs: null, startedAtMs: 1e300, runId: RUN_ID },
    { closedAtMs: -1, startedAtMs: 1, runId: RUN_ID },
    { closedAtMs: null, startedAtMs: 1, runId: 5 },
    { closedAtMs: null, startedAtMs: 1 },
  ];
  const runs = [
    { closedAtMs: null, startedAtMs: 1, runId: 'x' },
    { closedAtMs: null, startedAtMs: 1, runId: 'ab'.repeat(2000) },
  ];
  const sorted = [
    {},
    { sortedBy: 'x', runId: RUN_ID },
    { sortedBy: [], runId: RUN_ID },
    { sortedBy: [{ toString: 1 }], runId: RUN_ID },
    { sortedBy: [[{ toString: 1 }]], runId: RUN_ID },
    { sortedBy: [1], runId: {} },
  ];
  const histories = [
    ...places.map((place) => ({ runId: RUN_ID, ...place })),
    { runId: 5, next: 1 },
    { runId: {}, next: 1 },
    { runId: 'ab'.repeat(2000), next: 1 },
    { next: 1 },
  ];
  const tasks = [
    { runId: RUN_ID, next: 1, until: 'x' },
    { runId: RUN_ID, next: 1, until: 2 ** 40 },
    { runId: RUN_ID, next: 1, until: 1, transientStamp: {} },
  ];
  const execution = { workflowId: WORKFLOW_ID };
  const TOKENS: [string, object, readonly object[]][] = [
    ['ListNamespaces', {}, places],
    ['ListBatchOperations', {}, places],
    ['ListSchedules', {}, lists],
    ['ListWorkflowExecutions', {}, [...lists, ...runs]],
    ['ListWorkflowExecutions', { query: "WorkflowType = 't'" }, [...lists, ...runs]],
    ['ListWorkflowExecutions', { query: 'ORDER BY WorkflowId' }, sorted],
    ['ListOpenWorkflowExecutions', {}, [...lists, ...runs]],
    ['GetWorkflowExecutionHistory', { execution }, [...histories, ...tasks]],
    ['GetWorkflowExecutionHistoryReverse', { execution }, [...histories, ...tasks]],
  ];

  it.each(TOKENS)('is refused: %s %j', async (method, more, tokens) => {
    for (const token of tokens) {
      const nextPageToken = Buffer.from(JSON.stringify(token));
      const request = { namespace: 'default', ...more, nextPageToken };
      const answer = await file.client.call(method, request).catch((error: object) => error);
      expect({ token, answer }).toMatchObject({
        token,
        answer: { code: status.INVALID_ARGUMENT, details: 'Invalid NextPageToken.' },
      });
    }
  });
});
