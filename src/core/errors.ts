/**
 * The one error of perdure. Every failure that a user can meet has a `kind` out of a closed set,
 * whether it was raised in Lua, in TypeScript, by a server or by this runtime.
 *
 * Errors are compared by `kind`: `instanceof` breaks across realms (a workflow sandbox, a test VM).
 */

/** The closed set of error kinds; each value equals its name. */
export const ErrorKind = {
  NOT_FOUND: 'NOT_FOUND',
  ALREADY_EXISTS: 'ALREADY_EXISTS',
  INVALID: 'INVALID',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  UNAVAILABLE: 'UNAVAILABLE',
  INTERNAL: 'INTERNAL',
  CANCELED: 'CANCELED',
  CONFLICT: 'CONFLICT',
  TIMEOUT: 'TIMEOUT',
  RATE_LIMITED: 'RATE_LIMITED',
  UNKNOWN: 'UNKNOWN',
} as const;
export type ErrorKind = (typeof ErrorKind)[keyof typeof ErrorKind];

/** Details of an error: plain data that crosses process and language boundaries. */
export type ErrorDetails = { readonly [key: string]: unknown };

/** The plain form of an error, as `--json` prints it and as it travels between hosts. */
export interface ErrorData {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly retryable: boolean | null;
  readonly details: ErrorDetails | null;
  /** Context put in front by `errors.wrap`, outermost first. */
  readonly context?: readonly string[];
  /** Where it was raised, in the language that raised it (a Lua traceback, say). */
  readonly trace?: string;
}

export interface PerdureErrorOptions {
  /** Whether trying again may help. Left out, it follows from the kind: see {@link retryableByKind}. */
  readonly retryable?: boolean | undefined;
  readonly details?: ErrorDetails | undefined;
  readonly cause?: unknown;
  readonly context?: readonly string[] | undefined;
  readonly trace?: string | undefined;
}

/** The name that marks a PerdureError in every realm. */
const NAME = 'PerdureError';

export class PerdureError extends Error {
  readonly kind: ErrorKind;
  /** What was set by whoever raised it; `undefined` where nothing was. */
  readonly explicitRetryable: boolean | undefined;
  readonly details: ErrorDetails | undefined;
  readonly context: readonly string[];
  readonly trace: string | undefined;

  constructor(kind: ErrorKind, message: string, options: PerdureErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = NAME;
    this.kind = kind;
    this.explicitRetryable = options.retryable;
    this.details = hasKeys(options.details) ? options.details : undefined;
    this.context = options.context ?? [];
    this.trace = options.trace;
  }

  /** Whether trying again may help: what was set, else what the kind implies (`undefined` for UNKNOWN). */
  get retryable(): boolean | undefined {
    return this.explicitRetryable ?? retryableByKind(this.kind);
  }

  /** The message with its context in front, as `tostring` gives it in Lua. */
  get text(): string {
    return [...this.context, this.message].join(': ');
  }

  /** The same error with `context` in front of its text; kind, retryable, details and message stay. */
  wrap(context: string): PerdureError {
    return new PerdureError(this.kind, this.message, {
      retryable: this.explicitRetryable,
      details: this.details,
      cause: this,
      context: [context, ...this.context],
      trace: this.trace,
    });
  }

  toData(): ErrorData {
    return {
      kind: this.kind,
      message: this.message,
      retryable: this.retryable ?? null,
      details: this.details ?? null,
      ...(this.context.length > 0 && { context: this.context }),
      ...(this.trace !== undefined && { trace: this.trace }),
    };
  }

  toJSON(): ErrorData {
    return this.toData();
  }

  /** The error that {@link toData} described; what is not such a description becomes UNKNOWN. */
  static fromData(data: unknown): PerdureError {
    if (typeof data !== 'object' || data === null) return PerdureError.from(data);
    const d = data as Partial<Record<keyof ErrorData, unknown>>;
    const kind = parseErrorKind(d.kind) ?? ErrorKind.UNKNOWN;
    const retryable = typeof d.retryable === 'boolean' ? d.retryable : undefined;
    return new PerdureError(kind, typeof d.message === 'string' ? d.message : 'unknown error', {
      retryable: retryable === retryableByKind(kind) ? undefined : retryable,
      details: isRecord(d.details) ? d.details : undefined,
      context: Array.isArray(d.context) ? d.context.map(String) : undefined,
      trace: typeof d.trace === 'string' ? d.trace : undefined,
    });
  }

  /** Whatever was thrown, as a PerdureError: its own kind where it has one, else `kind`. */
  static from(thrown: unknown, kind: ErrorKind = ErrorKind.INTERNAL): PerdureError {
    if (isPerdureError(thrown)) return thrown;
    const message = messageOf(thrown);
    if (message !== undefined) return new PerdureError(kind, message, { cause: thrown });
    return new PerdureError(
      kind,
      typeof thrown === 'string' ? thrown : `thrown: ${textOf(thrown)}`,
    );
  }
}

/** True for a PerdureError of any realm. */
export function isPerdureError(value: unknown): value is PerdureError {
  return (
    isRecord(value) && value.name === NAME && typeof value.kind === 'string' && 'message' in value
  );
}

/**
 * What a kind says about trying again when nobody said otherwise (DESIGN: TIMEOUT, UNAVAILABLE and
 * RATE_LIMITED may pass, UNKNOWN says nothing, every other kind is final).
 */
function retryableByKind(kind: ErrorKind): boolean | undefined {
  switch (kind) {
    case ErrorKind.TIMEOUT:
    case ErrorKind.UNAVAILABLE:
    case ErrorKind.RATE_LIMITED:
      return true;
    case ErrorKind.UNKNOWN:
      return undefined;
    default:
      return false;
  }
}

/** The kind named by `text`, without regard to case, underscores, spaces or dashes ("NotFound"). */
export function parseErrorKind(text: unknown): ErrorKind | undefined {
  if (typeof text !== 'string') return undefined;
  return kindsBySpelling.get(spelling(text));
}

const spelling = (text: string): string => text.replace(/[_\s-]/g, '').toUpperCase();

const kindsBySpelling: ReadonlyMap<string, ErrorKind> = new Map(
  Object.values(ErrorKind).map((kind) => [spelling(kind), kind]),
);

/** The message of what may be an error. Anything can be thrown, also what throws when it is looked at. */
function messageOf(thrown: unknown): string | undefined {
  try {
    if (!isRecord(thrown)) return undefined;
    return typeof thrown.message === 'string' ? thrown.message : undefined;
  } catch {
    return undefined;
  }
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value that has no text';
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function hasKeys(details: ErrorDetails | undefined): details is ErrorDetails {
  return details !== undefined && Object.keys(details).length > 0;
}
