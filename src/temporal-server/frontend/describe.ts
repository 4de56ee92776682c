/** DescribeWorkflowExecution, and how a run looks in lists. */

import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import type { Method } from '../grpc/edge.js';
import type { AttachedRequest } from '../history/attached.js';
import { resetPointInfo } from '../history/reset-points.js';
import { backoffMs } from '../history/retry.js';
import { type ActivityInfo, isOpen } from '../history/state.js';
import type { Namespace } from '../namespaces.js';
import { duration, EventType, enums, int64, type temporal, timestamp } from '../proto.js';
import { type VisibilityRecord, visibilityRecord } from '../visibility/record.js';
import { shownOptions } from './activity-operations.js';
import { executionIds } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type ExecutionInfo = temporal.api.workflow.v1.IWorkflowExecutionInfo;

export function describeMethods(engine: Engine): { [method: string]: Method } {
  return {
    DescribeWorkflowExecution: (request: Request<'DescribeWorkflowExecutionRequest'>) => {
      const namespace = engine.namespaces.get(request.namespace);
      const { workflowId, runId } = executionIds(request.execution);
      return describe(engine.find(request.namespace, workflowId, runId), namespace);
    },
  };
}

/** A run as list and describe show it. */
export function executionInfo(record: VisibilityRecord, namespace: Namespace): ExecutionInfo {
  const { key, closedAtMs } = record;
  return {
    execution: { workflowId: key.workflowId, runId: key.runId },
    type: { name: record.workflowType },
    startTime: timestamp(record.startedAtMs),
    executionTime: timestamp(record.executionAtMs),
    status: record.status,
    ...(record.parent && { parentExecution: record.parent, parentNamespaceId: namespace.id }),
    rootExecution: record.root,
    memo: { fields: record.memo },
    searchAttributes: { indexedFields: record.searchAttributes },
    taskQueue: record.taskQueue,
    ...(closedAtMs !== undefined && {
      stateTransitionCount: int64(record.stateTransitions),
      closeTime: timestamp(closedAtMs),
      historyLength: int64(record.historyLength),
      historySizeBytes: int64(record.historySizeBytes),
      executionDuration: duration(closedAtMs - record.executionAtMs),
    }),
  };
}

function describe(run: Run, namespace: Namespace): object {
  const { info } = run;
  return {
    executionConfig: {
      taskQueue: { name: info.taskQueue, kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
      workflowExecutionTimeout: info.started.workflowExecutionTimeout ?? null,
      workflowRunTimeout: info.started.workflowRunTimeout ?? null,
      defaultWorkflowTaskTimeout: duration(info.taskTimeoutMs),
      userMetadata: info.userMetadata ?? null,
    },
    workflowExecutionInfo: {
      ...executionInfo(visibilityRecord(run.state), namespace),
      historyLength: int64(info.nextEventId - 1),
      stateTransitionCount: int64(info.stateTransitions),
      historySizeBytes: int64(info.historySizeBytes),
      firstRunId: info.firstRunId,
      autoResetPoints: { points: info.resetPoints.map(resetPointInfo) },
      ...(info.versioningOverride && {
        versioningInfo: { versioningOverride: info.versioningOverride },
      }),
    },
    pendingActivities: isOpen(info) ? [...run.state.activities.values()].map(pendingActivity) : [],
    pendingChildren: isOpen(info) ? pendingChildren(run) : [],
    pendingWorkflowTask: pendingWorkflowTask(run),
    workflowExtendedInfo: extendedInfo(run),
  };
}

/** Go's zero time, which Temporal has for none. */
const NEVER = timestamp(Date.parse('0001-01-01T00:00:00Z'));

function extendedInfo(run: Run): temporal.api.workflow.v1.IWorkflowExecutionExtendedInfo {
  const { info } = run;
  return {
    ...(info.expiresAtMs !== undefined && { executionExpirationTime: timestamp(info.expiresAtMs) }),
    runExpirationTime:
      info.runTimeoutMs > 0 ? timestamp(info.executionAtMs + info.runTimeoutMs) : NEVER,
    cancelRequested: info.cancelRequested !== undefined,
    resetRunId: info.resetRunId ?? '',
    ...(info.resetAtMs !== undefined && { lastResetTime: timestamp(info.resetAtMs) }),
    originalStartTime: timestamp(info.startedAtMs),
    requestIdInfos: {
      [info.createRequestId]: {
        eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        eventId: int64(1),
      },
      ...Object.fromEntries((info.attachedRequests ?? []).map(requestInfo)),
    },
  };
}

function requestInfo({
  requestId,
  eventId,
}: AttachedRequest): [string, temporal.api.workflow.v1.IRequestIdInfo] {
  const eventType = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED;
  const place = eventId === undefined ? { buffered: true } : { eventId: int64(eventId) };
  return [requestId, { eventType, ...place }];
}

function pendingActivity(activity: ActivityInfo): temporal.api.workflow.v1.IPendingActivityInfo {
  const { phase } = activity;
  return {
    activityId: activity.activityId,
    activityType: { name: activity.activityType },
    state: activityState(activity),
    attempt: activity.attempt,
    maximumAttempts: activity.retryPolicy.maximumAttempts ?? 0,
    ...(activity.heartbeat && {
      heartbeatDetails: activity.heartbeat.details ?? null,
      lastHeartbeatTime: timestamp(activity.heartbeat.atMs),
    }),
    ...(phase.kind === 'started' && { lastStartedTime: timestamp(phase.startedAtMs) }),
    ...(activity.lastEndedAtMs !== undefined && {
      lastAttemptCompleteTime: timestamp(activity.lastEndedAtMs),
    }),
    scheduledTime: timestamp(
      phase.kind === 'backoff' ? phase.untilMs : activity.attemptScheduledAtMs,
    ),
    ...(activity.scheduleToCloseMs > 0 && {
      expirationTime: timestamp(activity.scheduledAtMs + activity.scheduleToCloseMs),
    }),
    lastFailure: activity.lastFailure ?? null,
    lastWorkerIdentity: activity.lastIdentity,
    ...retryTimes(activity),
    priority: activity.priority ?? null,
    paused: activity.paused !== undefined,
    ...(activity.paused && {
      pauseInfo: {
        pauseTime: timestamp(activity.paused.atMs),
        manual: { identity: activity.paused.identity, reason: activity.paused.reason },
      },
    }),
    activityOptions: {
      ...shownOptions(activity),
      taskQueue: { name: activity.taskQueue, normalName: activity.taskQueue },
    },
  };
}

/** When the next attempt begins; for one that is held back, how long it would wait if it failed. */
function retryTimes({ phase, attempt, paused, retryPolicy }: ActivityInfo) {
  if (phase.kind === 'started') return {};
  if (phase.kind !== 'backoff' || paused)
    return { currentRetryInterval: duration(backoffMs(retryPolicy, attempt)) };
  return {
    nextAttemptScheduleTime: timestamp(phase.untilMs),
    currentRetryInterval: duration(backoffMs(retryPolicy, attempt - 1)),
  };
}

function activityState({ phase, cancelRequestedEventId, paused }: ActivityInfo): number {
  const { PendingActivityState: State } = enums;
  if (cancelRequestedEventId > 0) return State.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED;
  if (paused)
    return phase.kind === 'started'
      ? State.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED
      : State.PENDING_ACTIVITY_STATE_PAUSED;
  return phase.kind === 'started'
    ? State.PENDING_ACTIVITY_STATE_STARTED
    : State.PENDING_ACTIVITY_STATE_SCHEDULED;
}

function pendingChildren(run: Run): temporal.api.workflow.v1.IPendingChildExecutionInfo[] {
  return [...run.state.children.values()].map((child) => ({
    workflowId: child.workflowId,
    runId: child.runId ?? '',
    workflowTypeName: child.workflowType,
    initiatedId: int64(child.initiatedEventId),
    parentClosePolicy: child.parentClosePolicy,
  }));
}

function pendingWorkflowTask(run: Run): temporal.api.workflow.v1.IPendingWorkflowTaskInfo | null {
  const task = run.info.workflowTask;
  if (task.kind !== 'scheduled' && task.kind !== 'started') return null;
  const { PendingWorkflowTaskState: State } = enums;
  return {
    state:
      task.kind === 'started'
        ? State.PENDING_WORKFLOW_TASK_STATE_STARTED
        : State.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
    scheduledTime: timestamp(task.scheduledAtMs),
    originalScheduledTime: timestamp(task.scheduledAtMs),
    ...(task.kind === 'started' && { startedTime: timestamp(task.startedAtMs) }),
    attempt: task.attempt,
  };
}
