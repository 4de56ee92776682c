/** What reaches a run from outside: signals, cancel requests, termination. */
import { alreadyCompleted, ServiceError, StatusCode } from '../errors.js';
import { type Header, int64, type Payloads, type temporal } from '../proto.js';
import { terminateRun } from './close.js';
import type { Draft } from './draft.js';
import { isOpen } from './state.js';
import { endWorkflowTaskDelay, scheduleWorkflowTask } from './workflow-task.js';

/** Temporal's limit of signals an execution. */
const SIGNAL_LIMIT = 10_000;

export interface Signal {
  readonly name: string;
  readonly input: Payloads | undefined;
  readonly header: Header | undefined;
  readonly identity: string;
  /** Two signals with one request id are one. Empty for none. */
  readonly requestId: string;
  readonly from?: { readonly workflowId: string; readonly runId: string } | undefined;
  readonly links?: temporal.api.common.v1.ILink[] | undefined;
}

/** Takes a signal. A workflow task follows unless the run's first one is still kept back. */
export function signalRun(d: Draft, signal: Signal): void {
  if (!isOpen(d.info)) throw alreadyCompleted();
  if (signal.requestId && d.signalRequests.has(signal.requestId)) return;
  if (d.info.signalCount >= SIGNAL_LIMIT) {
    throw new ServiceError(
      StatusCode.INVALID_ARGUMENT,
      'exceeded workflow execution limit for signal events',
    );
  }
  d.info.signalCount += 1;
  if (signal.requestId) d.signalRequests.set(signal.requestId, d.info.signalCount);
  d.appendOrBuffer(
    'workflowExecutionSignaled',
    {
      signalName: signal.name,
      input: signal.input ?? null,
      identity: signal.identity,
      header: signal.header ?? null,
      externalWorkflowExecution: signal.from ?? null,
    },
    { links: signal.links },
  );
  scheduleWorkflowTask(d);
}

export interface Cancel {
  readonly requestId: string;
  readonly reason: string;
  readonly identity: string;
  readonly links?: temporal.api.common.v1.ILink[] | undefined;
  readonly from?:
    | { readonly workflowId: string; readonly runId: string; readonly initiatedEventId: number }
    | undefined;
}

/** Takes a cancel request. Only the first of a run is written. */
export function requestCancelRun(d: Draft, cancel: Cancel): void {
  // As with Temporal, a request that comes too late is taken, and changes nothing.
  if (!isOpen(d.info) || d.info.cancelRequested) return;
  d.info.cancelRequested = { requestId: cancel.requestId, reason: cancel.reason };
  d.appendOrBuffer(
    'workflowExecutionCancelRequested',
    {
      cause: cancel.reason,
      identity: cancel.identity,
      ...(cancel.from && {
        externalInitiatedEventId: int64(cancel.from.initiatedEventId),
        externalWorkflowExecution: { workflowId: cancel.from.workflowId, runId: cancel.from.runId },
      }),
    },
    { links: cancel.links },
  );
  // A run that has not begun does so now, to end.
  if (d.info.lastCompletedStartedId === 0 && d.info.workflowTaskAttempt === 1)
    endWorkflowTaskDelay(d);
  scheduleWorkflowTask(d);
}

export interface Termination {
  readonly reason: string;
  readonly details?: Payloads | undefined;
  readonly identity: string;
  readonly links?: temporal.api.common.v1.ILink[] | undefined;
}

export function terminate(d: Draft, termination: Termination): void {
  if (!isOpen(d.info)) throw alreadyCompleted();
  terminateRun(d, termination);
}
