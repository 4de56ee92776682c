/** Commands that a worker answers a workflow task with. */
import { enums } from '../../../src/temporal-server/proto.js';

const { CommandType } = enums;

export const text = (value: string) => ({
  payloads: [payload(value)],
});

export const payload = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});

/** A failure as an application makes it. */
export const failure = (message: string, more: object = {}) => ({
  message,
  source: 'program',
  applicationFailureInfo: { type: 'Broken', ...more },
});

type TypeName = keyof typeof CommandType extends `COMMAND_TYPE_${infer Name}` ? Name : never;

function command(name: TypeName, attributes: string, value: object) {
  return {
    commandType: CommandType[`COMMAND_TYPE_${name}` as keyof typeof CommandType],
    [`${attributes}CommandAttributes`]: value,
  };
}

export const complete = (value?: string) =>
  command('COMPLETE_WORKFLOW_EXECUTION', 'completeWorkflowExecution', {
    ...(value !== undefined && { result: text(value) }),
  });

export const fail = (message = 'broken', more: object = {}) =>
  command('FAIL_WORKFLOW_EXECUTION', 'failWorkflowExecution', { failure: failure(message, more) });

export const cancelled = () =>
  command('CANCEL_WORKFLOW_EXECUTION', 'cancelWorkflowExecution', { details: text('cancelled') });

export const continueAsNew = (more: object = {}) =>
  command('CONTINUE_AS_NEW_WORKFLOW_EXECUTION', 'continueAsNewWorkflowExecution', {
    workflowType: { name: 't' },
    ...more,
  });

export const timer = (timerId: string, seconds: number) =>
  command('START_TIMER', 'startTimer', { timerId, startToFireTimeout: { seconds } });

export const cancelTimer = (timerId: string) => command('CANCEL_TIMER', 'cancelTimer', { timerId });

export const activity = (queue: string, more: object = {}) =>
  command('SCHEDULE_ACTIVITY_TASK', 'scheduleActivityTask', {
    activityId: '1',
    activityType: { name: 'a' },
    taskQueue: { name: queue },
    input: text('input'),
    startToCloseTimeout: { seconds: 60 },
    ...more,
  });

export const cancelActivity = (scheduledEventId: number) =>
  command('REQUEST_CANCEL_ACTIVITY_TASK', 'requestCancelActivityTask', { scheduledEventId });

/** A child on the queue of its id. */
export const child = (workflowId: string, more: object = {}) =>
  command('START_CHILD_WORKFLOW_EXECUTION', 'startChildWorkflowExecution', {
    namespace: 'default',
    workflowId,
    workflowType: { name: 'c' },
    taskQueue: { name: workflowId },
    ...more,
  });

export const signalExternal = (workflowId: string, more: object = {}) =>
  command('SIGNAL_EXTERNAL_WORKFLOW_EXECUTION', 'signalExternalWorkflowExecution', {
    namespace: 'default',
    execution: { workflowId },
    signalName: 's',
    input: text('from afar'),
    ...more,
  });

export const cancelExternal = (workflowId: string, more: object = {}) =>
  command('REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION', 'requestCancelExternalWorkflowExecution', {
    namespace: 'default',
    workflowId,
    reason: 'enough',
    ...more,
  });

export const marker = (markerName: string, more: object = {}) =>
  command('RECORD_MARKER', 'recordMarker', { markerName, details: { a: text('b') }, ...more });

export const upsertAttributes = (fields: { readonly [name: string]: object | null }) =>
  command('UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', 'upsertWorkflowSearchAttributes', {
    searchAttributes: { indexedFields: fields },
  });

export const modifyMemo = (fields: { readonly [name: string]: object | null }) =>
  command('MODIFY_WORKFLOW_PROPERTIES', 'modifyWorkflowProperties', {
    upsertedMemo: { fields },
  });
