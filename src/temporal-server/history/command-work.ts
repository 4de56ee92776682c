/** Commands that set something off: activities, timers, children, messages to other workflows. */
import { type Command, enums, toNumber } from '../proto.js';
import { requestCancelActivity } from './activities.js';
import { scheduleActivity } from './activity-schedule.js';
import { initiateChild } from './children.js';
import {
  type Answer,
  type Carried,
  type Carry,
  checkSearchAttributes,
  given,
  typed,
} from './command-context.js';
import { initiateCancel, initiateSignal } from './externals.js';
import { checkCommandSize, mapSizeOf, sizeOf } from './limits.js';
import { cancelTimer, startTimer } from './timers.js';

const { CommandType, WorkflowTaskFailedCause: Cause } = enums;

export const WORK: ReadonlyMap<number, Carry> = new Map<number, Carry>([
  [CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, schedule],
  [CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK, cancelActivity],
  [CommandType.COMMAND_TYPE_START_TIMER, setTimer],
  [CommandType.COMMAND_TYPE_CANCEL_TIMER, clearTimer],
  [CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION, startChild],
  [CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION, signalExternal],
  [CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION, cancelExternal],
]);

function schedule(answer: Answer, command: Command): Carried | undefined {
  const attributes = given(
    command.scheduleActivityTaskCommandAttributes,
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES,
    'ScheduleActivityTask',
  );
  checkCommandSize(
    sizeOf(attributes.input),
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES,
    'ScheduleActivityTaskCommandAttributes.Input',
  );
  const id = scheduleActivity(answer.d, attributes, {
    completedEventId: answer.completedEventId,
    userMetadata: command.userMetadata,
    isBackground: answer.context.isBackground,
  });
  return attributes.requestEagerExecution ? { eager: id } : undefined;
}

function cancelActivity({ d, completedEventId, identity }: Answer, command: Command): Carried {
  const id = toNumber(command.requestCancelActivityTaskCommandAttributes?.scheduledEventId);
  return { needsTask: requestCancelActivity(d, id, completedEventId, identity) };
}

function setTimer({ d, completedEventId }: Answer, command: Command): undefined {
  const attributes = given(
    command.startTimerCommandAttributes,
    Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES,
    'StartTimer',
  );
  startTimer(d, attributes, completedEventId, command.userMetadata);
}

function clearTimer({ d, completedEventId, identity }: Answer, command: Command): undefined {
  cancelTimer(d, command.cancelTimerCommandAttributes ?? {}, completedEventId, identity);
}

function startChild(answer: Answer, command: Command): undefined {
  const attributes = typed(answer, command.startChildWorkflowExecutionCommandAttributes ?? {});
  const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES;
  checkSearchAttributes(answer, attributes.searchAttributes?.indexedFields, cause);
  const name = 'StartChildWorkflowExecutionCommandAttributes';
  checkCommandSize(sizeOf(attributes.input), cause, `${name}. Input`);
  checkCommandSize(mapSizeOf(attributes.memo?.fields), cause, `${name}.Memo`);
  initiateChild(answer.d, attributes, answer.completedEventId, command.userMetadata);
}

function signalExternal({ d, completedEventId }: Answer, command: Command): undefined {
  initiateSignal(
    d,
    command.signalExternalWorkflowExecutionCommandAttributes ?? {},
    completedEventId,
  );
}

function cancelExternal({ d, completedEventId }: Answer, command: Command): undefined {
  initiateCancel(
    d,
    command.requestCancelExternalWorkflowExecutionCommandAttributes ?? {},
    completedEventId,
  );
}
