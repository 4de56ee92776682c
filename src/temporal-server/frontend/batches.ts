/** Batch operations: start, describe, list, stop. */
import type { Batches, BatchProgress } from '../batches/batches.js';
import { type Engine, isNotFound } from '../engine/engine.js';
import { resetExecution } from '../engine/resets.js';
import type { Run } from '../engine/run.js';
import { invalid, ServiceError, StatusCode } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import { requestCancelRun, signalRun, terminate } from '../history/signals.js';
import type { RunKey } from '../history/state.js';
import {
  EventType,
  enumName,
  enums,
  int64,
  pascalCase,
  type temporal,
  timestamp,
  toNumber,
} from '../proto.js';
import { encodeToken, pageToken } from '../tokens.js';
import { compile } from '../visibility/filter.js';
import { parseQuery } from '../visibility/query.js';
import { checkBlob, checkIdLength } from './requests.js';
import { deleteRun, reapplied } from './resets.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type StartRequest = Request<'StartBatchOperationRequest'>;

const { BatchOperationState: State, BatchOperationType: Type, ResetType } = enums;
const MAX_EXECUTIONS = 1000;
const MAX_PAGE = 1000;

/** What is done to each run, and whether only to those that are open. */
interface Operation {
  readonly type: number;
  readonly identity: string;
  readonly openOnly: boolean;
  readonly apply: (run: Run) => Promise<unknown>;
}

export function batchMethods(engine: Engine, batches: Batches): { [method: string]: Method } {
  return {
    StartBatchOperation: (request: StartRequest) => start(engine, batches, request),
    DescribeBatchOperation: (request: Request<'DescribeBatchOperationRequest'>) => {
      engine.namespaces.get(request.namespace);
      checkJobId(request.jobId);
      return describe(batches.find(request.namespace, request.jobId));
    },
    ListBatchOperations: (request: Request<'ListBatchOperationsRequest'>) =>
      list(engine, batches, request),
    StopBatchOperation: (request: Request<'StopBatchOperationRequest'>) => {
      engine.namespaces.get(request.namespace);
      checkJobId(request.jobId);
      if (!request.reason) throw invalid('Reason is not set on request.');
      batches.stop(request.namespace, request.jobId);
      return {};
    },
  };
}

function checkJobId(jobId: string): void {
  if (!jobId) throw invalid('JobId is not set on request.');
  checkIdLength(jobId, 'JobId');
}

function start(engine: Engine, batches: Batches, request: StartRequest): object {
  const { namespace, jobId, reason, visibilityQuery: query, executions } = request;
  engine.namespaces.get(namespace);
  const operation = operationOf(engine, request);
  if (!operation || !reason || (!query && executions.length === 0))
    throw invalid('must provide required parameters: BatchType/Reason/Namespace/Query/Executions');
  checkJobId(jobId);
  if (query && executions.length > 0)
    throw invalid('batch query and executions are mutually exclusive');
  if (executions.length > MAX_EXECUTIONS) throw invalid('Workflow executions count exceeded.');
  const keys = query
    ? matching(engine, namespace, query, operation)
    : executions.map(({ workflowId, runId }) => ({
        namespace,
        workflowId: workflowId ?? '',
        runId: runId ?? '',
      }));
  const startedAtMs = engine.clock.now();
  const { type, identity } = operation;
  batches.start(
    { namespace, jobId, reason, identity, query, type, startedAtMs, total: keys.length },
    {
      keys,
      perSecond: request.maxOperationsPerSecond,
      apply: (key) => apply(engine, operation, key),
    },
  );
  return {};
}

/** The runs that a query is true of now. */
function matching(
  engine: Engine,
  namespace: string,
  query: string,
  { openOnly }: Operation,
): RunKey[] {
  const { where, groupBy, orderBy } = parseQuery(query);
  if (groupBy || orderBy.length > 0)
    throw invalid("invalid query: operation is not supported: 'group by' and 'order by' clauses");
  const matches = compile(where, engine.namespaces.get(namespace).searchAttributes);
  const found: RunKey[] = [];
  for (const listed of engine.store.visible(namespace).from()) {
    if (openOnly && listed.record.closedAtMs !== undefined) continue;
    if (matches(listed)) found.push(listed.record.key);
  }
  return found;
}

/** A run that is gone or has closed by now needs nothing done to it. */
async function apply(engine: Engine, operation: Operation, key: RunKey): Promise<void> {
  try {
    await operation.apply(engine.find(key.namespace, key.workflowId, key.runId));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function operationOf(engine: Engine, request: StartRequest): Operation | undefined {
  const { reason, jobId } = request;
  const known = (
    type: number,
    identity: string | null | undefined,
    doIt: Operation['apply'],
    openOnly = true,
  ): Operation => ({ type, identity: identity ?? '', openOnly, apply: doIt });
  if (request.terminationOperation) {
    const { identity, details } = request.terminationOperation;
    const how = { reason, identity: identity ?? '', details: details ?? undefined };
    return known(Type.BATCH_OPERATION_TYPE_TERMINATE, identity, async (run) =>
      engine.update(run, (d) => terminate(d, how)),
    );
  }
  if (request.cancellationOperation) {
    const { identity } = request.cancellationOperation;
    const how = { reason, identity: identity ?? '', requestId: `${jobId}-cancel` };
    return known(Type.BATCH_OPERATION_TYPE_CANCEL, identity, async (run) =>
      engine.update(run, (d) => requestCancelRun(d, how)),
    );
  }
  if (request.signalOperation) {
    const { signal, input, header, identity } = request.signalOperation;
    if (!signal) throw invalid('must provide signal name');
    checkIdLength(signal, 'SignalName');
    checkBlob(input);
    return known(Type.BATCH_OPERATION_TYPE_SIGNAL, identity, async (run) =>
      engine.update(run, (d) =>
        signalRun(d, {
          name: signal,
          input: input ?? undefined,
          header: header ?? undefined,
          identity: identity ?? '',
          requestId: `${jobId}-signal`,
        }),
      ),
    );
  }
  if (request.deletionOperation)
    return known(
      Type.BATCH_OPERATION_TYPE_DELETE,
      request.deletionOperation.identity,
      (run) => deleteRun(engine, run),
      false,
    );
  if (request.resetOperation) return resetOperation(engine, request, request.resetOperation);
  const other = OTHERS.find((name) => request[name]);
  if (!other) return undefined;
  throw new ServiceError(
    StatusCode.UNIMPLEMENTED,
    `${other} of StartBatchOperation is not implemented by this embedded server`,
  );
}

const OTHERS = [
  'updateWorkflowOptionsOperation',
  'unpauseActivitiesOperation',
  'resetActivitiesOperation',
  'updateActivityOptionsOperation',
] as const;

function resetOperation(
  engine: Engine,
  { reason, jobId }: StartRequest,
  reset: temporal.api.batch.v1.IBatchOperationReset,
): Operation {
  const { options } = reset;
  const target = targetOf(reset);
  const reapply = options
    ? reapplied(options.resetReapplyType ?? 0, options.resetReapplyExcludeTypes ?? [])
    : reapplied(reset.resetReapplyType ?? 0, []);
  return {
    type: Type.BATCH_OPERATION_TYPE_RESET,
    identity: reset.identity ?? '',
    openOnly: false,
    apply: async (run) => {
      const finishEventId = target(engine, run);
      if (finishEventId === undefined) throw invalid('no workflow task found to reset to');
      const requestId = `${jobId}-${run.key.runId}`;
      await resetExecution(engine, run, { finishEventId, requestId, reason, reapply });
    },
  };
}

type Target = (engine: Engine, run: Run) => number | undefined;

function targetOf({ options, resetType }: temporal.api.batch.v1.IBatchOperationReset): Target {
  if (!options) {
    if (resetType === ResetType.RESET_TYPE_FIRST_WORKFLOW_TASK) return firstTask;
    if (resetType === ResetType.RESET_TYPE_LAST_WORKFLOW_TASK) return lastTask;
    throw invalid(
      `unknown batch reset type ${pascalCase(enumName(ResetType, resetType ?? 0, 'RESET_TYPE_'))}`,
    );
  }
  const id = toNumber(options.workflowTaskId);
  if (options.firstWorkflowTask) return firstTask;
  if (options.lastWorkflowTask) return lastTask;
  if (id > 0) return () => id;
  if (options.buildId)
    throw new ServiceError(
      StatusCode.UNIMPLEMENTED,
      'reset by build id is not implemented by this embedded server',
    );
  throw invalid('batch reset missing target');
}

const {
  EVENT_TYPE_WORKFLOW_TASK_COMPLETED: COMPLETED,
  EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: SCHEDULED,
} = EventType;

/** The first task that was completed, else the first that was scheduled. */
function firstTask(engine: Engine, run: Run): number | undefined {
  let scheduled: number | undefined;
  for (const event of engine.store.events(run.key, 1, run.info.nextEventId - 1)) {
    if (event.type === COMPLETED) return event.id;
    if (event.type === SCHEDULED) scheduled ??= event.id + 1;
  }
  return scheduled;
}

function lastTask(engine: Engine, run: Run): number | undefined {
  let scheduled: number | undefined;
  for (const event of [...engine.store.events(run.key, 1, run.info.nextEventId - 1)].reverse()) {
    if (event.type === COMPLETED) return event.id;
    if (event.type === SCHEDULED) scheduled = event.id + 1;
  }
  return scheduled;
}

const STATES = {
  running: State.BATCH_OPERATION_STATE_RUNNING,
  completed: State.BATCH_OPERATION_STATE_COMPLETED,
  failed: State.BATCH_OPERATION_STATE_FAILED,
} as const;

function describe(
  progress: BatchProgress,
): temporal.api.workflowservice.v1.IDescribeBatchOperationResponse {
  const { job, closedAtMs } = progress;
  return {
    operationType: job.type,
    jobId: job.jobId,
    state: STATES[progress.state],
    startTime: timestamp(job.startedAtMs),
    closeTime: closedAtMs === undefined ? null : timestamp(closedAtMs),
    totalOperationCount: int64(job.total),
    completeOperationCount: int64(progress.completed),
    failureOperationCount: int64(progress.failed),
    identity: job.identity,
    reason: job.reason,
    query: job.query,
  };
}

function list(
  engine: Engine,
  batches: Batches,
  request: Request<'ListBatchOperationsRequest'>,
): temporal.api.workflowservice.v1.IListBatchOperationsResponse {
  engine.namespaces.get(request.namespace);
  const all = batches.of(request.namespace);
  const from = pageToken<{ next: number }>(request.nextPageToken)?.next ?? 0;
  const to = from + Math.min(request.pageSize > 0 ? request.pageSize : MAX_PAGE, MAX_PAGE);
  return {
    operationInfo: all.slice(from, to).map(({ job, state, closedAtMs }) => ({
      jobId: job.jobId,
      state: STATES[state],
      startTime: timestamp(job.startedAtMs),
      closeTime: closedAtMs === undefined ? null : timestamp(closedAtMs),
      operationType: job.type,
    })),
    ...(to < all.length && { nextPageToken: encodeToken({ next: to }) }),
  };
}
