/**
 * A store that lasts as long as the process.
 *
 * Closed runs are kept until their time is over, and no more of them than fit: past either limit those
 * that closed first go first, but never the one that has closed last.
 */

import type { StoredBatch } from './batches/record.js';
import type { TreeMove } from './engine/tree-move.js';
import type { StoredEvent } from './history/effects.js';
import type { RunKey, RunState } from './history/state.js';
import type { Namespace } from './namespaces.js';
import { pairKey } from './pair-key.js';
import type { ScheduleRecord } from './schedules/record.js';
import type { Change, PendingTransfer, RunChange, Store } from './store.js';
import { type RunList, VisibilityIndex } from './visibility/list.js';

/** What is kept of closed runs at most, over all namespaces. */
export interface ClosedRunLimits {
  readonly runs: number;
  /** Of their histories together. */
  readonly historyBytes: number;
}

export const CLOSED_RUN_LIMITS: ClosedRunLimits = {
  runs: 20_000,
  historyBytes: 256 * 1024 * 1024,
};

interface ClosedRun {
  readonly key: RunKey;
  readonly untilMs: number;
  readonly historyBytes: number;
}

export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly #limits: ClosedRunLimits;
  readonly #histories = new Map<string, StoredEvent[]>();
  readonly #visible = new Map<string, VisibilityIndex>();
  readonly #states = new Map<string, RunState>();
  /** Run ids by namespace and workflow id. */
  readonly #current = new Map<string, string>();
  /** In the order of their closing. */
  readonly #closed = new Map<string, ClosedRun>();
  #closedBytes = 0;
  /** No run's time is over before. */
  #firstUntilMs = Number.POSITIVE_INFINITY;

  constructor(limits: ClosedRunLimits = CLOSED_RUN_LIMITS) {
    this.#limits = limits;
  }

  commit(change: Change): void {
    for (const run of change.runs) this.#commitRun(run);
  }

  #commitRun(run: RunChange): void {
    const { key } = run.state;
    const history = this.#histories.get(key.runId);
    if (!history) {
      this.#histories.set(key.runId, [...run.events]);
      this.#states.set(key.runId, run.state);
      this.#current.set(executionOf(key), key.runId);
    } else for (const event of run.events) history.push(event);
    if (run.visibility) this.#list(key.namespace).put(run.visibility);
    if (run.keepUntilMs === undefined) return;
    const historyBytes = run.info.historySizeBytes;
    this.#closed.set(key.runId, { key, untilMs: run.keepUntilMs, historyBytes });
    this.#closedBytes += historyBytes;
    this.#firstUntilMs = Math.min(this.#firstUntilMs, run.keepUntilMs);
  }

  #list(namespace: string): VisibilityIndex {
    let list = this.#visible.get(namespace);
    if (!list) {
      list = new VisibilityIndex();
      this.#visible.set(namespace, list);
    }
    return list;
  }

  drop(key: RunKey): void {
    const { runId } = key;
    this.#histories.delete(runId);
    this.#states.delete(runId);
    this.#visible.get(key.namespace)?.remove(runId);
    this.#closedBytes -= this.#closed.get(runId)?.historyBytes ?? 0;
    this.#closed.delete(runId);
    if (this.#current.get(executionOf(key)) === runId) this.#current.delete(executionOf(key));
  }

  events(key: RunKey, from: number, to: number): readonly StoredEvent[] {
    return (this.#histories.get(key.runId) ?? []).slice(Math.max(from, 1) - 1, to);
  }

  visible(namespace: string): RunList {
    return this.#list(namespace);
  }

  searchable(namespace: string): RunList {
    return this.#list(namespace);
  }

  load({ namespace, workflowId, runId }: RunKey): RunState | undefined {
    const state = this.#states.get(runId);
    return state?.key.workflowId === workflowId && state.key.namespace === namespace
      ? state
      : undefined;
  }

  currentRunId(namespace: string, workflowId: string): string | undefined {
    return this.#current.get(executionOf({ namespace, workflowId }));
  }

  expired(nowMs: number): readonly RunKey[] {
    const keys = this.#pastLimits();
    if (nowMs < this.#firstUntilMs) return keys;
    this.#firstUntilMs = Number.POSITIVE_INFINITY;
    for (const { key, untilMs } of this.#closed.values()) {
      if (untilMs <= nowMs) keys.push(key);
      else this.#firstUntilMs = Math.min(this.#firstUntilMs, untilMs);
    }
    return keys;
  }

  #pastLimits(): RunKey[] {
    const keys: RunKey[] = [];
    let runs = this.#closed.size;
    let bytes = this.#closedBytes;
    for (const { key, historyBytes } of this.#closed.values()) {
      if (runs <= 1 || (runs <= this.#limits.runs && bytes <= this.#limits.historyBytes)) break;
      keys.push(key);
      runs -= 1;
      bytes -= historyBytes;
    }
    return keys;
  }

  nextExpiryMs(): number | undefined {
    return Number.isFinite(this.#firstUntilMs) ? this.#firstUntilMs : undefined;
  }

  settle(): void {}

  openRuns(): Iterable<RunKey> {
    return [];
  }

  pendingTransfers(): Iterable<PendingTransfer> {
    return [];
  }

  namespaces(): Iterable<Namespace> {
    return [];
  }

  putNamespace(): void {}

  dropNamespace(): void {}

  schedules(): Iterable<ScheduleRecord> {
    return [];
  }

  putSchedule(): void {}

  dropSchedule(): void {}

  batches(): Iterable<StoredBatch> {
    return [];
  }

  putBatch(): void {}

  putBatchProgress(): void {}

  dropBatch(): void {}

  moves(): Iterable<TreeMove> {
    return [];
  }

  putMove(): void {}

  dropMove(): void {}

  async close(): Promise<void> {}
}

function executionOf({ namespace, workflowId }: Omit<RunKey, 'runId'>): string {
  return pairKey(namespace, workflowId);
}
