/**
 * What must hold of a server, whatever happens to it.
 *
 * At every start, and at the end, of what is stored:
 * 1. Event ids are 1, 2, 3, ...; there is one close event, the last, of a run that is closed, and
 *    none of one that is open. What anybody saw of a history is there, and nothing acknowledged is gone.
 * 2. What began in a history ends at most once, after it began: workflow tasks, activities, timers,
 *    children, signals. What has not ended is in the run's state, and nothing else is.
 * 3. Nothing is early: timers, timeouts, first tasks that are kept back.
 * 4. A parent's events about a child are true of the child.
 * While it runs: what is in memory is what is stored, and the timers that are set are those that follow
 * from the state.
 * At rest: all runs are closed (no task was lost), and parents, children and close policies agree.
 */
import { dueKey } from '../../../src/temporal-server/history/effects.js';
import { pendingEffects } from '../../../src/temporal-server/history/pending.js';
import { isOpen, type RunState } from '../../../src/temporal-server/history/state.js';
import { enums, Status, toNumber } from '../../../src/temporal-server/proto.js';
import { problemsOf } from './histories.js';
import { signatureOf } from './ledger.js';
import { childEnd, readRuns, type Told } from './told.js';
import type { World } from './world.js';

const { EventType: T, ParentClosePolicy } = enums;

/** Of what is stored, at any time. @param atRest - nothing happens any more */
export function checkStored(world: World, atRest = false): void {
  const { machine, ledger } = world;
  if (!machine.store) return;
  try {
    const runs = readRuns(machine.store);
    if (atRest) checkRest(world, runs);
    for (const run of runs.values()) {
      for (const problem of [...problemsOf(run), ...relations(run, runs), ...parentage(run, runs)])
        ledger.violate(`run ${run.state.key.workflowId} ${run.state.key.runId}: ${problem}`);
    }
    for (const problem of promises(world, runs)) ledger.violate(problem);
  } catch (error) {
    ledger.violate(`the store cannot be read: ${String(error)}`);
    world.trace(String((error as Error).stack));
  }
}

const CHILD_ENDS: { readonly [eventType: number]: number } = {
  [T.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED]: Status.WORKFLOW_EXECUTION_STATUS_COMPLETED,
  [T.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED]: Status.WORKFLOW_EXECUTION_STATUS_FAILED,
  [T.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED]: Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
  [T.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED]: Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
  [T.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT]: Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
};

/** What a run says of others. */
function* relations({ state, events }: Told, runs: ReadonlyMap<string, Told>): Iterable<string> {
  for (const event of [...events, ...state.info.buffered]) {
    const started = event.childWorkflowExecutionStartedEventAttributes;
    if (started) {
      const child = runs.get(started.workflowExecution?.runId ?? '')?.state.info;
      if (child?.parent?.runId !== state.key.runId)
        yield `child ${started.workflowExecution?.runId} has started and is not its child`;
      else if (child.parent.initiatedEventId !== toNumber(started.initiatedEventId))
        yield `child ${started.workflowExecution?.runId} was asked for by another event`;
    }
    const ended = childEnd(event);
    if (ended) {
      const child = runs.get(ended.workflowExecution?.runId ?? '')?.state.info;
      const expected = CHILD_ENDS[event.eventType ?? 0];
      if (child?.status !== expected)
        yield `child ${ended.workflowExecution?.runId} has status ${child?.status}, not ${expected}`;
    }
    const next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (next && !runs.has(next)) yield `the run ${next} that it continues as is not there`;
  }
}

/** What a parent says of the child that a run is. */
function* parentage({ state }: Told, runs: ReadonlyMap<string, Told>): Iterable<string> {
  const { parent, firstRunId } = state.info;
  if (!parent || firstRunId !== state.key.runId) return;
  const told = runs.get(parent.runId);
  const initiated = told?.events[parent.initiatedEventId - 1];
  if (!initiated?.startChildWorkflowExecutionInitiatedEventAttributes)
    yield `its parent ${parent.runId} has not asked for it in event ${parent.initiatedEventId}`;
  for (const event of told?.events ?? []) {
    const { startChildWorkflowExecutionFailedEventAttributes: failed } = event;
    if (toNumber(failed?.initiatedEventId) === parent.initiatedEventId)
      yield 'its parent says that it could not be started';
  }
}

/** What clients and workers were told. */
function* promises({ ledger }: World, runs: ReadonlyMap<string, Told>): Iterable<string> {
  for (const [runId, seen] of ledger.seen) {
    const events = runs.get(runId)?.events ?? [];
    for (const [id, signature] of seen) {
      const event = events[id - 1];
      if (!event || signatureOf(event) !== signature)
        yield `event ${id} of ${runId} was seen as ${signature}, and is ${event && signatureOf(event)}`;
    }
  }
  for (const [workflowId, runId] of ledger.started)
    if (runs.get(runId)?.state.key.workflowId !== workflowId)
      yield `the start of ${workflowId} ${runId} was acknowledged, and it is not there`;
  for (const [runId, ids] of ledger.completedTasks) {
    const completed = completions(runs.get(runId), 'workflowTaskCompletedEventAttributes');
    for (const id of ids)
      if (completed.filter((each) => each === id).length !== 1)
        yield `the completion of workflow task ${id} of ${runId} was acknowledged, and is not there once`;
  }
  for (const [runId, ids] of ledger.completedActivities) {
    const completed = completions(runs.get(runId), 'activityTaskCompletedEventAttributes');
    for (const id of ids)
      if (completed.filter((each) => each === id).length !== 1)
        yield `the completion of activity ${id} of ${runId} was acknowledged, and is not there once`;
  }
  yield* signalsOf(ledger.signals, runs);
}

function completions(
  run: Told | undefined,
  name: 'workflowTaskCompletedEventAttributes' | 'activityTaskCompletedEventAttributes',
): number[] {
  return [...(run?.events ?? []), ...(run?.state.info.buffered ?? [])].flatMap((event) => {
    const task = event.workflowTaskCompletedEventAttributes;
    if (task && name === 'workflowTaskCompletedEventAttributes')
      return [toNumber(task.startedEventId)];
    const activity = event.activityTaskCompletedEventAttributes;
    return activity && name === 'activityTaskCompletedEventAttributes'
      ? [toNumber(activity.scheduledEventId)]
      : [];
  });
}

/** A signal is in a run once; one that was acknowledged, or delivered, is in some run. */
function* signalsOf(
  acked: readonly { readonly workflowId: string; readonly name: string }[],
  runs: ReadonlyMap<string, Told>,
): Iterable<string> {
  const taken = new Set<string>();
  const delivered: { workflowId: string; name: string }[] = [];
  for (const { state, events } of runs.values()) {
    const inRun = new Set<string>();
    const { workflowId, runId } = state.key;
    for (const event of [...events, ...state.info.buffered]) {
      const name = event.workflowExecutionSignaledEventAttributes?.signalName;
      if (name && inRun.has(name)) yield `signal ${name} is in ${workflowId} ${runId} twice`;
      if (name) taken.add(`${workflowId} ${name}`);
      if (name) inRun.add(name);
      const sent = event.externalWorkflowExecutionSignaledEventAttributes;
      if (sent)
        delivered.push({
          workflowId: sent.workflowExecution?.workflowId ?? '',
          name: `${runId} ${sent.control}`,
        });
    }
  }
  for (const { workflowId, name } of [...acked, ...delivered])
    if (!taken.has(`${workflowId} ${name}`))
      yield `signal ${name} to ${workflowId} was acknowledged, and it is not there`;
}

/** Memory against the store, while nothing is being written. */
export function checkLive({ machine, ledger }: World): void {
  const { engine, store } = machine;
  if (!engine || !store) return;
  for (const key of store.openRuns()) {
    const run = engine.lookUp(key.namespace, key.workflowId, key.runId);
    const stored = store.load(key);
    if (!run || !stored) {
      ledger.violate(`the open run ${key.runId} is not there`);
      continue;
    }
    const [inMemory, onDisk] = [essence(run.state), essence(stored)];
    if (inMemory !== onDisk)
      ledger.violate(`run ${key.runId} is in memory ${inMemory}, and on disk ${onDisk}`);
    const due = pendingEffects(stored).flatMap((e) => (e.kind === 'arm' ? [dueKey(e.due)] : []));
    const set = [...run.timers.keys()].sort().join(' ');
    if (set !== due.sort().join(' '))
      ledger.violate(`run ${key.runId} has set the timers ${set}, and needs ${due.join(' ')}`);
  }
}

function essence(state: RunState): string {
  const { info } = state;
  return JSON.stringify([
    info.nextEventId,
    info.status,
    info.workflowTask,
    info.workflowTaskAttempt,
    info.stamp,
    info.buffered.length,
    info.cancelRequested,
    info.runnableActivities,
    [...state.activities.values()].map((a) => [
      a.activityId,
      a.attempt,
      a.phase,
      a.cancelRequestedEventId,
    ]),
    [...state.timers.values()].map((t) => [t.timerId, t.atMs]).sort(),
    [...state.children.values()].map((c) => [c.workflowId, c.runId]),
    [...state.externals.keys()],
    [...state.signalRequests.keys()].sort(),
  ]);
}

/** Once nothing happens any more. */
function checkRest({ ledger }: World, runs: ReadonlyMap<string, Told>): void {
  for (const { state } of runs.values()) {
    const { workflowId, runId } = state.key;
    if (isOpen(state.info))
      ledger.violate(`${workflowId} ${runId} is open still: ${essence(state)}`);
  }
  for (const run of runs.values())
    for (const problem of childrenAtRest(run, runs))
      ledger.violate(`run ${run.state.key.workflowId} ${run.state.key.runId}: ${problem}`);
}

/** The word of a parent's close may take so long, with crashes and a full disk on its way. */
const ON_ITS_WAY_MS = 10_000;

/** A child that outlived its parent has met the close policy. */
function* childrenAtRest(
  { state, events }: Told,
  runs: ReadonlyMap<string, Told>,
): Iterable<string> {
  const closedAtMs = state.info.closedAtMs ?? 0;
  for (const child of state.children.values()) {
    if (!child.runId) continue;
    const all = chain(runs, child.runId);
    const last = all.at(-1);
    if (!last || (last.state.info.closedAtMs ?? 0) <= closedAtMs + ON_ITS_WAY_MS) continue;
    const name = `child ${child.workflowId}, which outlived it,`;
    const { status } = last.state.info;
    const isAsked = all.some((run) => run.state.info.cancelRequested);
    if (
      child.parentClosePolicy === ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE &&
      status !== Status.WORKFLOW_EXECUTION_STATUS_TERMINATED
    )
      yield `${name} was not terminated`;
    if (
      child.parentClosePolicy === ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL &&
      !isAsked
    )
      yield `${name} was not asked to cancel`;
  }
  if (events.length === 0) yield 'it has no events';
}

/** A run and those that took over from it, one after the other. */
function chain(runs: ReadonlyMap<string, Told>, runId: string): Told[] {
  const run = runs.get(runId);
  return run ? [run, ...chain(runs, run.state.info.newRunId ?? '')] : [];
}
