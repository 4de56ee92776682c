/** The Temporal host, for the composition root. */

export { bundlePath, type WorkflowScript, type WorkflowScripts } from './bundle.js';
export type { TemporalClient, TemporalClientOptions, TemporalTls } from './client.js';
export { connectTemporal } from './client.js';
export { HealthWatch } from './health-watch.js';
export type { JsFunction } from './js-activities.js';
export type { FunctionOrder, NodePort } from './node-port.js';
export { PeerInbox } from './peer-inbox.js';
export type { TemporalHostOptions } from './temporal-host.js';
export { TemporalHost } from './temporal-host.js';
export type { DeploymentVersion, WorkerSettings } from './worker-options.js';
export type { ActivityData, ActivityDefaults, AppData, WorkflowData } from './workflow/app-data.js';
export { isLasting } from './workflow/wire.js';
