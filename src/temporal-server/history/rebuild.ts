/**
 * A run's state made again from its history: what a reset starts with. Only what history tells is
 * known, so attempts, heartbeats and updates that were not accepted begin anew.
 */

import {
  durationMs,
  EventType,
  enumName,
  type HistoryEvent,
  type PayloadMap,
  type temporal,
  timestampMs,
  toNumber,
} from '../proto.js';
import { put, remove } from './activity-record.js';
import { type IsBackground, recordActivity } from './activity-schedule.js';
import { noteAttached } from './attached.js';
import { childRecord } from './children.js';
import type { Draft } from './draft.js';
import { cancelRequest, signalRequest } from './externals.js';
import { normalOverride } from './options.js';
import { mergedFields } from './properties.js';
import { noteBuild } from './reset-points.js';
import { type ActivityInfo, isOpen } from './state.js';
import { recordUpdate } from './updates.js';

type Id = Parameters<typeof toNumber>[0];

/** Brings the draft to where it is after `event`, which is in its history already. */
export function replayEvent(d: Draft, event: HistoryEvent, isBackground: IsBackground): void {
  if (!isOpen(d.info)) return;
  const name = enumName(EventType, event.eventType ?? 0, 'EVENT_TYPE_');
  if (name.startsWith('WORKFLOW_TASK_')) replayWorkflowTask(d, event);
  else if (name.startsWith('ACTIVITY_TASK_')) replayActivity(d, event, isBackground);
  else if (name.startsWith('TIMER_')) replayTimer(d, event);
  else if (name.includes('CHILD_WORKFLOW_EXECUTION')) replayChild(d, event);
  else if (name.includes('EXTERNAL_WORKFLOW_EXECUTION')) replayExternal(d, event);
  else if (name.startsWith('WORKFLOW_EXECUTION_UPDATE_')) replayUpdate(d, event);
  else replayRun(d, event);
}

function replayRun(d: Draft, event: HistoryEvent): void {
  if (event.workflowExecutionSignaledEventAttributes) d.info.signalCount += 1;
  const cancel = event.workflowExecutionCancelRequestedEventAttributes;
  if (cancel) d.info.cancelRequested = { requestId: '', reason: cancel.cause ?? '' };
  const upsert = event.upsertWorkflowSearchAttributesEventAttributes;
  if (upsert)
    d.info.searchAttributes = merged(
      d.info.searchAttributes,
      upsert.searchAttributes?.indexedFields,
    );
  const options = event.workflowExecutionOptionsUpdatedEventAttributes;
  if (options) replayOptions(d, options, toNumber(event.eventId));
  const modified = event.workflowPropertiesModifiedEventAttributes;
  if (modified) d.info.memo = merged(d.info.memo, modified.upsertedMemo?.fields);
}

function replayOptions(
  d: Draft,
  options: temporal.api.history.v1.IWorkflowExecutionOptionsUpdatedEventAttributes,
  eventId: number,
): void {
  if (options.versioningOverride || options.unsetVersioningOverride)
    d.info.versioningOverride = normalOverride(options.versioningOverride);
  noteAttached(d, options.attachedRequestId ?? '', eventId);
}

function merged(base: PayloadMap, upserted: PayloadMap | null | undefined): PayloadMap {
  return mergedFields(base, upserted ?? {});
}

function replayWorkflowTask(d: Draft, event: HistoryEvent): void {
  const atMs = timestampMs(event.eventTime) ?? d.nowMs;
  const scheduled = event.workflowTaskScheduledEventAttributes;
  if (scheduled) {
    d.info.workflowTask = {
      kind: 'scheduled',
      stamp: d.nextStamp(),
      scheduledEventId: toNumber(event.eventId),
      attempt: scheduled.attempt ?? 1,
      scheduledAtMs: atMs,
      sticky: false,
      speculative: false,
    };
    return;
  }
  const started = event.workflowTaskStartedEventAttributes;
  const task = d.info.workflowTask;
  if (started && task.kind === 'scheduled') {
    d.info.workflowTask = {
      ...task,
      kind: 'started',
      startedEventId: toNumber(event.eventId),
      startedAtMs: atMs,
      identity: started.identity ?? '',
      buildId: started.workerVersion?.buildId ?? '',
      requestId: started.requestId ?? '',
      suggestContinueAsNew: started.suggestContinueAsNew ?? false,
      historySizeBytes: toNumber(started.historySizeBytes),
      updateCount: 0,
    };
    return;
  }
  d.info.workflowTask = { kind: 'none' };
  const completed = event.workflowTaskCompletedEventAttributes;
  if (!completed) return;
  noteBuild(d, completed.workerVersion?.buildId ?? '', toNumber(event.eventId), atMs);
  d.info.lastCompletedStartedId = toNumber(completed.startedEventId);
}

function replayActivity(d: Draft, event: HistoryEvent, isBackground: IsBackground): void {
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled) {
    recordActivity(d, scheduled, toNumber(event.eventId), isBackground);
    return;
  }
  const started = event.activityTaskStartedEventAttributes;
  const asked = event.activityTaskCancelRequestedEventAttributes;
  const activity = activityOf(d, (started ?? asked)?.scheduledEventId);
  if (started && activity) {
    const { attempt, identity, requestId } = started;
    const phase = { kind: 'started', startedAtMs: d.nowMs, requestId: requestId ?? '' } as const;
    put(d, { ...activity, phase, attempt: attempt ?? 1, lastIdentity: identity ?? '' });
  } else if (asked && activity) {
    put(d, { ...activity, cancelRequestedEventId: toNumber(event.eventId) });
  } else {
    const ended = activityOf(
      d,
      (
        event.activityTaskCompletedEventAttributes ??
        event.activityTaskFailedEventAttributes ??
        event.activityTaskTimedOutEventAttributes ??
        event.activityTaskCanceledEventAttributes
      )?.scheduledEventId,
    );
    if (ended) remove(d, ended);
  }
}

function activityOf(d: Draft, scheduledEventId: Id): ActivityInfo | undefined {
  return d.activities.get(toNumber(scheduledEventId));
}

function replayTimer(d: Draft, event: HistoryEvent): void {
  const started = event.timerStartedEventAttributes;
  if (started) {
    const timerId = started.timerId ?? '';
    const fromMs = timestampMs(event.eventTime) ?? d.nowMs;
    const atMs = fromMs + durationMs(started.startToFireTimeout);
    d.timers.set(timerId, { timerId, startedEventId: toNumber(event.eventId), atMs });
    return;
  }
  const over = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes;
  if (over) d.timers.delete(over.timerId ?? '');
}

/** The end of a child, with the event that asked for it. */
export function childEnd(event: HistoryEvent) {
  return (
    event.startChildWorkflowExecutionFailedEventAttributes ??
    event.childWorkflowExecutionCompletedEventAttributes ??
    event.childWorkflowExecutionFailedEventAttributes ??
    event.childWorkflowExecutionCanceledEventAttributes ??
    event.childWorkflowExecutionTimedOutEventAttributes ??
    event.childWorkflowExecutionTerminatedEventAttributes ??
    undefined
  );
}

function replayChild(d: Draft, event: HistoryEvent): void {
  const initiated = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (initiated) {
    const id = toNumber(event.eventId);
    d.children.set(id, childRecord(initiated, id, d.newId()));
    return;
  }
  const started = event.childWorkflowExecutionStartedEventAttributes;
  const child = d.children.get(toNumber(started?.initiatedEventId));
  if (started && child) {
    d.children.set(child.initiatedEventId, {
      ...child,
      runId: started.workflowExecution?.runId ?? '',
      startedEventId: toNumber(event.eventId),
    });
  }
  const end = childEnd(event);
  if (end) d.children.delete(toNumber(end.initiatedEventId));
}

function replayExternal(d: Draft, event: HistoryEvent): void {
  const id = toNumber(event.eventId);
  const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
  if (signal) d.externals.set(id, signalRequest(signal, id, d.newId()));
  const cancel = event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes;
  if (cancel) d.externals.set(id, cancelRequest(cancel, id, d.newId()));
  const answered =
    event.externalWorkflowExecutionSignaledEventAttributes ??
    event.externalWorkflowExecutionCancelRequestedEventAttributes ??
    event.signalExternalWorkflowExecutionFailedEventAttributes ??
    event.requestCancelExternalWorkflowExecutionFailedEventAttributes;
  if (answered) d.externals.delete(toNumber(answered.initiatedEventId));
}

function replayUpdate(d: Draft, event: HistoryEvent): void {
  const admitted = event.workflowExecutionUpdateAdmittedEventAttributes?.request;
  if (admitted) recordUpdate(d, admitted, { kind: 'admitted', request: admitted, inHistory: true });
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes;
  if (accepted) {
    const updateId = accepted.protocolInstanceId ?? '';
    d.updates.delete(updateId);
    recordUpdate(
      d,
      { meta: { updateId } },
      { kind: 'accepted', acceptedEventId: toNumber(event.eventId) },
    );
  }
  const completed = event.workflowExecutionUpdateCompletedEventAttributes;
  if (completed) {
    const updateId = completed.meta?.updateId ?? '';
    d.updates.delete(updateId);
    d.completedUpdates.set(updateId, toNumber(event.eventId));
  }
}
