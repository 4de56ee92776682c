/** Services: what starts with an app, is restarted when it fails, and stops with it. */
export { restartDelayMs } from './backoff.js';
export {
  DEFAULT_LIFECYCLE,
  DEFAULT_RESTART,
  type Lifecycle,
  type RestartPolicy,
} from './lifecycle.js';
export {
  type Instance,
  isLive,
  type ServiceAction,
  type ServiceInput,
  type ServiceRules,
  type ServiceState,
  type Step,
  StopOutcome,
  step,
} from './service.js';
export type {
  ServiceEffects,
  ServiceEvent,
  ServiceRun,
  ServiceSpec,
  ServiceStatus,
  StopReport,
} from './service-spec.js';
export { ServiceSupervisor } from './supervisor.js';
