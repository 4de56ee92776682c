/**
 * Keys of the file: one byte says what kind of record it is, so that the records of a kind lie together
 * and, after a run id, those of a run. What is written together lies together: a change of a run puts an event
 * last and its info after it, which are most often one page.
 *
 *     m name                      about the file itself
 *     n name                      a namespace
 *     c namespace 0 workflow id   the run of a workflow id that started last
 *     r run id part key           an entry of a run's collections
 *     r run id y event id         an event
 *     r run id z                  a run's info
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
  signal: 's',
  update: 'u',
  completed: 'd',
} as const;
export type Part = (typeof Part)[keyof typeof Part];

/** After all of its {@link Part}s. */
const EVENT = 'y';
const INFO = 'z';

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

/** A run id is a UUID, and takes 16 bytes. */
function run(runId: string): Buffer {
  return Buffer.from(runId.replaceAll('-', ''), 'hex');
}

const RUN_ID_BYTES = 16;

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
  info: (runId: string) => key(Kind.run, run(runId), Buffer.from(INFO)),
  part: (runId: string, part: Part, id: string | number) =>
    key(Kind.run, run(runId), Buffer.from(part), typeof id === 'number' ? uint32(id) : text(id)),
  event: (runId: string, id: number) => key(Kind.run, run(runId), Buffer.from(EVENT), uint32(id)),
  open: (runId: string) => key(Kind.open, run(runId)),
  expiry: (untilMs: number, runId: string) => key(Kind.expiry, instant(untilMs), run(runId)),
  transfer: (runId: string, id: number) => key(Kind.transfer, run(runId), uint32(id)),
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
      run(runId),
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
  run: (runId: string) => within(key(Kind.run, run(runId))),
  /** The entries of a run's collections. */
  parts: (runId: string) => ({
    start: key(Kind.run, run(runId)),
    end: key(Kind.run, run(runId), Buffer.from(EVENT)),
  }),
  transfersOf: (runId: string) => within(key(Kind.transfer, run(runId))),
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

/** What an entry of a collection is known by, where that is a number. */
export function numberOf(partKey: Buffer): number {
  return partKey.readUInt32BE(PART_AT + 1);
}
