/**
 * Temporal's size limits, and how it measures: the encoded size, framing and metadata included.
 * Measured against `temporal server start-dev` 1.29.1; the texts are its own.
 */
import { codec, type Failure, type Payload, type PayloadMap, type Payloads } from '../proto.js';
import { CommandError } from './failures.js';

/** For one blob: an input, a result, a memo, a failure. */
export const MAX_BLOB_BYTES = 2 * 1024 * 1024;
/** For the value of one search attribute. */
const MAX_ATTRIBUTE_BYTES = 2048;
/** What is left of a failure that is too large. */
const CUT_FAILURE_BYTES = 512 * 1024;
/** For the history of one run. */
export const HISTORY_EVENT_LIMIT = 51_200;
export const HISTORY_SIZE_LIMIT_BYTES = 50 * 1024 * 1024;

const failureCodec = codec<Failure>('temporal.api.failure.v1.Failure');

/** A field with a length before it, by the length of what is in it. */
function fieldSize(lengthBytes: number): number {
  let sizeBytes = 2 + lengthBytes;
  for (let rest = lengthBytes >>> 7; rest > 0; rest >>>= 7) sizeBytes += 1;
  return sizeBytes;
}

function payloadSize(payload: Payload): number {
  let sizeBytes = payload.data && payload.data.length > 0 ? fieldSize(payload.data.length) : 0;
  for (const [key, value] of Object.entries(payload.metadata ?? {}))
    sizeBytes += fieldSize(fieldSize(Buffer.byteLength(key)) + fieldSize(value.length));
  return sizeBytes;
}

export function sizeOf(payloads: Payloads | null | undefined): number {
  let sizeBytes = 0;
  for (const payload of payloads?.payloads ?? []) sizeBytes += fieldSize(payloadSize(payload));
  return sizeBytes;
}

/** The size of a memo or a header. */
export function mapSizeOf(fields: PayloadMap | null | undefined): number {
  let sizeBytes = 0;
  for (const [key, payload] of Object.entries(fields ?? {}))
    sizeBytes += fieldSize(fieldSize(Buffer.byteLength(key)) + fieldSize(payloadSize(payload)));
  return sizeBytes;
}

export function isTooLarge(payloads: Payloads | null | undefined): boolean {
  return sizeOf(payloads) > MAX_BLOB_BYTES;
}

export function failureSize(failure: Failure): number {
  return failureCodec.encode(failure).finish().length;
}

/** Refuses a command with too large a part: the run is terminated for it, as Temporal does. */
export function checkCommandSize(sizeBytes: number, cause: number, part: string): void {
  if (sizeBytes > MAX_BLOB_BYTES)
    throw new CommandError(cause, `${part} exceeds size limit.`, { terminates: true });
}

/** What is wrong with the sizes of search attributes, in Temporal's words. */
export function attributesSizeProblem(fields: PayloadMap | null | undefined): string | undefined {
  for (const [name, { data }] of Object.entries(fields ?? {})) {
    const sizeBytes = data?.length ?? 0;
    if (sizeBytes > MAX_ATTRIBUTE_BYTES)
      return `search attribute ${name} value size ${sizeBytes} exceeds size limit ${MAX_ATTRIBUTE_BYTES}`;
  }
  return undefined;
}

/** The failure as it is; one that is too large becomes a server's failure around what is left of it. */
export function boundedFailure(failure: Failure): Failure {
  if (failureSize(failure) <= MAX_BLOB_BYTES) return failure;
  return {
    message: 'Failure exceeds size limit.',
    source: 'Server',
    cause: cutFailure(failure, CUT_FAILURE_BYTES),
    serverFailureInfo: { nonRetryable: true },
  };
}

/** Texts cut to what is left of `leftBytes`, without details, causes as long as there is room. */
function cutFailure(failure: Failure, leftBytes: number): Failure {
  const message = cutText(failure.message ?? '', leftBytes);
  const afterMessage = leftBytes - Buffer.byteLength(message);
  const stackTrace = cutText(failure.stackTrace ?? '', afterMessage);
  const rest = afterMessage - Buffer.byteLength(stackTrace);
  const info = failure.applicationFailureInfo;
  return {
    message,
    stackTrace,
    source: failure.source ?? '',
    ...(info && {
      applicationFailureInfo: {
        type: cutText(info.type ?? '', rest),
        nonRetryable: info.nonRetryable ?? false,
      },
    }),
    ...(failure.cause && rest > 0 && { cause: cutFailure(failure.cause, rest) }),
  };
}

function cutText(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  return Buffer.from(text)
    .subarray(0, maxBytes)
    .toString()
    .replace(/\uFFFD$/, '');
}
