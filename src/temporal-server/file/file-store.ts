/**
 * A store on a file: an LMDB database, whose transaction is on disk when its promise resolves.
 *
 * 1. One server at a time has the file (owner.ts); within it all writes go through one writer.
 * 2. What was written can be read as soon as its commit has resolved, and is read from the file: beside
 *    what the operating system caches of it, nothing is kept in memory.
 * 3. A run that is being dropped is hidden until its removal is on disk.
 */

import type { BatchJob, BatchProgress, StoredBatch } from '../batches/record.js';
import type { TreeMove } from '../engine/tree-move.js';
import type { StoredEvent } from '../history/effects.js';
import { isOpen, type RunInfo, type RunKey, type RunState } from '../history/state.js';
import type { Namespace } from '../namespaces.js';
import type { ScheduleRecord } from '../schedules/record.js';
import type { Change, PendingTransfer, RunChange, Store } from '../store.js';
import { StoreOpenError, storeDamaged } from '../store-errors.js';
import type { SearchAttributeType } from '../visibility/attributes.js';
import type { RunList } from '../visibility/list.js';
import { checkFile } from './check.js';
import { collectionWrites, readPart, readSignal } from './collections.js';
import {
  EXPIRY_RUN_ID_AT,
  keys,
  type Range,
  RUN_ID_AT,
  ranges,
  runBytes,
  runIdAt,
  untilMsOf,
} from './keys.js';
import { loadLmdb } from './lmdb.js';
import { claim, type Owner } from './owner.js';
import { events, type Format, formats, startedOf } from './records.js';
import { changesHead, headOf, progressOf } from './run-record.js';
import { bringUpToDate, SCHEMA, type Schema } from './schema.js';
import { VisibleRuns } from './visible-runs.js';
import { type Bytes, type Write, Writer } from './writer.js';

/** How many closed runs are given at a time whose retention is over. */
const EXPIRED_AT_ONCE = 100;

/** How far the server's time may be ahead of real time before that is written down. */
const AHEAD_MS = 1000;

export class FileStore implements Store {
  readonly kind = 'lmdb';
  readonly #db: Bytes;
  readonly #writer: Writer;
  readonly #owner: Owner;
  /** Run ids. */
  readonly #dropping = new Set<string>();
  readonly #visible: VisibleRuns;
  /** The first expiry that is not due yet; undefined when it has to be looked up. */
  #firstExpiryMs: number | undefined;

  private constructor(db: Bytes, owner: Owner, first: readonly Write[]) {
    this.#db = db;
    this.#writer = new Writer(db, first);
    this.#visible = new VisibleRuns(db, this.#dropping);
    this.#owner = owner;
  }

  /**
   * Opens the file, or makes it.
   *
   * @throws StoreOpenError when another server has it, it is no file of this server, it is damaged, or a
   *   newer version has written it
   */
  static async open(path: string, schema: Schema = SCHEMA): Promise<FileStore> {
    const owner = await claim(path);
    let db: Bytes | undefined;
    try {
      checkFile(path);
      db = openDatabase(path);
      const first = await bringUpToDate(db, path, schema);
      return new FileStore(db, owner, first);
    } catch (thrown) {
      await db?.close();
      await owner.release();
      throw thrown;
    }
  }

  async commit(change: Change): Promise<void> {
    const writes: Write[] = [];
    for (const run of change.runs) this.#runWrites(change, run, writes);
    if (change.atMs > Date.now() + AHEAD_MS)
      writes.push(put(formats.meta, keys.meta('clock'), { atMs: change.atMs }));
    const shown = change.runs.flatMap(({ visibility }) =>
      visibility ? [this.#visible.change(visibility)] : [],
    );
    for (const { writes: more } of shown) writes.push(...more);
    let isWritten = false;
    try {
      await this.#writer.write(writes);
      isWritten = true;
    } finally {
      for (const { end } of shown) end(isWritten);
    }
    for (const { keepUntilMs } of change.runs)
      if (keepUntilMs !== undefined) this.#noteExpiry(keepUntilMs);
  }

  #noteExpiry(untilMs: number): void {
    if (this.#firstExpiryMs !== undefined)
      this.#firstExpiryMs = Math.min(this.#firstExpiryMs, untilMs);
  }

  #runWrites(change: Change, run: RunChange, writes: Write[]): void {
    const { namespace, workflowId } = change;
    const { runId } = run.state.key;
    const { info } = run;
    const bytes = runBytes(runId);
    const isNew = run.events[0]?.id === 1;
    if (isNew || changesHead(run.state.info, info))
      writes.push(put(formats.head, keys.head(bytes), headOf(namespace, workflowId, info)));
    for (const event of run.events) writes.push(put(events, keys.event(bytes, event.id), event));
    collectionWrites(bytes, run.collections, writes);
    const keepUntilMs = run.keepUntilMs ?? this.#keptUntil(run.state);
    writes.push(put(formats.progress, keys.progress(bytes), progressOf(info, keepUntilMs)));
    for (const effect of run.effects) {
      if (effect.kind === 'transfer')
        writes.push(put(formats.transfer, keys.transfer(runId, effect.id), effect.transfer));
    }
    if (isNew) {
      writes.push(put(formats.run, keys.current(namespace, workflowId), run.state.key));
      writes.push(put(formats.meta, keys.open(runId), {}));
    }
    if (run.keepUntilMs === undefined) return;
    writes.push([keys.open(runId), undefined]);
    writes.push(put(formats.meta, keys.expiry(run.keepUntilMs, runId), {}));
  }

  /** Known once the run has closed. */
  #keptUntil({ key, info }: RunState): number | undefined {
    if (isOpen(info)) return undefined;
    return this.#get(formats.progress, keys.progress(runBytes(key.runId)))?.keepUntilMs;
  }

  drop(key: RunKey): Promise<void> {
    const { namespace, workflowId, runId } = key;
    const run = runBytes(runId);
    const head = this.#get(formats.head, keys.head(run));
    const progress = this.#get(formats.progress, keys.progress(run));
    if (!head || !progress || this.#dropping.has(runId)) return Promise.resolve();
    const writes: Write[] = [[keys.open(runId), undefined]];
    for (const range of [ranges.run(runId), ranges.transfersOf(runId)])
      for (const each of this.#db.getKeys(range)) writes.push([Buffer.from(each), undefined]);
    const { startedAtMs } = head;
    const { closedAtMs, keepUntilMs } = progress;
    const place = { startedAtMs, closedAtMs };
    for (const each of [place, { startedAtMs, closedAtMs: undefined }])
      writes.push([keys.visible(namespace, each, runId), undefined]);
    if (this.currentRunId(namespace, workflowId) === runId)
      writes.push([keys.current(namespace, workflowId), undefined]);
    if (keepUntilMs !== undefined) writes.push([keys.expiry(keepUntilMs, runId), undefined]);
    this.#dropping.add(runId);
    this.#firstExpiryMs = undefined;
    const done = this.#writer.write(writes);
    return done
      .then(() => this.#visible.dropped(namespace, runId, place))
      .finally(() => {
        this.#dropping.delete(runId);
        this.#firstExpiryMs = undefined;
      });
  }

  events(key: RunKey, from: number, to: number): readonly StoredEvent[] {
    if (this.#dropping.has(key.runId)) return [];
    const found: StoredEvent[] = [];
    const run = runBytes(key.runId);
    for (let id = Math.max(from, 1); id <= to; id++) {
      const event = this.#get(events, keys.event(run, id));
      if (!event) throw storeDamaged(`event ${id} of run ${key.runId} is not there`);
      found.push(event);
    }
    return found;
  }

  visible(namespace: string): RunList {
    return this.#visible.list(namespace);
  }

  searchable(namespace: string): RunList | Promise<RunList> {
    return this.#visible.search(namespace);
  }

  load(key: RunKey): RunState | undefined {
    if (this.#dropping.has(key.runId)) return undefined;
    const run = runBytes(key.runId);
    const at = keys.head(run);
    const head = this.#get(formats.head, at);
    const progress = this.#get(formats.progress, keys.progress(run));
    if (!head || !progress) return undefined;
    const { namespace, workflowId, ...startedWith } = head;
    if (namespace !== key.namespace || workflowId !== key.workflowId) return undefined;
    const { keepUntilMs: _, ...comeTo } = progress;
    const [event] = this.events(key, 1, 1);
    const started = event ? startedOf(event) : {};
    const runId = runIdAt(at, RUN_ID_AT);
    const state = emptyState(
      { namespace, workflowId, runId },
      { ...startedWith, ...comeTo, started },
    );
    for (const { key, value } of this.#db.getRange(ranges.parts(run)))
      readPart(state, bytesOf(key), value);
    for (const { key, value } of this.#db.getRange(ranges.signals(run)))
      readSignal(state, bytesOf(key), value);
    return state;
  }

  currentRunId(namespace: string, workflowId: string): string | undefined {
    const record = this.#get(formats.run, keys.current(namespace, workflowId));
    if (!record || this.#dropping.has(record.runId)) return undefined;
    return record.runId;
  }

  expired(nowMs: number): readonly RunKey[] {
    const next = this.nextExpiryMs();
    if (next === undefined || next > nowMs) return [];
    const found: RunKey[] = [];
    for (const each of this.#db.getKeys(ranges.expiry())) {
      const at = bytesOf(each);
      if (untilMsOf(at) > nowMs || found.length === EXPIRED_AT_ONCE) break;
      const key = this.#keyOf(runIdAt(at, EXPIRY_RUN_ID_AT));
      if (key) found.push(key);
    }
    return found;
  }

  nextExpiryMs(): number | undefined {
    this.#firstExpiryMs ??= this.#findExpiry();
    return Number.isFinite(this.#firstExpiryMs) ? this.#firstExpiryMs : undefined;
  }

  #findExpiry(): number {
    for (const each of this.#db.getKeys(ranges.expiry())) {
      const at = bytesOf(each);
      if (!this.#dropping.has(runIdAt(at, EXPIRY_RUN_ID_AT))) return untilMsOf(at);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Not waited for: what is lost of it is handed over once more, which does no harm. */
  settle(key: RunKey, transferId: number): void {
    this.#writer.write([[keys.transfer(key.runId, transferId), undefined]]).catch(() => {});
  }

  *openRuns(): Iterable<RunKey> {
    for (const each of [...this.#db.getKeys(ranges.open())]) {
      const runId = runIdAt(bytesOf(each), RUN_ID_AT);
      const key = this.#keyOf(runId);
      if (!key) throw storeDamaged(`the open run ${runId} is not there`);
      yield key;
    }
  }

  *pendingTransfers(): Iterable<PendingTransfer> {
    for (const [at, transfer] of [...this.#all(formats.transfer, ranges.transfers())]) {
      const key = this.#keyOf(runIdAt(at, RUN_ID_AT));
      if (key) yield { key, id: at.readUInt32BE(at.length - 4), transfer };
    }
  }

  #keyOf(runId: string): RunKey | undefined {
    if (this.#dropping.has(runId)) return undefined;
    const record = this.#get(formats.head, keys.head(runBytes(runId)));
    return record && { namespace: record.namespace, workflowId: record.workflowId, runId };
  }

  *namespaces(): Iterable<Namespace> {
    for (const [, record] of this.#all(formats.namespace, ranges.namespaces())) {
      const types = record.searchAttributes as [string, SearchAttributeType][];
      yield { ...record, searchAttributes: new Map(types) };
    }
  }

  putNamespace(namespace: Namespace): Promise<void> {
    const record = { ...namespace, searchAttributes: [...namespace.searchAttributes] };
    return this.#writer.write([put(formats.namespace, keys.namespace(namespace.name), record)]);
  }

  dropNamespace(name: string): Promise<void> {
    return this.#writer.write([[keys.namespace(name), undefined]]);
  }

  *schedules(): Iterable<ScheduleRecord> {
    for (const [, record] of this.#all(formats.schedule, ranges.schedules())) yield record;
  }

  putSchedule(record: ScheduleRecord): Promise<void> {
    const key = keys.schedule(record.namespace, record.scheduleId);
    return this.#writer.write([put(formats.schedule, key, record)]);
  }

  dropSchedule(namespace: string, scheduleId: string): Promise<void> {
    return this.#writer.write([[keys.schedule(namespace, scheduleId), undefined]]);
  }

  *batches(): Iterable<StoredBatch> {
    const jobs = [...this.#all(formats.batch, ranges.batches())].map(([, job]) => job);
    for (const job of jobs.sort((a, b) => a.startedAtMs - b.startedAtMs)) {
      const progress = this.#get(formats.batchProgress, keys.batchProgress(job));
      if (!progress)
        throw storeDamaged(`how far batch operation ${job.jobId} has come is not there`);
      const targets = this.#get(formats.batchTargets, keys.batchTargets(job))?.targets ?? [];
      yield { job, progress, targets };
    }
  }

  putBatch({ job, progress, targets }: StoredBatch): Promise<void> {
    return this.#writer.write([
      put(formats.batch, keys.batch(job), job),
      put(formats.batchProgress, keys.batchProgress(job), progress),
      put(formats.batchTargets, keys.batchTargets(job), { targets }),
    ]);
  }

  putBatchProgress(job: BatchJob, progress: BatchProgress): Promise<void> {
    const writes = [put(formats.batchProgress, keys.batchProgress(job), progress)];
    if (progress.state !== 'running') writes.push([keys.batchTargets(job), undefined]);
    return this.#writer.write(writes);
  }

  dropBatch(job: BatchJob): Promise<void> {
    const gone = [keys.batch(job), keys.batchProgress(job), keys.batchTargets(job)];
    return this.#writer.write(gone.map((key) => [key, undefined]));
  }

  *moves(): Iterable<TreeMove> {
    for (const [, move] of this.#all(formats.move, ranges.moves())) yield move;
  }

  putMove(move: TreeMove): Promise<void> {
    return this.#writer.write([put(formats.move, keys.move(move.id), move)]);
  }

  dropMove(id: string): Promise<void> {
    return this.#writer.write([[keys.move(id), undefined]]);
  }

  /** The server's time when it was last ahead of real time; 0 when it never was. */
  clockMs(): number {
    return Number(this.#get(formats.meta, keys.meta('clock'))?.atMs ?? 0);
  }

  async close(): Promise<void> {
    this.#visible.close();
    await this.#writer.close();
    await this.#db.close();
    await this.#owner.release();
  }

  #get<T>(format: Format<T>, key: Buffer): T | undefined {
    const value = this.#db.getBinary(key);
    return value && format.fromValue(key, value);
  }

  *#all<T>(format: Format<T>, range: Range): Iterable<[Buffer, T]> {
    for (const { key, value } of this.#db.getRange(range)) {
      const at = Buffer.from(key);
      yield [at, format.fromValue(at, value)];
    }
  }
}

function put<T>(format: Format<T>, key: Buffer, record: T): Write {
  return [key, format.toValue(key, record)];
}

/** Keys come as plain byte arrays. */
function bytesOf(key: Uint8Array): Buffer {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength);
}

function emptyState(key: RunKey, info: RunInfo): RunState {
  return {
    key,
    info,
    activities: new Map(),
    activityIds: new Map(),
    timers: new Map(),
    children: new Map(),
    externals: new Map(),
    signalRequests: new Map(),
    updates: new Map(),
    completedUpdates: new Map(),
  };
}

function openDatabase(path: string): Bytes {
  const { open } = loadLmdb();
  try {
    return open<Buffer, Buffer>(path, {
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      // A commit resolves once it is on disk, not when it can be seen.
      overlappingSync: false,
      // The writer groups. LMDB's own grouping has a promise that nobody sees and that rejects where the disk is full.
      eventTurnBatching: false,
      maxDbs: 1,
    });
  } catch (thrown) {
    const why = `it cannot be opened (${thrown instanceof Error ? thrown.message : String(thrown)})`;
    throw new StoreOpenError(path, why, 'name another file, or put a copy of it back');
  }
}
