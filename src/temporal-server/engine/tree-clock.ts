/**
 * The clock of a tree of executions: one run, the runs that it continued as, and their descendants.
 *
 * Every run has a clock that may be ahead of the server's (`RunInfo.aheadMs`); children and
 * successors begin with that of the run that they come from. To move a tree ahead is to go from one
 * thing that is due to the next, in order, as time itself would:
 *
 * 1. A step begins when nothing in the tree is going on: no task or activity that a worker has or
 *    could get, no message under way, nothing overdue.
 * 2. It goes no further than to what is due first in the whole tree.
 * 3. The time of each run only ever grows, so that its history's does. What measures real time
 *    (heartbeats, workflow task timeouts) does not come nearer.
 */
import { ServiceError, StatusCode } from '../errors.js';
import { moveAhead, nextDueMs } from '../history/ahead.js';
import { isBusy, isOpen } from '../history/state.js';
import type { Engine } from './engine.js';
import type { Run } from './run.js';

/** How long a tree may be at work between two steps, unless whoever asks has less time. */
export const PATIENCE_MS = 10_000;

export interface AheadRequest {
  readonly byMs: number;
  /** How long the tree may be at work between two steps, in real milliseconds. */
  readonly patienceMs: number;
  /** Whether whoever asked has gone. */
  readonly isGone: () => boolean;
}

export interface Ahead {
  /** The time of the tree's root now. */
  readonly nowMs: number;
  /** Runs that were moved, those that started or closed on the way too. */
  readonly moved: number;
}

/** FAILED_PRECONDITION when the tree does not come to rest; how far it got is in the text. */
export async function moveTreeAhead(
  engine: Engine,
  root: Run,
  { byMs, patienceMs, isGone }: AheadRequest,
): Promise<Ahead> {
  const release = engine.clock.hold(`the clock of ${root.key.workflowId} moves ahead`);
  const moved = new Set<Run>();
  try {
    for (let leftMs = byMs; ; ) {
      if (!(await comesToRest(engine, root, patienceMs)))
        throw atWork(engine, root, byMs - leftMs, patienceMs);
      if (leftMs <= 0 || isGone()) break;
      const open = treeOf(engine, root).filter((run) => isOpen(run.info));
      if (open.length === 0) break;
      const stepMs = Math.min(leftMs, ...open.map((run) => untilDueMs(engine, run)));
      await Promise.all(open.map((run) => engine.update(run, (d) => moveAhead(d, stepMs))));
      for (const run of open) moved.add(run);
      leftMs -= stepMs;
    }
  } finally {
    release();
  }
  const last = root.execution.current ?? root;
  return { nowMs: engine.clock.now() + last.info.aheadMs, moved: moved.size };
}

/** The run, the other runs of its chain, and all that came of them, open or closed. */
function treeOf(engine: Engine, root: Run): Run[] {
  const children = new Map<string, Run[]>();
  const chain: Run[] = [];
  for (const run of engine.runs()) {
    const { parent, firstRunId } = run.info;
    if (run.execution === root.execution && firstRunId === root.info.firstRunId) chain.push(run);
    if (!parent) continue;
    const key = `${parent.namespace}\n${parent.runId}`;
    children.set(key, [...(children.get(key) ?? []), run]);
  }
  const tree = new Set(chain);
  for (const { key } of tree)
    for (const child of children.get(`${key.namespace}\n${key.runId}`) ?? []) tree.add(child);
  return [...tree];
}

function untilDueMs(engine: Engine, run: Run): number {
  return Math.max(nextDueMs(run) - engine.clock.now() - run.info.aheadMs, 0);
}

function isAtRest(engine: Engine, run: Run): boolean {
  if (run.sending > 0 || run.execution.busy) return false;
  return !isOpen(run.info) || (!isBusy(run.info) && untilDueMs(engine, run) > 0);
}

/** False when it takes longer than `patienceMs`. */
async function comesToRest(engine: Engine, root: Run, patienceMs: number): Promise<boolean> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    if (treeOf(engine, root).every((run) => isAtRest(engine, run))) return true;
    const leftMs = endMs - performance.now();
    if (leftMs <= 0 || !(await nextChange(engine, leftMs))) return false;
  }
}

/** Waits for a change, and for all that follows from it at once. False when none comes. */
function nextChange(engine: Engine, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (changed: boolean) => {
      clearTimeout(limit);
      engine.changed.delete(tell);
      resolve(changed);
    };
    const tell = () => {
      engine.changed.delete(tell);
      setImmediate(end, true);
    };
    const limit = setTimeout(end, limitMs, false);
    engine.changed.add(tell);
  });
}

function atWork(engine: Engine, root: Run, movedMs: number, patienceMs: number): ServiceError {
  const busy = treeOf(engine, root).filter((run) => !isAtRest(engine, run));
  const named = busy.slice(0, 3).map(({ key }) => key.workflowId);
  const more = busy.length > named.length ? ` and ${busy.length - named.length} more` : '';
  return new ServiceError(
    StatusCode.FAILED_PRECONDITION,
    `moved ahead by ${Math.round(movedMs)} ms and no further: ${named.join(', ')}${more} still at work ` +
      `after ${Math.round(patienceMs / 1000)} s (a task without a worker, or an activity that runs)`,
  );
}
