/** Why a server could not be started, or its command not be done: for the program around it. */

/** What went wrong, as a closed set. */
export const ServerErrorKind = {
  /** An option that is not what was expected: nothing was started. */
  INVALID: 'INVALID',
  /** A place that other machines reach, and nothing that keeps them out. */
  INSECURE: 'INSECURE',
  /** Somebody listens there already. */
  ADDRESS_IN_USE: 'ADDRESS_IN_USE',
  /** The place is none of this machine's, or not allowed. */
  CANNOT_LISTEN: 'CANNOT_LISTEN',
  /** The file is in use, no file of a server, damaged, or written by a newer version. */
  CANNOT_OPEN: 'CANNOT_OPEN',
} as const;
export type ServerErrorKind = (typeof ServerErrorKind)[keyof typeof ServerErrorKind];

const NAME = 'TemporalServerError';

/** Thrown by `startTemporalServer`. Its text never holds a key. */
export class TemporalServerError extends Error {
  constructor(
    readonly kind: ServerErrorKind,
    message: string,
    /** The option that it is about, such as `tls.key`. */
    readonly option: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = NAME;
  }
}

/** By its name, because an error of another realm is no instance of this one's class. */
export function isTemporalServerError(thrown: unknown): thrown is TemporalServerError {
  return (thrown as { name?: unknown } | null)?.name === NAME;
}
