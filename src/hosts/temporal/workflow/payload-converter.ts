/**
 * Payloads of perdure as Temporal payloads: `json/plain` wherever that says everything, `json/perdure`
 * otherwise. Reading never throws: what cannot be read becomes a value that shows what it was, since an
 * error here would fail every task of the workflow for ever.
 */
import {
  defaultPayloadConverter,
  encodingKeys,
  type Payload,
  type PayloadConverter,
  RawValue,
} from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import {
  decodeValue,
  encodeValue,
  MAX_PAYLOAD_BYTES,
  PayloadEncoding,
  type Value,
} from '../../../core/payload.js';

const NULL_PAYLOAD: Payload = { metadata: { encoding: encodingKeys.METADATA_ENCODING_NULL } };

const METADATA = {
  [PayloadEncoding.PLAIN]: { encoding: encode(PayloadEncoding.PLAIN) },
  [PayloadEncoding.PERDURE]: { encoding: encode(PayloadEncoding.PERDURE) },
} as const;

/** `value` as a Temporal payload. */
export function encodePayload(value: Value): Payload {
  const { encoding, json } = encodeValue(value);
  return { metadata: METADATA[encoding], data: encode(json) };
}

/**
 * `values` as arguments for the SDK, already encoded. Temporal's limit is one for all of them together.
 * @throws PerdureError INVALID for one that is larger than that, named as `what[n]`, or for all of them.
 */
export function encodeArgs(values: readonly Value[], what: string): RawValue[] {
  const args = values.map((value, i) => encodeArg(value, `${what}[${i + 1}]`));
  checkBytes(
    args.reduce((sum, { payload }) => sum + payloadBytes(payload), 0),
    what,
  );
  return args;
}

/** One argument, or a result. @throws PerdureError INVALID when it is larger than Temporal takes. */
export function encodeArg(value: Value, what: string): RawValue {
  const payload = encodePayload(value);
  checkBytes(payloadBytes(payload), what);
  return RawValue.fromPayload(payload);
}

/** What stands around the data of a payload: its encoding, and the framing of each part. */
const FRAMING_BYTES = 64;

/** The size of a payload as the server counts it, or a little more. */
export function payloadBytes(payload: Payload): number {
  return (payload.data?.length ?? 0) + FRAMING_BYTES;
}

/** @throws PerdureError INVALID naming `what`, where the server would refuse so many bytes. */
export function checkBytes(bytes: number, what: string): void {
  if (bytes <= MAX_PAYLOAD_BYTES) return;
  throw new PerdureError(
    ErrorKind.INVALID,
    `${what}: ${bytes} bytes are more than a payload may have (${MAX_PAYLOAD_BYTES})`,
    { details: { path: what, bytes } },
  );
}

/** The value of a Temporal payload; of an encoding we do not know, `{ encoding, data }`. */
export function decodePayload(payload: Payload | null | undefined): Value {
  if (payload == null) return null;
  const encoding = payload.metadata?.encoding;
  const name = encoding == null ? '' : decode(encoding);
  const data = payload.data ?? new Uint8Array(0);
  if (name === PayloadEncoding.PLAIN || name === PayloadEncoding.PERDURE) {
    try {
      const value = decodeValue(name, decode(data));
      return isDeeper(value, data.length) ? opaque(name, data) : value;
    } catch {
      return opaque(name, data); // malformed text: the receiver sees it as it is
    }
  }
  if (name === 'binary/null') return null;
  if (name === 'binary/plain') return new Uint8Array(data);
  return opaque(name, data);
}

/** Values nest no deeper than this: a program that walks one would run out of stack. */
const MAX_FOREIGN_DEPTH = 1000;

function isDeeper(value: Value, bytes: number): boolean {
  if (bytes < 2 * MAX_FOREIGN_DEPTH) return false;
  let level: readonly Value[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_FOREIGN_DEPTH) return true;
    level = level.filter(isTable).flatMap((item) => Object.values(item));
  }
  return false;
}

const isTable = (value: Value): value is Exclude<Value & object, Uint8Array> =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

function opaque(encoding: string, data: Uint8Array): Value {
  return { encoding, data: new Uint8Array(data) };
}

/**
 * The converter of the sandbox. What perdure sends is encoded already; the rest is from workflows of the
 * TypeScript SDK, under its own rules. `undefined` is how the SDK removes a memo field.
 */
export const payloadConverter: PayloadConverter = {
  toPayload(value: unknown): Payload {
    if (value instanceof RawValue) return value.payload;
    return value === undefined ? NULL_PAYLOAD : defaultPayloadConverter.toPayload(value);
  },
  fromPayload<T>(payload: Payload): T {
    return decodePayload(payload) as T;
  },
};
