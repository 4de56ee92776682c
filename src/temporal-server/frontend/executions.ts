/** Clients and executions: start, signal, signal-with-start, cancel, terminate, query. */
import type { Engine } from '../engine/engine.js';
import { isFailing, type PendingQuery, type QueryAnswer, resultOf } from '../engine/queries.js';
import type { Run } from '../engine/run.js';
import { type Started, type StartOrder, startExecution } from '../engine/starts.js';
import {
  failedPrecondition,
  invalid,
  namespaceDeprecated,
  notFound,
  ServiceError,
  StatusCode,
} from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import { cronProblem, firstCronDelayMs } from '../history/cron.js';
import { attributesSizeProblem, MAX_BLOB_BYTES, mapSizeOf } from '../history/limits.js';
import { checkOverride, normalOverride } from '../history/options.js';
import { retryPolicyProblem } from '../history/retry.js';
import { requestCancelRun, signalRun, terminate } from '../history/signals.js';
import { completeTimeouts, type StartSpec } from '../history/start.js';
import { isOpen } from '../history/state.js';
import { withTypes } from '../namespaces.js';
import { codec, durationMs, EventType, enums, int64, Status, type temporal } from '../proto.js';
import { checkCallbacks, checkLinks } from './links.js';
import { withField, workflowTaskResponse } from './poll-response.js';
import { checkBlob, checkIdLength, executionIds, queueName } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
export type StartRequest = Request<'StartWorkflowExecutionRequest'>;
type SignalWithStartRequest = Request<'SignalWithStartWorkflowExecutionRequest'>;

const { WorkflowIdConflictPolicy: Conflict, WorkflowIdReusePolicy: Reuse } = enums;

export function executionMethods(engine: Engine): { [method: string]: Method } {
  return {
    StartWorkflowExecution: (request: StartRequest) => start(engine, request),
    SignalWithStartWorkflowExecution: (request: SignalWithStartRequest) =>
      signalWithStart(engine, request),
    SignalWorkflowExecution: (request: Request<'SignalWorkflowExecutionRequest'>) =>
      signal(engine, request),
    RequestCancelWorkflowExecution: (request: Request<'RequestCancelWorkflowExecutionRequest'>) =>
      requestCancel(engine, request),
    TerminateWorkflowExecution: (request: Request<'TerminateWorkflowExecutionRequest'>) =>
      terminateExecution(engine, request),
    QueryWorkflow: (request: Request<'QueryWorkflowRequest'>, call: Call) =>
      query(engine, request, call),
  };
}

export function checkStart(engine: Engine, request: StartRequest | SignalWithStartRequest): void {
  engine.namespaces.get(request.namespace);
  if (!request.workflowId) throw invalid('WorkflowId is not set on request.');
  checkIdLength(request.workflowId, 'WorkflowId');
  if (!request.workflowType?.name) throw invalid('WorkflowType is not set on request.');
  checkIdLength(request.workflowType.name, 'WorkflowType');
  queueName(request.taskQueue);
  checkIdLength(request.requestId, 'RequestId');
  checkTimeouts(request);
  const problem = retryPolicyProblem(request.retryPolicy) ?? cronProblem(request.cronSchedule);
  if (problem) throw invalid(problem);
  if (request.cronSchedule && request.workflowStartDelay)
    throw invalid('CronSchedule and WorkflowStartDelay may not be used together.');
  if (durationMs(request.workflowStartDelay) < 0)
    throw invalid(
      'An invalid WorkflowStartDelaySeconds is set on request. cause: negative duration',
    );
  const fields = request.searchAttributes?.indexedFields ?? {};
  const attributes =
    engine.namespaces.searchAttributesProblem(request.namespace, fields) ??
    attributesSizeProblem(fields);
  if (attributes) throw invalid(attributes);
  checkOverride(request.versioningOverride);
  checkBlob(request.input);
  if (mapSizeOf(request.memo?.fields) > MAX_BLOB_BYTES) throw invalid('Memo size exceeds limit.');
  if ('onConflictOptions' in request) checkAttachments(request);
  checkLinks(request.links);
}

function checkAttachments({ onConflictOptions, completionCallbacks }: StartRequest): void {
  if (onConflictOptions?.attachCompletionCallbacks && !onConflictOptions.attachRequestId)
    throw invalid('attaching request ID is required for attaching completion callbacks');
  checkCallbacks(completionCallbacks);
}

function checkTimeouts(request: StartRequest | SignalWithStartRequest): void {
  for (const [name, value] of [
    ['WorkflowExecutionTimeout', request.workflowExecutionTimeout],
    ['WorkflowRunTimeout', request.workflowRunTimeout],
    ['WorkflowTaskTimeout', request.workflowTaskTimeout],
  ] as const) {
    if (durationMs(value) < 0)
      throw invalid(`An invalid ${name}Seconds is set on request. cause: negative duration`);
  }
}

function specOf(engine: Engine, request: StartRequest | SignalWithStartRequest): StartSpec {
  const { namespace, workflowId } = request;
  const known = engine.namespaces.get(namespace);
  return {
    key: { namespace, workflowId, runId: engine.newId() },
    namespaceId: known.id,
    workflowType: request.workflowType?.name ?? '',
    taskQueue: request.taskQueue?.name ?? '',
    input: request.input ?? undefined,
    header: request.header ?? undefined,
    memo: request.memo?.fields ?? {},
    searchAttributes: withTypes(known, request.searchAttributes?.indexedFields ?? {}),
    ...completeTimeouts(request),
    retryPolicy: request.retryPolicy ?? undefined,
    cronSchedule: request.cronSchedule,
    attempt: 1,
    identity: request.identity,
    requestId: request.requestId || engine.newId(),
    backoffMs: request.cronSchedule
      ? firstCronDelayMs(request.cronSchedule, engine.clock.now())
      : durationMs(request.workflowStartDelay),
    userMetadata: request.userMetadata ?? undefined,
    links: request.links,
    priority: request.priority ?? undefined,
    versioningOverride: normalOverride(request.versioningOverride),
  };
}

/** Of a start, but for one that comes with an update and that of a child: as with Temporal. */
export function checkState(engine: Engine, name: string): void {
  if (engine.namespaces.get(name).isDeprecated) throw namespaceDeprecated(name);
}

async function start(engine: Engine, request: StartRequest): Promise<object> {
  checkState(engine, request.namespace);
  checkStart(engine, request);
  const order = startOrder(engine, request);
  // A task that is kept back is nobody's yet.
  const isEager = request.requestEagerExecution && order.spec.backoffMs === 0;
  const started = await startExecution(engine, { ...order, spec: { ...order.spec, isEager } });
  const answer = startResponse(started);
  if (!isEager || !isFirstTaskOut(started)) return answer;
  const { run } = started;
  const task = workflowTaskResponse(engine, { run, transient: [], messages: [], sticky: false });
  return withField(startedCodec.encode(answer).finish(), EAGER_TASK_FIELD, task);
}

/** Whether the client may have the first task: of a start that it repeats, until that has had an answer. */
function isFirstTaskOut({ run, isNew }: Started): boolean {
  const task = run.info.workflowTask;
  return (
    isNew &&
    run.info.started.eagerExecutionAccepted === true &&
    task.kind === 'started' &&
    task.attempt === 1 &&
    run.info.lastCompletedStartedId === 0
  );
}

const EAGER_TASK_FIELD = 2;

const startedCodec = codec<temporal.api.workflowservice.v1.IStartWorkflowExecutionResponse>(
  'temporal.api.workflowservice.v1.StartWorkflowExecutionResponse',
);

/** What a start request that was checked asks for. */
export function startOrder(engine: Engine, request: StartRequest): StartOrder {
  if (
    request.workflowIdReusePolicy === Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING &&
    request.workflowIdConflictPolicy !== Conflict.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED
  ) {
    throw invalid(
      'Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a WorkflowIDConflictPolicy',
    );
  }
  if (
    request.workflowIdReusePolicy === Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE &&
    request.workflowIdConflictPolicy === Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
  ) {
    throw invalid(
      'Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING',
    );
  }
  const spec = specOf(engine, request);
  const options = request.onConflictOptions;
  return {
    spec,
    reusePolicy: request.workflowIdReusePolicy,
    conflictPolicy: request.workflowIdConflictPolicy,
    attachment: options
      ? {
          requestId: options.attachRequestId ? spec.requestId : '',
          links: options.attachLinks ? request.links : [],
        }
      : undefined,
  };
}

export function startResponse(started: Started): object {
  const { namespace, workflowId, runId } = started.run.key;
  return {
    runId,
    started: started.isNew,
    status: started.run.info.status,
    link: {
      workflowEvent: {
        namespace,
        workflowId,
        runId,
        eventRef: {
          eventId: int64(1),
          eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        },
      },
    },
  };
}

async function signalWithStart(engine: Engine, request: SignalWithStartRequest): Promise<object> {
  checkState(engine, request.namespace);
  checkStart(engine, request);
  if (!request.signalName) throw invalid('SignalName is not set on request.');
  checkIdLength(request.signalName, 'SignalName');
  checkBlob(request.signalInput);
  if (request.workflowIdConflictPolicy === Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL) {
    throw invalid(
      'Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.',
    );
  }
  const started = await startExecution(engine, {
    spec: specOf(engine, request),
    reusePolicy: request.workflowIdReusePolicy,
    conflictPolicy: request.workflowIdConflictPolicy,
    signal: {
      name: request.signalName,
      input: request.signalInput ?? undefined,
      header: request.header ?? undefined,
      identity: request.identity,
      requestId: request.requestId,
      links: request.links,
    },
  });
  return { runId: started.run.key.runId, started: started.isNew };
}

async function signal(
  engine: Engine,
  request: Request<'SignalWorkflowExecutionRequest'>,
): Promise<object> {
  engine.namespaces.get(request.namespace);
  const { workflowId, runId } = executionIds(request.workflowExecution);
  if (!request.signalName) throw invalid('SignalName is not set on request.');
  checkIdLength(request.signalName, 'SignalName');
  checkIdLength(request.requestId, 'RequestId');
  checkBlob(request.input);
  checkLinks(request.links);
  const run = engine.find(request.namespace, workflowId, runId);
  await engine.update(run, (d) =>
    signalRun(d, {
      name: request.signalName,
      input: request.input ?? undefined,
      header: request.header ?? undefined,
      identity: request.identity,
      requestId: request.requestId,
      links: request.links,
    }),
  );
  return {};
}

/** The run that a request names; where it names the first of a chain, the run must belong to it. */
function runOfChain(
  engine: Engine,
  request: {
    readonly namespace: string;
    readonly workflowExecution?: temporal.api.common.v1.IWorkflowExecution | null;
    readonly firstExecutionRunId: string;
  },
): Run {
  engine.namespaces.get(request.namespace);
  const { workflowId, runId } = executionIds(request.workflowExecution);
  const run = engine.find(request.namespace, workflowId, runId);
  if (request.firstExecutionRunId && run.info.firstRunId !== request.firstExecutionRunId)
    throw notFound('workflow execution not found');
  return run;
}

async function requestCancel(
  engine: Engine,
  request: Request<'RequestCancelWorkflowExecutionRequest'>,
): Promise<object> {
  engine.namespaces.get(request.namespace);
  const { workflowId, runId } = executionIds(request.workflowExecution);
  checkLinks(request.links);
  // As with Temporal, a request that comes too late is taken, and changes nothing.
  if (!isOpen(engine.find(request.namespace, workflowId, runId).info)) return {};
  const run = runOfChain(engine, request);
  const { requestId, reason, identity, links } = request;
  await engine.update(run, (d) => requestCancelRun(d, { requestId, reason, identity, links }));
  return {};
}

async function terminateExecution(
  engine: Engine,
  request: Request<'TerminateWorkflowExecutionRequest'>,
): Promise<object> {
  checkLinks(request.links);
  const run = runOfChain(engine, request);
  const { identity, links } = request;
  const reason = request.reason || 'terminated by user via frontend';
  const details = request.details ?? undefined;
  await engine.update(run, (d) =>
    terminate(d, { reason, details, identity: identity || 'frontend-service', links }),
  );
  return {};
}

/** How long a query waits for its answer when its client does not say. */
const QUERY_LIMIT_MS = 60_000;
/** A queue that nobody has polled for so long has no worker. */
const NO_POLLER_MS = 5 * 60_000;

async function query(
  engine: Engine,
  request: Request<'QueryWorkflowRequest'>,
  call: Call,
): Promise<object> {
  engine.namespaces.get(request.namespace);
  const { workflowId, runId } = executionIds(request.execution);
  if (!request.query) throw invalid('WorkflowQuery is not set on request.');
  if (!request.query.queryType) throw invalid('QueryType is not set on request.');
  checkBlob(request.query.queryArgs);
  const run = engine.find(request.namespace, workflowId, runId);
  if (isRejected(run, request.queryRejectCondition))
    return { queryRejected: { status: run.info.status } };
  if (isFailing(run)) return { queryResult: resultOf({ kind: 'notReady' }) };
  const limitMs = Math.min(QUERY_LIMIT_MS, call.deadlineMs - performance.now());
  const answer = await call.park<QueryAnswer>(limitMs, (deliver) =>
    ask(engine, run, request.query ?? {}, deliver),
  );
  if (!answer) {
    throw new ServiceError(
      StatusCode.DEADLINE_EXCEEDED,
      'query timed out before a worker could process it',
    );
  }
  return { queryResult: resultOf(answer) };
}

function isRejected(run: Run, condition: number): boolean {
  const { QueryRejectCondition: Condition } = enums;
  if (condition === Condition.QUERY_REJECT_CONDITION_NOT_OPEN) return !isOpen(run.info);
  if (condition !== Condition.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY) return false;
  return !isOpen(run.info) && run.info.status !== Status.WORKFLOW_EXECUTION_STATUS_COMPLETED;
}

function ask(
  engine: Engine,
  run: Run,
  query: temporal.api.query.v1.IWorkflowQuery,
  answer: (answer: QueryAnswer) => void,
): () => void {
  const pending: PendingQuery = { id: engine.newId(), query, state: 'waiting', route: 0, answer };
  const alone = !isOpen(run.info) || run.info.workflowTask.kind === 'none';
  if (alone) checkPoller(engine, run);
  run.queries.set(pending.id, pending);
  if (alone) engine.queries.send(run, pending);
  return () => engine.queries.forget(run, pending);
}

function checkPoller(engine: Engine, run: Run): void {
  const name = {
    namespace: run.key.namespace,
    kind: 'workflow',
    name: run.info.taskQueue,
  } as const;
  if (!engine.matching.isAlive(name, NO_POLLER_MS))
    throw failedPrecondition('no poller seen for task queue recently, worker may be down');
}
