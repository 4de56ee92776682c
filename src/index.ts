/** perdure: processes that talk, watch each other and survive. The public API. */

export type { ServiceInfo } from './app/services.js';
export { type App, type AppOptions, startApp } from './app.js';
export {
  type EntryReference,
  entry,
  type ProcessDefinition,
  type Sent,
} from './core/definition.js';
export { ErrorKind, isPerdureError, PerdureError } from './core/errors.js';
export type { Value } from './core/payload.js';
export type { Pid } from './core/pid.js';
export type { ExitResult, ProcessEvent } from './core/signal.js';
export type { SpawnOptions } from './core/spawn-options.js';
export type { Inlet, ProcessChannel, Received, ReceiveOptions } from './js/channel.js';
export type { MessageOptions, ProcessContext } from './js/context.js';
export { defineProcess } from './js/define.js';
export type { NodeEvent, NodeListener } from './runtime/events.js';
export type { ProcessDetails, ProcessInfo, ProcessStatus } from './runtime/host.js';
export type { NodeMailbox, ReceivedMessage } from './runtime/node-mailbox.js';
export type { ExitOf, ProcessHandle, Runtime } from './runtime/runtime.js';
export type {
  ChildCounts,
  ChildInfo,
  NewChild,
  SupervisorView,
} from './runtime/supervisor/index.js';
