/**
 * How far an update has come, and waiting until it has come further.
 *
 * What is in flight or completed is in the run's state; a rejection or an abort is not, and reaches
 * only those who wait at that moment.
 */
import { notFound, workflowNotReady } from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { UpdateEnd } from '../history/effects.js';
import { isOpen } from '../history/state.js';
import { CLOSED_BEFORE_COMPLETED } from '../history/updates.js';
import { codec, enums, type HistoryEvent, type temporal } from '../proto.js';
import type { Engine } from './engine.js';
import type { Run } from './run.js';

const { UpdateWorkflowExecutionLifecycleStage: Stage } = enums;

export interface UpdateStatus {
  /** An `UpdateWorkflowExecutionLifecycleStage`. */
  readonly stage: number;
  readonly outcome?: temporal.api.update.v1.IOutcome | undefined;
}

const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');

/** How far an update has come; undefined when the run does not know it. */
export function updateStatus(engine: Engine, run: Run, updateId: string): UpdateStatus | undefined {
  const completedEventId = run.state.completedUpdates.get(updateId);
  if (completedEventId !== undefined) return completed(outcomeOf(engine, run, completedEventId));
  const update = run.state.updates.get(updateId);
  if (!update) return undefined;
  if (update.stage.kind !== 'accepted')
    return { stage: Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED };
  return isOpen(run.info)
    ? { stage: Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED }
    : completed({ failure: CLOSED_BEFORE_COMPLETED });
}

function completed(outcome: temporal.api.update.v1.IOutcome | undefined): UpdateStatus {
  return { stage: Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED, outcome };
}

function outcomeOf(engine: Engine, run: Run, eventId: number) {
  const [event] = engine.store.events(run.key, eventId, eventId);
  if (!event) throw new Error(`event ${eventId} of ${run.key.workflowId} is not in the store`);
  const attributes = eventCodec.decode(event.bytes).workflowExecutionUpdateCompletedEventAttributes;
  return attributes?.outcome ?? undefined;
}

/** What became of an update while somebody waited for it. */
export type Waited =
  | { readonly kind: 'status'; readonly status: UpdateStatus }
  /** The run handed over to another, which may take the update. */
  | { readonly kind: 'continued' };

/**
 * Waits until an update has reached `stage`, for as long as the call has patience; then says how far
 * it is. NOT_FOUND when the run closes before the update is accepted.
 *
 * @param stage - an `UpdateWorkflowExecutionLifecycleStage`
 * @param limitMs - in real time
 */
export async function waitForUpdate(
  engine: Engine,
  run: Run,
  updateId: string,
  stage: number,
  call: Call,
  limitMs: number,
): Promise<Waited> {
  const now = updateStatus(engine, run, updateId);
  if (!now) return ended({ kind: 'aborted', why: 'closed' });
  if (now.stage >= stage) return { kind: 'status', status: now };
  const end = await call.park<UpdateEnd | 'reached'>(limitMs, (deliver) =>
    run.watchUpdate(updateId, (how) => {
      if (how) deliver(how);
      else if ((updateStatus(engine, run, updateId)?.stage ?? 0) >= stage) deliver('reached');
    }),
  );
  if (end && end !== 'reached') return ended(end);
  return { kind: 'status', status: updateStatus(engine, run, updateId) ?? now };
}

function ended(end: UpdateEnd): Waited {
  if (end.kind === 'rejected')
    return { kind: 'status', status: completed({ failure: end.failure }) };
  switch (end.why) {
    case 'continued':
      return { kind: 'continued' };
    case 'closed':
      throw notFound('workflow update was aborted by closing workflow');
    case 'taskFailed':
      throw workflowNotReady(
        'Unable to perform workflow execution update due to unexpected workflow task failure.',
      );
  }
}
