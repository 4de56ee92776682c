/** List, scan and count. */
import type { Engine } from '../engine/engine.js';
import { type MaybePromise, then } from '../engine/maybe-promise.js';
import { invalid } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import type { Namespace } from '../namespaces.js';
import { int64, type Status, type temporal, timestampMs } from '../proto.js';
import { encodeToken, isTimeMs, pageToken, type Unchecked } from '../tokens.js';
import { compile, sortKeys, statusName } from '../visibility/filter.js';
import { type ListPage, type ListToken, listPage } from '../visibility/list.js';
import type { Listed, ListedFields } from '../visibility/listed.js';
import { parseQuery } from '../visibility/query.js';
import { type SortedPage, type SortToken, sortedPage } from '../visibility/sort.js';
import { executionInfo } from './describe.js';
import { attributeTypes } from './operator.js';
import { isRunId } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type Matches = (listed: Listed) => boolean;

const MAX_PAGE = 1000;

export function listMethods(engine: Engine): { [method: string]: Method } {
  const byQuery = (request: Request<'ListWorkflowExecutionsRequest'>) => list(engine, request);
  return {
    ListWorkflowExecutions: byQuery,
    ScanWorkflowExecutions: byQuery,
    ListOpenWorkflowExecutions: (request: Request<'ListOpenWorkflowExecutionsRequest'>) =>
      page(
        engine,
        request,
        request.maximumPageSize,
        ({ fields }) =>
          fields.closedAtMs === undefined && filtered(fields, request, fields.startedAtMs),
      ),
    ListClosedWorkflowExecutions: (request: Request<'ListClosedWorkflowExecutionsRequest'>) =>
      page(
        engine,
        request,
        request.maximumPageSize,
        ({ fields }) =>
          fields.closedAtMs !== undefined &&
          (!request.statusFilter || fields.status === request.statusFilter.status) &&
          filtered(fields, request, fields.closedAtMs),
      ),
    ListArchivedWorkflowExecutions: (request: Request<'ListArchivedWorkflowExecutionsRequest'>) => {
      engine.namespaces.get(request.namespace);
      throw invalid('Namespace is not configured for visibility archival.');
    },
    CountWorkflowExecutions: (request: Request<'CountWorkflowExecutionsRequest'>) =>
      count(engine, request),
    GetSearchAttributes: () => {
      const { customAttributes, systemAttributes } = attributeTypes(engine, 'default');
      return { keys: { ...systemAttributes, ...customAttributes } };
    },
  };
}

function list(
  engine: Engine,
  request: Request<'ListWorkflowExecutionsRequest'>,
): MaybePromise<object> {
  const namespace = engine.namespaces.get(request.namespace);
  const { where, groupBy, orderBy } = parseQuery(request.query);
  if (groupBy) throw invalid("invalid query: operation is not supported: 'group by' clause");
  const matches = compile(where, namespace.searchAttributes);
  if (orderBy.length === 0)
    return page(engine, request, request.pageSize, where ? matches : undefined);
  const keys = sortKeys(orderBy, namespace.searchAttributes);
  const token = pageToken<SortToken>(
    request.nextPageToken,
    ({ sortedBy, runId }) =>
      Array.isArray(sortedBy) &&
      sortedBy.length === keys.length &&
      sortedBy.every(isCell) &&
      typeof runId === 'string',
  );
  return then(engine.store.searchable(namespace.name), (runs) =>
    answer(namespace, sortedPage(runs, matches, keys, sizeOf(request.pageSize), token)),
  );
}

/** Whether it is a value of an attribute, or null for none. */
function isCell(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((word) => typeof word === 'string');
  return value === null || typeof value !== 'object';
}

function isListToken({ closedAtMs, startedAtMs, runId }: Unchecked<ListToken>): boolean {
  return (
    (closedAtMs === null || isTimeMs(closedAtMs)) &&
    isTimeMs(startedAtMs) &&
    typeof runId === 'string' &&
    isRunId(runId)
  );
}

function sizeOf(pageSize: number): number {
  return Math.min(pageSize > 0 ? pageSize : MAX_PAGE, MAX_PAGE);
}

/** @param matches - undefined for all: they need no search, and are read as they come */
function page(
  engine: Engine,
  request: { readonly namespace: string; readonly nextPageToken: Uint8Array },
  pageSize: number,
  matches: Matches | undefined,
): MaybePromise<object> {
  const namespace = engine.namespaces.get(request.namespace);
  const token = pageToken(request.nextPageToken, isListToken);
  const { store } = engine;
  const runs = matches ? store.searchable(namespace.name) : store.visible(namespace.name);
  return then(runs, (found) =>
    answer(namespace, listPage(found, matches ?? (() => true), sizeOf(pageSize), token)),
  );
}

function answer(
  namespace: Namespace,
  { records, next }: ListPage | SortedPage,
): temporal.api.workflowservice.v1.IListWorkflowExecutionsResponse {
  return {
    executions: records.map((record) => executionInfo(record, namespace)),
    ...(next && { nextPageToken: encodeToken(next) }),
  };
}

function filtered(
  fields: ListedFields,
  request: Pick<
    Request<'ListOpenWorkflowExecutionsRequest'>,
    'startTimeFilter' | 'executionFilter' | 'typeFilter'
  >,
  atMs: number,
): boolean {
  const { startTimeFilter, executionFilter, typeFilter } = request;
  const earliest = timestampMs(startTimeFilter?.earliestTime) ?? Number.NEGATIVE_INFINITY;
  const latest = timestampMs(startTimeFilter?.latestTime) ?? Number.POSITIVE_INFINITY;
  if (atMs < earliest || atMs > latest) return false;
  if (executionFilter?.workflowId && executionFilter.workflowId !== fields.key.workflowId)
    return false;
  return !typeFilter?.name || typeFilter.name === fields.workflowType;
}

function count(
  engine: Engine,
  request: Request<'CountWorkflowExecutionsRequest'>,
): MaybePromise<object> {
  const { searchAttributes } = engine.namespaces.get(request.namespace);
  const { where, groupBy } = parseQuery(request.query);
  if (groupBy && groupBy !== 'ExecutionStatus')
    throw invalid(
      `invalid query: operation is not supported: 'group by' clause is only supported for ExecutionStatus search attribute`,
    );
  const matches = compile(where, searchAttributes);
  return then(engine.store.searchable(request.namespace), (runs) => {
    const byStatus = new Map<Status, number>();
    for (const listed of runs.from()) {
      if (!matches(listed)) continue;
      const { status } = listed.fields;
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    }
    const total = [...byStatus.values()].reduce((sum, number) => sum + number, 0);
    return { count: int64(total), ...(groupBy && { groups: groups(byStatus) }) };
  });
}

function groups(byStatus: ReadonlyMap<Status, number>): object[] {
  return [...byStatus].map(([status, number]) => ({
    groupValues: [
      {
        metadata: { encoding: Buffer.from('json/plain'), type: Buffer.from('Keyword') },
        data: Buffer.from(JSON.stringify(statusName(status))),
      },
    ],
    count: int64(number),
  }));
}
