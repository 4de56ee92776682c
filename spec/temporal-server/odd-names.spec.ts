import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OnFile } from './support/on-file.js';
import type { RawClient } from './support/raw.js';
import { type Served, serve } from './support/served.js';

/** Names that Temporal takes; those of a pair can be mistaken for those of the other where they are joined. */
const SEPARATORS: [string, string][] = [
  ['a line break', '\n'],
  ['a NUL', '\0'],
  ['the escape of a NUL', '\x01'],
];

async function makeAll(client: RawClient, namespace: string, id: string): Promise<void> {
  await client.call('RegisterNamespace', {
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 },
  });
  const workflowType = { name: 't' };
  const taskQueue = { name: id };
  await client.call('StartWorkflowExecution', {
    namespace,
    workflowId: id,
    workflowType,
    taskQueue,
    requestId: namespace,
  });
  await client.call('CreateSchedule', {
    namespace,
    scheduleId: id,
    requestId: namespace,
    schedule: {
      state: { notes: namespace },
      action: { startWorkflow: { workflowId: id, workflowType, taskQueue } },
    },
  });
  await client.call('StartBatchOperation', {
    namespace,
    jobId: id,
    reason: namespace,
    visibilityQuery: "WorkflowId = 'nobody'",
    terminationOperation: {},
  });
}

/** What the namespace has under the id, and how much it has at all. */
async function seen(client: RawClient, namespace: string, id: string) {
  const of = (method: string, more: object = {}) => client.call(method, { namespace, ...more });
  const { executions } = await of('ListWorkflowExecutions');
  const found = await of('ListWorkflowExecutions', { query: "WorkflowType = 't'" });
  const described = await of('DescribeWorkflowExecution', { execution: { workflowId: id } });
  const { runId } = (described.workflowExecutionInfo as { execution: { runId: string } }).execution;
  const { schedules } = await of('ListSchedules');
  const { schedule } = await of('DescribeSchedule', { scheduleId: id });
  const { operationInfo } = await of('ListBatchOperations');
  const { reason } = await of('DescribeBatchOperation', { jobId: id });
  const counts = [executions, found.executions, schedules, operationInfo] as unknown[][];
  return {
    runId,
    notes: (schedule as { state: { notes: string } }).state.notes,
    reason,
    counts: counts.map(({ length }) => length),
  };
}

async function apart(client: () => RawClient, separator: string, reopen?: () => Promise<void>) {
  const pairs: [string, string][] = [
    ['a', `b${separator}c`],
    [`a${separator}b`, 'c'],
    [`a${separator}${separator}b`, 'c'],
  ];
  for (const [namespace, id] of pairs) await makeAll(client(), namespace, id);
  await reopen?.();
  const all = await Promise.all(pairs.map(([namespace, id]) => seen(client(), namespace, id)));
  expect(all).toMatchObject(
    pairs.map(([namespace]) => ({ notes: namespace, reason: namespace, counts: [1, 1, 1, 1] })),
  );
  expect(new Set(all.map(({ runId }) => runId)).size).toBe(pairs.length);
}

describe('namespaces and ids with odd characters are kept apart', () => {
  describe('in memory', () => {
    let served: Served;
    beforeEach(async () => {
      served = await serve('odd');
    });
    afterEach(() => served.close());

    it.each(SEPARATORS)('%s', (_, separator) => apart(() => served.client, separator));
  });

  describe('in a file', () => {
    let file: OnFile;
    beforeEach(async () => {
      file = new OnFile();
      await file.open();
    });
    afterEach(() => file.end());

    it.each(SEPARATORS)('%s', (_, separator) =>
      apart(
        () => file.client,
        separator,
        () => file.reopen(),
      ),
    );
  });
});
