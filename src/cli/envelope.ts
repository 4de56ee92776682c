/** What `--json` prints: one envelope a line. */
import type { ErrorData, PerdureError } from '../core/errors.js';
import { encodeValue, type Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';

export type Envelope =
  | { readonly ok: true; readonly pid: Pid | null; readonly value: unknown }
  | { readonly ok: false; readonly pid: Pid | null; readonly error: EnvelopeError };

export type EnvelopeError = Pick<ErrorData, 'kind' | 'message' | 'retryable' | 'details'>;

export function success(pid: Pid | null, value: Value): Envelope {
  return { ok: true, pid, value: readable(value) };
}

export function failure(pid: Pid | null, error: PerdureError): Envelope {
  const { kind, retryable, details } = error.toData();
  return { ok: false, pid, error: { kind, message: error.text, retryable, details } };
}

/** A value as JSON can say it; what it cannot (bytes, NaN) is written as in `json/perdure`. */
export function readable(value: Value): unknown {
  return JSON.parse(encodeValue(value).json);
}
