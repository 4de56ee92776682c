/**
 * What a client is told when a call fails: a gRPC status, Temporal's own message, and the failure
 * detail that SDKs look for in `grpc-status-details-bin`.
 *
 * Messages are Temporal's, word for word: programs match on some of them.
 */
import { codec, enums } from './proto.js';

/** gRPC status codes that this server answers with. */
export const StatusCode = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** A code by its name; `OK` for 0. */
export function statusName(code: number): string {
  if (code === 0) return 'OK';
  return Object.entries(StatusCode).find(([, each]) => each === code)?.[0] ?? String(code);
}

/** A message by its name: of `temporal.api.errordetails.v1` where that has no dots. */
export interface ErrorDetail {
  readonly type: string;
  readonly value: object;
}

const NAME = 'TemporalServiceError';

export class ServiceError extends Error {
  constructor(
    readonly code: StatusCode,
    message: string,
    readonly detail?: ErrorDetail,
  ) {
    super(message);
    this.name = NAME;
  }
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && thrown.name === NAME;
}

/** The status and its detail as gRPC carries them; undefined when there is no detail. */
export function statusDetails(error: ServiceError): Uint8Array | undefined {
  if (!error.detail) return undefined;
  return codec<object>('google.rpc.Status').encode(statusOf(error)).finish();
}

/** The error as a message: code, text, and the detail where it has one. */
function statusOf({ code, message, detail }: ServiceError): object {
  if (!detail) return { code, message };
  const { type } = detail;
  const name = type.includes('.') ? type : `temporal.api.errordetails.v1.${type}`;
  const value = codec<object>(name).encode(detail.value).finish();
  return { code, message, details: [{ type_url: `type.googleapis.com/${name}`, value }] };
}

/** A deprecated namespace takes no starts. */
export function namespaceDeprecated(namespace: string): ServiceError {
  const { NAMESPACE_STATE_DEPRECATED: state, NAMESPACE_STATE_REGISTERED: allowed } =
    enums.NamespaceState;
  return new ServiceError(
    StatusCode.FAILED_PRECONDITION,
    'Namespace has invalid state: Deprecated. Must be Registered.',
    { type: 'NamespaceInvalidStateFailure', value: { namespace, state, allowedStates: [allowed] } },
  );
}

/**
 * Operations that were to be executed together and were not.
 *
 * @param errors - one for each; undefined for one that was executed. The first that is not ABORTED
 *   gives the code.
 */
export function multiOperationFailed(errors: readonly (ServiceError | undefined)[]): ServiceError {
  const cause = errors.find((error) => error && error.code !== StatusCode.ABORTED);
  return new ServiceError(
    cause?.code ?? StatusCode.ABORTED,
    'Update-with-Start could not be executed.',
    {
      type: 'MultiOperationExecutionFailure',
      value: { statuses: errors.map((error) => (error ? statusOf(error) : {})) },
    },
  );
}

export function invalid(message: string): ServiceError {
  return new ServiceError(StatusCode.INVALID_ARGUMENT, message);
}

export function notFound(message: string): ServiceError {
  return new ServiceError(StatusCode.NOT_FOUND, message, { type: 'NotFoundFailure', value: {} });
}

/** @param runId - empty where any run would do */
export function workflowNotFound(workflowId: string, runId = ''): ServiceError {
  return notFound(
    runId
      ? `workflow execution not found for workflow ID "${workflowId}" and run ID "${runId}"`
      : `workflow not found for ID: ${workflowId}`,
  );
}

export function alreadyCompleted(): ServiceError {
  return notFound('workflow execution already completed');
}

export function namespaceNotFound(namespace: string): ServiceError {
  return new ServiceError(StatusCode.NOT_FOUND, `Namespace ${namespace} is not found.`, {
    type: 'NamespaceNotFoundFailure',
    value: { namespace },
  });
}

export function alreadyStarted(message: string, requestId: string, runId: string): ServiceError {
  return new ServiceError(StatusCode.ALREADY_EXISTS, message, {
    type: 'WorkflowExecutionAlreadyStartedFailure',
    value: { startRequestId: requestId, runId },
  });
}

export function queryFailed(message: string, failure?: object): ServiceError {
  return new ServiceError(StatusCode.INVALID_ARGUMENT, message, {
    type: 'QueryFailedFailure',
    value: failure ? { failure } : {},
  });
}

export function workflowNotReady(message: string): ServiceError {
  return new ServiceError(StatusCode.FAILED_PRECONDITION, message, {
    type: 'WorkflowNotReadyFailure',
    value: {},
  });
}

/** A limit of what may be in flight at a time. */
export function resourceExhausted(message: string): ServiceError {
  return new ServiceError(StatusCode.RESOURCE_EXHAUSTED, message, {
    type: 'ResourceExhaustedFailure',
    value: {
      cause: enums.ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT,
      scope: enums.ResourceExhaustedScope.RESOURCE_EXHAUSTED_SCOPE_NAMESPACE,
    },
  });
}

/** The server as a whole has no room for more. */
export function systemExhausted(message: string): ServiceError {
  return new ServiceError(StatusCode.RESOURCE_EXHAUSTED, message, {
    type: 'ResourceExhaustedFailure',
    value: {
      cause: enums.ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_SYSTEM_OVERLOADED,
      scope: enums.ResourceExhaustedScope.RESOURCE_EXHAUSTED_SCOPE_SYSTEM,
    },
  });
}

export function failedPrecondition(message: string): ServiceError {
  return new ServiceError(StatusCode.FAILED_PRECONDITION, message);
}
