/** What can be wrong with a store. */
import { isServiceError, ServiceError, StatusCode, systemExhausted } from './errors.js';

/** The file cannot be opened, and why: for the person who named it. */
export class StoreOpenError extends Error {
  constructor(
    readonly path: string,
    readonly why: string,
    /** What to do. */
    readonly hint: string,
  ) {
    super(`${path}: ${why}; ${hint}`);
    this.name = NAME;
  }
}

const NAME = 'StoreOpenError';

export function isStoreOpenError(thrown: unknown): thrown is StoreOpenError {
  return (thrown as Error | undefined)?.name === NAME;
}

/** A record is not what was written. */
export function storeDamaged(what: string): ServiceError {
  return new ServiceError(
    StatusCode.INTERNAL,
    `the file of this embedded server is damaged: ${what}; restore it from a copy`,
  );
}

/** A change could not be written: nothing of it is kept, and it may be tried again. */
export function storeRefuses(cause: unknown): ServiceError {
  const { code, message } = cause as { code?: unknown; message?: string };
  const text = `this embedded server cannot write to its file: ${message ?? String(cause)}`;
  const isFull = code === ENOSPC || code === 'ENOSPC' || code === EDQUOT;
  const error = isFull ? systemExhausted(text) : new ServiceError(StatusCode.UNAVAILABLE, text);
  error.cause = { kind: REFUSAL, cause };
  return error;
}

/** The system's numbers for a full disk and a quota that is used up. */
const ENOSPC = 28;
const EDQUOT = 122;

const REFUSAL = 'the store refuses';

/** Whether something failed because a change could not be written, so that it may be tried again. */
export function isStoreRefusal(thrown: unknown): boolean {
  const { cause } = (thrown ?? {}) as { readonly cause?: { readonly kind?: unknown } };
  return isServiceError(thrown) && cause?.kind === REFUSAL;
}
