/**
 * The runs of a file as lists show them: their records, and an index of what queries ask of them.
 *
 * The index is in memory alone and made from the records, when a namespace is searched for the first time. A
 * table of it in the file would have to be written with each start and each close, many entries to one
 * record, and could still not answer every query; to make it anew takes less than what that would cost
 * every workflow. A server that nobody searches has none.
 *
 * 1. The index is made in slices, and other work goes on between them. Who searches waits for it.
 * 2. From then on it follows what is written: it has just what the file has, when a list is begun. What is
 *    on disk and was not told yet is taken over then; what a drop is about to remove is passed over.
 */
import { setImmediate } from 'node:timers/promises';
import { storeDamaged, storeRefuses } from '../store-errors.js';
import type { ListToken, RunList } from '../visibility/list.js';
import { type Listed, ListedRecord } from '../visibility/listed.js';
import type { VisibilityRecord } from '../visibility/record.js';
import { RunIndex } from '../visibility/run-index.js';
import { keys, type ListPlace, ranges } from './keys.js';
import { formats } from './records.js';
import type { Bytes, Write } from './writer.js';

/** How many records are read at a time while an index is made: a millisecond or two. */
const SLICE = 256;

export class VisibleRuns {
  readonly #db: Bytes;
  /** Run ids. */
  readonly #dropping: ReadonlySet<string>;
  readonly #indexes = new Map<string, RunIndex>();
  /** Those of them that are being made; an index that is not in here is complete. */
  readonly #made = new Map<string, Promise<RunList>>();
  /** On their way to the disk, in order. */
  readonly #writing = new Set<VisibilityRecord>();
  #closed = false;

  constructor(db: Bytes, dropping: ReadonlySet<string>) {
    this.#db = db;
    this.#dropping = dropping;
  }

  /** All runs, read as they come. */
  list(namespace: string): RunList {
    return { from: (token) => this.#records(namespace, token) };
  }

  *#records(namespace: string, token: ListToken | undefined): Iterable<Listed> {
    for (const { key, value } of this.#db.getRange(ranges.visible(namespace, token))) {
      const record = formats.visible.fromValue(Buffer.from(key), value);
      if (!this.#dropping.has(record.key.runId)) yield new ListedRecord(record);
    }
  }

  /** All runs, from the index. */
  search(namespace: string): RunList | Promise<RunList> {
    const making = this.#made.get(namespace);
    if (making) return making;
    const index = this.#indexes.get(namespace);
    if (index) return this.#searched(namespace, index);
    const made = this.#make(namespace);
    this.#made.set(namespace, made);
    return made;
  }

  #searched(namespace: string, index: RunIndex): RunList {
    return {
      from: (token) => {
        this.#catchUp(namespace, index);
        const runs = index.from(token);
        return this.#dropping.size === 0 ? runs : this.#kept(runs);
      },
    };
  }

  *#kept(runs: Iterable<Listed>): Iterable<Listed> {
    for (const listed of runs) if (!this.#dropping.has(listed.fields.key.runId)) yield listed;
  }

  async #make(namespace: string): Promise<RunList> {
    const index = new RunIndex(namespace, (place) => this.#read(namespace, place));
    this.#indexes.set(namespace, index);
    try {
      await this.#fill(namespace, index);
    } catch (thrown) {
      this.#indexes.delete(namespace);
      throw thrown;
    } finally {
      this.#made.delete(namespace);
    }
    return this.#searched(namespace, index);
  }

  /**
   * Goes through the list backwards, which is the order that the index grows in. A run that moves
   * meanwhile moves to the front of the closed ones, and the index is told of it.
   */
  async #fill(namespace: string, index: RunIndex): Promise<void> {
    const { start, end } = ranges.visible(namespace);
    for (let last: Buffer | undefined = end; last; ) {
      if (this.#closed) throw storeRefuses(new Error('it is being closed'));
      last = this.#slice(index, start, last);
      if (last) await setImmediate();
    }
  }

  /** @returns the key that it has come to; undefined at the end */
  #slice(index: RunIndex, start: Buffer, before: Buffer): Buffer | undefined {
    const options = { start: before, end: start, limit: SLICE, reverse: true };
    let count = 0;
    let last: Buffer | undefined;
    for (const { key, value } of this.#db.getRange({ ...options, exclusiveStart: true })) {
      last = Buffer.from(key);
      index.put(formats.searched.fromValue(last, value));
      count += 1;
    }
    return count === SLICE ? last : undefined;
  }

  #read(namespace: string, place: ListPlace & { readonly runId: string }): VisibilityRecord {
    const key = keys.visible(namespace, place, place.runId);
    const value = this.#db.getBinary(key);
    if (!value) throw storeDamaged(`the list has no run ${place.runId}, which was there`);
    return formats.visible.fromValue(key, value);
  }

  #catchUp(namespace: string, index: RunIndex): void {
    for (const record of this.#writing) {
      if (record.key.namespace !== namespace) continue;
      const key = keys.visible(namespace, record, record.key.runId);
      const value = this.#db.getBinary(key);
      if (value) index.put(formats.searched.fromValue(key, value));
    }
  }

  /** What has to be written for a run to be shown like this, which `end` is then told the end of. */
  change(record: VisibilityRecord): { writes: Write[]; end: (isWritten: boolean) => void } {
    const { namespace, runId } = record.key;
    const key = keys.visible(namespace, record, runId);
    const writes: Write[] = [[key, formats.visible.toValue(key, record)]];
    if (record.closedAtMs !== undefined)
      writes.unshift([
        keys.visible(namespace, { ...record, closedAtMs: undefined }, runId),
        undefined,
      ]);
    this.#writing.add(record);
    const end = (isWritten: boolean) => {
      this.#writing.delete(record);
      if (isWritten) this.#indexes.get(namespace)?.put(record);
    };
    return { writes, end };
  }

  /** The run is gone from the file; its place in the list was this. */
  dropped(namespace: string, runId: string, { closedAtMs, startedAtMs }: ListPlace): void {
    const index = this.#indexes.get(namespace);
    for (const at of [closedAtMs ?? null, null])
      index?.remove({ closedAtMs: at, startedAtMs, runId });
  }

  /** Reads nothing any more. */
  close(): void {
    this.#closed = true;
  }
}
