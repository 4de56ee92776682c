/**
 * Reset: a new run with the history of another up to a workflow task, which fails in it, and then
 * what reached the other afterwards. As Temporal's service/history/ndc/workflow_resetter.go.
 *
 * 1. The events up to the task are the other run's, byte for byte.
 * 2. Nothing that the old run still waited for is lost: activities are offered again, timers are set
 *    for the time they were due, children go on under the new run.
 */

import { invalid } from '../errors.js';
import {
  codec,
  EventType,
  enums,
  type Failure,
  type HistoryEvent,
  int64,
  toNumber,
} from '../proto.js';
import { due, offer, put, remove, timing } from './activity-record.js';
import type { IsBackground } from './activity-schedule.js';
import { attach } from './attached.js';
import { Draft, type RuleInputs } from './draft.js';
import type { StoredEvent } from './effects.js';
import { normalOverride, recordOverride } from './options.js';
import { childEnd, replayEvent } from './rebuild.js';
import { armRunTimeout, emptyState, successorSpec } from './start.js';
import type { RunState } from './state.js';
import { reapplyUpdate } from './updates.js';
import { scheduleWorkflowTask } from './workflow-task.js';

const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');
const HISTORY_SERVICE = 'history-service';

/** What of the events after the reset point the new run is told. */
export interface Reapply {
  readonly signals: boolean;
  readonly updates: boolean;
}

export interface ResetOrder {
  readonly runId: string;
  readonly requestId: string;
  readonly reason: string;
  /** The history of the base run up to the reset point. */
  readonly events: readonly StoredEvent[];
  /** What came after it, in the base run and those that followed it. */
  readonly later: readonly StoredEvent[];
  readonly reapply: Reapply;
  readonly isBackground: IsBackground;
  /** What is done to the new run before it goes on. */
  readonly after: (d: Draft) => void;
}

/** The new run, ready to be stored. */
export function resetRun(base: RunState, order: ResetOrder, inputs: RuleInputs): Draft {
  const d = rebuiltRun(base, order, inputs);
  failResetTask(d, base.key.runId, order);
  takeUpActivities(d, order.reason);
  for (const timer of d.timers.values())
    d.arm({ kind: 'userTimer', timerId: timer.timerId }, timer.atMs);
  for (const child of d.children.values())
    if (!child.runId) d.transfer({ kind: 'startChild', child });
  for (const request of d.externals.values()) d.transfer({ kind: 'external', request });
  for (const event of order.later) reapply(d, event, order.reapply);
  order.after(d);
  scheduleWorkflowTask(d);
  return d;
}

function rebuiltRun(base: RunState, order: ResetOrder, inputs: RuleInputs): Draft {
  const { info } = base;
  const { started } = info;
  const spec = successorSpec(new Draft(base, inputs), {
    key: { ...base.key, runId: order.runId },
    workflowType: started.workflowType?.name ?? info.workflowType,
    memo: started.memo?.fields ?? {},
    searchAttributes: started.searchAttributes?.indexedFields ?? {},
    attempt: started.attempt ?? 1,
    requestId: order.requestId,
    versioningOverride: normalOverride(started.versioningOverride),
    resetPoints: info.resetPoints.filter(({ runId }) => runId !== base.key.runId),
    predecessor: {
      runId: started.continuedExecutionRunId ?? '',
      firstRunId: info.firstRunId,
      initiator: started.initiator ?? 0,
      failure: started.continuedFailure ?? undefined,
      lastResult: started.lastCompletionResult ?? undefined,
    },
  });
  const expiresAtMs =
    info.executionTimeoutMs > 0 ? inputs.nowMs + info.executionTimeoutMs : undefined;
  const d = new Draft(emptyState(spec, started, expiresAtMs, inputs), inputs);
  for (const event of order.events) {
    d.adopt(event);
    replayEvent(d, eventCodec.decode(event.bytes), order.isBackground);
  }
  keepRequestIds(d, base);
  d.info.resetAtMs = inputs.nowMs;
  armRunTimeout(d);
  return d;
}

/** What the base run has asked for already is not done twice. */
function keepRequestIds(d: Draft, base: RunState): void {
  for (const child of [...d.children.values()]) {
    const { requestId } = base.children.get(child.initiatedEventId) ?? child;
    d.children.set(child.initiatedEventId, { ...child, requestId });
  }
  for (const request of [...d.externals.values()]) {
    const { requestId } = base.externals.get(request.initiatedEventId) ?? request;
    d.externals.set(request.initiatedEventId, { ...request, requestId });
  }
}

/** The task at the reset point fails, so that a worker gets it again. */
function failResetTask(d: Draft, baseRunId: string, order: ResetOrder): void {
  const task = d.info.workflowTask;
  if (task.kind !== 'scheduled' && task.kind !== 'started') {
    throw invalid(
      `Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: ${order.events.length + 1}`,
    );
  }
  const startedEventId =
    task.kind === 'started'
      ? task.startedEventId
      : d.append('workflowTaskStarted', {
          scheduledEventId: int64(task.scheduledEventId),
          identity: HISTORY_SERVICE,
          requestId: 'emptyUuid',
          historySizeBytes: int64(d.info.historySizeBytes),
        });
  d.append('workflowTaskFailed', {
    scheduledEventId: int64(task.scheduledEventId),
    startedEventId: int64(startedEventId),
    cause: enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
    failure: resetFailure(order.reason),
    identity: HISTORY_SERVICE,
    baseRunId,
    newRunId: order.runId,
  });
  d.info.workflowTask = { kind: 'none' };
}

function resetFailure(message: string): Failure {
  return { message, resetWorkflowFailureInfo: {} };
}

/** Activities that wait are offered; one whose end was still to be written fails. */
function takeUpActivities(d: Draft, reason: string): void {
  for (const activity of [...d.activities.values()]) {
    if (activity.phase.kind === 'started') {
      d.append('activityTaskFailed', {
        failure: resetFailure(reason),
        scheduledEventId: int64(activity.scheduledEventId),
        startedEventId: int64(d.info.nextEventId - 1),
        identity: activity.lastIdentity,
        retryState: enums.RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE,
      });
      remove(d, activity);
      continue;
    }
    put(d, { ...activity, scheduledAtMs: d.nowMs, attemptScheduledAtMs: d.nowMs });
    if (activity.scheduleToCloseMs > 0)
      d.arm(
        due(activity, 'scheduleToClose'),
        d.nowMs + activity.scheduleToCloseMs,
        timing(activity),
      );
    offer(d, activity);
  }
}

const REAPPLIED: ReadonlySet<number> = new Set([
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
  EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED,
  EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED,
  EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED,
  EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED,
  EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED,
  EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT,
  EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED,
]);

function reapply(d: Draft, stored: StoredEvent, what: Reapply): void {
  if (!REAPPLIED.has(stored.type)) return;
  const event = eventCodec.decode(stored.bytes);
  const signal = event.workflowExecutionSignaledEventAttributes;
  const options = event.workflowExecutionOptionsUpdatedEventAttributes;
  const request =
    event.workflowExecutionUpdateAdmittedEventAttributes?.request ??
    event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  if (signal) {
    if (!what.signals) return;
    d.info.signalCount += 1;
    d.append('workflowExecutionSignaled', signal, { links: event.links });
  } else if (request) {
    if (what.updates) reapplyUpdate(d, request);
  } else if (options) {
    if (options.versioningOverride || options.unsetVersioningOverride)
      recordOverride(d, normalOverride(options.versioningOverride));
    else attach(d, { requestId: options.attachedRequestId ?? '', links: event.links ?? [] });
  } else reapplyChild(d, event);
}

/** What became of a child that the new run waits for, too. */
function reapplyChild(d: Draft, event: HistoryEvent): void {
  const started = event.childWorkflowExecutionStartedEventAttributes;
  const end = childEnd(event);
  const initiatedEventId = toNumber((started ?? end)?.initiatedEventId);
  const child = d.children.get(initiatedEventId);
  if (!child) return;
  if (started) {
    if (child.runId) return;
    const startedEventId = d.append('childWorkflowExecutionStarted', started);
    const runId = started.workflowExecution?.runId ?? '';
    d.children.set(initiatedEventId, { ...child, runId, startedEventId });
    return;
  }
  if (end && 'startedEventId' in end) end.startedEventId = int64(child.startedEventId);
  d.repeat(event);
  d.children.delete(initiatedEventId);
}
