/** Tokens that a client hands back: which task an answer is about, where a page goes on. */
import { invalid } from './errors.js';

export interface WorkflowTaskToken {
  readonly kind: 'workflow';
  readonly workflowId: string;
  readonly runId: string;
  readonly stamp: number;
  readonly startedEventId: number;
}

export interface ActivityToken {
  readonly kind: 'activity';
  readonly workflowId: string;
  readonly runId: string;
  readonly scheduledEventId: number;
  readonly attempt: number;
}

export interface QueryToken {
  readonly kind: 'query';
  readonly queryId: string;
}

export type TaskToken = WorkflowTaskToken | ActivityToken | QueryToken;

export function encodeToken(token: object): Uint8Array {
  return Buffer.from(JSON.stringify(token));
}

/** The task that `bytes` name, of the kind asked for. */
export function taskToken<K extends TaskToken['kind']>(
  bytes: Uint8Array,
  kind: K,
): Extract<TaskToken, { kind: K }> {
  if (bytes.length === 0) throw invalid('Task token not set on request.');
  const token = parse(bytes) as TaskToken | undefined;
  if (token?.kind !== kind) throw invalid('Error deserializing task token.');
  return token as Extract<TaskToken, { kind: K }>;
}

/** A token as it came in: whoever calls may have made it up. */
export type Unchecked<T> = { readonly [K in keyof T]?: unknown };

/**
 * Where a page goes on; undefined for the first.
 *
 * @param isOne - whether all of it is as this server would have made it
 * @throws ServiceError INVALID_ARGUMENT for what is no such token
 */
export function pageToken<T extends object>(
  bytes: Uint8Array | null | undefined,
  isOne: (token: Unchecked<T>) => boolean,
): T | undefined {
  if (!bytes || bytes.length === 0) return undefined;
  const token = parse(bytes);
  if (!token || !isOne(token as Unchecked<T>)) throw invalid('Invalid NextPageToken.');
  return token as T;
}

/** Where a list goes on that has numbers for places. */
export function placeToken(bytes: Uint8Array): number {
  return pageToken<{ next: number }>(bytes, ({ next }) => isPosition(next))?.next ?? 0;
}

/** Whether it is the number of an event, or of a place in a list. */
export function isPosition(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31;
}

/** Whether it is a time that a file can have in its keys. */
export function isTimeMs(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function parse(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // not one of ours: the caller answers INVALID_ARGUMENT
  }
}
