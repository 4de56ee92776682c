/**
 * The state of one run, as its history and the attempts that history does not show leave it.
 *
 * Only rules change it, and only through a {@link Draft} (draft.ts): the records in here are
 * replaced, never written to.
 */
import type {
  Failure,
  Header,
  HistoryEvent,
  PayloadMap,
  Payloads,
  RetryPolicy,
  Status,
  temporal,
} from '../proto.js';
import type { AttachedRequest } from './attached.js';
import type { ResetPoint } from './reset-points.js';

export interface RunKey {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** Where a child's parent is, and the event of the parent's that asked for it. */
export interface ParentLink {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly initiatedEventId: number;
}

export interface StickyQueue {
  readonly name: string;
  readonly scheduleToStartMs: number;
}

/** The life cycle of a run's workflow task. At most one is there at a time. */
export type WorkflowTask =
  | { readonly kind: 'none' }
  | {
      /** Due only at `untilMs`: a start delay, a cron wait or a pause after failed attempts. */
      readonly kind: 'delayed';
      readonly untilMs: number;
    }
  | {
      readonly kind: 'scheduled';
      readonly stamp: number;
      /** The id of its event; for a transient one, the id the event would have. */
      readonly scheduledEventId: number;
      readonly attempt: number;
      readonly scheduledAtMs: number;
      readonly sticky: boolean;
      /** It is there for updates alone and in no history, until an event makes it ordinary. */
      readonly speculative: boolean;
    }
  | {
      readonly kind: 'started';
      readonly stamp: number;
      readonly scheduledEventId: number;
      readonly startedEventId: number;
      readonly attempt: number;
      readonly scheduledAtMs: number;
      readonly startedAtMs: number;
      readonly identity: string;
      readonly buildId: string;
      readonly requestId: string;
      readonly suggestContinueAsNew: boolean;
      readonly historySizeBytes: number;
      /** Updates in flight and completed, when it started. */
      readonly updateCount: number;
      readonly sticky: boolean;
      readonly speculative: boolean;
    };

export interface CancelRequest {
  readonly requestId: string;
  readonly reason: string;
}

export interface RunInfo {
  readonly namespaceId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly status: Status;
  readonly startedAtMs: number;
  /** When its first workflow task is due: the start plus delay or cron wait. */
  readonly executionAtMs: number;
  /** Undefined while it is open. */
  readonly closedAtMs: number | undefined;
  readonly taskTimeoutMs: number;
  readonly runTimeoutMs: number;
  readonly executionTimeoutMs: number;
  /** When the whole chain of runs times out; undefined when it does not. */
  readonly expiresAtMs: number | undefined;
  readonly firstRunId: string;
  readonly parent: ParentLink | undefined;
  readonly root: { readonly workflowId: string; readonly runId: string };
  /** The started event's attributes: what a retry or the next cron run starts with. */
  readonly started: temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;
  readonly createRequestId: string;
  /** Of starts that have used the run. */
  readonly attachedRequests?: readonly AttachedRequest[];
  readonly userMetadata: temporal.api.sdk.v1.IUserMetadata | undefined;
  readonly memo: PayloadMap;
  readonly searchAttributes: PayloadMap;
  readonly cancelRequested: CancelRequest | undefined;
  readonly nextEventId: number;
  readonly historySizeBytes: number;
  /** The started event of the last completed workflow task; 0 before the first. */
  readonly lastCompletedStartedId: number;
  readonly workflowTask: WorkflowTask;
  /** The attempt that the next workflow task will be. */
  readonly workflowTaskAttempt: number;
  readonly sticky: StickyQueue | undefined;
  /** Counts tasks handed out, so that a stale one is known as such. */
  readonly stamp: number;
  readonly signalCount: number;
  /** Updates that were admitted: gives each its place in the order. */
  readonly updateCount: number;
  /** Activities that a worker could be running or picking up now, but for background ones. */
  readonly runnableActivities: number;
  /** Events that wait for the started workflow task to end; they have no ids yet. */
  readonly buffered: readonly HistoryEvent[];
  /** The run that took over: continue-as-new, retry or cron. */
  readonly newRunId: string | undefined;
  /** The run that it was reset to last. */
  readonly resetRunId: string | undefined;
  /** When it was made, where another run was reset to it. */
  readonly resetAtMs?: number;
  readonly stateTransitions: number;
  /** The override of its worker's version, in normal form. */
  readonly versioningOverride: temporal.api.workflow.v1.IVersioningOverride | undefined;
  /** Of the chain of runs, those of the longest ago first. */
  readonly resetPoints: readonly ResetPoint[];
  /** How far its clock is ahead of the server's; all its instants are by its own clock. */
  readonly aheadMs: number;
  /** Transfers to other executions so far: gives each its id. */
  readonly transferCount: number;
}

/** What a worker is doing with an activity. */
export type ActivityPhase =
  | { readonly kind: 'scheduled'; readonly stamp: number }
  | { readonly kind: 'backoff'; readonly untilMs: number }
  | { readonly kind: 'started'; readonly startedAtMs: number; readonly requestId: string };

export interface ActivityPause {
  readonly atMs: number;
  readonly identity: string;
  readonly reason: string;
}

export interface ActivityInfo {
  readonly scheduledEventId: number;
  readonly activityId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  readonly header: Header | undefined;
  readonly input: Payloads | undefined;
  readonly scheduleToStartMs: number;
  readonly scheduleToCloseMs: number;
  readonly startToCloseMs: number;
  readonly heartbeatMs: number;
  readonly retryPolicy: RetryPolicy;
  readonly priority: temporal.api.common.v1.IPriority | undefined;
  readonly scheduledAtMs: number;
  readonly attemptScheduledAtMs: number;
  readonly attempt: number;
  readonly phase: ActivityPhase;
  /** Who holds its next attempt back, and since when. */
  readonly paused: ActivityPause | undefined;
  /** Its attempts start anew with the next one: the worker that has it now is told. */
  readonly reset: { readonly heartbeat: boolean } | undefined;
  /** The event that asked to cancel it; 0 when none did. */
  readonly cancelRequestedEventId: number;
  readonly heartbeat: { readonly details: Payloads | undefined; readonly atMs: number } | undefined;
  readonly lastFailure: Failure | undefined;
  readonly lastIdentity: string;
  /** The build that the worker which answered last has named. */
  readonly lastBuildId: string;
  /** When its last attempt but for the current one ended. */
  readonly lastEndedAtMs?: number;
  /** Does not count as work when deciding whether time may be skipped. */
  readonly background: boolean;
}

export interface UserTimer {
  readonly timerId: string;
  readonly startedEventId: number;
  readonly atMs: number;
}

export interface ChildInfo {
  readonly initiatedEventId: number;
  readonly requestId: string;
  readonly workflowId: string;
  readonly workflowType: string;
  readonly parentClosePolicy: number;
  /** Known once it has started. */
  readonly runId: string | undefined;
  readonly startedEventId: number;
  readonly attributes: temporal.api.history.v1.IStartChildWorkflowExecutionInitiatedEventAttributes;
}

/** A signal or a cancel request to another execution that has not been answered yet. */
export interface ExternalRequest {
  readonly kind: 'signal' | 'cancel';
  readonly initiatedEventId: number;
  readonly requestId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly childWorkflowOnly: boolean;
  readonly control: string;
  readonly signalName: string;
  readonly input: Payloads | undefined;
  readonly header: Header | undefined;
  readonly reason: string;
}

/** How far an update that has not completed has come. */
export type UpdateStage =
  | {
      /** Waiting for a workflow task, or gone out with one. */
      readonly kind: 'admitted' | 'sent';
      readonly request: temporal.api.update.v1.IRequest;
      /** History has the request already: a reset has taken it over from another run. */
      readonly inHistory?: boolean;
    }
  | { readonly kind: 'accepted'; readonly acceptedEventId: number };

/** An update in flight. A rejected one is forgotten, a completed one is known by its event. */
export interface UpdateInfo {
  readonly updateId: string;
  /** Its place among the updates of the run: they go to the worker in this order. */
  readonly order: number;
  readonly sizeBytes: number;
  readonly stage: UpdateStage;
}

/** The collections of a run; each has its draft overlay. */
export interface RunState {
  readonly key: RunKey;
  info: RunInfo;
  readonly activities: Map<number, ActivityInfo>;
  readonly activityIds: Map<string, number>;
  readonly timers: Map<string, UserTimer>;
  readonly children: Map<number, ChildInfo>;
  readonly externals: Map<number, ExternalRequest>;
  /** Request ids of signals that were taken, and which of the run's signals each was, from 1. */
  readonly signalRequests: Map<string, number>;
  readonly updates: Map<string, UpdateInfo>;
  /** Updates that have completed, by the event that says how. */
  readonly completedUpdates: Map<string, number>;
}

/** Entries that were set, or removed where undefined. */
type Changes<K, V> = ReadonlyMap<K, V | undefined>;

/** What a change does to the collections of a run. What can be derived from them is left out. */
export interface CollectionChanges {
  readonly activities: Changes<number, ActivityInfo>;
  readonly timers: Changes<string, UserTimer>;
  readonly children: Changes<number, ChildInfo>;
  readonly externals: Changes<number, ExternalRequest>;
  readonly signalRequests: Changes<string, number>;
  readonly updates: Changes<string, UpdateInfo>;
  readonly completedUpdates: Changes<string, number>;
}

export function isOpen(info: RunInfo): boolean {
  return info.closedAtMs === undefined;
}

/** Whether a worker has, or could now get, something of this run to work on. */
export function isBusy(info: RunInfo): boolean {
  const task = info.workflowTask.kind;
  return (
    isOpen(info) && (task === 'scheduled' || task === 'started' || info.runnableActivities > 0)
  );
}
