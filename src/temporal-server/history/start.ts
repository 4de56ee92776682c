/** The start of a run: by a client, as a child, or as the successor of a run that closed. */
import {
  duration,
  durationMs,
  enums,
  type Failure,
  type Header,
  int64,
  type PayloadMap,
  type Payloads,
  type RetryPolicy,
  Status,
  type temporal,
  timestamp,
} from '../proto.js';
import { Draft, type RuleInputs } from './draft.js';
import type { VersioningOverride } from './options.js';
import { type ResetPoint, resetPointInfo } from './reset-points.js';
import { withDefaults } from './retry.js';
import type { ParentLink, RunInfo, RunKey, RunState } from './state.js';
import { delayWorkflowTask, scheduleWorkflowTask, startWorkflowTask } from './workflow-task.js';

const DEFAULT_TASK_TIMEOUT_MS = 10_000;
const CRON = enums.ContinueAsNewInitiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE;

/** The run that this one takes over from. */
export interface Predecessor {
  readonly runId: string;
  readonly firstRunId: string;
  readonly initiator: number;
  readonly failure: Failure | undefined;
  readonly lastResult: Payloads | undefined;
}

/** What a run is started with; timeouts of 0 are none. */
export interface StartSpec {
  readonly key: RunKey;
  readonly namespaceId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input: Payloads | undefined;
  readonly header: Header | undefined;
  readonly memo: PayloadMap;
  readonly searchAttributes: PayloadMap;
  readonly executionTimeoutMs: number;
  readonly runTimeoutMs: number;
  /** A run timeout of 0 is written, too: of children and of runs that go on as new. */
  readonly writesNoRunTimeout?: boolean;
  readonly taskTimeoutMs: number;
  readonly retryPolicy: RetryPolicy | undefined;
  readonly cronSchedule: string;
  readonly attempt: number;
  readonly identity: string;
  readonly requestId: string;
  /** How long the first workflow task is kept back. */
  readonly backoffMs: number;
  /** The client is a worker too, and gets the first workflow task with the answer. */
  readonly isEager?: boolean;
  readonly parent?: ParentLink | undefined;
  readonly root?: { readonly workflowId: string; readonly runId: string } | undefined;
  readonly predecessor?: Predecessor | undefined;
  readonly expiresAtMs?: number | undefined;
  readonly userMetadata?: temporal.api.sdk.v1.IUserMetadata | undefined;
  readonly links?: temporal.api.common.v1.ILink[] | undefined;
  readonly priority?: temporal.api.common.v1.IPriority | undefined;
  /** In normal form. */
  readonly versioningOverride?: VersioningOverride | undefined;
  /** Of the runs before it. */
  readonly resetPoints?: readonly ResetPoint[];
  readonly completionCallbacks?: temporal.api.common.v1.ICallback[] | undefined;
}

/** Starts a run. Its first workflow task is scheduled, or kept back by `backoffMs`. */
export function startRun(spec: StartSpec, inputs: RuleInputs): Draft {
  const expiresAtMs =
    spec.expiresAtMs ??
    (spec.executionTimeoutMs > 0
      ? inputs.nowMs + spec.backoffMs + spec.executionTimeoutMs
      : undefined);
  const started = startedAttributes(spec, expiresAtMs);
  const d = new Draft(emptyState(spec, started, expiresAtMs, inputs), inputs);
  d.append('workflowExecutionStarted', started, {
    userMetadata: spec.userMetadata,
    links: spec.links,
  });
  armRunTimeout(d);
  if (spec.backoffMs > 0) delayWorkflowTask(d, d.nowMs + spec.backoffMs, { skippable: true });
  return d;
}

/** What follows the start, once signals that come with it are written. */
export function scheduleFirstTask(d: Draft): void {
  scheduleWorkflowTask(d);
}

/** The first workflow task is taken by whoever started the run, before anything of it is stored. */
export function takeFirstTask(d: Draft, { identity, requestId }: StartSpec): void {
  const task = d.info.workflowTask;
  if (task.kind === 'scheduled')
    startWorkflowTask(d, task.stamp, { requestId, identity, buildId: '' }, 0);
}

export function armRunTimeout(d: Draft): void {
  const atMs = runTimeoutAtMs(d.info);
  if (atMs !== undefined) d.arm({ kind: 'runTimeout' }, atMs);
}

/** When the run, or the whole execution, times out; undefined when it does not. */
export function runTimeoutAtMs(info: RunInfo): number | undefined {
  const { runTimeoutMs, expiresAtMs, executionAtMs } = info;
  const run = runTimeoutMs > 0 ? executionAtMs + runTimeoutMs : Number.POSITIVE_INFINITY;
  const atMs = Math.min(run, expiresAtMs ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(atMs) ? atMs : undefined;
}

type StartedAttributes = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

function startedAttributes(spec: StartSpec, expiresAtMs: number | undefined): StartedAttributes {
  const { key, parent, predecessor } = spec;
  return {
    workflowType: { name: spec.workflowType },
    ...(parent && {
      parentWorkflowNamespace: parent.namespace,
      parentWorkflowNamespaceId: spec.namespaceId,
      parentWorkflowExecution: { workflowId: parent.workflowId, runId: parent.runId },
      parentInitiatedEventId: int64(parent.initiatedEventId),
    }),
    rootWorkflowExecution: spec.root ?? null,
    taskQueue: { name: spec.taskQueue, kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
    input: spec.input ?? null,
    workflowExecutionTimeout: spanOrNull(spec.executionTimeoutMs),
    workflowRunTimeout: spec.writesNoRunTimeout
      ? duration(spec.runTimeoutMs)
      : spanOrNull(spec.runTimeoutMs),
    workflowTaskTimeout: duration(spec.taskTimeoutMs),
    continuedExecutionRunId: predecessor?.runId ?? '',
    initiator: predecessor?.initiator ?? (spec.cronSchedule ? CRON : 0),
    continuedFailure: predecessor?.failure ?? null,
    lastCompletionResult: predecessor?.lastResult ?? null,
    originalExecutionRunId: key.runId,
    identity: spec.identity,
    firstExecutionRunId: predecessor?.firstRunId ?? key.runId,
    retryPolicy: spec.retryPolicy ? withDefaults(spec.retryPolicy) : null,
    attempt: spec.attempt,
    workflowExecutionExpirationTime: expiresAtMs === undefined ? null : timestamp(expiresAtMs),
    cronSchedule: spec.cronSchedule,
    prevAutoResetPoints: predecessor?.runId
      ? { points: (spec.resetPoints ?? []).map(resetPointInfo) }
      : null,
    eagerExecutionAccepted: spec.isEager === true,
    firstWorkflowTaskBackoff: predecessor?.runId
      ? spanOrNull(spec.backoffMs)
      : duration(spec.backoffMs),
    memo: hasKeys(spec.memo) ? { fields: spec.memo } : null,
    searchAttributes: hasKeys(spec.searchAttributes)
      ? { indexedFields: spec.searchAttributes }
      : null,
    header: spec.header ?? null,
    workflowId: key.workflowId,
    completionCallbacks: spec.completionCallbacks ?? [],
    priority: spec.priority ?? null,
    versioningOverride: spec.versioningOverride ?? null,
  };
}

/** A timeout that is not set is not written. */
function spanOrNull(ms: number) {
  return ms > 0 ? duration(ms) : null;
}

function hasKeys(map: object): boolean {
  return Object.keys(map).length > 0;
}

/** The state of a run of which nothing but its first event is known. */
export function emptyState(
  spec: StartSpec,
  started: StartedAttributes,
  expiresAtMs: number | undefined,
  inputs: RuleInputs,
): RunState {
  const info: RunInfo = {
    namespaceId: spec.namespaceId,
    workflowType: spec.workflowType,
    taskQueue: spec.taskQueue,
    status: Status.WORKFLOW_EXECUTION_STATUS_RUNNING,
    startedAtMs: inputs.nowMs,
    executionAtMs: inputs.nowMs + spec.backoffMs,
    closedAtMs: undefined,
    taskTimeoutMs: spec.taskTimeoutMs,
    runTimeoutMs: spec.runTimeoutMs,
    executionTimeoutMs: spec.executionTimeoutMs,
    expiresAtMs,
    firstRunId: spec.predecessor?.firstRunId ?? spec.key.runId,
    parent: spec.parent,
    root: spec.root ?? { workflowId: spec.key.workflowId, runId: spec.key.runId },
    started,
    createRequestId: spec.requestId,
    userMetadata: spec.userMetadata,
    memo: spec.memo,
    searchAttributes: spec.searchAttributes,
    cancelRequested: undefined,
    nextEventId: 1,
    historySizeBytes: 0,
    lastCompletedStartedId: 0,
    workflowTask: { kind: 'none' },
    workflowTaskAttempt: 1,
    sticky: undefined,
    stamp: 0,
    signalCount: 0,
    updateCount: 0,
    runnableActivities: 0,
    buffered: [],
    newRunId: undefined,
    resetRunId: undefined,
    versioningOverride: spec.versioningOverride,
    resetPoints: spec.resetPoints ?? [],
    stateTransitions: 0,
    aheadMs: inputs.aheadMs ?? 0,
    transferCount: 0,
  };
  return {
    key: spec.key,
    info,
    activities: new Map(),
    activityIds: new Map(),
    timers: new Map(),
    children: new Map(),
    externals: new Map(),
    signalRequests: new Map(),
    updates: new Map(),
    completedUpdates: new Map(),
  };
}

/** What a successor of `d`'s run is started with, unless it is said otherwise. */
export function successorSpec(d: Draft, overrides: Partial<StartSpec>): StartSpec {
  const { info } = d;
  return {
    key: { ...d.key, runId: d.newId() },
    namespaceId: info.namespaceId,
    workflowType: info.workflowType,
    taskQueue: info.taskQueue,
    input: info.started.input ?? undefined,
    header: info.started.header ?? undefined,
    memo: info.memo,
    searchAttributes: info.searchAttributes,
    executionTimeoutMs: info.executionTimeoutMs,
    runTimeoutMs: info.runTimeoutMs,
    writesNoRunTimeout: Boolean(info.started.workflowRunTimeout),
    taskTimeoutMs: info.taskTimeoutMs,
    retryPolicy: info.started.retryPolicy ?? undefined,
    cronSchedule: info.started.cronSchedule ?? '',
    attempt: 1,
    identity: '',
    requestId: d.newId(),
    backoffMs: 0,
    parent: info.parent,
    root: info.started.rootWorkflowExecution ? info.root : undefined,
    expiresAtMs: info.expiresAtMs,
    userMetadata: info.userMetadata,
    priority: info.started.priority ?? undefined,
    resetPoints: info.resetPoints,
    ...overrides,
  };
}

/** The timeouts of a start request, completed and capped as Temporal does. */
export function completeTimeouts(request: {
  readonly workflowExecutionTimeout?: unknown;
  readonly workflowRunTimeout?: unknown;
  readonly workflowTaskTimeout?: unknown;
}): Pick<StartSpec, 'executionTimeoutMs' | 'runTimeoutMs' | 'taskTimeoutMs'> {
  const ms = (d: unknown) => durationMs(d as Parameters<typeof durationMs>[0]);
  const executionTimeoutMs = ms(request.workflowExecutionTimeout);
  const run = ms(request.workflowRunTimeout);
  const runTimeoutMs =
    executionTimeoutMs > 0 ? Math.min(run || executionTimeoutMs, executionTimeoutMs) : run;
  const task = ms(request.workflowTaskTimeout) || DEFAULT_TASK_TIMEOUT_MS;
  const taskTimeoutMs = runTimeoutMs > 0 ? Math.min(task, runTimeoutMs) : task;
  return { executionTimeoutMs, runTimeoutMs, taskTimeoutMs };
}
