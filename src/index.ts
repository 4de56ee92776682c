/** perdure: processes that talk, watch each other and survive. The public API. */

export type { ServiceInfo } from './app/services.js';
export { type App, type AppOptions, startApp } from './app.js';
export { ErrorKind, isPerdureError, PerdureError } from './core/errors.js';
export type { Value } from './core/payload.js';
export type { Pid } from './core/pid.js';
export type { ExitResult } from './core/signal.js';
export type { NodeEvent, NodeListener } from './runtime/events.js';
export type { ProcessInfo, ProcessStatus } from './runtime/host.js';
export type { ProcessHandle, Runtime, SpawnOptions } from './runtime/runtime.js';
export type { ChildCounts, ChildInfo, SupervisorView } from './runtime/supervisor/index.js';
