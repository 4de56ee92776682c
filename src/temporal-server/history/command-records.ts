/** Commands that put something on record, and set nothing off: markers, search attributes, the memo. */
import { type Command, enums, int64 } from '../proto.js';
import { type Answer, type Carry, checkSearchAttributes, given } from './command-context.js';
import { CommandError } from './failures.js';
import { overLimit } from './ids.js';
import { checkCommandSize, mapSizeOf, sizeOf } from './limits.js';
import { mergedFields } from './properties.js';

const { CommandType, WorkflowTaskFailedCause: Cause } = enums;

export const RECORDS: ReadonlyMap<number, Carry> = new Map<number, Carry>([
  [CommandType.COMMAND_TYPE_RECORD_MARKER, recordMarker],
  [CommandType.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, upsertSearchAttributes],
  [CommandType.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES, modifyMemo],
]);

function recordMarker(answer: Answer, command: Command): undefined {
  const marker = command.recordMarkerCommandAttributes ?? {};
  if (!marker.markerName) {
    throw new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES,
      'MarkerName is not set on RecordMarkerCommand.',
    );
  }
  const over = overLimit(marker.markerName);
  if (over)
    throw new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES,
      `MarkerName on RecordMarkerCommand exceeds length limit. MarkerName=${marker.markerName} ${over}`,
    );
  let sizeBytes = 0;
  for (const [name, details] of Object.entries(marker.details ?? {}))
    sizeBytes += Buffer.byteLength(name) + sizeOf(details);
  checkCommandSize(
    sizeBytes,
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES,
    'RecordMarkerCommandAttributes.Details',
  );
  answer.d.append(
    'markerRecorded',
    {
      markerName: marker.markerName,
      details: marker.details ?? {},
      workflowTaskCompletedEventId: int64(answer.completedEventId),
      header: marker.header ?? null,
      failure: marker.failure ?? null,
    },
    { userMetadata: command.userMetadata },
  );
}

function upsertSearchAttributes(answer: Answer, command: Command): undefined {
  const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES;
  const attributes = command.upsertWorkflowSearchAttributesCommandAttributes;
  const fields = given(attributes, cause, 'UpsertWorkflowSearchAttributes').searchAttributes
    ?.indexedFields;
  if (!fields || Object.keys(fields).length === 0)
    throw new CommandError(
      cause,
      'IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.',
    );
  checkSearchAttributes(answer, fields, cause);
  const typed = answer.context.withTypes(fields);
  answer.d.info.searchAttributes = mergedFields(answer.d.info.searchAttributes, typed);
  answer.d.append('upsertWorkflowSearchAttributes', {
    workflowTaskCompletedEventId: int64(answer.completedEventId),
    searchAttributes: { indexedFields: typed },
  });
}

function modifyMemo(answer: Answer, command: Command): undefined {
  const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES;
  const attributes = command.modifyWorkflowPropertiesCommandAttributes;
  const memo = given(attributes, cause, 'ModifyWorkflowProperties').upsertedMemo;
  if (!memo)
    throw new CommandError(cause, 'UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.');
  const name = 'ModifyWorkflowPropertiesCommandAttributes';
  checkCommandSize(mapSizeOf(memo.fields), cause, name);
  const all = mergedFields(answer.d.info.memo, memo.fields ?? {});
  checkCommandSize(mapSizeOf(all), cause, `${name}. Memo`);
  answer.d.info.memo = all;
  answer.d.append('workflowPropertiesModified', {
    workflowTaskCompletedEventId: int64(answer.completedEventId),
    upsertedMemo: memo,
  });
}
