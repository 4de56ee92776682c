import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { ByHand } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

const { CommandType, WorkflowExecutionStatus: Status } = enums;
const LIMIT_BYTES = 2 * 1024 * 1024;
/** Prefixes and metadata of a payload of this size in a list of one. */
const FRAMING_BYTES = 34;

function blob(sizeBytes: number) {
  const encoding = Buffer.from('binary/plain');
  return { metadata: { encoding }, data: Buffer.alloc(sizeBytes - FRAMING_BYTES) };
}
const blobs = (sizeBytes: number) => ({ payloads: [blob(sizeBytes)] });
const fields = (sizeBytes: number) => ({ fields: { field: blob(sizeBytes) } });
const attribute = (sizeBytes: number) => ({
  indexedFields: { Note: { data: Buffer.from(JSON.stringify('x'.repeat(sizeBytes - 2))) } },
});

/** `COMPLETE_WORKFLOW_EXECUTION` with its attributes. */
function command(name: string, attributes: object) {
  const field = name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const commandType = CommandType[`COMMAND_TYPE_${name}` as keyof typeof CommandType];
  return { commandType, [`${field}CommandAttributes`]: attributes };
}
const complete = (attributes: object) => command('COMPLETE_WORKFLOW_EXECUTION', attributes);
const child = (attributes: object) =>
  command('START_CHILD_WORKFLOW_EXECUTION', {
    workflowId: 'kid',
    workflowType: { name: 'k' },
    ...attributes,
  });

const OVER = LIMIT_BYTES + 1;

describe('size limits', () => {
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0, searchAttributes: { Note: 'Text' } });
    client = rawClient(server.address);
    runs = new ByHand(client, 'limits');
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  it.each<[string, object]>([
    [
      'BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.',
      complete({ result: blobs(OVER) }),
    ],
    [
      'BadFailWorkflowExecutionAttributes: FailWorkflowExecutionCommandAttributes.Failure exceeds size limit.',
      command('FAIL_WORKFLOW_EXECUTION', {
        failure: { applicationFailureInfo: { details: blobs(OVER) } },
      }),
    ],
    [
      'BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit.',
      command('SCHEDULE_ACTIVITY_TASK', { input: blobs(OVER) }),
    ],
    [
      'BadStartChildExecutionAttributes: StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.',
      child({ input: blobs(OVER) }),
    ],
    [
      'BadStartChildExecutionAttributes: StartChildWorkflowExecutionCommandAttributes.Memo exceeds size limit.',
      child({ memo: fields(OVER) }),
    ],
    [
      'BadStartChildExecutionAttributes: search attribute Note value size 2049 exceeds size limit 2048',
      child({ searchAttributes: attribute(2049) }),
    ],
    [
      'BadSignalWorkflowExecutionAttributes: SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit.',
      command('SIGNAL_EXTERNAL_WORKFLOW_EXECUTION', {
        execution: { workflowId: 'x' },
        signalName: 's',
        input: blobs(OVER),
      }),
    ],
    [
      'BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.',
      command('CONTINUE_AS_NEW_WORKFLOW_EXECUTION', { input: blobs(OVER) }),
    ],
    [
      'BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes. Memo exceeds size limit.',
      command('CONTINUE_AS_NEW_WORKFLOW_EXECUTION', { memo: fields(OVER) }),
    ],
    [
      'BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit.',
      command('RECORD_MARKER', { markerName: 'm', details: { part: blobs(OVER) } }),
    ],
    [
      'BadModifyWorkflowPropertiesAttributes: ModifyWorkflowPropertiesCommandAttributes exceeds size limit.',
      command('MODIFY_WORKFLOW_PROPERTIES', { upsertedMemo: fields(OVER) }),
    ],
    [
      'BadSearchAttributes: search attribute Note value size 2049 exceeds size limit 2048',
      command('UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', { searchAttributes: attribute(2049) }),
    ],
  ])('terminate a run for its command: %s', async (reason, answer) => {
    const workflowId = await runs.start();
    const task = await runs.poll(workflowId);
    await expect(runs.complete(task, answer)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: reason,
    });
    const [failed, terminated] = (await runs.history(workflowId)).slice(-2);
    expect(failed?.workflowTaskFailedEventAttributes?.failure?.message).toBe(reason);
    expect(terminated?.workflowExecutionTerminatedEventAttributes).toMatchObject({
      reason,
      identity: 'history-service',
    });
  });

  it('leave what is just as large as they are', async () => {
    const workflowId = await runs.startWith(complete({ result: blobs(LIMIT_BYTES) }));
    expect(await runs.status(workflowId)).toBe(Status.WORKFLOW_EXECUTION_STATUS_COMPLETED);
  });

  it.each<[string, object]>([
    ['Memo size exceeds limit.', { memo: fields(OVER) }],
    ['Blob data size exceeds limit.', { input: blobs(OVER) }],
    [
      'search attribute Note value size 2049 exceeds size limit 2048',
      { searchAttributes: attribute(2049) },
    ],
  ])('refuse a start: %s', async (details, more) => {
    await expect(runs.start(more)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details,
    });
  });

  it('terminate a run whose history is over 50 MiB', async () => {
    const workflowId = await runs.start();
    const input = { payloads: [{ data: Buffer.alloc(1_900_000) }] };
    const signal = { namespace: 'default', workflowExecution: { workflowId }, signalName: 's' };
    for (let i = 0; i < 28; i++) await client.call('SignalWorkflowExecution', { ...signal, input });
    await expect(client.call('SignalWorkflowExecution', signal)).rejects.toThrow();
    expect(await runs.status(workflowId)).toBe(Status.WORKFLOW_EXECUTION_STATUS_TERMINATED);
    const last = await client.call('GetWorkflowExecutionHistoryReverse', {
      namespace: 'default',
      execution: { workflowId },
      maximumPageSize: 1,
    });
    expect(JSON.stringify(last.history)).toContain('Workflow history size exceeds limit.');
  });

  it.each<[string, string, object]>([
    [
      'Failure exceeds size limit.',
      'RespondActivityTaskFailed',
      { failure: { message: 'm', applicationFailureInfo: { details: blobs(OVER) } } },
    ],
    [
      'Complete result exceeds size limit.',
      'RespondActivityTaskCompleted',
      { result: blobs(OVER) },
    ],
    [
      'Heartbeat details exceed size limit.',
      'RecordActivityTaskHeartbeat',
      { details: blobs(OVER) },
    ],
    ['Cancel details exceed size limit.', 'RespondActivityTaskCanceled', { details: blobs(OVER) }],
  ])('fail an activity for good: %s', async (message, method, more) => {
    const workflowId = await runs.start();
    const schedule = command('SCHEDULE_ACTIVITY_TASK', {
      activityId: '1',
      activityType: { name: 'a' },
      taskQueue: { name: workflowId },
      startToCloseTimeout: { seconds: 60 },
    });
    await runs.complete(await runs.poll(workflowId), schedule);
    const { taskToken } = await client.call('PollActivityTaskQueue', {
      namespace: 'default',
      taskQueue: { name: workflowId },
    });
    await client.call(method, { namespace: 'default', taskToken, ...more });
    const failed = (await runs.history(workflowId)).find(
      (event) => event.activityTaskFailedEventAttributes,
    )?.activityTaskFailedEventAttributes;
    expect(failed?.failure?.message).toBe(message);
    expect(failed?.retryState).toBe(enums.RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE);
  });
});
