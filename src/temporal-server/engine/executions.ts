/**
 * The runs in memory, by their workflow ids. Those that are open always are; a closed one is read from the store when
 * somebody asks for it, and let go after a while.
 */

import { workflowNotFound } from '../errors.js';
import { isOpen, type RunKey } from '../history/state.js';
import { pairKey } from '../pair-key.js';
import type { Store } from '../store.js';
import { ClosedRuns } from './closed-runs.js';
import { Execution, Run } from './run.js';

type WorkflowKey = Omit<RunKey, 'runId'>;

export class Executions {
  readonly #store: Store;
  readonly #byName = new Map<string, Execution>();
  /** How many runs have been added so far. */
  count = 0;
  readonly #closedRuns = new ClosedRuns((run) => this.#letGo(run));

  constructor(store: Store) {
    this.#store = store;
  }

  /** The runs of a workflow id, made when it is new. */
  of(key: WorkflowKey): Execution {
    return this.#known(key) ?? this.#make(key);
  }

  /** The same, where it is in memory: nothing is under way for one that is not. */
  inMemory(key: WorkflowKey): Execution | undefined {
    return this.#byName.get(nameOf(key));
  }

  #make(key: WorkflowKey): Execution {
    const execution = new Execution(key.namespace, key.workflowId);
    this.#byName.set(nameOf(key), execution);
    return execution;
  }

  /** The runs of a workflow id: those in memory, or else the one in the store that started last. */
  #known(key: WorkflowKey): Execution | undefined {
    const known = this.#byName.get(nameOf(key));
    if (known) return known;
    const runId = this.#store.currentRunId(key.namespace, key.workflowId);
    const run = runId ? this.#load({ ...key, runId }) : undefined;
    if (run) run.execution.current = run;
    return run?.execution;
  }

  #load(key: RunKey): Run | undefined {
    const state = this.#store.load(key);
    if (!state) return undefined;
    const execution = this.#byName.get(nameOf(key)) ?? this.#make(key);
    const run = new Run(state, execution);
    this.add(run);
    return run;
  }

  add(run: Run): void {
    run.execution.runs.set(run.key.runId, run);
    this.count += 1;
  }

  /** A run by its id, or the current one of the workflow id. @throws ServiceError NOT_FOUND */
  find(key: RunKey): Run {
    const run = this.lookUp(key);
    if (!run) throw workflowNotFound(key.workflowId, key.runId);
    return run;
  }

  /** The same; undefined where there is none. */
  lookUp(key: RunKey): Run | undefined {
    const execution = this.#known(key);
    const run = key.runId
      ? (execution?.runs.get(key.runId) ?? this.#load(key))
      : execution?.current;
    if (run && !isOpen(run.info)) this.use(run);
    return run;
  }

  *runs(): Iterable<Run> {
    for (const { runs } of this.#byName.values()) yield* runs.values();
  }

  *current(): Iterable<Run> {
    for (const { current } of this.#byName.values()) if (current) yield current;
  }

  /** A closed run was used: it stays for a while. */
  use(run: Run): void {
    this.#closedRuns.use(run);
  }

  /** Takes a closed run out of memory. */
  #letGo(run: Run): boolean {
    const { execution, key } = run;
    if (!run.isIdle || execution.busy) return false;
    if (execution.current === run && execution.runs.size > 1) return false;
    execution.runs.delete(key.runId);
    if (execution.current === run) this.#byName.delete(nameOf(key));
    return true;
  }

  /** Forgets a run that is dropped, and its workflow id with the last of its runs. */
  forget(key: RunKey): void {
    const execution = this.#byName.get(nameOf(key));
    const run = execution?.runs.get(key.runId);
    if (!execution || !run) return;
    run.dropped = true;
    this.#closedRuns.forget(run);
    execution.runs.delete(key.runId);
    if (execution.current === run) execution.current = undefined;
    this.tidy(execution);
  }

  /** Lets go of a workflow id without runs, once nothing is under way for it. */
  tidy(execution: Execution): void {
    if (execution.runs.size > 0 || execution.busy) return;
    const name = nameOf(execution);
    if (this.#byName.get(name) === execution) this.#byName.delete(name);
  }
}

function nameOf({ namespace, workflowId }: WorkflowKey): string {
  return pairKey(namespace, workflowId);
}
