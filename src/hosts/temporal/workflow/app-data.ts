/**
 * What a workflow sandbox knows of the app: plain JSON that joins the prebuilt bundle when a worker
 * starts. Everything in it is read-only and shared by all workflows of a thread.
 */
import type { LuaSource } from '../../../lua/engine.js';

export interface AppData {
  readonly workflows: readonly WorkflowData[];
  /** Functions that are activities (they have `meta.temporal.activity`). */
  readonly activities: readonly ActivityData[];
  /** Ids of callable entries without activity metadata: calling one gets an error that says so. */
  readonly functions: readonly string[];
  /** Worker id → its task queue. */
  readonly workers: { readonly [id: string]: string };
  /** Ids of hosts that run processes in a Node process. */
  readonly localHosts: readonly string[];
  /** Put in front of the task queues that belong to a node: `<prefix>@node/<node>`. */
  readonly taskQueuePrefix: string;
  /** How soon a node that is lost shows, in ms. Default {@link HEARTBEAT_MS}. */
  readonly heartbeatMs?: number;
}

/** Within this time a workflow hears that the node of a process it monitors or is linked to has died. */
export const HEARTBEAT_MS = 10_000;

export interface WorkflowData {
  /** Entry id, `namespace:name`. */
  readonly entry: string;
  /** Workflow type name. */
  readonly type: string;
  /** Id of the worker that runs it. */
  readonly worker: string;
  /** `auto`: it goes on as a new run by itself, where that loses nothing but its variables. */
  readonly continueAsNew: 'auto' | 'manual';
  /** `null`: a workflow of the TypeScript SDK (`workflow.js`), which is part of the bundle. */
  readonly source: LuaSource | null;
}

export interface ActivityData {
  readonly entry: string;
  /** Activity type name. */
  readonly type: string;
  readonly worker: string;
  /** Run in the worker that runs the workflow, without a task of its own. */
  readonly local: boolean;
  /** Defaults; a call's own options come first. */
  readonly options: ActivityDefaults;
}

export interface ActivityDefaults {
  readonly startToCloseTimeoutMs?: number | undefined;
  readonly scheduleToCloseTimeoutMs?: number | undefined;
  readonly scheduleToStartTimeoutMs?: number | undefined;
  readonly heartbeatTimeoutMs?: number | undefined;
  readonly id?: string | undefined;
  readonly taskQueue?: string | undefined;
  readonly waitForCancellation?: boolean | undefined;
  readonly disableEagerExecution?: boolean | undefined;
  readonly retryPolicy?: RetryDefaults | undefined;
}

export interface RetryDefaults {
  readonly initialIntervalMs?: number | undefined;
  readonly backoffCoefficient?: number | undefined;
  readonly maximumIntervalMs?: number | undefined;
  /** 0 means no limit. */
  readonly maximumAttempts?: number | undefined;
  readonly nonRetryableErrorTypes?: readonly string[] | undefined;
}

/** The task queue of one node, polled by that node alone. */
export function nodeTaskQueue(prefix: string, node: string): string {
  return `${prefix}@node/${node}`;
}
