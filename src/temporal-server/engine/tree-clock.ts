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
 * 4. A step writes to the runs in which something falls due. The clocks of the others lag behind until
 *    something reaches them, or to the end: so a step costs what happens in it, however large the tree is.
 * 5. A move is stored before it begins, and how far it has come before the runs that a step is about. A server that
 *    ends in between gives every run its share at its next start, and goes on.
 */

import { ServiceError, StatusCode } from '../errors.js';
import { nextDueMs } from '../history/ahead.js';
import { isBusy, isOpen, type RunInfo } from '../history/state.js';
import { pairKey } from '../pair-key.js';
import type { Engine } from './engine.js';
import type { Run } from './run.js';
import type { TreeMove } from './tree-move.js';

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
  request: AheadRequest,
): Promise<Ahead> {
  loadAncestors(engine);
  const move = newMove(engine, root, request.byMs);
  await engine.store.putMove(move);
  return goOn(engine, root, move, request);
}

/**
 * Goes on with the moves that were under way when the server ended. Nobody waits for them any more, so they take as
 * long as the trees are at work.
 */
export function resumeMoves(engine: Engine): void {
  const moves = [...engine.store.moves()];
  if (moves.length > 0) loadAncestors(engine);
  for (const move of moves) {
    const { namespace, workflowId, runId } = move.root;
    const root = engine.lookUp(namespace, workflowId, runId);
    if (root) giveShares(engine, root, move);
    const request = {
      byMs: move.byMs,
      patienceMs: Number.POSITIVE_INFINITY,
      isGone: () => false,
    };
    engine.work.background(`the clock of ${workflowId}`, async () => {
      if (root) await goOn(engine, root, move, request);
      else await engine.store.dropMove(move.id);
    });
  }
}

async function goOn(
  engine: Engine,
  root: Run,
  begun: TreeMove,
  { byMs, patienceMs, isGone }: AheadRequest,
): Promise<Ahead> {
  const release = engine.clock.hold(`the clock of ${root.key.workflowId} moves ahead`);
  const tree = new Tree(engine, root);
  const moved = new Set<Run>();
  let move = begun;
  try {
    for (;;) {
      if (!(await comesToRest(tree, patienceMs))) throw atWork(tree, move.doneMs, patienceMs);
      const leftMs = byMs - move.doneMs;
      if (leftMs <= 0 || isGone()) break;
      const open = tree.runs().filter((run) => isOpen(run.info));
      if (open.length === 0) break;
      const stepMs = open.reduce((ms, run) => Math.min(ms, tree.untilDueMs(run)), leftMs);
      const due = open.filter((run) => tree.untilDueMs(run) <= stepMs);
      move = { ...move, doneMs: move.doneMs + stepMs };
      const kept = engine.store.putMove(move);
      for (const run of open) {
        run.lagMs += stepMs;
        moved.add(run);
      }
      await Promise.all([kept, catchUp(engine, due)]);
    }
  } finally {
    try {
      await catchUp(engine, tree.runs());
      await engine.store.dropMove(move.id);
    } finally {
      release();
    }
  }
  const last = root.execution.current ?? root;
  return { nowMs: engine.clock.now() + last.aheadMs, moved: moved.size };
}

function newMove(engine: Engine, root: Run, byMs: number): TreeMove {
  const aheadMs: { [firstRunId: string]: number } = {};
  const move = {
    id: engine.newId(),
    root: root.key,
    byMs,
    doneMs: 0,
    fromMs: root.aheadMs,
    aheadMs,
  };
  const runs = treeOf(engine, root);
  const startMs = startsOf(runs, move);
  for (const run of runs)
    if (run.aheadMs !== startMs(run)) aheadMs[run.info.firstRunId] = run.aheadMs;
  return move;
}

/** How far each run was ahead when the move began; one that was not there yet, as what it came from. */
function startsOf(runs: readonly Run[], { fromMs, aheadMs }: TreeMove): (run: Run) => number {
  const byId = new Map(runs.map((run) => [run.key.runId, run]));
  const startMs = (run: Run): number => {
    const own = aheadMs[run.info.firstRunId];
    if (own !== undefined) return own;
    const parent = byId.get(run.info.parent?.runId ?? '');
    return parent && parent !== run ? startMs(parent) : fromMs;
  };
  return startMs;
}

/** The clocks of runs that nothing was written of lag behind, as they did in the server that has ended. */
function giveShares(engine: Engine, root: Run, move: TreeMove): void {
  const runs = treeOf(engine, root);
  const startMs = startsOf(runs, move);
  for (const run of runs)
    if (isOpen(run.info)) run.lagMs = Math.max(startMs(run) + move.doneMs - run.info.aheadMs, 0);
}

/** A closed run may be on the disk alone: a tree goes through it all the same. */
function loadAncestors(engine: Engine): void {
  for (const run of [...engine.runs()]) {
    let { parent } = run.info;
    while (parent)
      parent = engine.lookUp(parent.namespace, parent.workflowId, parent.runId)?.info.parent;
  }
}

/** Writes how far the clocks of the runs have come. */
async function catchUp(engine: Engine, runs: Iterable<Run>): Promise<void> {
  const lag = [...runs].filter((run) => run.lagMs > 0 && isOpen(run.info));
  await Promise.all(lag.map((run) => engine.update(run, () => {})));
}

/** The tree as it is now. What is found out about it is kept until it changes. */
class Tree {
  readonly engine: Engine;
  readonly root: Run;
  #runs: readonly Run[] = [];
  #runCount = -1;
  readonly #due = new Map<Run, { readonly info: RunInfo; readonly atMs: number }>();

  constructor(engine: Engine, root: Run) {
    this.engine = engine;
    this.root = root;
  }

  runs(): readonly Run[] {
    if (this.#runCount !== this.engine.runCount) {
      this.#runCount = this.engine.runCount;
      this.#runs = treeOf(this.engine, this.root);
    }
    return this.#runs;
  }

  untilDueMs(run: Run): number {
    return Math.max(this.#dueMs(run) - this.engine.clock.now() - run.aheadMs, 0);
  }

  /** A transaction replaces the run's info. */
  #dueMs(run: Run): number {
    const known = this.#due.get(run);
    if (known?.info === run.info) return known.atMs;
    const atMs = nextDueMs(run);
    this.#due.set(run, { info: run.info, atMs });
    return atMs;
  }

  isAtRest(run: Run): boolean {
    if (run.sending > 0 || run.execution.busy) return false;
    return !isOpen(run.info) || (!isBusy(run.info) && this.untilDueMs(run) > 0);
  }
}

/** The run, the other runs of its chain, and all that came of them, open or closed. */
function treeOf(engine: Engine, root: Run): Run[] {
  const children = new Map<string, Run[]>();
  const chain: Run[] = [];
  for (const run of engine.runs()) {
    const { parent, firstRunId } = run.info;
    if (run.execution === root.execution && firstRunId === root.info.firstRunId) chain.push(run);
    if (!parent) continue;
    const key = pairKey(parent.namespace, parent.runId);
    const siblings = children.get(key);
    if (siblings) siblings.push(run);
    else children.set(key, [run]);
  }
  const tree = new Set(chain);
  for (const { key } of tree)
    for (const child of children.get(pairKey(key.namespace, key.runId)) ?? []) tree.add(child);
  return [...tree];
}

/** False when it takes longer than `patienceMs`. */
async function comesToRest(tree: Tree, patienceMs: number): Promise<boolean> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    if (tree.runs().every((run) => tree.isAtRest(run))) return true;
    // What has fallen due by the server's own time meanwhile waits for a clock that lags.
    await catchUp(
      tree.engine,
      tree.runs().filter((run) => tree.untilDueMs(run) === 0),
    );
    const leftMs = endMs - performance.now();
    if (leftMs <= 0 || !(await nextChange(tree.engine, leftMs))) return false;
  }
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

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
    const limit = setTimeout(end, Math.min(limitMs, MAX_TIMEOUT_MS), false);
    limit.unref();
    engine.changed.add(tell);
  });
}

function atWork(tree: Tree, movedMs: number, patienceMs: number): ServiceError {
  const busy = tree.runs().filter((run) => !tree.isAtRest(run));
  const named = busy.slice(0, 3).map(({ key }) => key.workflowId);
  const more = busy.length > named.length ? ` and ${busy.length - named.length} more` : '';
  return new ServiceError(
    StatusCode.FAILED_PRECONDITION,
    `moved ahead by ${Math.round(movedMs)} ms and no further: ${named.join(', ')}${more} still at work ` +
      `after ${Math.round(patienceMs / 1000)} s (a task without a worker, or an activity that runs)`,
  );
}
