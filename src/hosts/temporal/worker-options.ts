/** Settings of a worker, and what they are called in the SDK. */
import type { WorkerOptions as SdkOptions } from '@temporalio/worker';

/** Settings of a worker; `undefined` leaves the SDK's default. */
export interface WorkerSettings {
  readonly maxConcurrentActivityExecutionSize?: number | undefined;
  readonly maxConcurrentWorkflowTaskExecutionSize?: number | undefined;
  readonly maxConcurrentLocalActivityExecutionSize?: number | undefined;
  readonly maxConcurrentActivityTaskPollers?: number | undefined;
  readonly maxConcurrentWorkflowTaskPollers?: number | undefined;
  readonly workerActivitiesPerSecond?: number | undefined;
  readonly taskQueueActivitiesPerSecond?: number | undefined;
  /** Workflows kept in memory between their tasks; 0 replays each from its start. */
  readonly maxCachedWorkflows?: number | undefined;
  readonly stickyScheduleToStartTimeoutMs?: number | undefined;
  readonly workerStopTimeoutMs?: number | undefined;
  readonly maxHeartbeatThrottleIntervalMs?: number | undefined;
  readonly defaultHeartbeatThrottleIntervalMs?: number | undefined;
  readonly identity?: string | undefined;
  /** Log lines of workflows again on each replay. Default false. */
  readonly enableLoggingInReplay?: boolean | undefined;
  /** Run activities only. Default false. */
  readonly disableWorkflowWorker?: boolean | undefined;
  /** Run workflows and their local activities only. Default false. */
  readonly localActivityWorkerOnly?: boolean | undefined;
  readonly disableEagerActivities?: boolean | undefined;
  readonly versioning?: DeploymentVersion | null | undefined;
}

/** Worker versioning, with the build id already resolved. */
export interface DeploymentVersion {
  readonly deploymentName: string;
  readonly buildId: string;
  readonly useVersioning: boolean;
  readonly defaultBehavior: 'pinned' | 'auto_upgrade' | null;
}

/** The settings as the SDK takes them; what is not set is left out, for the SDK's own default. */
export function toSdkOptions(settings: WorkerSettings): Partial<SdkOptions> {
  const { versioning } = settings;
  return defined({
    maxConcurrentActivityTaskExecutions: settings.maxConcurrentActivityExecutionSize,
    maxConcurrentWorkflowTaskExecutions: settings.maxConcurrentWorkflowTaskExecutionSize,
    maxConcurrentLocalActivityExecutions: settings.maxConcurrentLocalActivityExecutionSize,
    maxConcurrentActivityTaskPolls: settings.maxConcurrentActivityTaskPollers,
    maxConcurrentWorkflowTaskPolls: settings.maxConcurrentWorkflowTaskPollers,
    maxActivitiesPerSecond: settings.workerActivitiesPerSecond,
    maxTaskQueueActivitiesPerSecond: settings.taskQueueActivitiesPerSecond,
    maxCachedWorkflows: settings.maxCachedWorkflows,
    stickyQueueScheduleToStartTimeout: settings.stickyScheduleToStartTimeoutMs,
    maxHeartbeatThrottleInterval: settings.maxHeartbeatThrottleIntervalMs,
    defaultHeartbeatThrottleInterval: settings.defaultHeartbeatThrottleIntervalMs,
    identity: settings.identity,
    enableNonLocalActivities: settings.localActivityWorkerOnly === true ? false : undefined,
    maxEagerActivityReservationsPerWorkflowTask:
      settings.disableEagerActivities === true ? 0 : undefined,
    workerDeploymentOptions: versioning == null ? undefined : toDeployment(versioning),
  });
}

function toDeployment(deployment: DeploymentVersion): SdkOptions['workerDeploymentOptions'] {
  const { deploymentName, buildId, useVersioning, defaultBehavior } = deployment;
  const version = { deploymentName, buildId };
  if (!useVersioning) return { useWorkerVersioning: false, version };
  const defaultVersioningBehavior = defaultBehavior === 'auto_upgrade' ? 'AUTO_UPGRADE' : 'PINNED';
  return { useWorkerVersioning: true, version, defaultVersioningBehavior };
}

function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
