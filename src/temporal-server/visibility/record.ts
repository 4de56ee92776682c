/** A run as the list calls show it. */
import type { RunKey, RunState } from '../history/state.js';
import type { PayloadMap, Status } from '../proto.js';

export interface VisibilityRecord {
  readonly key: RunKey;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly status: Status;
  readonly startedAtMs: number;
  readonly executionAtMs: number;
  readonly closedAtMs: number | undefined;
  readonly historyLength: number;
  readonly historySizeBytes: number;
  readonly stateTransitions: number;
  readonly memo: PayloadMap;
  readonly searchAttributes: PayloadMap;
  readonly parent: { readonly workflowId: string; readonly runId: string } | undefined;
  readonly root: { readonly workflowId: string; readonly runId: string };
}

export function visibilityRecord({ key, info }: Pick<RunState, 'key' | 'info'>): VisibilityRecord {
  return {
    key,
    workflowType: info.workflowType,
    taskQueue: info.taskQueue,
    status: info.status,
    startedAtMs: info.startedAtMs,
    executionAtMs: info.executionAtMs,
    closedAtMs: info.closedAtMs,
    historyLength: info.nextEventId - 1,
    historySizeBytes: info.historySizeBytes,
    stateTransitions: info.stateTransitions,
    memo: info.memo,
    searchAttributes: info.searchAttributes,
    parent: info.parent && { workflowId: info.parent.workflowId, runId: info.parent.runId },
    root: info.root,
  };
}
