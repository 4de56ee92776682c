/** The columns of the index of runs: what queries ask of a run, by its row. */
import type { PayloadMap } from '../proto.js';
import { AttributeColumn } from './attribute-column.js';
import { Dictionary, NumberColumn, TextColumn } from './columns.js';
import type { ListPlace } from './ordered.js';
import type { VisibilityRecord } from './record.js';

/** What the index takes of a record. */
export type Indexed = Omit<VisibilityRecord, 'memo'>;

export class RunColumns {
  readonly namespace: string;
  readonly #dictionary = new Dictionary();
  readonly runId = this.#texts();
  readonly workflowId = this.#texts();
  readonly workflowType = this.#texts();
  readonly taskQueue = this.#texts();
  readonly parentWorkflowId = this.#texts();
  readonly parentRunId = this.#texts();
  readonly rootWorkflowId = this.#texts();
  readonly rootRunId = this.#texts();
  readonly status = new NumberColumn();
  readonly startedAtMs = new NumberColumn();
  readonly executionAtMs = new NumberColumn();
  readonly closedAtMs = new NumberColumn();
  readonly historyLength = new NumberColumn();
  readonly historySizeBytes = new NumberColumn();
  readonly stateTransitions = new NumberColumn();
  /** Of search attributes, by their names: those that any run has had. */
  readonly attributes = new Map<string, AttributeColumn>();

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  #texts(): TextColumn {
    return new TextColumn(this.#dictionary);
  }

  /** Undefined empties the row. */
  set(row: number, run: Indexed | undefined): void {
    this.runId.set(row, run?.key.runId);
    this.workflowId.set(row, run?.key.workflowId);
    this.workflowType.set(row, run?.workflowType);
    this.taskQueue.set(row, run?.taskQueue);
    this.parentWorkflowId.set(row, run?.parent?.workflowId);
    this.parentRunId.set(row, run?.parent?.runId);
    this.rootWorkflowId.set(row, run?.root.workflowId);
    this.rootRunId.set(row, run?.root.runId);
    this.status.set(row, run?.status);
    this.startedAtMs.set(row, run?.startedAtMs);
    this.executionAtMs.set(row, run?.executionAtMs);
    this.closedAtMs.set(row, run?.closedAtMs);
    this.historyLength.set(row, run?.historyLength);
    this.historySizeBytes.set(row, run?.historySizeBytes);
    this.stateTransitions.set(row, run?.stateTransitions);
    this.#setAttributes(row, run?.searchAttributes ?? {});
  }

  #setAttributes(row: number, attributes: PayloadMap): void {
    for (const name of Object.keys(attributes))
      if (!this.attributes.has(name))
        this.attributes.set(name, new AttributeColumn(this.#dictionary));
    for (const [name, column] of this.attributes)
      column.set(row, Object.hasOwn(attributes, name) ? attributes[name] : undefined);
  }

  place(row: number): ListPlace {
    return {
      closedAtMs: this.closedAtMs.get(row) ?? null,
      startedAtMs: this.startedAtMs.get(row) ?? 0,
      runId: this.runId.get(row) ?? '',
    };
  }
}
