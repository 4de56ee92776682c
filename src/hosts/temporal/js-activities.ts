/**
 * Functions in JavaScript as activities. They run as Temporal's own do, inside the activity's context, so
 * that what was written for its SDK (`Context.current()`, heartbeats, asynchronous completion) works here.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { PerdureError } from '../../core/errors.js';
import { copyValue, type Value } from '../../core/payload.js';
import { toFailure } from './workflow/failures.js';

/** What a `function.js` entry exports. */
export type JsFunction = (...args: Value[]) => unknown;

/**
 * Runs it to its end.
 * @param retries whether an error that says nothing about it may be retried; `null`: the caller is another
 *   Temporal client, and the SDK's rules hold
 */
export async function runJsFunction(
  run: JsFunction,
  values: readonly Value[],
  retries: boolean | null,
): Promise<Value> {
  try {
    return copyValue(await run(...values), 'result');
  } catch (thrown) {
    if (retries === null || isCompletedElsewhere(thrown) || isCancelled()) throw thrown;
    if (thrown instanceof ApplicationFailure) throw retries ? thrown : notRetried(thrown);
    const error = PerdureError.from(thrown);
    throw toFailure(error, !(error.retryable ?? retries));
  }
}

/** The failure with its type and details, for a caller that has not asked for retries. */
function notRetried(failure: ApplicationFailure): ApplicationFailure {
  const { message, type, details, cause } = failure;
  return ApplicationFailure.create({
    message,
    nonRetryable: true,
    ...(type != null && { type }),
    ...(details != null && { details }),
    ...(cause !== undefined && { cause }),
  });
}

const isCompletedElsewhere = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'CompleteAsyncError';

const isCancelled = (): boolean => Context.current().cancellationSignal.aborted;
