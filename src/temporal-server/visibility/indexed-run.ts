/** A run in the index, while a list is being made: it reads its row when it is asked. */
import type { RunKey } from '../history/state.js';
import type { Status } from '../proto.js';
import type { Cell, CustomAttribute, Listed, ListedFields } from './listed.js';
import type { ListPlace } from './ordered.js';
import type { VisibilityRecord } from './record.js';
import type { RunColumns } from './run-columns.js';

/** Reads the record of the run at a place. */
export type ReadRecord = (place: ListPlace) => VisibilityRecord;

export class IndexedRun implements Listed, ListedFields {
  readonly #of: RunColumns;
  readonly #row: number;
  readonly #read: ReadRecord;

  constructor(columns: RunColumns, row: number, read: ReadRecord) {
    this.#of = columns;
    this.#row = row;
    this.#read = read;
  }

  get fields(): ListedFields {
    return this;
  }
  get record(): VisibilityRecord {
    return this.#read(this.#of.place(this.#row));
  }
  cell(attribute: CustomAttribute): Cell {
    return this.#of.attributes.get(attribute.name)?.cell(this.#row, attribute);
  }

  get key(): RunKey {
    const { namespace, workflowId, runId } = this.#of;
    return {
      namespace,
      workflowId: workflowId.get(this.#row) ?? '',
      runId: runId.get(this.#row) ?? '',
    };
  }
  get workflowType(): string {
    return this.#of.workflowType.get(this.#row) ?? '';
  }
  get taskQueue(): string {
    return this.#of.taskQueue.get(this.#row) ?? '';
  }
  get status(): Status {
    return (this.#of.status.get(this.#row) ?? 0) as Status;
  }
  get startedAtMs(): number {
    return this.#of.startedAtMs.get(this.#row) ?? 0;
  }
  get executionAtMs(): number {
    return this.#of.executionAtMs.get(this.#row) ?? 0;
  }
  get closedAtMs(): number | undefined {
    return this.#of.closedAtMs.get(this.#row);
  }
  get historyLength(): number {
    return this.#of.historyLength.get(this.#row) ?? 0;
  }
  get historySizeBytes(): number {
    return this.#of.historySizeBytes.get(this.#row) ?? 0;
  }
  get stateTransitions(): number {
    return this.#of.stateTransitions.get(this.#row) ?? 0;
  }
  get parent(): ListedFields['parent'] {
    const workflowId = this.#of.parentWorkflowId.get(this.#row);
    const runId = this.#of.parentRunId.get(this.#row);
    return workflowId === undefined || runId === undefined ? undefined : { workflowId, runId };
  }
  get root(): ListedFields['root'] {
    return {
      workflowId: this.#of.rootWorkflowId.get(this.#row) ?? '',
      runId: this.#of.rootRunId.get(this.#row) ?? '',
    };
  }
}
