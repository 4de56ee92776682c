/** Failures that the server itself makes, worded as Temporal words them. */
import { enumName, enums, type Failure, type Payloads, pascalCase } from '../proto.js';

/**
 * Thrown by a rule when a command cannot be carried out: the workflow task fails with `cause`, and
 * where it `terminates` the run ends with it.
 */
export class CommandError extends Error {
  readonly terminates: boolean;

  constructor(
    readonly taskFailedCause: number,
    message: string,
    options: { readonly terminates: boolean } = { terminates: false },
  ) {
    super(message);
    this.terminates = options.terminates;
    this.name = 'TemporalCommandError';
  }

  /** `BadScheduleActivityAttributes: ActivityId is not set ...`, as clients see it. */
  get fullMessage(): string {
    const cause = causeName(this.taskFailedCause);
    return this.message ? `${cause}: ${this.message}` : cause;
  }
}

export function isCommandError(thrown: unknown): thrown is CommandError {
  return thrown instanceof Error && thrown.name === 'TemporalCommandError';
}

function causeName(cause: number): string {
  return pascalCase(enumName(enums.WorkflowTaskFailedCause, cause, 'WORKFLOW_TASK_FAILED_CAUSE_'));
}

/** Of a workflow task whose commands could not be carried out. */
export function commandFailure(message: string): Failure {
  return { message, serverFailureInfo: {} };
}

export function serverFailure(message: string, nonRetryable: boolean): Failure {
  return { message, source: 'Server', serverFailureInfo: { nonRetryable } };
}

/** `activity StartToClose timeout`, with the details of the last heartbeat. */
export function activityTimeoutFailure(
  timeoutType: number,
  lastHeartbeatDetails: Payloads | undefined,
): Failure {
  const name = pascalCase(enumName(enums.TimeoutType, timeoutType, 'TIMEOUT_TYPE_'));
  return {
    message: `activity ${name} timeout`,
    source: 'Server',
    timeoutFailureInfo: { timeoutType, ...(lastHeartbeatDetails && { lastHeartbeatDetails }) },
  };
}
