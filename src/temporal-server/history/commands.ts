/**
 * A worker's answer to a workflow task: the completion, then each command in turn, then the messages
 * that no command stood for, then the task that follows if one is needed.
 *
 * A command that cannot be carried out throws a CommandError; the draft is dropped, and the task
 * fails instead (see `failTask` in the engine).
 */
import { invalid } from '../errors.js';
import { type Command, enums, type temporal, toNumber } from '../proto.js';
import { checkSequence } from './command-checks.js';
import type { Answer, Carried, Carry, CommandContext } from './command-context.js';
import { ENDS } from './command-ends.js';
import { RECORDS } from './command-records.js';
import { WORK } from './command-work.js';
import type { Draft } from './draft.js';
import { CommandError } from './failures.js';
import { isOpen } from './state.js';
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

type Completed = temporal.api.workflowservice.v1.IRespondWorkflowTaskCompletedRequest;

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
  const closes = commands.some((command) => ENDS.has(command.commandType ?? 0));
  if (closes && d.info.buffered.length > 0)
    throw new CommandError(Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, '');
  stick(d, request);
  const identity = request.identity ?? '';
  const messages = new Map((request.messages ?? []).map((each) => [each.id ?? '', each]));
  const carried = carryOut({ d, completedEventId, identity, context }, commands, messages);
  // Those that no command stands for: rejections, and those of a closed run.
  for (const message of messages.values()) takeMessage(d, message);
  if (isOpen(d.info))
    goOn(
      d,
      request,
      carried.some(({ needsTask }) => needsTask),
    );
  else abortUpdates(d);
  return { eager: carried.flatMap(({ eager }) => eager ?? []), dropped };
}

/**
 * Each command in turn, until the run is closed.
 *
 * @param messages - by id; those that a command stands for go
 */
function carryOut(
  answer: Answer,
  commands: readonly Command[],
  messages: Map<string, Message>,
): Carried[] {
  const all: Carried[] = [];
  for (const command of commands) {
    if (!isOpen(answer.d.info)) break;
    const type = command.commandType ?? 0;
    if (type === CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE) takeNamed(answer.d, command, messages);
    else {
      const carried = carrierOf(type)(answer, command);
      if (carried) all.push(carried);
    }
  }
  return all;
}

function carrierOf(type: number): Carry {
  const carry = WORK.get(type) ?? RECORDS.get(type) ?? ENDS.get(type);
  if (carry) return carry;
  if (type === CommandType.COMMAND_TYPE_UNSPECIFIED)
    throw invalid('unknown command type: Unspecified');
  throw new CommandError(
    Cause.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED,
    `command ${CommandType[type] ?? type} is not implemented by this embedded server`,
  );
}

/** The message that a command stands for. */
function takeNamed(d: Draft, command: Command, messages: Map<string, Message>): void {
  const id = command.protocolMessageCommandAttributes?.messageId ?? '';
  const message = messages.get(id);
  if (!message) {
    throw new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE,
      id
        ? `ProtocolMessageCommand referenced absent message ID ${id}`
        : 'MessageID is not set on ProtocolMessageCommand.',
    );
  }
  messages.delete(id);
  takeMessage(d, message);
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
