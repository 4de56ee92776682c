/**
 * A worker's answer to a workflow task: the completion, then each command in turn, then the messages
 * that no command stood for, then the task that follows if one is needed.
 *
 * A command that cannot be carried out throws a CommandError; the draft is dropped, and the task
 * fails instead (see `failTask` in the engine).
 */
import { invalid } from '../errors.js';
import { type Command, enums, int64, type PayloadMap, type temporal, toNumber } from '../proto.js';
import { requestCancelActivity } from './activities.js';
import { type IsBackground, scheduleActivity } from './activity-schedule.js';
import { initiateChild } from './children.js';
import { cancelRun, completeRun, continueRun, failRun } from './close.js';
import { CLOSING, checkSequence, given } from './command-checks.js';
import type { Draft } from './draft.js';
import { initiateCancel, initiateSignal } from './externals.js';
import { CommandError } from './failures.js';
import { overLimit } from './ids.js';
import {
  attributesSizeProblem,
  checkCommandSize,
  failureSize,
  mapSizeOf,
  sizeOf,
} from './limits.js';
import { mergedFields } from './properties.js';
import { isOpen } from './state.js';
import { cancelTimer, startTimer } from './timers.js';
import {
  abortUpdates,
  hasNewUpdates,
  isRejection,
  type Message,
  rejectUnprocessed,
  takeMessage,
} from './updates.js';
import {
  completeWorkflowTask,
  dropSpeculativeTask,
  scheduleWorkflowTask,
  type WorkflowTaskRef,
} from './workflow-task.js';

const { CommandType, WorkflowTaskFailedCause: Cause } = enums;

type SearchAttributes = temporal.api.common.v1.ISearchAttributes;
type Completed = temporal.api.workflowservice.v1.IRespondWorkflowTaskCompletedRequest;

/** What the rules need to know that is not in the run. */
export interface CommandContext {
  readonly isBackground: IsBackground;
  /** What is wrong with search attributes, undefined when they are fine. */
  readonly searchAttributesProblem: (attributes: PayloadMap) => string | undefined;
  /** Search attributes with their types in them. */
  readonly withTypes: (attributes: PayloadMap) => PayloadMap;
}

export interface CompletedTask {
  /** Activities whose commands asked that this very worker gets them at once. */
  readonly eager: readonly number[];
  /** The task was speculative, and no event tells of it. */
  readonly dropped: boolean;
}

/** Takes the answer to a workflow task. */
export function completeTask(
  d: Draft,
  ref: WorkflowTaskRef,
  request: Completed,
  context: CommandContext,
): CompletedTask {
  const commands = request.commands ?? [];
  checkSequence(commands);
  const dropped = writesNothing(request) && dropSpeculativeTask(d, ref, canDropEvents(request));
  const completedEventId = dropped ? 0 : completeWorkflowTask(d, ref, request);
  const closes = commands.some((command) => CLOSING.has(command.commandType ?? 0));
  if (closes && d.info.buffered.length > 0)
    throw new CommandError(Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, '');
  stick(d, request);
  const work = new Work(d, completedEventId, request, context);
  for (const command of commands) {
    if (!isOpen(d.info)) break;
    work.carryOut(command);
  }
  work.takeMessages();
  if (isOpen(d.info)) goOn(d, request, work.needsTask);
  else abortUpdates(d);
  return { eager: work.eager, dropped };
}

/** Nothing in the answer has to be in history: with updates alone, all of them rejected. */
function writesNothing(request: Completed): boolean {
  const { commands, messages, forceCreateNewWorkflowTask } = request;
  return (
    !forceCreateNewWorkflowTask &&
    (commands ?? []).length === 0 &&
    (messages ?? []).every((message) => isRejection(message))
  );
}

function canDropEvents(request: Completed): boolean {
  return request.capabilities?.discardSpeculativeWorkflowTaskWithEvents ?? false;
}

/** The task that follows, where there is something new for the worker. */
function goOn(d: Draft, request: Completed, needsTask: boolean): void {
  const heartbeat = request.forceCreateNewWorkflowTask ?? false;
  if (!heartbeat) rejectUnprocessed(d);
  if (d.flush() || needsTask || heartbeat) scheduleWorkflowTask(d);
  else if (hasNewUpdates(d))
    scheduleWorkflowTask(d, { speculative: request.returnNewWorkflowTask ?? false });
}

function stick(d: Draft, request: Completed): void {
  const sticky = request.stickyAttributes;
  const name = sticky?.workerTaskQueue?.name;
  const timeout = sticky?.scheduleToStartTimeout;
  const scheduleToStartMs = timeout
    ? toNumber(timeout.seconds) * 1000 + (timeout.nanos ?? 0) / 1e6
    : 5000;
  d.info.sticky = name ? { name, scheduleToStartMs } : undefined;
}

class Work {
  readonly eager: number[] = [];
  needsTask = false;
  readonly identity: string;
  /** Messages that have not been taken yet, by id. */
  readonly #messages: Map<string, Message>;

  constructor(
    readonly d: Draft,
    readonly completedEventId: number,
    request: Completed,
    readonly context: CommandContext,
  ) {
    this.identity = request.identity ?? '';
    this.#messages = new Map(
      (request.messages ?? []).map((message) => [message.id ?? '', message]),
    );
  }

  /** The messages that no command stands for: rejections, and those of a closed run. */
  takeMessages(): void {
    for (const message of this.#messages.values()) takeMessage(this.d, message);
  }

  #takeMessage(command: Command): void {
    const id = command.protocolMessageCommandAttributes?.messageId ?? '';
    const message = this.#messages.get(id);
    if (!message) {
      throw new CommandError(
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE,
        id
          ? `ProtocolMessageCommand referenced absent message ID ${id}`
          : 'MessageID is not set on ProtocolMessageCommand.',
      );
    }
    this.#messages.delete(id);
    takeMessage(this.d, message);
  }

  carryOut(command: Command): void {
    const { d, completedEventId } = this;
    const { userMetadata } = command;
    switch (command.commandType) {
      case CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
        this.#scheduleActivity(command);
        return;
      case CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK: {
        const id = toNumber(command.requestCancelActivityTaskCommandAttributes?.scheduledEventId);
        if (requestCancelActivity(d, id, completedEventId, this.identity)) this.needsTask = true;
        return;
      }
      case CommandType.COMMAND_TYPE_START_TIMER:
        startTimer(
          d,
          given(
            command.startTimerCommandAttributes,
            Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES,
            'StartTimer',
          ),
          completedEventId,
          userMetadata,
        );
        return;
      case CommandType.COMMAND_TYPE_CANCEL_TIMER:
        cancelTimer(d, command.cancelTimerCommandAttributes ?? {}, completedEventId, this.identity);
        return;
      case CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION:
        this.#startChild(command);
        return;
      case CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION:
        initiateSignal(
          d,
          command.signalExternalWorkflowExecutionCommandAttributes ?? {},
          completedEventId,
        );
        return;
      case CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION:
        initiateCancel(
          d,
          command.requestCancelExternalWorkflowExecutionCommandAttributes ?? {},
          completedEventId,
        );
        return;
      case CommandType.COMMAND_TYPE_RECORD_MARKER:
        this.#recordMarker(command);
        return;
      case CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE:
        this.#takeMessage(command);
        return;
      case CommandType.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
        this.#upsertSearchAttributes(command);
        return;
      case CommandType.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES:
        this.#modifyMemo(command);
        return;
      default:
        this.#close(command);
        return;
    }
  }

  #scheduleActivity(command: Command): void {
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
    const id = scheduleActivity(this.d, attributes, {
      completedEventId: this.completedEventId,
      userMetadata: command.userMetadata,
      isBackground: this.context.isBackground,
    });
    if (attributes.requestEagerExecution) this.eager.push(id);
  }

  #startChild(command: Command): void {
    const attributes = this.#typed(command.startChildWorkflowExecutionCommandAttributes ?? {});
    const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES;
    this.#checkSearchAttributes(attributes.searchAttributes?.indexedFields, cause);
    const name = 'StartChildWorkflowExecutionCommandAttributes';
    checkCommandSize(sizeOf(attributes.input), cause, `${name}. Input`);
    checkCommandSize(mapSizeOf(attributes.memo?.fields), cause, `${name}.Memo`);
    initiateChild(this.d, attributes, this.completedEventId, command.userMetadata);
  }

  #recordMarker(command: Command): void {
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
    this.d.append(
      'markerRecorded',
      {
        markerName: marker.markerName,
        details: marker.details ?? {},
        workflowTaskCompletedEventId: int64(this.completedEventId),
        header: marker.header ?? null,
        failure: marker.failure ?? null,
      },
      { userMetadata: command.userMetadata },
    );
  }

  /** @param sizeCause - what the task fails with where one is too large */
  #checkSearchAttributes(attributes: PayloadMap | null | undefined, sizeCause: number): void {
    const problem = attributes && this.context.searchAttributesProblem(attributes);
    if (problem)
      throw new CommandError(Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES, problem);
    const tooLarge = attributesSizeProblem(attributes);
    if (tooLarge) throw new CommandError(sizeCause, tooLarge, { terminates: true });
  }

  /** With the types of its search attributes. */
  #typed<T extends { searchAttributes?: SearchAttributes | null }>(attributes: T): T {
    const fields = attributes.searchAttributes?.indexedFields;
    if (!fields) return attributes;
    return { ...attributes, searchAttributes: { indexedFields: this.context.withTypes(fields) } };
  }

  #upsertSearchAttributes(command: Command): void {
    const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES;
    const attributes = command.upsertWorkflowSearchAttributesCommandAttributes;
    const fields = given(attributes, cause, 'UpsertWorkflowSearchAttributes').searchAttributes
      ?.indexedFields;
    if (!fields || Object.keys(fields).length === 0)
      throw new CommandError(
        cause,
        'IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.',
      );
    this.#checkSearchAttributes(fields, cause);
    const typed = this.context.withTypes(fields);
    this.d.info.searchAttributes = mergedFields(this.d.info.searchAttributes, typed);
    this.d.append('upsertWorkflowSearchAttributes', {
      workflowTaskCompletedEventId: int64(this.completedEventId),
      searchAttributes: { indexedFields: typed },
    });
  }

  #modifyMemo(command: Command): void {
    const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES;
    const attributes = command.modifyWorkflowPropertiesCommandAttributes;
    const memo = given(attributes, cause, 'ModifyWorkflowProperties').upsertedMemo;
    if (!memo)
      throw new CommandError(cause, 'UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.');
    const name = 'ModifyWorkflowPropertiesCommandAttributes';
    checkCommandSize(mapSizeOf(memo.fields), cause, name);
    const all = mergedFields(this.d.info.memo, memo.fields ?? {});
    checkCommandSize(mapSizeOf(all), cause, `${name}. Memo`);
    this.d.info.memo = all;
    this.d.append('workflowPropertiesModified', {
      workflowTaskCompletedEventId: int64(this.completedEventId),
      upsertedMemo: memo,
    });
  }

  #complete(command: Command): void {
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
    completeRun(this.d, result, this.completedEventId);
  }

  #fail(command: Command): void {
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
    failRun(this.d, failure, this.completedEventId);
  }

  #continue(command: Command): void {
    const attributes = this.#typed(command.continueAsNewWorkflowExecutionCommandAttributes ?? {});
    const cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES;
    this.#checkSearchAttributes(attributes.searchAttributes?.indexedFields, cause);
    const name = 'ContinueAsNewWorkflowExecutionCommandAttributes';
    checkCommandSize(sizeOf(attributes.input), cause, `${name}. Input`);
    checkCommandSize(mapSizeOf(attributes.memo?.fields), cause, `${name}. Memo`);
    continueRun(this.d, attributes, this.completedEventId);
  }

  #close(command: Command): void {
    const { d, completedEventId } = this;
    switch (command.commandType) {
      case CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
        this.#complete(command);
        return;
      case CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
        this.#fail(command);
        return;
      case CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
        cancelRun(
          d,
          command.cancelWorkflowExecutionCommandAttributes?.details ?? undefined,
          completedEventId,
        );
        return;
      case CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
        this.#continue(command);
        return;
      case undefined:
      case null:
      case CommandType.COMMAND_TYPE_UNSPECIFIED:
        throw invalid('unknown command type: Unspecified');
      default:
        throw new CommandError(
          Cause.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED,
          `command ${CommandType[command.commandType ?? 0] ?? command.commandType} is not implemented by this embedded server`,
        );
    }
  }
}
