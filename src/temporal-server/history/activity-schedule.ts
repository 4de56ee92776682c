/** The command ScheduleActivityTask: its checks, its timeouts completed, its event and record. */
import { invalid } from '../errors.js';
import { duration, durationMs, enums, int64, type temporal } from '../proto.js';
import { due, offer, put, timing } from './activity-record.js';
import type { Draft } from './draft.js';
import { CommandError } from './failures.js';
import { overLimit, queueNameProblem } from './ids.js';
import { retryPolicyProblem, withDefaults } from './retry.js';
import type { ActivityInfo } from './state.js';

type ScheduleCommand = temporal.api.command.v1.IScheduleActivityTaskCommandAttributes;

/** Decides which activities are leases and the like, that do not count as work. */
export type IsBackground = (activity: {
  readonly activityType: string;
  readonly taskQueue: string;
}) => boolean;

const BAD_SCHEDULE =
  enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES;

/** Temporal's limit for things of one kind in flight. */
export const PENDING_LIMIT = 2000;

export interface ScheduleContext {
  readonly completedEventId: number;
  readonly userMetadata: temporal.api.sdk.v1.IUserMetadata | null | undefined;
  readonly isBackground: IsBackground;
}

/** The command ScheduleActivityTask. Gives the activity's scheduled event id. */
export function scheduleActivity(
  d: Draft,
  command: ScheduleCommand,
  context: ScheduleContext,
): number {
  const spans = checkSchedule(d, command);
  const retryPolicy = withDefaults(command.retryPolicy);
  const taskQueue = command.taskQueue?.name ?? '';
  const activityId = command.activityId ?? '';
  const activityType = command.activityType?.name ?? '';
  const attributes: Scheduled = {
    activityId,
    activityType: { name: activityType },
    taskQueue: { name: taskQueue, kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
    header: command.header ?? null,
    input: command.input ?? null,
    scheduleToCloseTimeout: duration(spans.scheduleToCloseMs),
    scheduleToStartTimeout: duration(spans.scheduleToStartMs),
    startToCloseTimeout: duration(spans.startToCloseMs),
    heartbeatTimeout: duration(spans.heartbeatMs),
    workflowTaskCompletedEventId: int64(context.completedEventId),
    retryPolicy,
    useWorkflowBuildId: command.useWorkflowBuildId ?? false,
    priority: command.priority ?? null,
  };
  const scheduledEventId = d.append('activityTaskScheduled', attributes, {
    userMetadata: context.userMetadata,
  });
  const activity = recordActivity(d, attributes, scheduledEventId, context.isBackground);
  if (activity.scheduleToCloseMs > 0)
    d.arm(due(activity, 'scheduleToClose'), d.nowMs + activity.scheduleToCloseMs, timing(activity));
  offer(d, activity);
  return scheduledEventId;
}

type Scheduled = temporal.api.history.v1.IActivityTaskScheduledEventAttributes;

/** The record of an activity as its event tells of it, scheduled now. */
export function recordActivity(
  d: Draft,
  attributes: Scheduled,
  scheduledEventId: number,
  isBackground: IsBackground,
): ActivityInfo {
  const activityId = attributes.activityId ?? '';
  const activityType = attributes.activityType?.name ?? '';
  const taskQueue = attributes.taskQueue?.name ?? '';
  const activity: ActivityInfo = {
    ...optionsOf(attributes),
    scheduledEventId,
    activityId,
    activityType,
    taskQueue,
    header: attributes.header ?? undefined,
    input: attributes.input ?? undefined,
    priority: attributes.priority ?? undefined,
    scheduledAtMs: d.nowMs,
    attemptScheduledAtMs: d.nowMs,
    attempt: 1,
    phase: { kind: 'scheduled', stamp: d.nextStamp() },
    paused: undefined,
    reset: undefined,
    cancelRequestedEventId: 0,
    heartbeat: undefined,
    lastFailure: undefined,
    lastIdentity: '',
    lastBuildId: '',
    background: isBackground({ activityType, taskQueue }),
  };
  put(d, activity);
  d.activityIds.set(activityId, scheduledEventId);
  return activity;
}

/** The timeouts and the retry policy that an activity was scheduled with. */
export function optionsOf(attributes: Scheduled): Spans & Pick<ActivityInfo, 'retryPolicy'> {
  return {
    scheduleToCloseMs: durationMs(attributes.scheduleToCloseTimeout),
    scheduleToStartMs: durationMs(attributes.scheduleToStartTimeout),
    startToCloseMs: durationMs(attributes.startToCloseTimeout),
    heartbeatMs: durationMs(attributes.heartbeatTimeout),
    retryPolicy: attributes.retryPolicy ?? {},
  };
}

interface Spans {
  readonly scheduleToStartMs: number;
  readonly scheduleToCloseMs: number;
  readonly startToCloseMs: number;
  readonly heartbeatMs: number;
}

/** The four timeouts as Temporal completes them; 0 is none. */
function checkSchedule(d: Draft, command: ScheduleCommand): Spans {
  const id = command.activityId ?? '';
  const type = command.activityType?.name ?? '';
  const bad = (what: string) => new CommandError(BAD_SCHEDULE, what);
  const where = `ActivityId=${id} ActivityType=${type}`;
  // For its queue and its retry policy Temporal refuses the answer, and the task stays as it is.
  const queue = queueProblem(command.taskQueue);
  if (queue) throw invalid(`invalid TaskQueue on ScheduleActivityTaskCommand: ${queue}. ${where}`);
  if (!id) throw bad(`ActivityId is not set on ScheduleActivityTaskCommand. ActivityType=${type}`);
  if (!type) throw bad(`ActivityType is not set on ScheduleActivityTaskCommand. ActivityID=${id}`);
  const problem = retryPolicyProblem(command.retryPolicy);
  if (problem)
    throw invalid(
      `invalid ActivityRetryPolicy on SechduleActivityTaskCommand: ${problem}. ${where}`,
    );
  for (const [name, over] of [
    ['ActivityId', overLimit(id)],
    ['ActivityType', overLimit(type)],
  ])
    if (over)
      throw bad(`${name} on ScheduleActivityTaskCommand exceeds length limit. ${where} ${over}`);
  for (const [name, timeout] of [
    ['ScheduleToCloseTimeout', command.scheduleToCloseTimeout],
    ['ScheduleToStartTimeout', command.scheduleToStartTimeout],
    ['StartToCloseTimeout', command.startToCloseTimeout],
    ['HeartbeatTimeout', command.heartbeatTimeout],
  ] as const)
    if (durationMs(timeout) < 0)
      throw bad(`Invalid ${name} for ScheduleActivityTaskCommand: negative duration. ${where}`);
  if (d.activityIds.has(id)) {
    throw new CommandError(
      enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_SCHEDULE_ACTIVITY_DUPLICATE_ID,
      `invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: ${id}`,
    );
  }
  if (d.activities.size >= PENDING_LIMIT) {
    throw new CommandError(
      enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_ACTIVITIES_LIMIT_EXCEEDED,
      `the number of pending activities, ${d.activities.size}, has reached the per-workflow limit of ${PENDING_LIMIT}`,
    );
  }
  const spans = completeSpans(command, d.info.runTimeoutMs);
  if (!spans)
    throw bad(
      `A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand. ${where}`,
    );
  return spans;
}

/** An activity has no queue but its own: that of its workflow is not taken for it. */
function queueProblem(queue: ScheduleCommand['taskQueue']): string | undefined {
  if (!queue) return 'taskQueue is not set';
  return queue.name ? queueNameProblem(queue.name) : 'missing task queue name';
}

function completeSpans(command: ScheduleCommand, runTimeoutMs: number): Spans | undefined {
  const cap = (ms: number) =>
    runTimeoutMs > 0 && (ms === 0 || ms > runTimeoutMs) ? runTimeoutMs : ms;
  const given = {
    close: durationMs(command.scheduleToCloseTimeout),
    start: durationMs(command.scheduleToStartTimeout),
    run: durationMs(command.startToCloseTimeout),
    heartbeat: durationMs(command.heartbeatTimeout),
  };
  if (given.close === 0 && given.run === 0) return undefined;
  const close = cap(given.close);
  const within = (ms: number) => (ms === 0 || ms > close ? close : ms);
  const start = given.close > 0 ? within(given.start) : cap(given.start);
  const run = given.close > 0 ? within(given.run) : cap(given.run);
  return {
    scheduleToCloseMs: close,
    scheduleToStartMs: start,
    startToCloseMs: run,
    heartbeatMs: Math.min(given.heartbeat, run),
  };
}
