/** Batch operations: start, describe, list, stop. */
import type { Batch, Batches } from '../batches/batches.js';
import type { BatchTarget } from '../batches/record.js';
import type { Engine } from '../engine/engine.js';
import { invalid } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import { isTooLong } from '../history/ids.js';
import { enums, int64, type temporal, timestamp } from '../proto.js';
import { encodeToken, placeToken } from '../tokens.js';
import { compile } from '../visibility/filter.js';
import { parseQuery } from '../visibility/query.js';
import { type Operation, operationOf } from './batch-operations.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type StartRequest = Request<'StartBatchOperationRequest'>;

const { BatchOperationState: State } = enums;
const MAX_EXECUTIONS = 1000;
const MAX_PAGE = 1000;

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
    StopBatchOperation: async (request: Request<'StopBatchOperationRequest'>) => {
      engine.namespaces.get(request.namespace);
      checkJobId(request.jobId);
      if (!request.reason) throw invalid('Reason is not set on request.');
      await batches.stop(request.namespace, request.jobId);
      return {};
    },
  };
}

function checkJobId(jobId: string): void {
  if (!jobId) throw invalid('JobId is not set on request.');
}

async function start(engine: Engine, batches: Batches, request: StartRequest): Promise<object> {
  const { namespace, jobId, reason, visibilityQuery: query, executions } = request;
  engine.namespaces.get(namespace);
  const operation = operationOf(engine, request);
  if (!operation || !reason || (!query && executions.length === 0))
    throw invalid('must provide required parameters: BatchType/Reason/Namespace/Query/Executions');
  checkJobId(jobId);
  if (isTooLong(jobId)) throw invalid('WorkflowId exceeds length limit.');
  if (query && executions.length > 0)
    throw invalid('batch query and executions are mutually exclusive');
  if (executions.length > MAX_EXECUTIONS) throw invalid('Workflow executions count exceeded.');
  const targets = query
    ? await matching(engine, namespace, query, operation)
    : executions.map(({ workflowId, runId }) => ({
        workflowId: workflowId ?? '',
        runId: runId ?? '',
      }));
  const { type, identity } = operation;
  const total = targets.length;
  const startedAtMs = engine.clock.now();
  request.executions = [];
  await batches.start({ namespace, jobId, request, type, identity, startedAtMs, total }, targets);
  return {};
}

/** The runs that a query is true of now. */
async function matching(
  engine: Engine,
  namespace: string,
  query: string,
  { openOnly }: Operation,
): Promise<BatchTarget[]> {
  const { where, groupBy, orderBy } = parseQuery(query);
  if (groupBy || orderBy.length > 0)
    throw invalid("invalid query: operation is not supported: 'group by' and 'order by' clauses");
  const matches = compile(where, engine.namespaces.get(namespace).searchAttributes);
  const found: BatchTarget[] = [];
  for (const listed of (await engine.store.searchable(namespace)).from()) {
    if (openOnly && listed.fields.closedAtMs !== undefined) continue;
    const { workflowId, runId } = listed.fields.key;
    if (matches(listed)) found.push({ workflowId, runId });
  }
  return found;
}

const STATES = {
  running: State.BATCH_OPERATION_STATE_RUNNING,
  completed: State.BATCH_OPERATION_STATE_COMPLETED,
  failed: State.BATCH_OPERATION_STATE_FAILED,
} as const;

function describe({
  job,
  progress,
}: Batch): temporal.api.workflowservice.v1.IDescribeBatchOperationResponse {
  const { closedAtMs } = progress;
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
    reason: job.request.reason,
    query: job.request.visibilityQuery,
  };
}

function list(
  engine: Engine,
  batches: Batches,
  request: Request<'ListBatchOperationsRequest'>,
): temporal.api.workflowservice.v1.IListBatchOperationsResponse {
  engine.namespaces.get(request.namespace);
  const all = batches.of(request.namespace);
  const from = placeToken(request.nextPageToken);
  const to = from + Math.min(request.pageSize > 0 ? request.pageSize : MAX_PAGE, MAX_PAGE);
  return {
    operationInfo: all.slice(from, to).map(({ job, progress }) => ({
      jobId: job.jobId,
      state: STATES[progress.state],
      startTime: timestamp(job.startedAtMs),
      closeTime: progress.closedAtMs === undefined ? null : timestamp(progress.closedAtMs),
      operationType: job.type,
    })),
    ...(to < all.length && { nextPageToken: encodeToken({ next: to }) }),
  };
}
