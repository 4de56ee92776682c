/** Resets, and the runs that followed a reset run: read and written in one transaction. */
import { invalid, workflowNotFound } from '../errors.js';
import { terminateRun } from '../history/close.js';
import type { Draft } from '../history/draft.js';
import type { StoredEvent } from '../history/effects.js';
import { type Reapply, resetRun } from '../history/reset.js';
import { isOpen } from '../history/state.js';
import type { Engine } from './engine.js';
import type { MaybePromise } from './maybe-promise.js';
import { then } from './maybe-promise.js';
import type { Run } from './run.js';

export interface Reset {
  /** The event at which the new run begins to differ. */
  readonly finishEventId: number;
  readonly requestId: string;
  readonly reason: string;
  readonly reapply: Reapply;
  /** What is done to the new run before it goes on. */
  readonly after?: (d: Draft) => void;
}

/** Resets a run, ending the current one of its workflow id. Gives the new run's id. */
export function resetExecution(engine: Engine, base: Run, reset: Reset): MaybePromise<string> {
  return engine.exclusive(base.execution, () => decide(engine, base, reset));
}

function decide(engine: Engine, base: Run, reset: Reset): MaybePromise<string> {
  const { execution } = base;
  const { finishEventId, requestId, reason } = reset;
  if (base.dropped) throw workflowNotFound(base.key.workflowId); // while the reset waited for its turn
  if (!(finishEventId > 1 && finishEventId < base.info.nextEventId))
    throw invalid('Workflow task finish ID must be > 1 && <= workflow last event ID.');
  const current = execution.current ?? base;
  if (current.info.createRequestId === requestId) return current.key.runId;
  const runId = engine.newId();
  const drafts = new Map([base, current].map((run) => [run, engine.draft(run)]));
  const ending = drafts.get(current);
  if (ending && isOpen(current.info))
    terminateRun(ending, { reason, identity: 'history-resetter', isReset: true });
  const based = drafts.get(base);
  if (based) based.info.resetRunId = runId;
  const fresh = resetRun(
    base.state,
    {
      ...reset,
      after: reset.after ?? (() => {}),
      runId,
      events: engine.store.events(base.key, 1, finishEventId - 1),
      later: later(engine, base, finishEventId, ending),
      isBackground: engine.commandContext(base.key.namespace).isBackground,
    },
    engine.inputs(base.aheadMs),
  );
  return then(engine.commit(execution, [...drafts.values(), fresh]), () => runId);
}

/** The events after the reset point: of the base run, and of those that it continued as. */
function later(engine: Engine, base: Run, from: number, ending: Draft | undefined): StoredEvent[] {
  const found: StoredEvent[] = [];
  let first = from;
  const { namespace, workflowId } = base.key;
  for (let run: Run | undefined = base; run; ) {
    found.push(...engine.store.events(run.key, first, run.info.nextEventId - 1));
    if (ending?.state === run.state) found.push(...ending.events);
    first = 1;
    run = run.info.newRunId ? engine.lookUp(namespace, workflowId, run.info.newRunId) : undefined;
  }
  return found;
}
