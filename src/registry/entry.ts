/** What a registry holds: one precise type for each kind, told apart by `kind`. */
import type { Value } from '../core/payload.js';
import type {
  AutoShutdown,
  Lifecycle,
  Restart,
  Shutdown,
  Strategy,
} from '../runtime/supervisor/index.js';
import type { Position } from './problem.js';
import type { SecretSource } from './secret.js';

/** The kinds of entry that a registry may hold. */
export const EntryKind = {
  PROCESS_HOST: 'process.host',
  TERMINAL_HOST: 'terminal.host',
  PROCESS_LUA: 'process.lua',
  PROCESS_JS: 'process.js',
  FUNCTION_LUA: 'function.lua',
  FUNCTION_JS: 'function.js',
  WORKFLOW_LUA: 'workflow.lua',
  WORKFLOW_JS: 'workflow.js',
  LIBRARY_LUA: 'library.lua',
  TEMPORAL_CLIENT: 'temporal.client',
  TEMPORAL_WORKER: 'temporal.worker',
  PROCESS_SERVICE: 'process.service',
  PROCESS_SUPERVISOR: 'process.supervisor',
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** `meta` as it was written: plain data of any form. */
export type Meta = { readonly [key: string]: Value };

export interface EntryBase {
  /** `namespace:name`. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Where the entry is written. */
  readonly at: Position;
  readonly meta: Meta;
}

/** Lua source, read when the registry was loaded. */
export interface LuaSource {
  /** Relative to the app folder; for Lua written in the entry itself, the `_index.yaml`. For messages. */
  readonly file: string;
  /** Line of `file` on which `text` starts: 1 unless the Lua is written in the entry itself. */
  readonly line: number;
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly hash: string;
}

/** What all entries with Lua code have. */
export interface LuaCode extends EntryBase {
  readonly source: LuaSource;
  /** The only modules that the code may require; `null` where `modules` is absent. */
  readonly modules: readonly string[] | null;
  /** Alias to the id of a `library.lua`. */
  readonly imports: { readonly [alias: string]: string };
}

/** What Lua entries that can be run have. */
export interface LuaProgram extends LuaCode {
  /** Function of the source's table that is run. Default `main`. */
  readonly method: string;
  /** `meta.default_host`: id of the host to run on where none is named. */
  readonly defaultHost: string | null;
}

/** `meta.temporal.workflow`. */
export interface WorkflowMeta {
  /** Id of the `temporal.worker` that runs the workflow. */
  readonly worker: string;
  /** Workflow type name. Default: the entry's id. */
  readonly name: string;
  /** Whether it goes on as a new run by itself when its history is long. */
  readonly continueAsNew: 'auto' | 'manual';
}

/** A retry policy, as written; what is absent is left to the server. */
export interface RetryPolicy {
  readonly initialIntervalMs: number | undefined;
  readonly backoffCoefficient: number | undefined;
  readonly maximumIntervalMs: number | undefined;
  /** 0 means no limit. */
  readonly maximumAttempts: number | undefined;
  readonly nonRetryableErrorTypes: readonly string[] | undefined;
}

/** Defaults for calls of an activity; a call's own options come first. */
export interface ActivityOptions {
  readonly startToCloseTimeoutMs: number | undefined;
  readonly scheduleToCloseTimeoutMs: number | undefined;
  readonly scheduleToStartTimeoutMs: number | undefined;
  readonly heartbeatTimeoutMs: number | undefined;
  readonly id: string | undefined;
  readonly taskQueue: string | undefined;
  readonly waitForCancellation: boolean | undefined;
  readonly disableEagerExecution: boolean | undefined;
  readonly retryPolicy: RetryPolicy | undefined;
}

/** `meta.temporal.activity`. */
export interface ActivityMeta {
  /** Id of the `temporal.worker` that runs the activity. */
  readonly worker: string;
  /** Activity type name. Default: the entry's id. */
  readonly name: string;
  /** Whether workflows run it as a local activity. Default false. */
  readonly local: boolean;
  readonly options: ActivityOptions;
}

export interface ProcessLuaEntry extends LuaProgram {
  readonly kind: 'process.lua';
  readonly activity: ActivityMeta | null;
}

export interface ProcessJsEntry extends EntryBase {
  readonly kind: 'process.js';
  readonly source: LuaSource;
  /** The export to run; `null`: `main`, else the default export. */
  readonly method: string | null;
  /** `meta.default_host`: id of the host to run on where none is named. */
  readonly defaultHost: string | null;
}

export interface FunctionLuaEntry extends LuaProgram {
  readonly kind: 'function.lua';
  readonly activity: ActivityMeta | null;
}

/** A function in JavaScript: called like any other, and an activity of whoever knows its type. */
export interface FunctionJsEntry extends EntryBase {
  readonly kind: 'function.js';
  readonly source: LuaSource;
  /** The export to call; `null`: `main`, else the default export. */
  readonly method: string | null;
  readonly activity: ActivityMeta | null;
}

/** A workflow of Temporal's TypeScript SDK. */
export interface WorkflowJsEntry extends EntryBase {
  readonly kind: 'workflow.js';
  readonly source: LuaSource;
  /** The export that is the workflow function. */
  readonly method: string;
  readonly workflow: WorkflowMeta;
}

export interface WorkflowLuaEntry extends LuaProgram {
  readonly kind: 'workflow.lua';
  readonly workflow: WorkflowMeta;
}

export interface LibraryLuaEntry extends LuaCode {
  readonly kind: 'library.lua';
}

/** Sizes of a `process.host`; `null` leaves the choice to the host. */
export interface HostLimits {
  readonly workers: number | null;
  readonly queueSize: number | null;
  readonly localQueueSize: number | null;
  readonly maxProcesses: number | null;
  /** Messages that one process may have unread. */
  readonly mailboxLimit: number | null;
}

export interface ProcessHostEntry extends EntryBase {
  readonly kind: 'process.host';
  readonly limits: HostLimits;
  readonly lifecycle: Lifecycle;
}

export interface TerminalHostEntry extends EntryBase {
  readonly kind: 'terminal.host';
  readonly lifecycle: Lifecycle;
}

export interface ProcessServiceEntry extends EntryBase {
  readonly kind: 'process.service';
  /** Id of the `process.lua` or `workflow.lua` that is run. */
  readonly process: string;
  /** Id of the host it runs on. */
  readonly host: string;
  /** Arguments of the process: each item of a list is one; anything else is the only one. */
  readonly input: readonly Value[];
  readonly lifecycle: Lifecycle;
}

/** One child of a `process.supervisor`. */
export interface SupervisedChild {
  /** Unique among its siblings. */
  readonly id: string;
  /** Id of the `process.lua`, `process.js`, `workflow.lua` or `process.supervisor` that is run. */
  readonly process: string;
  /** Id of the host it runs on; `null` where a spawn without a host would choose. */
  readonly host: string | null;
  readonly input: readonly Value[];
  readonly restart: Restart;
  /** `null`: 5s, and all the time it needs where it is itself a supervisor. */
  readonly shutdown: Shutdown | null;
  readonly significant: boolean;
  readonly name: string | null;
}

export interface SupervisorEntry extends EntryBase {
  readonly kind: 'process.supervisor';
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly periodMs: number;
  readonly autoShutdown: AutoShutdown;
  /** In start order. */
  readonly children: readonly SupervisedChild[];
  /** Id of the `process.host` it runs on; `null`: the built-in one for supervisors. */
  readonly host: string | null;
  readonly lifecycle: Lifecycle;
}

/** How a Temporal client proves who it is. */
export type ClientAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'api_key'; readonly key: SecretSource }
  | { readonly kind: 'mtls'; readonly cert: SecretSource; readonly key: SecretSource };

/** How a client finds out that its server does not answer any more. */
export interface HealthCheck {
  readonly enabled: boolean;
  readonly intervalMs: number;
}

export interface ClientTls {
  /** Absolute path of the certificate authority's PEM file; `null` for the system's own. */
  readonly caFile: string | null;
  /** Name to check the server's certificate against; `null` for the address's host. */
  readonly serverName: string | null;
}

export interface TemporalClientEntry extends EntryBase {
  readonly kind: 'temporal.client';
  /** `host:port`; `null` where none is written. */
  readonly address: string | null;
  /** Namespace on the server (the entry's own is `namespace`). Default `default`. */
  /** `null`: the environment's, where its address is taken too, else `default`. */
  readonly temporalNamespace: string | null;
  /** Whether the embedded server may stand in where the address allows it. Default true. */
  readonly embedded: boolean;
  /** Default 10,000. */
  readonly connectionTimeoutMs: number;
  /** Default 30,000. */
  readonly keepAliveTimeMs: number;
  /** Default 10,000. */
  readonly keepAliveTimeoutMs: number;
  /** Put in front of the names of task queues that belong to a node. Default empty. */
  readonly taskQueuePrefix: string;
  readonly auth: ClientAuth;
  /** `null`: no TLS. */
  /** `off`: never, whatever the credentials. `null`: only where the credentials want it. */
  readonly tls: ClientTls | 'off' | null;
  readonly healthCheck: HealthCheck;
  readonly lifecycle: Lifecycle;
}

/** Settings of a worker; `undefined` leaves the SDK's default. */
export interface WorkerOptions {
  readonly maxConcurrentActivityExecutionSize: number | undefined;
  readonly maxConcurrentWorkflowTaskExecutionSize: number | undefined;
  readonly maxConcurrentLocalActivityExecutionSize: number | undefined;
  readonly maxConcurrentActivityTaskPollers: number | undefined;
  readonly maxConcurrentWorkflowTaskPollers: number | undefined;
  /** `undefined`: no limit. */
  readonly workerActivitiesPerSecond: number | undefined;
  /** `undefined`: no limit. */
  readonly taskQueueActivitiesPerSecond: number | undefined;
  readonly maxCachedWorkflows: number | undefined;
  readonly stickyScheduleToStartTimeoutMs: number | undefined;
  /** How long running activities may take to end when the worker stops. */
  readonly workerStopTimeoutMs: number | undefined;
  readonly maxHeartbeatThrottleIntervalMs: number | undefined;
  readonly defaultHeartbeatThrottleIntervalMs: number | undefined;
  readonly identity: string | undefined;
  readonly enableLoggingInReplay: boolean;
  readonly disableWorkflowWorker: boolean;
  readonly localActivityWorkerOnly: boolean;
  readonly disableEagerActivities: boolean;
  readonly versioning: WorkerVersioning | null;
}

/** The worker's deployment version; there where `deployment_name` is set. */
export interface WorkerVersioning {
  readonly deploymentName: string;
  /** The build id itself, or the environment variable that holds it. */
  readonly buildId: { readonly kind: 'value' | 'env'; readonly text: string };
  /** Whether the server routes by version. Default false. */
  readonly useVersioning: boolean;
  readonly defaultBehavior: 'pinned' | 'auto_upgrade' | null;
}

export interface TemporalWorkerEntry extends EntryBase {
  readonly kind: 'temporal.worker';
  /** Id of the `temporal.client`. */
  readonly client: string;
  readonly taskQueue: string;
  readonly options: WorkerOptions;
  readonly lifecycle: Lifecycle;
}

export type Entry =
  | ProcessHostEntry
  | TerminalHostEntry
  | ProcessLuaEntry
  | ProcessJsEntry
  | FunctionLuaEntry
  | FunctionJsEntry
  | WorkflowLuaEntry
  | WorkflowJsEntry
  | LibraryLuaEntry
  | TemporalClientEntry
  | TemporalWorkerEntry
  | ProcessServiceEntry
  | SupervisorEntry;

export type EntryOf<K extends EntryKind> = Extract<Entry, { readonly kind: K }>;

/** Entries that are started and stopped with the app. */
export type StartableEntry = Extract<Entry, { readonly lifecycle: Lifecycle }>;

/** True for entries with a lifecycle. */
export function isStartable(entry: Entry): entry is StartableEntry {
  return 'lifecycle' in entry;
}
