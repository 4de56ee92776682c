/**
 * The rules of a schedule: each takes its record and what happened, and gives the record after it.
 * As Temporal's scheduler workflow (service/worker/scheduler/workflow.go).
 */
import {
  duration,
  durationMs,
  enums,
  type Failure,
  type Payloads,
  Status,
  timestampMs,
  toNumber,
} from '../proto.js';
import { type Decision, decideOverlap } from './overlap.js';
import type {
  ActionResult,
  Backfill,
  BufferedStart,
  Patch,
  Schedule,
  ScheduleRecord,
} from './record.js';
import type { CompiledSpec } from './spec.js';

const { ScheduleOverlapPolicy: Policy } = enums;

const DEFAULT_CATCHUP_MS = 365 * 86_400_000;
const MIN_CATCHUP_MS = 10_000;
/** How long a schedule with nothing left to do is kept. */
const RETENTION_MS = 7 * 86_400_000;
const MAX_BUFFER = 1000;
/** Backfills leave room for what falls due meanwhile. */
const MAX_BACKFILL_BUFFER = MAX_BUFFER / 2;
const RECENT = 10;

/** The schedule with the defaults of its parts, so that describe shows them. */
export function withDefaults(schedule: Schedule): Schedule {
  const { policies } = schedule;
  return {
    spec: schedule.spec ?? {},
    action: schedule.action ?? {},
    policies: {
      ...policies,
      overlapPolicy: policies?.overlapPolicy || Policy.SCHEDULE_OVERLAP_POLICY_SKIP,
      catchupWindow: duration(
        policies?.catchupWindow
          ? Math.max(durationMs(policies.catchupWindow), MIN_CATCHUP_MS)
          : DEFAULT_CATCHUP_MS,
      ),
    },
    state: schedule.state ?? {},
  };
}

export function isPaused(record: ScheduleRecord): boolean {
  return record.schedule.state?.paused ?? false;
}

function remainingActions({ schedule: { state } }: ScheduleRecord): number {
  return state?.limitedActions ? toNumber(state.remainingActions) : Number.POSITIVE_INFINITY;
}

/** Whether an action of the spec's own may be taken. */
export function canAct(record: ScheduleRecord): boolean {
  return !isPaused(record) && remainingActions(record) > 0;
}

/** The overlap policy of an action, or the schedule's where it names none. */
export function policyOf(record: ScheduleRecord, policy: number): number {
  return policy || record.schedule.policies?.overlapPolicy || Policy.SCHEDULE_OVERLAP_POLICY_SKIP;
}

function catchupMs(record: ScheduleRecord): number {
  return durationMs(record.schedule.policies?.catchupWindow);
}

function changed(record: ScheduleRecord, state: Schedule['state']): ScheduleRecord {
  const schedule = { ...record.schedule, state: { ...record.schedule.state, ...state } };
  return { ...record, schedule, conflictToken: record.conflictToken + 1 };
}

/** The record, and when the spec has its next time. */
export interface Advanced {
  readonly record: ScheduleRecord;
  readonly nextMs: number | undefined;
}

/** Time has come to `nowMs`: what was due since is put into the buffer. */
export function advance(record: ScheduleRecord, spec: CompiledSpec, nowMs: number): Advanced {
  // The time of a pause, or with no actions left, is over and done with.
  if (!canAct(record))
    return { record: { ...record, processedMs: nowMs }, nextMs: spec.next(nowMs)?.dueMs };
  // What was due before an update is no longer of the schedule.
  const updated = passed(spec, record.processedMs, before(record.updatedAtMs ?? 0));
  const missed = passed(spec, updated.processedMs, before(nowMs - catchupMs(record)));
  const room = Math.max(MAX_BUFFER - record.buffer.length, 0);
  const kept = starts(spec, missed.processedMs, nowMs, room);
  const keptMs = kept.at(-1)?.dueMs ?? missed.processedMs;
  const dropped =
    kept.length < room ? { count: 0, processedMs: keptMs } : passed(spec, keptMs, nowMs);
  return {
    record: {
      ...record,
      buffer: [...record.buffer, ...kept],
      processedMs: dropped.processedMs,
      missedCatchupWindow: record.missedCatchupWindow + missed.count,
      bufferDropped: record.bufferDropped + dropped.count,
    },
    nextMs: spec.next(dropped.processedMs)?.dueMs,
  };
}

/** The last millisecond before an instant, which may be part of one: the times of a spec are whole. */
function before(atMs: number): number {
  return Math.ceil(atMs) - 1;
}

/** The times up to `untilMs` are passed over: how many, and up to where times have been dealt with then. */
function passed(spec: CompiledSpec, processedMs: number, untilMs: number) {
  if (untilMs <= processedMs) return { count: 0, processedMs };
  const { count, last } = spec.upTo(processedMs, untilMs);
  return { count, processedMs: last?.dueMs ?? processedMs };
}

/** The first times that are due by now, as many as there is room for. */
function starts(spec: CompiledSpec, afterMs: number, nowMs: number, room: number): BufferedStart[] {
  const due: BufferedStart[] = [];
  let next = spec.next(afterMs);
  for (; next && next.dueMs <= nowMs && due.length < room; next = spec.next(next.dueMs))
    due.push({ ...next, overlapPolicy: 0, manual: false });
  return due;
}

function buffered(record: ScheduleRecord, starts: readonly BufferedStart[]): ScheduleRecord {
  if (starts.length === 0) return record;
  const buffer = [...record.buffer, ...starts].slice(0, MAX_BUFFER);
  const dropped = record.buffer.length + starts.length - buffer.length;
  return { ...record, buffer, bufferDropped: record.bufferDropped + dropped };
}

/** A patch: pause, trigger, backfill. */
export function patched(record: ScheduleRecord, patch: Patch, nowMs: number): ScheduleRecord {
  let after = record;
  const trigger = patch.triggerImmediately;
  if (trigger) {
    const atMs = timestampMs(trigger.scheduledTime) ?? nowMs;
    const overlapPolicy = trigger.overlapPolicy ?? 0;
    after = buffered(after, [{ nominalMs: atMs, dueMs: atMs, overlapPolicy, manual: true }]);
  }
  const backfills = (patch.backfillRequest ?? []).map(
    (request): Backfill => ({
      // The first instant is part of it.
      fromMs: (timestampMs(request.startTime) ?? 0) - 1,
      toMs: timestampMs(request.endTime) ?? 0,
      overlapPolicy: request.overlapPolicy ?? 0,
    }),
  );
  const kept = backfills.slice(0, Math.max(MAX_BUFFER - after.backfills.length, 0));
  after = {
    ...after,
    backfills: [...after.backfills, ...kept],
    bufferDropped: after.bufferDropped + backfills.length - kept.length,
  };
  if (patch.pause) after = changed(after, { paused: true, notes: patch.pause });
  if (patch.unpause) after = changed(after, { paused: false, notes: patch.unpause });
  return after;
}

/** Puts actions of backfills into the buffer, as many as there is room for. */
export function backfilled(record: ScheduleRecord, spec: CompiledSpec): ScheduleRecord {
  let after = record;
  while (after.buffer.length < MAX_BACKFILL_BUFFER) {
    const [first, ...others] = after.backfills;
    if (!first) break;
    const next = spec.next(first.fromMs);
    if (!next || next.dueMs > first.toMs) {
      after = { ...after, backfills: others };
      continue;
    }
    const start = { ...next, overlapPolicy: first.overlapPolicy, manual: true };
    after = buffered({ ...after, backfills: [{ ...first, fromMs: next.dueMs }, ...others] }, [
      start,
    ]);
  }
  return after;
}

/** What is to be done with the buffer now, and the record without what is being done. */
export function decide(record: ScheduleRecord): { record: ScheduleRecord; decision: Decision } {
  const decision = decideOverlap(record.buffer, record.running.length > 0, (policy) =>
    policyOf(record, policy),
  );
  const overlapSkipped = record.overlapSkipped + decision.skipped;
  return { record: { ...record, buffer: decision.buffer, overlapSkipped }, decision };
}

/** Counts an action against the limit; undefined when it may not be taken. */
export function takeAction(
  record: ScheduleRecord,
  { manual }: BufferedStart,
): ScheduleRecord | undefined {
  if (manual) return record;
  if (!canAct(record)) return undefined;
  const left = remainingActions(record);
  if (!Number.isFinite(left)) return record;
  return changed(record, { remainingActions: (left - 1) as never });
}

/** An action was taken. @param alone - others wait for its end */
export function acted(
  record: ScheduleRecord,
  action: ActionResult,
  alone: boolean,
): ScheduleRecord {
  const { workflowId, runId } = action;
  return {
    ...record,
    actionCount: record.actionCount + 1,
    recent: [...record.recent, action].slice(-RECENT),
    running: alone ? [...record.running, { workflowId, runId }] : record.running,
  };
}

/** How a chain of runs ended. */
export interface End {
  readonly status: Status;
  readonly result?: Payloads | undefined;
  readonly failure?: Failure | undefined;
}

/** A workflow that the schedule has started is over. */
export function ended(record: ScheduleRecord, runId: string, end: End): ScheduleRecord {
  const execution = record.running.find((each) => each.runId === runId);
  const recent = record.recent.map((action) =>
    action.runId === runId ? { ...action, status: end.status } : action,
  );
  if (!execution) return { ...record, recent };
  const running = record.running.filter((each) => each !== execution);
  let after: ScheduleRecord = { ...record, recent, running };
  if (end.result) after = { ...after, lastResult: end.result, lastFailure: undefined };
  else if (end.failure) after = { ...after, lastFailure: end.failure };
  const notes = failureNotes(execution.workflowId, end);
  if (!notes || !record.schedule.policies?.pauseOnFailure || isPaused(record)) return after;
  return changed(after, { paused: true, notes });
}

function failureNotes(workflowId: string, { status, failure }: End): string | undefined {
  if (status === Status.WORKFLOW_EXECUTION_STATUS_FAILED)
    return `paused due to workflow failure: ${workflowId}: ${failure?.message ?? ''}`;
  if (status === Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT)
    return `paused due to workflow timeout: ${workflowId}`;
  return undefined;
}

/** The next times at which the schedule will act by itself. */
export function futureTimes(record: ScheduleRecord, spec: CompiledSpec, count: number): number[] {
  const wanted = Math.min(count, remainingActions(record));
  const found: number[] = [];
  let atMs = passed(spec, record.processedMs, before(record.updatedAtMs ?? 0)).processedMs;
  while (found.length < wanted) {
    const next = spec.next(atMs);
    if (!next) break;
    atMs = next.dueMs;
    found.push(atMs);
  }
  return found;
}

/** When a schedule that has nothing left to do is forgotten; undefined while it has. */
export function expiryMs(record: ScheduleRecord, nextMs: number | undefined): number | undefined {
  if (isPaused(record) || record.backfills.length > 0 || record.buffer.length > 0) return undefined;
  if (nextMs !== undefined && canAct(record)) return undefined;
  const lastMs = Math.max(
    record.recent.at(-1)?.actualMs ?? 0,
    record.createdAtMs,
    record.updatedAtMs ?? 0,
  );
  return lastMs + RETENTION_MS;
}
