/**
 * What stands in headers and in perdure's own signals, checked: any Temporal client can write them, and one
 * of a wrong shape must not fail the tasks of a workflow, which the server would try again for ever.
 */
import type { Value } from '../../../core/payload.js';
import { type Pid, parsePid } from '../../../core/pid.js';
import type { Context } from '../../../core/signal.js';
import { isAddress } from './address.js';
import type {
  ActivityHeader,
  CancelNote,
  EndNote,
  LinkNote,
  Seen,
  SignalHeader,
  StartHeader,
  StartupBatch,
} from './wire.js';

export type Fields = { readonly [name: string]: Value };

/** `value` where it is a map, else undefined. */
export function fieldsOf(value: Value | undefined): Fields | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return undefined;
  return value as Fields;
}

export function pidOf(value: Value | undefined): Pid | null {
  const parts = typeof value === 'string' ? parsePid(value) : undefined;
  return parts !== undefined && isAddress(parts) ? (value as Pid) : null;
}

export function contextOf(value: Value | undefined): Context | null {
  return fieldsOf(value) ?? null;
}

export type ReadStartHeader = Partial<Omit<StartHeader, 'messages'>> & {
  readonly messages: StartupMessages;
};

/** What the fields of a start header say; those of a wrong shape are as if they were missing. */
export function startHeader(value: Value): ReadStartHeader {
  const fields = fieldsOf(value) ?? {};
  const pid = pidOf(fields.pid);
  const context = contextOf(fields.context);
  return {
    ...(pid !== null && { pid }),
    ...(context !== null && { context }),
    parent: pidOf(fields.parent),
    messages: startupMessages(fields.messages ?? []),
    ...(typeof fields.link === 'string' && { link: fields.link }),
    ...(fields.carried !== undefined && { carried: fields.carried }),
  };
}

/** Startup messages that come with a start have its header: they are from who started. */
export function signalHeader(value: Value): SignalHeader {
  const fields = fieldsOf(value) ?? {};
  const from = pidOf(fields.from) ?? pidOf(fields.parent);
  return { from, context: contextOf(fields.context) };
}

export function activityHeader(value: Value): Partial<ActivityHeader> {
  const fields = fieldsOf(value) ?? {};
  const { retries } = fields;
  const parent = pidOf(fields.parent);
  const context = contextOf(fields.context);
  const options = fieldsOf(fields.options);
  return {
    ...(parent !== null && { parent }),
    ...(context !== null && { context }),
    ...(options !== undefined && { options }),
    ...(typeof retries === 'boolean' && { retries }),
  };
}

export interface StartupMessages {
  readonly batch: StartupBatch;
  /** How many items were no messages, and were left out. */
  readonly malformed: number;
}

/** The messages of a batch, without what is none. */
export function startupMessages(value: Value | undefined): StartupMessages {
  if (!Array.isArray(value)) return { batch: [], malformed: 1 };
  const batch = value.flatMap((item: Value) => {
    const { topic, values } = fieldsOf(item) ?? {};
    return typeof topic === 'string' && Array.isArray(values) ? [{ topic, values }] : [];
  });
  return { batch, malformed: value.length - batch.length };
}

/** A note of perdure: exactly its fields, each of its type. Undefined for anything else. */
export function cancelNote(value: Value | undefined): CancelNote | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined || Object.keys(fields).length !== 3) return undefined;
  const { reason, deadline, from } = fields;
  const right =
    isTextOrNull(reason) &&
    (deadline === null || (typeof deadline === 'number' && deadline >= 0)) &&
    (from === null || pidOf(from) !== null);
  return right ? (fields as unknown as CancelNote) : undefined;
}

/** How a process ended, as its node tells it. */
export function endNote(value: Value | undefined): EndNote | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined || Object.keys(fields).length !== 4) return undefined;
  const { from, error, value: result, seen } = fields;
  const right =
    pidOf(from) !== null &&
    result !== undefined &&
    isErrorOrNull(error) &&
    (error === null || result === null) &&
    isSeenOrNull(seen);
  return right ? (fields as unknown as EndNote) : undefined;
}

/** Links that are made or removed. */
export function linkNote(value: Value | undefined): LinkNote | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined || Object.keys(fields).length !== 3) return undefined;
  const { from, ids, seen } = fields;
  const right =
    pidOf(from) !== null &&
    Array.isArray(ids) &&
    ids.every((id: Value) => typeof id === 'string') &&
    isSeenOrNull(seen);
  return right ? (fields as unknown as LinkNote) : undefined;
}

function isErrorOrNull(value: Value | undefined): boolean {
  if (value === null) return true;
  const fields = fieldsOf(value);
  return typeof fields?.kind === 'string' && typeof fields.message === 'string';
}

function isSeenOrNull(value: Value | undefined): value is (Value & Seen) | null {
  if (value === null) return true;
  const fields = fieldsOf(value);
  return typeof fields?.sender === 'string' && typeof fields.seq === 'number';
}

const isTextOrNull = (value: Value | undefined): boolean =>
  value === null || typeof value === 'string';
