/**
 * Errors of perdure and failures of Temporal, each as the other. A PerdureError travels losslessly as an
 * ApplicationFailure whose type is its kind and whose only detail is its {@link ErrorData}.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  RawValue,
  ServerFailure,
  type TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { ErrorKind, isPerdureError, PerdureError, parseErrorKind } from '../../../core/errors.js';
import { copyValue, type Value } from '../../../core/payload.js';
import { terminated } from '../../../kernel/endings.js';
import { encodePayload, payloadBytes } from './payload-converter.js';

/** `error` as a failure that Temporal understands. `nonRetryable` also stops a retry policy. */
export function toFailure(error: PerdureError, nonRetryable: boolean): ApplicationFailure {
  const failure = ApplicationFailure.create({
    message: cut(error.text, MAX_TEXT),
    type: error.kind,
    nonRetryable,
    details: [RawValue.fromPayload(encodePayload(errorValue(error)))],
  });
  failure.stack = cut(error.trace ?? '', MAX_TEXT);
  return failure;
}

/** Characters of a failure's message, and of its traceback. */
const MAX_TEXT = 10_000;

/** Bytes of an error's description. The server takes less of a failure than of a result. */
const MAX_ERROR_BYTES = 100_000;

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;

/**
 * The description of an error as a payload. Details that cannot be sent, or are too large, are replaced by
 * a note: a failure that the server refuses would be tried again for ever.
 */
export function errorValue(error: PerdureError): Value {
  const data = error.toData();
  const small = {
    ...data,
    message: cut(data.message, MAX_TEXT),
    ...(data.trace != null && { trace: cut(data.trace, MAX_TEXT) }),
  };
  return (
    fitting(small) ??
    fitting({ ...small, details: LEFT_OUT }) ?? {
      kind: data.kind,
      message: cut(data.message, MAX_TEXT),
      details: LEFT_OUT,
    }
  );
}

const LEFT_OUT = { note: `left out: not a value, or more than ${MAX_ERROR_BYTES} bytes` };

/** `data` as a value, where it is one and not too large. */
function fitting(data: object): Value | undefined {
  try {
    const value = copyValue(data, '');
    return payloadBytes(encodePayload(value)) <= MAX_ERROR_BYTES ? value : undefined;
  } catch {
    return undefined; // details that no payload can hold
  }
}

/** Whether a child ended because it was terminated. */
export function isTermination(thrown: unknown): boolean {
  return thrown instanceof ChildWorkflowFailure && thrown.cause instanceof TerminatedFailure;
}

/** Whatever the SDK threw or a history holds, as a PerdureError. */
export function fromFailure(thrown: unknown): PerdureError {
  if (isPerdureError(thrown)) return thrown;
  if (thrown instanceof ActivityFailure || thrown instanceof ChildWorkflowFailure) {
    return thrown.cause === undefined ? unknownFailure(thrown) : fromFailure(thrown.cause);
  }
  if (thrown instanceof ApplicationFailure) return fromApplicationFailure(thrown);
  if (thrown instanceof TimeoutFailure) {
    return new PerdureError(ErrorKind.TIMEOUT, thrown.message, {
      details: { timeout_type: thrown.timeoutType },
    });
  }
  if (thrown instanceof CancelledFailure) {
    return new PerdureError(ErrorKind.CANCELED, thrown.message || 'canceled');
  }
  if (thrown instanceof TerminatedFailure) return terminated(ownWords(thrown.message));
  if (thrown instanceof ServerFailure) {
    return new PerdureError(ErrorKind.INTERNAL, thrown.message, {
      retryable: !thrown.nonRetryable,
    });
  }
  if (thrown instanceof WorkflowExecutionAlreadyStartedError) {
    return alreadyStarted(thrown.workflowId);
  }
  return PerdureError.from(thrown);
}

export function alreadyStarted(workflowId: string): PerdureError {
  return new PerdureError(
    ErrorKind.ALREADY_EXISTS,
    `workflow already exists: ${workflowId} has been started before`,
    { details: { workflow_id: workflowId } },
  );
}

function fromApplicationFailure(failure: ApplicationFailure): PerdureError {
  const [first, ...rest] = (failure.details ?? []) as Value[];
  const kind = parseErrorKind(failure.type);
  if (kind !== undefined && rest.length === 0 && isErrorData(first, kind)) {
    return PerdureError.fromData(first);
  }
  return new PerdureError(kind ?? ErrorKind.INTERNAL, failure.message, {
    retryable: failure.nonRetryable ? false : undefined,
    details: {
      ...(kind === undefined && failure.type != null && { type: failure.type }),
      ...(first !== undefined && { details: [first, ...rest] }),
    },
    trace: failure.stack,
  });
}

function isErrorData(detail: Value | undefined, kind: ErrorKind): boolean {
  return (
    typeof detail === 'object' &&
    detail !== null &&
    'kind' in detail &&
    'message' in detail &&
    detail.kind === kind
  );
}

/** A reason; `null` where the SDK only says what happened. */
function ownWords(message: string | undefined): string | null {
  return message === undefined || /^(child workflow )?(execution )?terminated$/i.test(message)
    ? null
    : message || null;
}

function unknownFailure(failure: TemporalFailure): PerdureError {
  return new PerdureError(ErrorKind.INTERNAL, failure.message);
}
