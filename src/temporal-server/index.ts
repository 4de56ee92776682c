/** An embedded server that any Temporal client, worker or the `temporal` command can use. */
export {
  type Clock,
  SKIP_GRACE_MS,
  type SkippingClock,
  type SkippingClockOptions,
  skippingClock,
  systemClock,
  type TimerHandle,
  type TimerOptions,
} from './clock.js';
export { type MoveAheadCall, type MovedAhead, moveAheadCall } from './clock-client.js';
export type { ServerEvent } from './engine/events.js';
export type { TlsOptions } from './grpc/security.js';
export type { ClosedRunLimits } from './memory-store.js';
export { DEFAULT_PORT, isLoopback, type TemporalServerOptions } from './options.js';
export { startTemporalServer, type TemporalServer } from './server.js';
export { isTemporalServerError, ServerErrorKind, TemporalServerError } from './server-error.js';
export { SearchAttributeType } from './visibility/attributes.js';
