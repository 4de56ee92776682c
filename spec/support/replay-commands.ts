/** Commands as texts that can be compared: out of a history, and out of what a replay says. */
import type { coresdk, temporal } from '@temporalio/proto';

export type CommandText = string;

type Event = temporal.api.history.v1.IHistoryEvent;
type Command = coresdk.workflow_commands.IWorkflowCommand;
/** Payloads out of JSON have their bytes as lists of numbers. */
type Bytes = Uint8Array | readonly number[];
type PayloadLike = { data?: Bytes | null };
type DurationLike = { seconds?: unknown; nanos?: number | null } | null | undefined;

/** What a history holds, in its order. Markers and upserts are left to the SDK's own comparison. */
export function recordedCommands(events: readonly Event[]): CommandText[] {
  return events.flatMap((event) => {
    const timer = event.timerStartedEventAttributes;
    if (timer != null) return [`timer ${ms(timer.startToFireTimeout)}`];
    const activity = event.activityTaskScheduledEventAttributes;
    if (activity != null) {
      const { activityType, taskQueue, input, startToCloseTimeout } = activity;
      return [
        `activity ${activityType?.name} on ${taskQueue?.name} ${ms(startToCloseTimeout)} ${texts(input?.payloads)}`,
      ];
    }
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (child != null) {
      return [
        `child ${child.workflowType?.name} ${child.workflowId} ${texts(child.input?.payloads)}`,
      ];
    }
    const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
    if (signal != null) {
      const to = signal.workflowExecution?.workflowId;
      return [`signal ${signal.signalName} to ${to} ${texts(signal.input?.payloads)}`];
    }
    const done = event.workflowExecutionCompletedEventAttributes;
    if (done != null) return [`result ${texts(done.result?.payloads)}`];
    const failed = event.workflowExecutionFailedEventAttributes;
    if (failed != null) return [failureText(failed.failure)];
    return [];
  });
}

/**
 * The commands of one activation, as the sandbox told them. A timer that is started and cancelled in one
 * never reaches the history.
 */
export function replayedCommands(json: string): CommandText[] {
  const commands = JSON.parse(json) as Command[];
  const cancelled = new Set(commands.map((command) => command.cancelTimer?.seq));
  return commands.flatMap((command) => {
    const timer = command.startTimer;
    if (timer != null && cancelled.has(timer.seq)) return [];
    if (timer != null) return [`timer ${ms(timer.startToFireTimeout)}`];
    const activity = command.scheduleActivity;
    if (activity != null) {
      const { activityType, taskQueue, startToCloseTimeout } = activity;
      return [
        `activity ${activityType} on ${taskQueue} ${ms(startToCloseTimeout)} ${texts(activity.arguments)}`,
      ];
    }
    const child = command.startChildWorkflowExecution;
    if (child != null) {
      return [`child ${child.workflowType} ${child.workflowId} ${texts(child.input)}`];
    }
    const signal = command.signalExternalWorkflowExecution;
    if (signal != null) {
      const to = signal.workflowExecution?.workflowId ?? signal.childWorkflowId;
      return [`signal ${signal.signalName} to ${to} ${texts(signal.args)}`];
    }
    const done = command.completeWorkflowExecution;
    if (done != null) return [`result ${texts(done.result == null ? [] : [done.result])}`];
    const failed = command.failWorkflowExecution;
    if (failed != null) return [failureText(failed.failure)];
    return [];
  });
}

function failureText(failure: temporal.api.failure.v1.IFailure | null | undefined): CommandText {
  const info = failure?.applicationFailureInfo;
  return `failure ${info?.type} ${failure?.message} ${texts(info?.details?.payloads)}`;
}

const texts = (payloads: readonly PayloadLike[] | null | undefined): string =>
  (payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString('utf8')).join(' | ');

function ms(duration: DurationLike): number {
  const seconds = duration?.seconds;
  const whole =
    typeof seconds === 'object' && seconds !== null && 'low' in seconds
      ? Number((seconds as { low: number }).low)
      : Number(seconds ?? 0);
  return whole * 1000 + (duration?.nanos ?? 0) / 1e6;
}
