/**
 * The engine: runs rules against runs, stores what they change, and carries out their effects.
 *
 * 1. Transactions on one workflow id happen one at a time; with a store that answers at once they
 *    happen at once.
 * 2. Nothing is acknowledged, handed to a worker or armed before it is stored.
 * 3. A run that is busy holds the clock.
 */
import { type Clock, realNow, type TimerHandle, type TimerOptions } from '../clock.js';
import { isServiceError, StatusCode } from '../errors.js';
import type { IsBackground } from '../history/activity-schedule.js';
import { moveAhead } from '../history/ahead.js';
import { enforceHistoryLimits } from '../history/close.js';
import type { CommandContext } from '../history/command-context.js';
import { Draft } from '../history/draft.js';
import { fallDue } from '../history/due.js';
import { dueKey, type Effect, type Transfer } from '../history/effects.js';
import { pendingEffects } from '../history/pending.js';
import { isBusy, isOpen, type RunKey } from '../history/state.js';
import { unstick } from '../history/workflow-task.js';
import type { Matching, QueueName } from '../matching.js';
import { type Namespaces, withTypes } from '../namespaces.js';
import { enumName, Status } from '../proto.js';
import type { RunChange, Store } from '../store.js';
import { visibilityRecord } from '../visibility/record.js';
import type { ServerEvent } from './events.js';
import { Executions } from './executions.js';
import { type MaybePromise, then } from './maybe-promise.js';
import { OwnWork } from './own-work.js';
import { QueryRoutes } from './query-routes.js';
import { Retention } from './retention.js';
import { type Execution, Run } from './run.js';
import type { Task } from './task.js';

export interface EngineParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly matching: Matching<Task>;
  readonly namespaces: Namespaces;
  readonly newId: () => string;
  readonly isBackground: IsBackground;
  readonly observe: (event: ServerEvent) => void;
  /** Hands a transfer over to the execution that it is for. */
  readonly deliver: (engine: Engine, run: Run, transfer: Transfer) => Promise<void>;
}

export class Engine {
  readonly clock: Clock;
  readonly store: Store;
  readonly matching: Matching<Task>;
  readonly namespaces: Namespaces;
  readonly newId: () => string;
  readonly observe: (event: ServerEvent) => void;
  readonly #isBackground: IsBackground;
  readonly #deliver: EngineParts['deliver'];
  readonly #executions: Executions;
  readonly #retention: Retention;
  readonly queries: QueryRoutes;
  /** What the server does by itself. */
  readonly work: OwnWork;
  /** Told of each run that has closed: the first chance to see how. */
  readonly closedWatchers = new Set<(run: Run) => void>();
  /** Called after each transaction and each transfer. */
  readonly changed = new Set<() => void>();

  constructor(parts: EngineParts) {
    this.clock = parts.clock;
    this.store = parts.store;
    this.matching = parts.matching;
    this.namespaces = parts.namespaces;
    this.newId = parts.newId;
    this.observe = parts.observe;
    this.#isBackground = parts.isBackground;
    this.#deliver = parts.deliver;
    this.#executions = new Executions(parts.store);
    this.queries = new QueryRoutes(parts.clock, parts.matching);
    this.work = new OwnWork(parts.clock, parts.observe);
    this.#retention = new Retention(parts.clock, parts.store, (key) => this.drop(key));
  }

  /** How long closed runs of a namespace are kept. */
  readonly retentionMs = (namespace: string) => this.namespaces.known(namespace)?.retentionMs ?? 0;

  /** @param aheadMs - how far the clock of the run is ahead */
  inputs(aheadMs = 0) {
    const { newId, retentionMs } = this;
    return { nowMs: this.clock.now() + aheadMs, aheadMs, newId, retentionMs };
  }

  commandContext(namespace: string): CommandContext {
    return {
      isBackground: this.#isBackground,
      searchAttributesProblem: (attributes) =>
        this.namespaces.searchAttributesProblem(namespace, attributes),
      withTypes: (attributes) => withTypes(this.namespaces.get(namespace), attributes),
    };
  }

  /** The runs of a workflow id, made when it is new. */
  execution(namespace: string, workflowId: string): Execution {
    return this.#executions.of({ namespace, workflowId });
  }

  /** A run by its id, or the current one of the workflow id. NOT_FOUND without it. */
  find(namespace: string, workflowId: string, runId: string): Run {
    return this.#executions.find({ namespace, workflowId, runId });
  }

  lookUp(namespace: string, workflowId: string, runId: string): Run | undefined {
    return this.#executions.lookUp({ namespace, workflowId, runId });
  }

  /** All that are in memory; those that are open always are. */
  runs(): Iterable<Run> {
    return this.#executions.runs();
  }

  /** Grows with each run that comes to be in memory. */
  get runCount(): number {
    return this.#executions.count;
  }

  /** How many runs are open, by namespace. */
  openRuns(): Map<string, number> {
    const open = new Map(this.namespaces.all().map(({ name }) => [name, 0]));
    for (const { key, info } of this.#executions.current())
      if (isOpen(info)) open.set(key.namespace, (open.get(key.namespace) ?? 0) + 1);
    return open;
  }

  /** The draft of a change of a run, at the run's own time. */
  draft(run: Run): Draft {
    const draft = new Draft(run.state, this.inputs(run.aheadMs));
    if (run.lagMs > 0) moveAhead(draft, run.lagMs);
    return draft;
  }

  /** One transaction on a run: the rule's changes are stored before the result is given. */
  update<T>(run: Run, rule: (d: Draft) => T): MaybePromise<T> {
    return this.exclusive(run.execution, () => {
      const draft = this.draft(run);
      const result = rule(draft);
      if (run.dropped) return result;
      return then(this.commit(run.execution, [draft]), () => result);
    });
  }

  /** Keeps other transactions on the workflow id out until `work` is done. */
  exclusive<T>(execution: Execution, work: () => MaybePromise<T>): MaybePromise<T> {
    if (execution.busy) return this.#queue(execution, execution.busy.then(work, work));
    const result = work();
    return result instanceof Promise ? this.#queue(execution, result) : result;
  }

  #queue<T>(execution: Execution, work: Promise<T>): Promise<T> {
    const done = () => {
      if (execution.busy !== settled) return;
      execution.busy = undefined;
      this.#executions.tidy(execution);
    };
    const settled: Promise<unknown> = work.then(done, done);
    execution.busy = settled;
    return work;
  }

  /** Stores drafts of one workflow id as one change, keeps them and carries out their effects. */
  commit(execution: Execution, drafts: readonly Draft[]): void | Promise<void> {
    for (const draft of drafts) enforceHistoryLimits(draft);
    const all = drafts.flatMap((d) => (d.successor ? [d, d.successor] : [d]));
    const changed = all.filter((d) => d.isChanged);
    const keep = () => this.#keep(execution, all);
    if (changed.length === 0) return keep();
    for (const draft of changed) draft.info.stateTransitions += 1;
    const { namespace, workflowId } = execution;
    const runs = changed.map((d) => this.#change(d));
    const atMs = this.clock.now();
    return then(this.store.commit({ namespace, workflowId, atMs, runs }), keep);
  }

  #change(d: Draft): RunChange {
    const closes = isOpen(d.state.info) && !isOpen(d.info);
    return {
      state: d.state,
      info: d.info,
      collections: d.collections,
      events: d.events,
      effects: d.effects,
      visibility: changesVisibility(d) ? visibilityRecord(d) : undefined,
      keepUntilMs: closes ? realNow(this.clock) + this.retentionMs(d.key.namespace) : undefined,
    };
  }

  #keep(execution: Execution, drafts: readonly Draft[]): void {
    for (const draft of drafts) {
      const before = draft.state.info;
      draft.keep();
      const run = this.#runOf(execution, draft);
      run.lagMs -= draft.movedMs;
      this.#hold(run);
      for (const effect of draft.effects) this.#carryOut(run, effect);
      if (isOpen(before) && !isOpen(run.info)) this.#closed(run);
      this.queries.sendWaiting(run);
      if (draft.events.length > 0) for (const watch of [...run.watchers]) watch();
    }
    for (const tell of [...this.changed]) tell();
  }

  #runOf(execution: Execution, draft: Draft): Run {
    const known = execution.runs.get(draft.key.runId);
    if (known) return known;
    const run = new Run(draft.state, execution);
    this.#executions.add(run);
    execution.current = run;
    this.observe({ kind: 'runStarted', ...run.key, workflowType: run.info.workflowType });
    return run;
  }

  #closed(run: Run): void {
    const status = enumName(Status, run.info.status, 'WORKFLOW_EXECUTION_STATUS_');
    this.observe({ kind: 'runClosed', ...run.key, status });
    this.#executions.use(run);
    this.#retention.check();
    for (const watch of this.closedWatchers) watch(run);
  }

  /**
   * Forgets a closed run, and its workflow id with the last of its runs. Not while a reset or a start of the same
   * workflow id is on its way to the disk.
   */
  drop(key: RunKey): void | Promise<void> {
    const drop = () => {
      this.#executions.forget(key);
      return this.store.drop(key);
    };
    const execution = this.#executions.inMemory(key);
    return execution ? this.exclusive(execution, drop) : drop();
  }

  #hold(run: Run): void {
    if (isBusy(run.info)) {
      run.release ??= this.clock.hold(`workflow ${run.key.workflowId}`);
    } else {
      run.release?.();
      run.release = undefined;
    }
  }

  #carryOut(run: Run, effect: Effect): void {
    switch (effect.kind) {
      case 'arm':
        this.#arm(run, effect);
        return;
      case 'disarm':
        this.#disarm(run, effect.key);
        return;
      case 'disarmAll':
        for (const key of [...run.timers.keys()]) this.#disarm(run, key);
        return;
      case 'workflowTask':
        this.#offerWorkflowTask(run, effect);
        return;
      case 'activityTask':
        this.#offerActivityTask(run, effect);
        return;
      case 'transfer':
        this.#send(run, effect);
        return;
      case 'update':
        run.tellUpdateWatchers(effect.updateId, effect.end);
        return;
    }
  }

  #arm(run: Run, { due, atMs, skippable }: Extract<Effect, { kind: 'arm' }>): void {
    if (!isOpen(run.info)) return;
    const key = dueKey(due);
    this.#disarm(run, key);
    const set = (whenMs: number, options: TimerOptions) => {
      const handle = this.clock.setTimer(whenMs, () => fire(handle), options);
      run.timers.set(key, handle);
    };
    // One that has fired stays until its turn comes: a change on its way to the disk may take it back.
    const fire = (handle: TimerHandle) => {
      const isSet = () => run.timers.get(key) === handle;
      this.work.background(`timer ${key}`, async () => {
        try {
          await this.update(run, (d) => isSet() && fallDue(d, due));
          if (isSet()) run.timers.delete(key);
        } catch (error) {
          if (!this.work.isToBeTriedAgain(error)) throw error;
          if (isSet()) set(this.work.retryAtMs, { skippable: false });
        }
      });
    };
    set(atMs - run.aheadMs, { skippable });
  }

  #disarm(run: Run, key: string): void {
    const handle = run.timers.get(key);
    if (!handle) return;
    run.timers.delete(key);
    this.clock.clearTimer(handle);
  }

  #offerWorkflowTask(run: Run, effect: Extract<Effect, { kind: 'workflowTask' }>): void {
    const { workflowTask } = run.info;
    const { stamp, taskQueue, sticky } = effect;
    if (workflowTask.kind !== 'scheduled' || workflowTask.stamp !== stamp) return;
    const queue: QueueName = { namespace: run.key.namespace, kind: 'workflow', name: taskQueue };
    if (sticky && !this.matching.isAlive(queue)) {
      this.unstick(run, stamp);
      return;
    }
    this.matching.add(queue, { kind: 'workflow', run, stamp, queue });
  }

  /** Nobody serves the run's sticky queue any more. */
  unstick(run: Run, stamp: number): void {
    this.work.background('unstick', () =>
      this.work.untilStored(() => this.update(run, (d) => unstick(d, stamp))),
    );
  }

  #offerActivityTask(run: Run, effect: Extract<Effect, { kind: 'activityTask' }>): void {
    const { stamp, scheduledEventId, taskQueue } = effect;
    const phase = run.state.activities.get(scheduledEventId)?.phase;
    if (phase?.kind !== 'scheduled' || phase.stamp !== stamp) return;
    const queue: QueueName = { namespace: run.key.namespace, kind: 'activity', name: taskQueue };
    this.matching.add(queue, { kind: 'activity', run, scheduledEventId, stamp, queue });
  }

  #send(run: Run, { id, transfer }: { readonly id: number; readonly transfer: Transfer }): void {
    const release = this.clock.hold(`${transfer.kind} of ${run.key.workflowId}`);
    run.sending += 1;
    run.outbox = run.outbox
      .then(() => this.work.untilStored(() => this.#deliver(this, run, transfer)))
      .then(() => this.store.settle(run.key, id))
      .catch((error: unknown) => this.work.background(transfer.kind, () => Promise.reject(error)))
      .finally(() => {
        run.sending -= 1;
        release();
        for (const tell of [...this.changed]) tell();
      });
  }

  /** Takes up what the store has of an earlier start: open runs, and transfers that may not have arrived. */
  recover(): void {
    for (const key of this.store.openRuns()) {
      const run = this.find(key.namespace, key.workflowId, key.runId);
      run.execution.current ??= run;
      this.#hold(run);
      for (const effect of pendingEffects(run.state)) this.#carryOut(run, effect);
    }
    for (const pending of this.store.pendingTransfers()) {
      const { namespace, workflowId, runId } = pending.key;
      this.#send(this.find(namespace, workflowId, runId), pending);
    }
    this.#retention.check();
  }

  /** Stops all timers; nothing happens any more. */
  close(): void {
    this.work.close();
    this.#retention.close();
    this.queries.close();
    for (const run of this.#executions.runs()) {
      for (const key of [...run.timers.keys()]) this.#disarm(run, key);
      run.release?.();
      run.release = undefined;
    }
  }
}

/** Whether the failure says that there is no such open run. */
export function isNotFound(thrown: unknown): boolean {
  return isServiceError(thrown) && thrown.code === StatusCode.NOT_FOUND;
}

function changesVisibility(d: Draft): boolean {
  const { info } = d.state;
  return (
    info.nextEventId === 1 ||
    info.status !== d.info.status ||
    info.memo !== d.info.memo ||
    info.searchAttributes !== d.info.searchAttributes
  );
}
