/** Commands that close the run. */
import { type Command, enums } from '../proto.js';
import { cancelRun, completeRun, continueRun, failRun } from './close.js';
import { type Answer, type Carry, checkSearchAttributes, given, typed } from './command-context.js';
import { CommandError } from './failures.js';
import { checkCommandSize, failureSize, mapSizeOf, sizeOf } from './limits.js';

const { CommandType, WorkflowTaskFailedCause: Cause } = enums;

export const ENDS: ReadonlyMap<number, Carry> = new Map<number, Carry>([
  [CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION, complete],
  [CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION, fail],
  [CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION, cancel],
  [CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION, continueAsNew],
]);

function complete(answer: Answer, command: Command): undefined {
  const attributes = given(
    command.completeWorkflowExecutionCommandAttributes,
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES,
    'CompleteWorkflowExecution',
  );
  const result = attributes.result ?? undefined;
  // The cause is Temporal's own, odd as it is.
  checkCommandSize(
    sizeOf(result),
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES,
    'CompleteWorkflowExecutionCommandAttributes.Result',
  );
  completeRun(answer.d, result, answer.completedEventId);
}

function fail(answer: Answer, command: Command): undefined {
  const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES;
  const attributes = command.failWorkflowExecutionCommandAttributes;
  const { failure } = given(attributes, cause, 'FailWorkflowExecution');
  if (!failure)
    throw new CommandError(cause, 'Failure is not set on FailWorkflowExecutionCommand.');
  checkCommandSize(
    failureSize(failure),
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES,
    'FailWorkflowExecutionCommandAttributes.Failure',
  );
  failRun(answer.d, failure, answer.completedEventId);
}

function cancel({ d, completedEventId }: Answer, command: Command): undefined {
  const { details } = command.cancelWorkflowExecutionCommandAttributes ?? {};
  cancelRun(d, details ?? undefined, completedEventId);
}

function continueAsNew(answer: Answer, command: Command): undefined {
  const attributes = typed(answer, command.continueAsNewWorkflowExecutionCommandAttributes ?? {});
  const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES;
  checkSearchAttributes(answer, attributes.searchAttributes?.indexedFields, cause);
  const name = 'ContinueAsNewWorkflowExecutionCommandAttributes';
  checkCommandSize(sizeOf(attributes.input), cause, `${name}. Input`);
  checkCommandSize(mapSizeOf(attributes.memo?.fields), cause, `${name}. Memo`);
  continueRun(answer.d, attributes, answer.completedEventId);
}
