/** What a schedule does to workflows: through the engine, as a client would. */
import type { Engine } from '../engine/engine.js';
import { isNotFound } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import { startExecution } from '../engine/starts.js';
import { isServiceError } from '../errors.js';
import { requestCancelRun, terminate } from '../history/signals.js';
import { isOpen } from '../history/state.js';
import {
  codec,
  EventType,
  enums,
  type HistoryEvent,
  type Payload,
  type PayloadMap,
} from '../proto.js';
import type { BufferedStart, Execution, ScheduleRecord } from '../schedules/record.js';
import { type End, policyOf } from '../schedules/rules.js';
import type { ScheduleWorld } from '../schedules/schedules.js';
import { isStoreRefusal } from '../store-errors.js';
import { checkStart, checkState, type StartRequest, startOrder } from './executions.js';

const startCodec = codec<object>('temporal.api.workflowservice.v1.StartWorkflowExecutionRequest');
const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');
const { WorkflowIdReusePolicy: Reuse, ScheduleOverlapPolicy: Policy } = enums;

export function scheduleWorld(engine: Engine): ScheduleWorld {
  return {
    clock: engine.clock,
    start: (record, start) => startAction(engine, record, start),
    cancel: (record, execution) =>
      ignoringNotFound(async () => {
        const run = engine.find(record.namespace, execution.workflowId, '');
        if (run.info.firstRunId !== execution.runId) return;
        const reason = 'cancelled by schedule overlap policy';
        const requestId = engine.newId();
        await engine.update(run, (d) =>
          requestCancelRun(d, { requestId, reason, identity: identityOf(record) }),
        );
      }),
    terminate: (record, execution) =>
      ignoringNotFound(async () => {
        const run = engine.find(record.namespace, execution.workflowId, '');
        if (run.info.firstRunId !== execution.runId) return;
        const reason = 'terminated by schedule overlap policy';
        await engine.update(run, (d) => terminate(d, { reason, identity: identityOf(record) }));
      }),
    end: (record, execution) => endOf(engine, record, execution),
    background: (where, work) => engine.work.background(where, work),
    untilStored: (work) => engine.work.untilStored(work),
  };
}

function identityOf({ namespace, scheduleId }: ScheduleRecord): string {
  return `temporal-scheduler-${namespace}-${scheduleId}`;
}

/** The workflow may have ended by itself meanwhile. */
async function ignoringNotFound(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function startAction(
  engine: Engine,
  record: ScheduleRecord,
  start: BufferedStart,
): Promise<Execution | undefined> {
  const request = requestOf(record, start);
  if (!request) return undefined;
  try {
    checkState(engine, record.namespace);
    checkStart(engine, request);
    const order = startOrder(engine, request);
    const { key } = order.spec;
    const overlaps = isAllowAll(record, start);
    const { run } = await startExecution(engine, {
      ...order,
      spec: {
        ...order.spec,
        // Runs that may overlap have no one before them.
        ...(!overlaps && {
          predecessor: {
            runId: '',
            firstRunId: key.runId,
            initiator: 0,
            failure: record.lastFailure,
            lastResult: record.lastResult,
          },
        }),
      },
    });
    return { workflowId: key.workflowId, runId: run.key.runId };
  } catch (error) {
    // Refused, for example because the id is taken: the action is lost, as in a Temporal cluster.
    if (isServiceError(error) && !isStoreRefusal(error)) return undefined;
    throw error;
  }
}

function isAllowAll(record: ScheduleRecord, { overlapPolicy }: BufferedStart): boolean {
  return policyOf(record, overlapPolicy) === Policy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL;
}

function requestOf(record: ScheduleRecord, start: BufferedStart): StartRequest | undefined {
  const action = record.schedule.action?.startWorkflow;
  if (!action) return undefined;
  const nominal = `${new Date(start.nominalMs).toISOString().slice(0, 19)}Z`;
  const keepsId =
    (record.schedule.policies?.keepOriginalWorkflowId ?? false) && !isAllowAll(record, start);
  const repeats = keepsId || start.manual;
  const request = {
    ...action,
    namespace: record.namespace,
    workflowId: keepsId ? action.workflowId : `${action.workflowId}-${nominal}`,
    identity: identityOf(record),
    // The same when it is taken once more after a crash: then it is the same workflow.
    requestId: `${record.scheduleId}-${record.actionCount}-${start.nominalMs}`,
    workflowIdReusePolicy: repeats
      ? Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
      : Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
    searchAttributes: {
      indexedFields: {
        ...action.searchAttributes?.indexedFields,
        ...scheduledBy(record.scheduleId, nominal),
      },
    },
  };
  // Through its bytes, so that what is not set has its default.
  return startCodec.decode(startCodec.encode(request).finish()) as StartRequest;
}

function scheduledBy(scheduleId: string, nominal: string): PayloadMap {
  const payload = (value: string): Payload => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(value)),
  });
  return {
    TemporalScheduledStartTime: payload(nominal),
    TemporalScheduledById: payload(scheduleId),
  };
}

/** The end of the chain of runs: the last of them, once it is closed for good. */
function endOf(engine: Engine, record: ScheduleRecord, execution: Execution): End | undefined {
  const run = lastOf(engine, record, execution);
  if (!run) return { status: enums.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED };
  if (isOpen(run.info)) return undefined;
  const last = run.info.nextEventId - 1;
  const [stored] = engine.store.events(run.key, last, last);
  const event: HistoryEvent = stored ? eventCodec.decode(stored.bytes) : {};
  return {
    status: run.info.status,
    result: event.workflowExecutionCompletedEventAttributes?.result ?? undefined,
    failure:
      event.workflowExecutionFailedEventAttributes?.failure ??
      (event.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT
        ? { message: 'workflow timeout', source: 'Server', timeoutFailureInfo: { timeoutType: 1 } }
        : undefined),
  };
}

/** Undefined when nothing is known of it any more. */
function lastOf(engine: Engine, record: ScheduleRecord, execution: Execution): Run | undefined {
  try {
    const current = engine.find(record.namespace, execution.workflowId, '');
    if (current.info.firstRunId === execution.runId) return current;
    return engine.find(record.namespace, execution.workflowId, execution.runId);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
