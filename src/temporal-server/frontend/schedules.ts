/** Schedules: create, describe, update, patch, list, delete. */
import type { Engine } from '../engine/engine.js';
import {
  failedPrecondition,
  invalid,
  ServiceError,
  StatusCode,
  workflowNotFound,
} from '../errors.js';
import type { Method } from '../grpc/edge.js';
import { attributesSizeProblem, MAX_BLOB_BYTES, mapSizeOf } from '../history/limits.js';
import { withTypes } from '../namespaces.js';
import {
  durationMs,
  enums,
  int64,
  type PayloadMap,
  Status,
  type temporal,
  timestamp,
  timestampMs,
} from '../proto.js';
import { SpecError } from '../schedules/calendar-text.js';
import type { ActionResult, Schedule, ScheduleRecord } from '../schedules/record.js';
import { futureTimes, isPaused, withDefaults } from '../schedules/rules.js';
import { type Schedules, WORKFLOW_ID_PREFIX } from '../schedules/schedules.js';
import { type CompiledSpec, canonicalSpec, shownSpec } from '../schedules/spec.js';
import { encodeToken, isTimeMs, pageToken } from '../tokens.js';
import { compile } from '../visibility/filter.js';
import { type ListToken, listPage, VisibilityIndex } from '../visibility/list.js';
import { parseQuery } from '../visibility/query.js';
import type { VisibilityRecord } from '../visibility/record.js';
import { checkBlob, checkIdLength, queueName } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;

interface Known {
  readonly record: ScheduleRecord;
  readonly spec: CompiledSpec;
}

const MAX_NOTES_BYTES = 1000;
const MAX_MATCHING_TIMES = 1000;
const MAX_PAGE = 1000;
const FUTURE_TIMES = 10;
const LISTED_TIMES = 5;
const LISTED_SPECS = 10;
/** What is appended to a workflow id: its length counts. */
const APPENDED = '-2009-11-10T23:00:00Z';

export function scheduleMethods(
  engine: Engine,
  schedules: Schedules,
): { [method: string]: Method } {
  const room = { engine, schedules };
  return {
    CreateSchedule: (request: Request<'CreateScheduleRequest'>) => create(room, request),
    DescribeSchedule: (request: Request<'DescribeScheduleRequest'>) =>
      describe(find(room, request), engine),
    UpdateSchedule: (request: Request<'UpdateScheduleRequest'>) => update(room, request),
    PatchSchedule: (request: Request<'PatchScheduleRequest'>) => patch(room, request),
    DeleteSchedule: async (request: Request<'DeleteScheduleRequest'>) => {
      engine.namespaces.get(request.namespace);
      await schedules.delete(request.namespace, request.scheduleId);
      return {};
    },
    ListScheduleMatchingTimes: (request: Request<'ListScheduleMatchingTimesRequest'>) =>
      matchingTimes(find(room, request), request),
    ListSchedules: (request: Request<'ListSchedulesRequest'>) => list(room, request),
    CountSchedules: (request: Request<'CountSchedulesRequest'>) => ({
      count: int64(matching(room, request.namespace, request.query).size),
    }),
  };
}

interface Room {
  readonly engine: Engine;
  readonly schedules: Schedules;
}

function find(
  { engine, schedules }: Room,
  request: { readonly namespace: string; readonly scheduleId: string },
): Known {
  engine.namespaces.get(request.namespace);
  const known = schedules.find(request.namespace, request.scheduleId);
  if (!known) throw workflowNotFound(`${WORKFLOW_ID_PREFIX}${request.scheduleId}`);
  return known;
}

async function create(room: Room, request: Request<'CreateScheduleRequest'>): Promise<object> {
  const { engine, schedules } = room;
  const namespace = engine.namespaces.get(request.namespace);
  if (!request.scheduleId) throw invalid('ScheduleId is not set on request.');
  checkIdLength(`${WORKFLOW_ID_PREFIX}${request.scheduleId}`, 'WorkflowId');
  if (!request.requestId) throw invalid('RequestId is not set on request.');
  checkIdLength(request.requestId, 'RequestId');
  const schedule = checked(engine, request.namespace, request.schedule ?? {});
  checkAttributes(engine, request.namespace, request.searchAttributes?.indexedFields ?? {});
  if (mapSizeOf(request.memo?.fields) > MAX_BLOB_BYTES) throw invalid('Memo size exceeds limit.');
  const known = schedules.find(request.namespace, request.scheduleId);
  if (known?.record.requestId === request.requestId)
    return { conflictToken: conflictToken(known.record) };
  if (known) throw alreadyRegistered(request, known.record);
  const nowMs = engine.clock.now();
  const record: ScheduleRecord = {
    namespace: request.namespace,
    scheduleId: request.scheduleId,
    requestId: request.requestId,
    schedule,
    memo: request.memo?.fields ?? {},
    searchAttributes: withTypes(namespace, request.searchAttributes?.indexedFields ?? {}),
    createdAtMs: nowMs,
    updatedAtMs: undefined,
    conflictToken: 1,
    processedMs: nowMs,
    buffer: [],
    backfills: [],
    running: [],
    recent: [],
    actionCount: 0,
    missedCatchupWindow: 0,
    overlapSkipped: 0,
    bufferDropped: 0,
    lastResult: undefined,
    lastFailure: undefined,
  };
  await schedules.create(record, request.initialPatch ?? undefined);
  return { conflictToken: conflictToken(record) };
}

function alreadyRegistered(
  request: Request<'CreateScheduleRequest'>,
  known: ScheduleRecord,
): ServiceError {
  return new ServiceError(
    StatusCode.ALREADY_EXISTS,
    `Workflow execution is already running. WorkflowId: ${WORKFLOW_ID_PREFIX}${request.scheduleId}.`,
    {
      type: 'WorkflowExecutionAlreadyStartedFailure',
      value: { startRequestId: known.requestId, runId: '' },
    },
  );
}

/** The schedule of a request in the form that is kept; INVALID_ARGUMENT for what is wrong with it. */
function checked(engine: Engine, namespace: string, schedule: Schedule): Schedule {
  const action = schedule.action?.startWorkflow;
  if (Buffer.byteLength(schedule.state?.notes ?? '') > MAX_NOTES_BYTES)
    throw invalid('Schedule notes exceeds limit.');
  const spec = checkedSpec(schedule);
  if (action) {
    checkIdLength(`${action.workflowId ?? ''}${APPENDED}`, 'WorkflowId');
    if (!action.workflowType?.name) throw invalid('WorkflowType is not set on request.');
    checkIdLength(action.workflowType.name, 'WorkflowType');
    queueName(action.taskQueue);
    for (const [name, value] of [
      ['WorkflowExecutionTimeout', action.workflowExecutionTimeout],
      ['WorkflowRunTimeout', action.workflowRunTimeout],
      ['WorkflowTaskTimeout', action.workflowTaskTimeout],
    ] as const)
      if (durationMs(value) < 0)
        throw invalid(`An invalid ${name} is set on request: negative duration`);
    if (action.cronSchedule) throw invalid('Scheduled workflow must not contain CronSchedule');
    // Unspecified, or to allow duplicates, which is the default.
    if ((action.workflowIdReusePolicy ?? 0) > 1)
      throw invalid('Scheduled workflow must not contain WorkflowIDReusePolicy');
    checkAttributes(engine, namespace, action.searchAttributes?.indexedFields ?? {});
    checkBlob(action.input);
  }
  return withDefaults({ ...schedule, spec });
}

function checkedSpec(schedule: Schedule) {
  try {
    return canonicalSpec(schedule.spec ?? {});
  } catch (error) {
    if (error instanceof SpecError) throw invalid(`Invalid schedule spec: ${error.message}`);
    throw error;
  }
}

function checkAttributes(engine: Engine, namespace: string, fields: PayloadMap): void {
  const problem =
    engine.namespaces.searchAttributesProblem(namespace, fields) ?? attributesSizeProblem(fields);
  if (problem) throw invalid(problem);
}

function conflictToken(record: ScheduleRecord): Uint8Array {
  const token = Buffer.alloc(8);
  token.writeBigUInt64BE(BigInt(record.conflictToken));
  return token;
}

async function update(
  { engine, schedules }: Room,
  request: Request<'UpdateScheduleRequest'>,
): Promise<object> {
  const namespace = engine.namespaces.get(request.namespace);
  checkIdLength(request.requestId, 'RequestId');
  const schedule = checked(engine, request.namespace, request.schedule ?? {});
  const fields = request.searchAttributes?.indexedFields;
  if (fields) checkAttributes(engine, request.namespace, fields);
  const seen = Buffer.from(request.conflictToken);
  await schedules.update(request.namespace, request.scheduleId, (record) => {
    if (seen.length >= 8 && !seen.equals(conflictToken(record)))
      throw failedPrecondition('mismatched conflict token');
    return {
      ...record,
      schedule,
      ...(fields && { searchAttributes: withTypes(namespace, fields) }),
      ...(request.memo && { memo: request.memo.fields ?? {} }),
      updatedAtMs: engine.clock.now(),
      conflictToken: record.conflictToken + 1,
    };
  });
  return {};
}

async function patch(
  { engine, schedules }: Room,
  request: Request<'PatchScheduleRequest'>,
): Promise<object> {
  engine.namespaces.get(request.namespace);
  checkIdLength(request.requestId, 'RequestId');
  const change = request.patch;
  if (!change) throw invalid('Patch is not set on request.');
  for (const notes of [change.pause, change.unpause])
    if (Buffer.byteLength(notes ?? '') > MAX_NOTES_BYTES)
      throw invalid('Schedule notes exceeds limit.');
  await schedules.patch(request.namespace, request.scheduleId, change);
  return {};
}

function describe(
  { record, spec }: Known,
  engine: Engine,
): temporal.api.workflowservice.v1.IDescribeScheduleResponse {
  const { schedule } = record;
  const action = schedule.action?.startWorkflow;
  const fields = action?.searchAttributes?.indexedFields;
  const namespace = engine.namespaces.get(record.namespace);
  return {
    schedule: {
      ...schedule,
      spec: shownSpec(schedule.spec ?? {}),
      ...(action && {
        action: {
          startWorkflow: {
            ...action,
            taskQueue: {
              ...action.taskQueue,
              kind: enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL,
            },
            ...(fields && { searchAttributes: { indexedFields: withTypes(namespace, fields) } }),
          },
        },
      }),
    },
    info: {
      actionCount: int64(record.actionCount),
      missedCatchupWindow: int64(record.missedCatchupWindow),
      overlapSkipped: int64(record.overlapSkipped),
      bufferDropped: int64(record.bufferDropped),
      bufferSize: int64(record.buffer.length),
      runningWorkflows: record.running.map(({ workflowId, runId }) => ({ workflowId, runId })),
      recentActions: record.recent.map(shownAction),
      futureActionTimes: futureTimes(record, spec, FUTURE_TIMES).map(timestamp),
      createTime: timestamp(record.createdAtMs),
      updateTime: record.updatedAtMs === undefined ? null : timestamp(record.updatedAtMs),
    },
    ...shownFields(record),
    conflictToken: conflictToken(record),
  };
}

/** What is empty is not shown. */
function shownFields({ memo, searchAttributes }: ScheduleRecord) {
  return {
    ...(Object.keys(memo).length > 0 && { memo: { fields: memo } }),
    ...(Object.keys(searchAttributes).length > 0 && {
      searchAttributes: { indexedFields: searchAttributes },
    }),
  };
}

function shownAction(action: ActionResult): temporal.api.schedule.v1.IScheduleActionResult {
  return {
    scheduleTime: timestamp(action.scheduledMs),
    actualTime: timestamp(action.actualMs),
    startWorkflowResult: { workflowId: action.workflowId, runId: action.runId },
    startWorkflowStatus: action.status,
  };
}

function matchingTimes(
  { spec }: Known,
  request: Request<'ListScheduleMatchingTimesRequest'>,
): object {
  const endMs = timestampMs(request.endTime);
  let atMs = timestampMs(request.startTime);
  if (atMs === undefined || endMs === undefined) throw invalid('missing or invalid query');
  const startTime: temporal.api.workflowservice.v1.IListScheduleMatchingTimesResponse['startTime'] =
    [];
  while (startTime.length < MAX_MATCHING_TIMES) {
    atMs = spec.next(atMs)?.dueMs;
    if (atMs === undefined || atMs > endMs) break;
    startTime.push(timestamp(atMs));
  }
  return { startTime };
}

function list(room: Room, request: Request<'ListSchedulesRequest'>): object {
  const found = matching(room, request.namespace, request.query);
  const token = pageToken<ListToken>(
    request.nextPageToken,
    ({ closedAtMs, startedAtMs, runId }) =>
      closedAtMs === null && isTimeMs(startedAtMs) && typeof runId === 'string',
  );
  const size = Math.min(request.maximumPageSize > 0 ? request.maximumPageSize : MAX_PAGE, MAX_PAGE);
  const { records, next } = listPage(found, () => true, size, token);
  return {
    schedules: records.flatMap(({ key: { workflowId } }) => {
      const scheduleId = workflowId.slice(WORKFLOW_ID_PREFIX.length);
      const known = room.schedules.find(request.namespace, scheduleId);
      return known ? [listEntry(known)] : [];
    }),
    ...(next && { nextPageToken: encodeToken(next) }),
  };
}

/** The schedules that a query is true of, as lists of runs show them. */
function matching({ engine, schedules }: Room, name: string, query: string): VisibilityIndex {
  const { searchAttributes } = engine.namespaces.get(name);
  const { where, groupBy, orderBy } = parseQuery(query);
  if (groupBy || orderBy.length > 0)
    throw invalid("invalid query: operation is not supported: 'group by' and 'order by' clauses");
  const matches = compile(where, searchAttributes);
  const all = new VisibilityIndex();
  for (const { record } of schedules.of(name)) all.put(visibilityOf(record));
  const found = new VisibilityIndex();
  for (const listed of all.from()) if (matches(listed)) found.put(listed.record);
  return found;
}

function visibilityOf(record: ScheduleRecord): VisibilityRecord {
  const workflowId = `${WORKFLOW_ID_PREFIX}${record.scheduleId}`;
  const key = { namespace: record.namespace, workflowId, runId: record.scheduleId };
  const paused = { data: Buffer.from(String(isPaused(record))) };
  return {
    key,
    workflowType: 'temporal-sys-scheduler-workflow',
    taskQueue: 'temporal-sys-per-ns-tq',
    status: Status.WORKFLOW_EXECUTION_STATUS_RUNNING,
    startedAtMs: record.createdAtMs,
    executionAtMs: record.createdAtMs,
    closedAtMs: undefined,
    historyLength: 0,
    historySizeBytes: 0,
    stateTransitions: 0,
    memo: record.memo,
    searchAttributes: { ...record.searchAttributes, TemporalSchedulePaused: paused },
    parent: undefined,
    root: key,
  };
}

function listEntry({ record, spec }: Known): temporal.api.schedule.v1.IScheduleListEntry {
  const { schedule } = record;
  const shown = shownSpec(schedule.spec ?? {});
  return {
    scheduleId: record.scheduleId,
    ...shownFields(record),
    info: {
      spec: {
        ...shown,
        structuredCalendar: (shown.structuredCalendar ?? []).slice(0, LISTED_SPECS),
        excludeStructuredCalendar: (shown.excludeStructuredCalendar ?? []).slice(0, LISTED_SPECS),
        interval: (shown.interval ?? []).slice(0, LISTED_SPECS),
      },
      workflowType: schedule.action?.startWorkflow?.workflowType ?? null,
      notes: schedule.state?.notes ?? '',
      paused: isPaused(record),
      recentActions: record.recent.slice(-LISTED_TIMES).map(shownAction),
      futureActionTimes: futureTimes(record, spec, LISTED_TIMES).map(timestamp),
    },
  };
}
