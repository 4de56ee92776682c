/** Workers and activities: poll, heartbeat, complete, fail, cancel; by task token or by id. */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import { invalid } from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import {
  type ActivityRef,
  activityById,
  cancelActivity,
  completeActivity,
  failActivity,
  heartbeatActivity,
  startActivity,
} from '../history/activities.js';
import type { Draft } from '../history/draft.js';
import { serverFailure } from '../history/failures.js';
import { boundedFailure, isTooLarge } from '../history/limits.js';
import type { QueueName } from '../matching.js';
import type { temporal } from '../proto.js';
import { taskToken } from '../tokens.js';
import { activityTaskResponse } from './poll-response.js';
import { checkIdLength, isRunId, queueName } from './requests.js';
import { nextTask, orGiveBack, patience, takerOf } from './workflow-tasks.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;

const POLL_LIMIT_MS = 60_000;

export function activityTaskMethods(engine: Engine): { [method: string]: Method } {
  return {
    PollActivityTaskQueue: (request: Request<'PollActivityTaskQueueRequest'>, call: Call) =>
      poll(engine, request, call),
    RecordActivityTaskHeartbeat: (request: Request<'RecordActivityTaskHeartbeatRequest'>) =>
      heartbeat(engine, byToken(engine, request), request),
    RecordActivityTaskHeartbeatById: (request: Request<'RecordActivityTaskHeartbeatByIdRequest'>) =>
      heartbeat(engine, byId(engine, request), request),
    RespondActivityTaskCompleted: (request: Request<'RespondActivityTaskCompletedRequest'>) =>
      complete(engine, byToken(engine, request), request),
    RespondActivityTaskCompletedById: (
      request: Request<'RespondActivityTaskCompletedByIdRequest'>,
    ) => complete(engine, byId(engine, request), request),
    RespondActivityTaskFailed: (request: Request<'RespondActivityTaskFailedRequest'>) =>
      fail(engine, byToken(engine, request), request),
    RespondActivityTaskFailedById: (request: Request<'RespondActivityTaskFailedByIdRequest'>) =>
      fail(engine, byId(engine, request), request),
    RespondActivityTaskCanceled: (request: Request<'RespondActivityTaskCanceledRequest'>) =>
      cancel(engine, byToken(engine, request), request),
    RespondActivityTaskCanceledById: (request: Request<'RespondActivityTaskCanceledByIdRequest'>) =>
      cancel(engine, byId(engine, request), request),
  };
}

async function poll(
  engine: Engine,
  request: Request<'PollActivityTaskQueueRequest'>,
  call: Call,
): Promise<object> {
  engine.namespaces.get(request.namespace);
  checkIdLength(request.identity, 'Identity');
  const name = queueName(request.taskQueue);
  const queue: QueueName = { namespace: request.namespace, kind: 'activity', name };
  const { identity, workerInstanceKey: key } = request;
  const endMs = performance.now() + patience(call, POLL_LIMIT_MS);
  for (;;) {
    const task = await nextTask(engine, queue, { identity, key }, call, endMs - performance.now());
    if (!task) return {};
    if (task.kind !== 'activity') continue;
    const started = await orGiveBack(engine, task, () =>
      engine.update(task.run, (d) =>
        startActivity(d, task, { requestId: engine.newId(), ...takerOf(request) }),
      ),
    );
    if (started) return activityTaskResponse(task.run, task.scheduledEventId);
  }
}

/** An activity of a run, named by an answer. */
interface Target {
  readonly run: Run;
  readonly refIn: (d: Draft) => ActivityRef;
}

function byToken(
  engine: Engine,
  request: {
    readonly namespace: string;
    readonly identity: string;
    readonly taskToken: Uint8Array;
  },
): Target {
  checkIdLength(request.identity, 'Identity');
  const token = taskToken(request.taskToken, 'activity');
  const run = engine.find(request.namespace, token.workflowId, token.runId);
  return { run, refIn: () => token };
}

function byId(
  engine: Engine,
  request: {
    readonly namespace: string;
    readonly identity: string;
    readonly workflowId: string;
    readonly runId: string;
    readonly activityId: string;
  },
): Target {
  checkIdLength(request.identity, 'Identity');
  if (!request.workflowId) throw invalid('WorkflowId is not set on request.');
  if (request.runId && !isRunId(request.runId)) throw invalid('RunId is not valid UUID.');
  if (!request.activityId) throw invalid('ActivityId is not set on request.');
  const run = engine.find(request.namespace, request.workflowId, request.runId);
  return { run, refIn: (d) => activityById(d, request.activityId) };
}

async function heartbeat(
  engine: Engine,
  { run, refIn }: Target,
  request: Pick<Request<'RecordActivityTaskHeartbeatRequest'>, 'details'>,
): Promise<object> {
  const details = request.details ?? undefined;
  if (isTooLarge(details)) {
    await engine.update(run, (d) => failOversized(d, refIn(d), 'Heartbeat details exceed', ''));
    return { cancelRequested: true };
  }
  return engine.update(run, (d) => heartbeatActivity(d, refIn(d), details));
}

/** By an answer of a worker that names its build; one by id does not. */
interface Versioned {
  readonly workerVersion?: temporal.api.common.v1.IWorkerVersionStamp | null;
}

async function complete(
  engine: Engine,
  { run, refIn }: Target,
  request: Pick<Request<'RespondActivityTaskCompletedRequest'>, 'result' | 'identity'> & Versioned,
): Promise<object> {
  const { identity } = request;
  await engine.update(run, (d) =>
    isTooLarge(request.result)
      ? failOversized(d, refIn(d), 'Complete result exceeds', identity)
      : completeActivity(d, refIn(d), {
          result: request.result ?? undefined,
          identity,
          buildId: request.workerVersion?.buildId ?? '',
        }),
  );
  return {};
}

/** What a worker has sent is too large: the activity fails for good. */
function failOversized(d: Draft, ref: ActivityRef, what: string, identity: string): void {
  failActivity(d, ref, { failure: serverFailure(`${what} size limit.`, true), identity });
}

async function fail(
  engine: Engine,
  { run, refIn }: Target,
  request: Pick<
    Request<'RespondActivityTaskFailedRequest'>,
    'failure' | 'identity' | 'lastHeartbeatDetails'
  > &
    Versioned,
): Promise<object> {
  const { failure } = request;
  if (failure && !failure.applicationFailureInfo)
    throw invalid('Failure must have ApplicationFailureInfo.');
  await engine.update(run, (d) =>
    failActivity(d, refIn(d), {
      failure: failure ? boundedFailure(failure) : undefined,
      identity: request.identity,
      buildId: request.workerVersion?.buildId ?? '',
      lastHeartbeatDetails: request.lastHeartbeatDetails ?? undefined,
    }),
  );
  return {};
}

async function cancel(
  engine: Engine,
  { run, refIn }: Target,
  request: Pick<Request<'RespondActivityTaskCanceledRequest'>, 'details' | 'identity'>,
): Promise<object> {
  const { details, identity } = request;
  await engine.update(run, (d) =>
    isTooLarge(details)
      ? failOversized(d, refIn(d), 'Cancel details exceed', identity)
      : cancelActivity(d, refIn(d), { details: details ?? undefined, identity }),
  );
  return {};
}
