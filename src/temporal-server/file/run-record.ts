/**
 * A run's info as two records: its head, which hardly ever changes once it has started, and its progress, which
 * is written with every change and is small for that.
 */
import type { RunInfo } from '../history/state.js';

const HEAD = [
  'namespaceId',
  'workflowType',
  'taskQueue',
  'startedAtMs',
  'executionAtMs',
  'taskTimeoutMs',
  'runTimeoutMs',
  'executionTimeoutMs',
  'expiresAtMs',
  'firstRunId',
  'parent',
  'root',
  'createRequestId',
  'attachedRequests',
  'userMetadata',
  'memo',
  'searchAttributes',
  'cancelRequested',
  'newRunId',
  'resetRunId',
  'resetAtMs',
  'versioningOverride',
  'resetPoints',
] as const satisfies readonly (keyof RunInfo)[];

type HeadField = (typeof HEAD)[number];

/** With the names that are no part of the record's own key. */
export interface HeadRecord extends Pick<RunInfo, HeadField> {
  readonly namespace: string;
  readonly workflowId: string;
}

/** What is in neither is said by the run's first event; nothing else is left out, optional or not. */
export interface ProgressRecord extends Required<Omit<RunInfo, HeadField | 'started'>> {
  /** Set once the run is closed: its place in the index of expiry. */
  readonly keepUntilMs: number | undefined;
}

/** Whether a change of a run is one of its head too: what is the same object has not changed. */
export function changesHead(before: RunInfo, after: RunInfo): boolean {
  for (const field of HEAD) if (before[field] !== after[field]) return true;
  return false;
}

export function headOf(namespace: string, workflowId: string, info: RunInfo): HeadRecord {
  return { namespace, workflowId, ...headFields(info) };
}

/** The fields of a head, of whatever has them and more. */
export function headFields<T extends { readonly [field in HeadField]?: unknown }>(
  all: T,
): Pick<T, HeadField> {
  return Object.fromEntries(HEAD.map((field) => [field, all[field]])) as Pick<T, HeadField>;
}

/** Field by field: it is made with every change of every run. */
export function progressOf(info: RunInfo, keepUntilMs: number | undefined): ProgressRecord {
  return {
    status: info.status,
    closedAtMs: info.closedAtMs,
    keepUntilMs,
    nextEventId: info.nextEventId,
    historySizeBytes: info.historySizeBytes,
    lastCompletedStartedId: info.lastCompletedStartedId,
    workflowTask: info.workflowTask,
    workflowTaskAttempt: info.workflowTaskAttempt,
    sticky: info.sticky,
    stamp: info.stamp,
    signalCount: info.signalCount,
    updateCount: info.updateCount,
    runnableActivities: info.runnableActivities,
    buffered: info.buffered,
    stateTransitions: info.stateTransitions,
    aheadMs: info.aheadMs,
    transferCount: info.transferCount,
  };
}
