/** What a Temporal server answers, as errors of perdure, and errors of perdure as it takes them. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { defaultFailureConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { toFailure } from './workflow/failures.js';
import { payloadConverter } from './workflow/payload-converter.js';

/** gRPC status codes by number; what is not here is INTERNAL. */
const KINDS: { readonly [code: number]: ErrorKind } = {
  1: ErrorKind.CANCELED,
  2: ErrorKind.UNKNOWN,
  3: ErrorKind.INVALID,
  4: ErrorKind.TIMEOUT,
  5: ErrorKind.NOT_FOUND,
  6: ErrorKind.ALREADY_EXISTS,
  7: ErrorKind.PERMISSION_DENIED,
  8: ErrorKind.RATE_LIMITED,
  9: ErrorKind.CONFLICT,
  10: ErrorKind.CONFLICT,
  14: ErrorKind.UNAVAILABLE,
  16: ErrorKind.PERMISSION_DENIED,
};

/** The error of a call to the server: its kind from the gRPC status, INTERNAL where there is none. */
export function remoteError(thrown: unknown): PerdureError {
  const status = grpcError(thrown);
  if (status === undefined) return PerdureError.from(thrown);
  const kind = KINDS[status.code] ?? ErrorKind.INTERNAL;
  return new PerdureError(kind, `Temporal server: ${status.details}`, { cause: thrown });
}

/** `error` as a server takes it. `final`: no retry policy tries again. */
export function toProtoFailure(
  error: PerdureError,
  final: boolean,
): temporal.api.failure.v1.IFailure {
  return defaultFailureConverter.errorToFailure(toFailure(error, final), payloadConverter);
}

/** The gRPC status code of what was thrown; `undefined` where it is something else. */
export function grpcCode(thrown: unknown): number | undefined {
  return grpcError(thrown)?.code;
}

function grpcError(thrown: unknown) {
  if (isGrpcServiceError(thrown)) return thrown;
  if (thrown instanceof ServiceError && isGrpcServiceError(thrown.cause)) return thrown.cause;
  return undefined;
}
