/** Services and supervisors: what starts with an app, is restarted when it fails, and stops with it. */

export { restartDelayMs } from './backoff.js';
export { simpleRefusal } from './child-requests.js';
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
export { initialState, stepSupervisor } from './strategy.js';
export { ServiceSupervisor } from './supervisor.js';
export {
  AutoShutdown,
  BRUTAL_KILL,
  type ChildSpec,
  DEFAULT_SUPERVISION,
  Restart,
  type Shutdown,
  Strategy,
  type SupervisorRules,
  type SupervisorSpec,
} from './supervisor-spec.js';
export type {
  ChildRequest,
  SupervisorAction,
  SupervisorInput,
  SupervisorState,
} from './supervisor-state.js';
export {
  type ChildCounts,
  type ChildInfo,
  type NewChild,
  Supervisors,
  type SupervisorView,
} from './supervisors.js';
