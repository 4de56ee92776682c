/** User timers: a command starts one, time fires it, another command may cancel it before. */
import { duration, durationMs, enums, int64, type temporal } from '../proto.js';
import type { Draft } from './draft.js';
import { CommandError } from './failures.js';
import { overLimit } from './ids.js';
import { scheduleWorkflowTask } from './workflow-task.js';

const Cause = enums.WorkflowTaskFailedCause;

export function startTimer(
  d: Draft,
  command: temporal.api.command.v1.IStartTimerCommandAttributes,
  completedEventId: number,
  userMetadata: temporal.api.sdk.v1.IUserMetadata | null | undefined,
): void {
  const timerId = command.timerId ?? '';
  const afterMs = durationMs(command.startToFireTimeout);
  const bad = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES;
  if (!timerId) throw new CommandError(bad, 'TimerId is not set on StartTimerCommand.');
  checkTimerId(timerId, bad, 'StartTimerCommand');
  if (afterMs < 0)
    throw new CommandError(
      bad,
      `An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId=${timerId}`,
    );
  if (d.timers.has(timerId))
    throw new CommandError(
      Cause.WORKFLOW_TASK_FAILED_CAUSE_START_TIMER_DUPLICATE_ID,
      `invalid history builder state for action: add-timer-started-event, TimerID: ${timerId}`,
    );
  const startedEventId = d.append(
    'timerStarted',
    {
      timerId,
      startToFireTimeout: command.startToFireTimeout ?? duration(0),
      workflowTaskCompletedEventId: int64(completedEventId),
    },
    { userMetadata },
  );
  const atMs = d.nowMs + afterMs;
  d.timers.set(timerId, { timerId, startedEventId, atMs });
  d.arm({ kind: 'userTimer', timerId }, atMs);
}

export function cancelTimer(
  d: Draft,
  command: temporal.api.command.v1.ICancelTimerCommandAttributes,
  completedEventId: number,
  identity: string,
): void {
  const timerId = command.timerId ?? '';
  const bad = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES;
  if (!timerId) throw new CommandError(bad, 'TimerId is not set on CancelTimerCommand.');
  checkTimerId(timerId, bad, 'CancelTimerCommand');
  const startedEventId = d.timers.get(timerId)?.startedEventId ?? takeBufferedFire(d, timerId);
  if (startedEventId === undefined)
    throw new CommandError(
      bad,
      `invalid history builder state for action: add-timer-canceled-event, TimerID: ${timerId}`,
    );
  d.timers.delete(timerId);
  d.disarm({ kind: 'userTimer', timerId });
  d.append('timerCanceled', {
    timerId,
    startedEventId: int64(startedEventId),
    workflowTaskCompletedEventId: int64(completedEventId),
    identity,
  });
}

function checkTimerId(timerId: string, cause: number, command: string): void {
  const over = overLimit(timerId);
  if (over)
    throw new CommandError(
      cause,
      `TimerId on ${command} exceeds length limit. TimerId=${timerId} ${over}`,
    );
}

/** A timer that fired while the task ran has not been seen by the workflow: cancelling wins. */
function takeBufferedFire(d: Draft, timerId: string): number | undefined {
  const fired = d.info.buffered.find(
    (event) => event.timerFiredEventAttributes?.timerId === timerId,
  );
  if (!fired) return undefined;
  d.info.buffered = d.info.buffered.filter((event) => event !== fired);
  return Number(fired.timerFiredEventAttributes?.startedEventId);
}

export function fireTimer(d: Draft, timerId: string): void {
  const timer = d.timers.get(timerId);
  if (!timer) return;
  d.timers.delete(timerId);
  d.appendOrBuffer('timerFired', { timerId, startedEventId: int64(timer.startedEventId) });
  scheduleWorkflowTask(d);
}
