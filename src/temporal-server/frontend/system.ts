/** What this server is and can do; namespaces; task queues; the health check; the test clock. */
import type { Engine } from '../engine/engine.js';
import { invalid, notFound } from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import { MAX_RETENTION_MS, type Namespace } from '../namespaces.js';
import {
  duration,
  durationMs,
  enums,
  int64,
  type temporal,
  timestamp,
  timestampMs,
} from '../proto.js';
import { encodeToken, placeToken } from '../tokens.js';
import { checkIdLength, queueName } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;

/** The server release whose behaviour this follows: clients compare versions. */
const SERVER_VERSION = '1.29.1';

const CAPABILITIES: temporal.api.workflowservice.v1.GetSystemInfoResponse.ICapabilities = {
  signalAndQueryHeader: true,
  internalErrorDifferentiation: true,
  activityFailureIncludeHeartbeat: true,
  supportsSchedules: true,
  encodedFailureAttributes: true,
  upsertMemo: true,
  sdkMetadata: true,
  eagerWorkflowStart: true,
  countGroupByExecutionStatus: true,
};

export function systemMethods(engine: Engine): { [method: string]: Method } {
  const { namespaces } = engine;
  return {
    GetSystemInfo: () => ({ serverVersion: SERVER_VERSION, capabilities: CAPABILITIES }),
    GetClusterInfo: () => clusterInfo(engine.store.kind),
    DescribeNamespace: ({ id, namespace }: Request<'DescribeNamespaceRequest'>) => {
      if (!id && !namespace) throw invalid('Namespace not set on request.');
      return describeNamespace(namespace ? namespaces.get(namespace) : namespaces.byId(id));
    },
    DeprecateNamespace: async ({ namespace }: Request<'DeprecateNamespaceRequest'>) => {
      await engine.namespaces.change(namespace, (known) => ({ ...known, isDeprecated: true }));
      return {};
    },
    ListNamespaces: (request: Request<'ListNamespacesRequest'>) => listNamespaces(engine, request),
    RegisterNamespace: (request: Request<'RegisterNamespaceRequest'>) =>
      registerNamespace(engine, request),
    UpdateNamespace: (request: Request<'UpdateNamespaceRequest'>) =>
      updateNamespace(engine, request),
    DescribeTaskQueue: (request: Request<'DescribeTaskQueueRequest'>) =>
      describeTaskQueue(engine, request),
    ListTaskQueuePartitions: (request: Request<'ListTaskQueuePartitionsRequest'>) => {
      namespaces.get(request.namespace);
      const key = queueName(request.taskQueue);
      const only = [{ key, ownerHostName: 'perdure-embedded' }];
      return { activityTaskQueuePartitions: only, workflowTaskQueuePartitions: only };
    },
    RecordWorkerHeartbeat: () => ({}),
  };
}

/** This server as the only cluster there is. */
export const CLUSTER = {
  clusterId: 'perdure-embedded',
  clusterName: 'active',
  historyShardCount: 1,
  initialFailoverVersion: 1,
} as const;

function clusterInfo(store: string): object {
  return {
    supportedClients: {
      'temporal-go': '<2.0.0',
      'temporal-java': '<2.0.0',
      'temporal-php': '<2.0.0',
      'temporal-typescript': '<2.0.0',
      'temporal-cli': '<2.0.0',
      'temporal-server': '<2.0.0',
      'temporal-ui': '<3.0.0',
    },
    serverVersion: SERVER_VERSION,
    ...CLUSTER,
    initialFailoverVersion: int64(CLUSTER.initialFailoverVersion),
    persistenceStore: store,
    visibilityStore: store,
    failoverVersionIncrement: int64(10),
  };
}

function describeNamespace(
  namespace: Namespace,
): temporal.api.workflowservice.v1.IDescribeNamespaceResponse {
  const { ArchivalState } = enums;
  return {
    namespaceInfo: {
      name: namespace.name,
      id: namespace.id,
      state: namespace.isDeprecated
        ? enums.NamespaceState.NAMESPACE_STATE_DEPRECATED
        : enums.NamespaceState.NAMESPACE_STATE_REGISTERED,
      description: namespace.description,
      ownerEmail: namespace.ownerEmail,
      data: { ...namespace.data },
      capabilities: { eagerWorkflowStart: true, syncUpdate: true, asyncUpdate: true },
      supportsSchedules: true,
    },
    config: {
      workflowExecutionRetentionTtl: duration(namespace.retentionMs),
      badBinaries: {},
      historyArchivalState: ArchivalState.ARCHIVAL_STATE_DISABLED,
      visibilityArchivalState: ArchivalState.ARCHIVAL_STATE_DISABLED,
    },
    replicationConfig: {
      activeClusterName: 'active',
      clusters: [{ clusterName: 'active' }],
      state: enums.ReplicationState.REPLICATION_STATE_NORMAL,
    },
  };
}

function listNamespaces(engine: Engine, request: Request<'ListNamespacesRequest'>): object {
  if (request.pageSize < 0) throw invalid('PageSize is negative.');
  const all = engine.namespaces.all();
  const from = placeToken(request.nextPageToken);
  const to = from + (request.pageSize || 100);
  return {
    namespaces: all.slice(from, to).map(describeNamespace),
    ...(to < all.length && { nextPageToken: encodeToken({ next: to }) }),
  };
}

const MIN_RETENTION_MS = 3_600_000;

/** @throws ServiceError INVALID_ARGUMENT where Temporal refuses it, which has no upper bound */
function retentionOf(
  period: temporal.api.namespace.v1.INamespaceConfig['workflowExecutionRetentionTtl'],
): number {
  const ms = durationMs(period);
  const nanos = period?.nanos ?? 0;
  if (!(ms >= MIN_RETENTION_MS) || nanos < 0 || nanos > 999_999_999)
    throw invalid('A valid retention period is not set on request.');
  return Math.min(ms, MAX_RETENTION_MS);
}

async function registerNamespace(
  engine: Engine,
  request: Request<'RegisterNamespaceRequest'>,
): Promise<object> {
  if (!request.namespace) throw invalid('Namespace not set on request.');
  checkIdLength(request.namespace, 'Namespace');
  const retentionMs = retentionOf(request.workflowExecutionRetentionPeriod);
  await engine.namespaces.register(request.namespace, {
    description: request.description,
    ownerEmail: request.ownerEmail,
    data: request.data,
    retentionMs,
  });
  return {};
}

async function updateNamespace(
  engine: Engine,
  request: Request<'UpdateNamespaceRequest'>,
): Promise<object> {
  const period = request.config?.workflowExecutionRetentionTtl;
  const retentionMs = period ? retentionOf(period) : undefined;
  const updated = await engine.namespaces.change(request.namespace, (known) => ({
    ...known,
    isDeprecated: isDeprecatedAfter(known, request.updateInfo?.state ?? 0),
    description: request.updateInfo?.description || known.description,
    ownerEmail: request.updateInfo?.ownerEmail || known.ownerEmail,
    data: { ...known.data, ...request.updateInfo?.data },
    retentionMs: retentionMs ?? known.retentionMs,
  }));
  return describeNamespace(updated);
}

/** @param state - the one that is asked for, a `NamespaceState`; 0 for the one that it has */
function isDeprecatedAfter(namespace: Namespace, state: number): boolean {
  const { NAMESPACE_STATE_REGISTERED, NAMESPACE_STATE_DEPRECATED } = enums.NamespaceState;
  const isDeprecated = namespace.isDeprecated ?? false;
  const now = isDeprecated ? NAMESPACE_STATE_DEPRECATED : NAMESPACE_STATE_REGISTERED;
  if (!state || state === now) return isDeprecated;
  if (isDeprecated || state !== NAMESPACE_STATE_DEPRECATED)
    throw invalid('Invalid namespace state update.');
  return true;
}

function describeTaskQueue(engine: Engine, request: Request<'DescribeTaskQueueRequest'>): object {
  engine.namespaces.get(request.namespace);
  const name = queueName(request.taskQueue);
  const { TaskQueueType } = enums;
  const one = (type: number) => queueInfo(engine, request.namespace, name, type);
  if (request.apiMode === enums.DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED) {
    const types = [TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY];
    const typesInfo = Object.fromEntries(types.map((type) => [type, one(type)]));
    return { versionsInfo: { '': { typesInfo } } };
  }
  const { pollers, stats } = one(request.taskQueueType);
  const taskQueueStatus = { backlogCountHint: stats.approximateBacklogCount };
  return {
    pollers,
    ...(request.reportStats && { stats }),
    ...(request.includeTaskQueueStatus && { taskQueueStatus }),
  };
}

function queueInfo(engine: Engine, namespace: string, name: string, type: number) {
  const activity = type === enums.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;
  const queue = { namespace, kind: activity ? 'activity' : 'workflow', name } as const;
  const pollers = engine.matching.pollers(queue).map(({ identity, lastPollAtMs }) => ({
    identity,
    lastAccessTime: timestamp(lastPollAtMs),
    ratePerSecond: 100_000,
  }));
  return { pollers, stats: { approximateBacklogCount: int64(engine.matching.backlog(queue)) } };
}

/** @param services - whose health may be asked for; none named is the server's */
export function healthMethods(services: readonly string[]): { [method: string]: Method } {
  return {
    Check: ({ service }: { readonly service: string }) => {
      if (service && !services.includes(service)) throw notFound('unknown service');
      return { status: 1 };
    },
  };
}

type Test = typeof temporal.api.testservice.v1;
type TestRequest<N extends keyof Test> = Test[N] extends { prototype: infer P } ? P : never;

/** The longest that a sleep on the clock can take. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * The test service of Temporal's test server: a client locks time, unlocks it, and sleeps.
 * The locks are counted, as there.
 */
export function testMethods(engine: Engine, startLocked: boolean): { [method: string]: Method } {
  const { clock } = engine;
  const locks: (() => void)[] = startLocked ? [clock.hold('locked by a test')] : [];
  const sleepUntil = async (atMs: number, call: Call) => {
    await call.park<true>(FOREVER_MS, (deliver) => {
      const timer = clock.setTimer(atMs, () => deliver(true));
      return () => clock.clearTimer(timer);
    });
    return {};
  };
  const unlock = () => {
    const release = locks.pop();
    if (!release) throw invalid('Unbalanced time skipping lock: it is not locked.');
    release();
  };
  return {
    GetCurrentTime: () => ({ time: timestamp(clock.now()) }),
    LockTimeSkipping: () => {
      locks.push(clock.hold('locked by a test'));
      return {};
    },
    UnlockTimeSkipping: () => {
      unlock();
      return {};
    },
    Sleep: (request: TestRequest<'SleepRequest'>, call: Call) =>
      sleepUntil(clock.now() + durationMs(request.duration), call),
    SleepUntil: (request: TestRequest<'SleepUntilRequest'>, call: Call) =>
      sleepUntil(timestampMs(request.timestamp) ?? 0, call),
    UnlockTimeSkippingWithSleep: async (request: TestRequest<'SleepRequest'>, call: Call) => {
      unlock();
      const answer = await sleepUntil(clock.now() + durationMs(request.duration), call);
      locks.push(clock.hold('locked by a test'));
      return answer;
    },
  };
}
