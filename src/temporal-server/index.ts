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
export type { ServerEvent } from './engine/events.js';
export type { ClosedRunLimits } from './engine/retention.js';
export {
  DEFAULT_PORT,
  startTemporalServer,
  type TemporalServer,
  type TemporalServerOptions,
} from './server.js';
export { SearchAttributeType } from './visibility/attributes.js';
