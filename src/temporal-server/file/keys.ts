/**
 * Keys of the file: one byte says what kind of record it is, so that the records of a kind lie together
 * and, after a run id, those of a run. What is written together lies together: a change of a run puts an event
 * last, the run's progress after it, and maybe a request id after that, which are most often one page.
 *
 *     m name                      about the file itself
 *     n name                      a namespace
 *     c namespace 0 workflow id   the run of a workflow id that started last
 *     r run id A                  the head of a run
 *     r run id part key           an entry of its collections
 *     r run id y event id         an event of its history
 *     r run id z                  its progress
 *     r run id ~ number           the request id of a signal, the latest first
 *     o run id                    the run is open
 *     x until run id              the run is closed, and kept until then
 *     t run id transfer id        a transfer that was not handed over yet
 *     s namespace 0 schedule id   a schedule
 *     b namespace 0 job id        a batch operation: what was asked for
 *     g namespace 0 job id        how far it has come
 *     a namespace 0 job id        what it is done to, while it runs
 *     k move id                   a move of the clock of a tree that is under way
 *     v namespace 0 order run id  the run as lists show it, in the order of lists
 *
 * A NUL in the name of a namespace is escaped, so that it is not taken for the one after it. Numbers are
 * big-endian, so that keys sort as what they stand for.
 */
import { createHash } from 'node:crypto';

const Kind = {
  meta: 'm',
  namespace: 'n',
  current: 'c',
  run: 'r',
  open: 'o',
  expiry: 'x',
  transfer: 't',
  schedule: 's',
  batch: 'b',
  batchProgress: 'g',
  batchTargets: 'a',
  treeMove: 'k',
  visible: 'v',
} as const;

/** What a run's collections have. */
export const Part = {
  activity: 'a',
  timer: 't',
  child: 'c',
  external: 'x',
  update: 'u',
  completed: 'd',
} as const;
export type Part = (typeof Part)[keyof typeof Part];

const HEAD = 'A';
/** After all of its {@link Part}s. */
const EVENT = 'y';
const PROGRESS = 'z';
const SIGNAL = '~';

/** Well below what a key may have: a longer text is hashed. */
const MAX_TEXT_BYTES = 1500;

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return bytes.length <= MAX_TEXT_BYTES
    ? bytes
    : Buffer.concat([Buffer.from([0xff]), createHash('sha256').update(bytes).digest()]);
}

/** A namespace may have any characters, but a NUL ends it: one of its own is escaped. */
function pair(namespace: string, id: string): Buffer {
  const escaped = namespace.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01');
  return text(`${escaped}\0${id}`);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Microseconds, exact until the year 2255. */
function instant(ms: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(Math.max(0, Math.round(ms * 1000))));
  return bytes;
}

/** Sorts the other way round. */
function inverted(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => 0xff - byte));
}

const RUN_ID_BYTES = 16;

/** The greatest number. */
const LAST = 0xffffffff;

/** A run id, which is a UUID, as its 16 bytes. */
export type RunBytes = Buffer;

export function runBytes(runId: string): RunBytes {
  return Buffer.from(runId.replaceAll('-', ''), 'hex');
}

/** Made in one piece: each change of a run has some. */
function ofRun(run: RunBytes, part: string, number?: number): Buffer {
  const size = PART_AT + 1;
  const bytes = Buffer.allocUnsafe(number === undefined ? size : size + 4);
  bytes[0] = Kind.run.charCodeAt(0);
  bytes.set(run, RUN_ID_AT);
  bytes[PART_AT] = part.charCodeAt(0);
  if (number !== undefined) bytes.writeUInt32BE(number, size);
  return bytes;
}

/** The run id that starts at `at` in a key. */
export function runIdAt(key: Buffer, at: number): string {
  const hex = key.toString('hex', at, at + RUN_ID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function key(kind: string, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(kind), ...parts]);
}

/** What a batch operation is known by. */
export interface BatchName {
  readonly namespace: string;
  readonly jobId: string;
}

/** Where the list order puts a run; see visibility/list.ts. */
export interface ListPlace {
  readonly closedAtMs: number | null | undefined;
  readonly startedAtMs: number;
}

export const keys = {
  meta: (name: string) => key(Kind.meta, text(name)),
  namespace: (name: string) => key(Kind.namespace, text(name)),
  current: (namespace: string, workflowId: string) =>
    key(Kind.current, pair(namespace, workflowId)),
  head: (run: RunBytes) => ofRun(run, HEAD),
  progress: (run: RunBytes) => ofRun(run, PROGRESS),
  /** @param number - of the signal among those of the run */
  signal: (run: RunBytes, number: number) => ofRun(run, SIGNAL, LAST - number),
  part: (run: RunBytes, part: Part, id: string | number) =>
    typeof id === 'number' ? ofRun(run, part, id) : Buffer.concat([ofRun(run, part), text(id)]),
  event: (run: RunBytes, id: number) => ofRun(run, EVENT, id),
  open: (runId: string) => key(Kind.open, runBytes(runId)),
  expiry: (untilMs: number, runId: string) => key(Kind.expiry, instant(untilMs), runBytes(runId)),
  transfer: (runId: string, id: number) => key(Kind.transfer, runBytes(runId), uint32(id)),
  schedule: (namespace: string, scheduleId: string) =>
    key(Kind.schedule, pair(namespace, scheduleId)),
  batch: ({ namespace, jobId }: BatchName) => key(Kind.batch, pair(namespace, jobId)),
  batchProgress: ({ namespace, jobId }: BatchName) =>
    key(Kind.batchProgress, pair(namespace, jobId)),
  batchTargets: ({ namespace, jobId }: BatchName) => key(Kind.batchTargets, pair(namespace, jobId)),
  move: (id: string) => key(Kind.treeMove, text(id)),
  visible: (namespace: string, { closedAtMs, startedAtMs }: ListPlace, runId: string) =>
    key(
      Kind.visible,
      pair(namespace, ''),
      closedAtMs === undefined || closedAtMs === null
        ? Buffer.alloc(8)
        : inverted(instant(closedAtMs)),
      inverted(instant(startedAtMs)),
      runBytes(runId),
    ),
} as const;

/** The first and the last possible key of a range. */
export interface Range {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** All keys that start with `prefix`. */
function within(prefix: Buffer): Range {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0;
    if (byte === 0xff) continue;
    end[at] = byte + 1;
    return { start: prefix, end: end.subarray(0, at + 1) };
  }
  return { start: prefix, end: Buffer.alloc(prefix.length + 1, 0xff) };
}

export const ranges = {
  namespaces: () => within(key(Kind.namespace)),
  run: (runId: string) => within(key(Kind.run, runBytes(runId))),
  /** The entries of a run's collections. */
  parts: (run: RunBytes) => ({ start: ofRun(run, Part.activity), end: ofRun(run, EVENT) }),
  signals: (run: RunBytes) => within(ofRun(run, SIGNAL)),
  transfersOf: (runId: string) => within(key(Kind.transfer, runBytes(runId))),
  open: () => within(key(Kind.open)),
  expiry: () => within(key(Kind.expiry)),
  schedules: () => within(key(Kind.schedule)),
  batches: () => within(key(Kind.batch)),
  transfers: () => within(key(Kind.transfer)),
  moves: () => within(key(Kind.treeMove)),
  /** The runs of a list, those after a place in it where one is given. */
  visible: (namespace: string, after?: ListPlace & { readonly runId: string }): Range => {
    const all = within(key(Kind.visible, pair(namespace, '')));
    if (!after) return all;
    const at = keys.visible(namespace, after, after.runId);
    return { start: Buffer.concat([at, Buffer.alloc(1)]), end: all.end };
  },
} as const;

/** When the time of the run is over whose expiry key this is. */
export function untilMsOf(expiryKey: Buffer): number {
  return Number(expiryKey.readBigUInt64BE(1)) / 1000;
}

export const EXPIRY_RUN_ID_AT = 9;
export const RUN_ID_AT = 1;
/** Where the key of a part has its {@link Part}. */
export const PART_AT = RUN_ID_AT + RUN_ID_BYTES;

/** The number in the key of a signal's request id. */
export function signalNumberOf(key: Buffer): number {
  return LAST - key.readUInt32BE(PART_AT + 1);
}
