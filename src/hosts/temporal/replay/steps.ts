/**
 * Steps: the commands of a workflow in a form that can be compared, out of a history and out of what the
 * code asks for now. Markers and upserts are left out: the SDK itself compares them.
 */
import type { coresdk, temporal } from '@temporalio/proto';

export interface Step {
  /** What must be the same: a server that holds another one refuses the workflow's task. */
  readonly key: string;
  /** For people: the key with its arguments. */
  readonly shown: string;
  /** All that it says. */
  readonly text: string;
  /** `order.lua:42`, where known. */
  readonly place: string | null;
}

export interface RecordedStep extends Step {
  readonly eventId: number;
  /** The event that closed the workflow task which asked for it. */
  readonly task: number;
}

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
export type Command = coresdk.workflow_commands.IWorkflowCommand;

/** A command that crossed threads has its bytes, but not always the classes of what is in it. */
type PayloadLike = { data?: Uint8Array | null };
type Payloads = readonly PayloadLike[] | null | undefined;
type DurationLike = { seconds?: unknown; nanos?: number | null } | null | undefined;
type UserMetadata = temporal.api.sdk.v1.IUserMetadata | null | undefined;
type Named = Omit<Step, 'place'>;

/** What a history holds, in its order. */
export function recordedSteps(events: readonly HistoryEvent[]): RecordedStep[] {
  return events.flatMap((event) => {
    const named = ofEvent(event);
    if (named === null) return [];
    const [eventId, task] = [Number(event.eventId), taskOf(event)];
    return [{ ...named, place: placeOf(event.userMetadata), eventId, task }];
  });
}

/** What one workflow task asks for. What it asks for and takes back again never reaches the history. */
export function takenSteps(commands: readonly Command[]): Step[] {
  const timers = new Set(commands.map((command) => command.cancelTimer?.seq));
  const activities = new Set(commands.map((command) => command.requestCancelActivity?.seq));
  return commands.flatMap((command) => {
    if (command.startTimer != null && timers.has(command.startTimer.seq)) return [];
    if (command.scheduleActivity != null && activities.has(command.scheduleActivity.seq)) return [];
    const named = ofCommand(command);
    return named === null ? [] : [{ ...named, place: placeOf(command.userMetadata) }];
  });
}

function ofEvent(event: HistoryEvent): Named | null {
  const timer = event.timerStartedEventAttributes;
  if (timer != null) return timerStep(timer.startToFireTimeout);
  const activity = event.activityTaskScheduledEventAttributes;
  if (activity != null) {
    const { activityType, taskQueue, startToCloseTimeout, input } = activity;
    const { name } = activityType ?? {};
    return activityStep(name, taskQueue?.name, startToCloseTimeout, input?.payloads);
  }
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child != null) {
    return childStep(child.workflowType?.name, child.workflowId, child.input?.payloads);
  }
  const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
  if (signal != null) {
    const to = signal.workflowExecution?.workflowId;
    return signalStep(signal.signalName, to, signal.input?.payloads);
  }
  const done = event.workflowExecutionCompletedEventAttributes;
  if (done != null) return resultStep(done.result?.payloads);
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed != null) return failureStep(failed.failure);
  const next = event.workflowExecutionContinuedAsNewEventAttributes;
  if (next != null) {
    return continueStep(next.workflowType?.name, next.input?.payloads, next.header?.fields);
  }
  return null;
}

function ofCommand(command: Command): Named | null {
  const timer = command.startTimer;
  if (timer != null) return timerStep(timer.startToFireTimeout);
  const activity = command.scheduleActivity;
  if (activity != null) {
    const { activityType, taskQueue, startToCloseTimeout } = activity;
    return activityStep(activityType, taskQueue, startToCloseTimeout, activity.arguments);
  }
  const child = command.startChildWorkflowExecution;
  if (child != null) return childStep(child.workflowType, child.workflowId, child.input);
  const signal = command.signalExternalWorkflowExecution;
  if (signal != null) {
    const to = signal.workflowExecution?.workflowId ?? signal.childWorkflowId;
    return signalStep(signal.signalName, to, signal.args);
  }
  const done = command.completeWorkflowExecution;
  if (done != null) return resultStep(done.result == null ? [] : [done.result]);
  const failed = command.failWorkflowExecution;
  if (failed != null) return failureStep(failed.failure);
  const next = command.continueAsNewWorkflowExecution;
  if (next != null) return continueStep(next.workflowType, next.arguments, next.headers);
  return null;
}

type Text = string | null | undefined;

const step = (key: string, text: string): Named => ({ key, shown: text, text });

function timerStep(duration: DurationLike): Named {
  return step('timer', `timer of ${ms(duration)} ms`);
}

function activityStep(type: Text, queue: Text, timeout: DurationLike, args: Payloads): Named {
  const key = `activity ${type}`;
  // A replay has a made-up queue, and perdure's own activities mostly go to the queue that the workflow is on.
  const on = /^perdure\.(?!deliver)/.test(type ?? '') ? '' : ` on ${queue}`;
  const shown = `${key}(${texts(args)})`;
  return { key, shown, text: `${shown}${on} within ${ms(timeout)} ms` };
}

function childStep(type: Text, id: Text, args: Payloads): Named {
  const key = `child workflow ${type} ${id}`;
  return step(key, `${key}(${texts(args)})`);
}

function signalStep(name: Text, to: Text, args: Payloads): Named {
  return step('signal to a workflow', `signal ${name} to ${to}(${texts(args)})`);
}

function resultStep(result: Payloads): Named {
  return step('end with a result', `end with result ${texts(result)}`);
}

function failureStep(failure: temporal.api.failure.v1.IFailure | null | undefined): Named {
  const info = failure?.applicationFailureInfo;
  const text = `end with failure ${info?.type} ${failure?.message} ${texts(info?.details?.payloads)}`;
  return step('end with a failure', text);
}

function continueStep(
  type: Text,
  args: Payloads,
  headers: { [name: string]: PayloadLike } | null | undefined,
): Named {
  const text = `continue as ${type}(${texts(args)}) with ${texts(Object.values(headers ?? {}))}`;
  return step('continue as new', text);
}

/** perdure puts the place in the summary of each command; another SDK may have written anything there. */
function placeOf(metadata: UserMetadata): string | null {
  const json = texts(metadata?.summary == null ? [] : [metadata.summary]);
  return /^"([^"\\]+:\d+)"$/.exec(json)?.[1] ?? null;
}

/** One of these is there: every step belongs to the task that asked for it. */
function taskOf(event: HistoryEvent): number {
  const attributes =
    event.timerStartedEventAttributes ??
    event.activityTaskScheduledEventAttributes ??
    event.startChildWorkflowExecutionInitiatedEventAttributes ??
    event.signalExternalWorkflowExecutionInitiatedEventAttributes ??
    event.workflowExecutionCompletedEventAttributes ??
    event.workflowExecutionFailedEventAttributes ??
    event.workflowExecutionContinuedAsNewEventAttributes;
  return Number(attributes?.workflowTaskCompletedEventId);
}

const texts = (payloads: Payloads): string =>
  (payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString('utf8')).join(', ');

function ms(duration: DurationLike): number {
  const seconds = duration?.seconds;
  const whole =
    typeof seconds === 'object' && seconds !== null && 'low' in seconds
      ? longToNumber(seconds as { low: number; high: number })
      : Number(seconds ?? 0);
  return whole * 1000 + (duration?.nanos ?? 0) / 1e6;
}

/** A protobuf int64, which is a Long where it was read from the wire. */
function longToNumber({ low, high }: { low: number; high: number }): number {
  return high * 2 ** 32 + (low >>> 0);
}
