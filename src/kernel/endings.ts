/** Errors with which a process ends. */
import { ErrorKind, PerdureError } from '../core/errors.js';

/** An error goes to every watcher and down every link: what is longer than anybody reads is cut. */
const LONGEST_MESSAGE = 65_536;

/** `error` itself, or one like it whose message is cut. */
export function short(error: PerdureError): PerdureError {
  const { kind, message, context, trace } = error;
  if (message.length <= LONGEST_MESSAGE) return error;
  return new PerdureError(
    kind,
    `${message.slice(0, LONGEST_MESSAGE)}… (cut; it had ${message.length} characters)`,
    { retryable: error.explicitRetryable, details: error.details, context, trace },
  );
}

/** The error of a process that was terminated (docs/semantics.md, rule 5: CANCELED, "terminated"). */
export function terminated(reason: string | null): PerdureError {
  const message = reason === null ? 'process terminated' : `process terminated: ${reason}`;
  return new PerdureError(ErrorKind.CANCELED, message);
}
