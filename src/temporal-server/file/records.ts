/**
 * Records as bytes. What is the server's own is JSON, and the protocol's messages in it are their
 * protobuf bytes in base64: both can be read by a later version that knows more fields.
 *
 * 1. Every value begins with a checksum of its key and itself, so that a byte that has changed on
 *    disk is found out when it is read, and not passed on.
 * 2. What the events say is not said again: a run's started attributes are those of event 1.
 */
import { crc32 } from 'node:zlib';
import type { BatchJob, BatchProgress, BatchTarget } from '../batches/record.js';
import type { TreeMove } from '../engine/tree-move.js';
import type { StoredEvent, Transfer } from '../history/effects.js';
import type {
  ActivityInfo,
  ChildInfo,
  ExternalRequest,
  RunInfo,
  UpdateInfo,
} from '../history/state.js';
import type { Namespace } from '../namespaces.js';
import { codec, type PlainCodec, plainCodec } from '../proto.js';
import type { ScheduleRecord } from '../schedules/record.js';
import { storeDamaged } from '../store-errors.js';
import type { VisibilityRecord } from '../visibility/record.js';
import type { HeadRecord, ProgressRecord } from './run-record.js';

const CHECKSUM_BYTES = 4;
const TYPE_BYTES = 2;

function sealed(key: Buffer, content: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(CHECKSUM_BYTES + content.length);
  value.set(content, CHECKSUM_BYTES);
  value.writeUInt32LE(checksum(key, content));
  return value;
}

function checksum(key: Buffer, content: Uint8Array): number {
  return crc32(content, crc32(key));
}

/** Whether a value is what was written under its key. */
export function isIntact(key: Buffer, value: Buffer): boolean {
  return (
    value.length >= CHECKSUM_BYTES &&
    value.readUInt32LE() === checksum(key, value.subarray(CHECKSUM_BYTES))
  );
}

function opened(key: Buffer, value: Buffer): Buffer {
  if (!isIntact(key, value)) throw storeDamaged(`the record ${key.toString('hex')} has changed`);
  return value.subarray(CHECKSUM_BYTES);
}

/** A value that comes to stand under another key. */
export function resealed(from: Buffer, to: Buffer, value: Buffer): Buffer {
  return sealed(to, opened(from, value));
}

/** How a field that holds messages becomes JSON, and back. */
interface Field {
  pack(value: unknown): unknown;
  unpack(value: unknown): unknown;
}
interface Shape {
  readonly [name: string]: Field;
}

function message(name: string): Field {
  let codec: PlainCodec<unknown> | undefined;
  const known = () => {
    codec ??= plainCodec(name);
    return codec;
  };
  return {
    pack: (value) => Buffer.from(known().encode(value)).toString('base64'),
    unpack: (value) => known().decode(Buffer.from(value as string, 'base64')),
  };
}

/** A message with the defaults of what it leaves out, as a call gets it. */
function whole(name: string): Field {
  const known = codec<object>(name);
  return {
    pack: (value) => Buffer.from(known.encode(value as object).finish()).toString('base64'),
    unpack: (value) => known.decode(Buffer.from(value as string, 'base64')),
  };
}

function list(of: Field): Field {
  return {
    pack: (value) => (value as unknown[]).map((one) => of.pack(one)),
    unpack: (value) => (value as unknown[]).map((one) => of.unpack(one)),
  };
}

/** A map of payloads, by the message that has it as its only field. */
function payloads(name: string, field: string): Field {
  const whole = message(name);
  return {
    pack: (value) =>
      Object.keys(value as object).length > 0 ? whole.pack({ [field]: value }) : '',
    unpack: (value) => (whole.unpack(value) as { [field: string]: unknown })[field] ?? {},
  };
}

function nested(shape: Shape): Field {
  return {
    pack: (value) => mapped(value as object, shape, 'pack'),
    unpack: (value) => mapped(value as object, shape, 'unpack'),
  };
}

function mapped(value: object, shape: Shape, how: 'pack' | 'unpack'): object {
  const result: { [name: string]: unknown } = { ...value };
  for (const [name, field] of Object.entries(shape)) {
    const content = result[name];
    if (content !== undefined && content !== null) result[name] = field[how](content);
  }
  return result;
}

const API = 'temporal.api';
const PAYLOADS = message(`${API}.common.v1.Payloads`);
const HEADER = message(`${API}.common.v1.Header`);
const FAILURE = message(`${API}.failure.v1.Failure`);
const MEMO = payloads(`${API}.common.v1.Memo`, 'fields');
const SEARCH_ATTRIBUTES = payloads(`${API}.common.v1.SearchAttributes`, 'indexedFields');

const HEAD: Shape = {
  userMetadata: message(`${API}.sdk.v1.UserMetadata`),
  memo: MEMO,
  searchAttributes: SEARCH_ATTRIBUTES,
  versioningOverride: message(`${API}.workflow.v1.VersioningOverride`),
};
const PROGRESS: Shape = { buffered: list(message(`${API}.history.v1.HistoryEvent`)) };
const ACTIVITY: Shape = {
  header: HEADER,
  input: PAYLOADS,
  retryPolicy: message(`${API}.common.v1.RetryPolicy`),
  priority: message(`${API}.common.v1.Priority`),
  heartbeat: nested({ details: PAYLOADS }),
  lastFailure: FAILURE,
};
const CHILD: Shape = {
  attributes: message(`${API}.history.v1.StartChildWorkflowExecutionInitiatedEventAttributes`),
};
const EXTERNAL: Shape = { input: PAYLOADS, header: HEADER };
const UPDATE: Shape = { stage: nested({ request: message(`${API}.update.v1.Request`) }) };
const OUTCOME: Shape = { result: PAYLOADS, failure: FAILURE, details: PAYLOADS };
const TRANSFER: Shape = {
  child: nested(CHILD),
  request: nested(EXTERNAL),
  outcome: nested(OUTCOME),
};
const SCHEDULE: Shape = {
  schedule: message(`${API}.schedule.v1.Schedule`),
  memo: MEMO,
  searchAttributes: SEARCH_ATTRIBUTES,
  lastResult: PAYLOADS,
  lastFailure: FAILURE,
};
const BATCH: Shape = {
  request: whole(`${API}.workflowservice.v1.StartBatchOperationRequest`),
};
const SEARCHED: Shape = { searchAttributes: SEARCH_ATTRIBUTES };
const VISIBLE: Shape = { memo: MEMO, ...SEARCHED };

/** A kind of record. */
export interface Format<T> {
  toValue(key: Buffer, record: T): Buffer;
  fromValue(key: Buffer, value: Buffer): T;
}

function json<T extends object>(shape: Shape = {}): Format<T> {
  return {
    toValue: (key, record) => sealedPacked(key, mapped(record, shape, 'pack')),
    fromValue: (key, value) => mapped(packed(key, value), shape, 'unpack') as T,
  };
}

/** A record with the messages in it as they are kept: for those who move it without a look at them. */
export function packed(key: Buffer, value: Buffer): object {
  return JSON.parse(opened(key, value).toString()) as object;
}

export function sealedPacked(key: Buffer, record: object): Buffer {
  return sealed(key, Buffer.from(JSON.stringify(record)));
}

const STARTED = plainCodec<{ workflowExecutionStartedEventAttributes?: RunInfo['started'] | null }>(
  `${API}.history.v1.HistoryEvent`,
);

/** The attributes of a run's first event. */
export function startedOf(event: StoredEvent): RunInfo['started'] {
  return STARTED.decode(event.bytes).workflowExecutionStartedEventAttributes ?? {};
}

export const formats = {
  head: json<HeadRecord>(HEAD),
  progress: json<ProgressRecord>(PROGRESS),
  activity: json<ActivityInfo>(ACTIVITY),
  timer: json<{
    readonly timerId: string;
    readonly startedEventId: number;
    readonly atMs: number;
  }>(),
  child: json<ChildInfo>(CHILD),
  external: json<ExternalRequest>(EXTERNAL),
  update: json<UpdateInfo>(UPDATE),
  /** What has an id of its own text alone, since a key may hold but its hash. */
  id: json<{ readonly id: string; readonly eventId?: number }>(),
  transfer: json<Transfer>(TRANSFER),
  schedule: json<ScheduleRecord>(SCHEDULE),
  move: json<TreeMove>(),
  batch: json<BatchJob>(BATCH),
  batchProgress: json<BatchProgress>(),
  batchTargets: json<{ readonly targets: readonly BatchTarget[] }>(),
  visible: json<VisibilityRecord>(VISIBLE),
  /** The same records, but for what queries do not ask for. */
  searched: json<Omit<VisibilityRecord, 'memo'>>(SEARCHED),
  run: json<{ readonly namespace: string; readonly workflowId: string; readonly runId: string }>(),
  namespace: json<Omit<Namespace, 'searchAttributes'> & { searchAttributes: [string, string][] }>(),
  meta: json<{ readonly [name: string]: number | string }>(),
} as const;

export const events: Format<StoredEvent> = {
  toValue(key, { type, bytes }) {
    const content = Buffer.allocUnsafe(TYPE_BYTES + bytes.length);
    content.writeUInt16LE(type);
    content.set(bytes, TYPE_BYTES);
    return sealed(key, content);
  },
  fromValue(key, value) {
    const content = opened(key, value);
    const id = key.readUInt32BE(key.length - 4);
    return { id, type: content.readUInt16LE(), bytes: content.subarray(TYPE_BYTES) };
  },
};
