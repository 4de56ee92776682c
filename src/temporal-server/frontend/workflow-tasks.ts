/** Workers and workflow tasks: poll, complete, fail, answer queries. */
import type { Engine } from '../engine/engine.js';
import { isFailing, type QueryAnswer } from '../engine/queries.js';
import type { Run } from '../engine/run.js';
import type { Task } from '../engine/task.js';
import { alreadyCompleted, invalid, notFound } from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import { startActivity } from '../history/activities.js';
import { terminateRun } from '../history/close.js';
import { completeTask } from '../history/commands.js';
import type { Draft } from '../history/draft.js';
import { type CommandError, commandFailure, isCommandError } from '../history/failures.js';
import { isOpen } from '../history/state.js';
import { abortSentUpdates, sendUpdates } from '../history/updates.js';
import {
  failWorkflowTask,
  scheduleWorkflowTask,
  startedTask,
  startWorkflowTask,
  transientEvents,
} from '../history/workflow-task.js';
import type { QueueName } from '../matching.js';
import { codec, enums, int64, type temporal } from '../proto.js';
import { isStoreRefusal } from '../store-errors.js';
import { taskToken, type WorkflowTaskToken } from '../tokens.js';
import {
  activityTaskResponse,
  queryTaskResponse,
  type StartedTask,
  withField,
  workflowTaskResponse,
} from './poll-response.js';
import { checkIdLength, queueName } from './requests.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;

/** How long a poll waits for a task, in real time. */
const POLL_LIMIT_MS = 60_000;
/**
 * A long poll is answered this much before its client's deadline, or a tenth of what is left where
 * that is less, so that the answer still arrives.
 */
const DEADLINE_MARGIN_MS = 1000;

const completedCodec = codec<temporal.api.workflowservice.v1.IRespondWorkflowTaskCompletedResponse>(
  'temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedResponse',
);

export function workflowTaskMethods(engine: Engine): { [method: string]: Method } {
  return {
    PollWorkflowTaskQueue: (request: Request<'PollWorkflowTaskQueueRequest'>, call: Call) =>
      poll(engine, request, call),
    RespondWorkflowTaskCompleted: (request: Request<'RespondWorkflowTaskCompletedRequest'>) =>
      respondCompleted(engine, request),
    RespondWorkflowTaskFailed: (request: Request<'RespondWorkflowTaskFailedRequest'>) =>
      respondFailed(engine, request),
    RespondQueryTaskCompleted: (request: Request<'RespondQueryTaskCompletedRequest'>) =>
      respondQuery(engine, request),
    ShutdownWorker: (request: Request<'ShutdownWorkerRequest'>) => shutdownWorker(engine, request),
    ResetStickyTaskQueue: (request: Request<'ResetStickyTaskQueueRequest'>) =>
      resetSticky(engine, request),
  };
}

/** How long a long poll may be parked: `limitMs`, or less when its client will not wait so long. */
export function patience(call: Call, limitMs: number): number {
  const leftMs = call.deadlineMs - performance.now();
  return Math.min(limitMs, leftMs - Math.min(DEADLINE_MARGIN_MS, leftMs / 10));
}

/** The next task of a queue; undefined when the poll's time is over or its client has gone. */
export async function nextTask(
  engine: Engine,
  queue: QueueName,
  worker: { readonly identity: string; readonly key: string },
  call: Call,
  limitMs: number,
): Promise<Task | undefined> {
  if (call.gone) return undefined;
  const { matching } = engine;
  const ready = matching.takeNow(queue, worker.identity);
  if (ready) return ready;
  const task = await call.park<Task>(limitMs, (deliver) =>
    matching.wait(queue, worker.key, deliver),
  );
  if (task && call.gone) {
    matching.giveBack(queue, task);
    return undefined;
  }
  return task;
}

/** A task whose start could not be written is the next to go. */
export async function orGiveBack<T>(
  engine: Engine,
  task: Task,
  start: () => T | Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (isStoreRefusal(error)) engine.matching.giveBack(task.queue, task);
    throw error;
  }
}

async function poll(
  engine: Engine,
  request: Request<'PollWorkflowTaskQueueRequest'>,
  call: Call,
): Promise<Uint8Array | object> {
  engine.namespaces.get(request.namespace);
  checkIdLength(request.identity, 'Identity');
  const name = queueName(request.taskQueue);
  const queue: QueueName = { namespace: request.namespace, kind: 'workflow', name };
  const worker = { identity: request.identity, key: request.workerInstanceKey };
  const endMs = performance.now() + patience(call, POLL_LIMIT_MS);
  for (;;) {
    const task = await nextTask(engine, queue, worker, call, endMs - performance.now());
    if (!task) return {};
    const response = await orGiveBack(engine, task, () => take(engine, task, takerOf(request)));
    if (response) return response;
  }
}

/** Who takes a task: as history names them. */
export interface Taker {
  readonly identity: string;
  readonly buildId: string;
}

/** The build of a worker, as whichever of its fields says. */
export function takerOf(request: {
  readonly identity: string;
  readonly workerVersionCapabilities?: { buildId?: string | null } | null;
  readonly deploymentOptions?: { buildId?: string | null } | null;
  readonly binaryChecksum?: string;
}): Taker {
  const { identity, workerVersionCapabilities, deploymentOptions, binaryChecksum } = request;
  const buildId =
    workerVersionCapabilities?.buildId || deploymentOptions?.buildId || binaryChecksum || '';
  return { identity, buildId };
}

/** The response for a task, undefined when it is no longer wanted. */
async function take(engine: Engine, task: Task, taker: Taker): Promise<Uint8Array | undefined> {
  if (task.kind === 'query') {
    if (task.query.state !== 'direct' || task.query.route !== task.route) return undefined;
    task.query.state = 'taken';
    return queryTaskResponse(engine, task);
  }
  if (task.kind !== 'workflow') return undefined;
  const { run, stamp } = task;
  const started = await engine.update(run, (d) => start(d, stamp, taker, engine.newId()));
  return started && workflowTaskResponse(engine, { run, ...started });
}

/** @param heartbeat - its worker goes on with what it has, and gets only what is new */
function start(d: Draft, stamp: number, taker: Taker, requestId: string, heartbeat = false) {
  const sticky = d.info.workflowTask.kind === 'scheduled' && d.info.workflowTask.sticky;
  if (!startWorkflowTask(d, stamp, { requestId, ...taker })) return undefined;
  return { transient: transientEvents(d), messages: sendUpdates(d, { heartbeat }), sticky };
}

function runOf(engine: Engine, namespace: string, token: WorkflowTaskToken): Run {
  return engine.find(namespace, token.workflowId, token.runId);
}

async function respondCompleted(
  engine: Engine,
  request: Request<'RespondWorkflowTaskCompletedRequest'>,
): Promise<Uint8Array> {
  checkIdLength(request.identity, 'Identity');
  const token = taskToken(request.taskToken, 'workflow');
  const run = runOf(engine, request.namespace, token);
  const answers = () => queryAnswers(run, request.queryResults);
  try {
    const done = await engine.update(run, (d) => complete(engine, d, token, request, answers));
    for (const { query, answer } of done.answers) {
      engine.queries.forget(run, query);
      query.answer(answer);
    }
    return completedResponse(engine, run, done);
  } catch (error) {
    if (!isCommandError(error)) throw error;
    await failBadTask(engine, run, token, request.identity, error);
    throw invalid(error.fullMessage);
  }
}

type AnsweredQuery = ReturnType<typeof queryAnswers>[number];

/** The request id of a task that comes with the answer to the one before, as Temporal has it. */
const FROM_COMPLETED = 'request-from-RespondWorkflowTaskCompleted';

interface Done {
  readonly answers: readonly AnsweredQuery[];
  readonly eager: readonly number[];
  readonly next: Omit<StartedTask, 'run'> | undefined;
  readonly dropped: boolean;
}

function complete(
  engine: Engine,
  d: Draft,
  token: WorkflowTaskToken,
  request: Request<'RespondWorkflowTaskCompletedRequest'>,
  answersOf: () => AnsweredQuery[],
): Done {
  const context = engine.commandContext(d.key.namespace);
  const { eager, dropped } = completeTask(d, token, request, context);
  for (const id of eager) startEagerly(engine, d, id, completer(request));
  const answers = answersOf();
  const task = d.info.workflowTask;
  const next =
    request.returnNewWorkflowTask && task.kind === 'scheduled'
      ? start(d, task.stamp, completer(request), FROM_COMPLETED, request.forceCreateNewWorkflowTask)
      : undefined;
  // This worker has what went before.
  return { answers, eager, dropped, next: next && { ...next, sticky: true } };
}

/** A worker that answers one task and gets the next with it. */
function completer(request: Request<'RespondWorkflowTaskCompletedRequest'>): Taker {
  const { identity, workerVersionStamp, binaryChecksum } = request;
  return { identity, buildId: workerVersionStamp?.buildId || binaryChecksum };
}

function startEagerly(engine: Engine, d: Draft, scheduledEventId: number, taker: Taker): void {
  const phase = d.activities.get(scheduledEventId)?.phase;
  if (phase?.kind !== 'scheduled') return;
  const task = { scheduledEventId, stamp: phase.stamp };
  startActivity(d, task, { requestId: engine.newId(), ...taker });
}

/** The queries that the answer answers; marked, so that they are not sent out again. */
function queryAnswers(
  run: Run,
  results: { [id: string]: temporal.api.query.v1.IWorkflowQueryResult } | null | undefined,
) {
  return Object.entries(results ?? {}).flatMap(([id, result]) => {
    const query = run.queries.get(id);
    if (!query) return [];
    query.state = 'answered';
    return [{ query, answer: queryAnswer(result) }];
  });
}

function queryAnswer(result: temporal.api.query.v1.IWorkflowQueryResult): QueryAnswer {
  return result.resultType === enums.QueryResultType.QUERY_RESULT_TYPE_ANSWERED
    ? { kind: 'answered', result: result.answer ?? undefined }
    : { kind: 'failed', message: result.errorMessage ?? '', failure: result.failure ?? undefined };
}

const WORKFLOW_TASK_FIELD = 1;

function completedResponse(engine: Engine, run: Run, done: Done): Uint8Array {
  const activityTasks = done.eager
    .filter((id) => run.state.activities.get(id)?.phase.kind === 'started')
    .map((id) => activityTaskResponse(run, id));
  // After a task that was dropped, the worker goes back to where history is.
  const resetHistoryEventId = int64(done.dropped ? run.info.lastCompletedStartedId : 0);
  const rest = completedCodec.encode({ activityTasks, resetHistoryEventId }).finish();
  if (!done.next) return rest;
  return withField(rest, WORKFLOW_TASK_FIELD, workflowTaskResponse(engine, { run, ...done.next }));
}

/** A task whose commands could not be carried out fails; another follows, or the run's end. */
async function failBadTask(
  engine: Engine,
  run: Run,
  token: WorkflowTaskToken,
  identity: string,
  error: CommandError,
): Promise<void> {
  const cause = error.taskFailedCause;
  await engine.update(run, (d) => {
    failWorkflowTask(d, startedTask(d, token), {
      cause,
      failure: commandFailure(error.fullMessage),
      identity,
    });
    abortSentUpdates(d);
    if (error.terminates)
      terminateRun(d, { reason: error.fullMessage, identity: 'history-service' });
    else scheduleWorkflowTask(d);
  });
}

async function respondFailed(
  engine: Engine,
  request: Request<'RespondWorkflowTaskFailedRequest'>,
): Promise<object> {
  checkIdLength(request.identity, 'Identity');
  const token = taskToken(request.taskToken, 'workflow');
  const run = runOf(engine, request.namespace, token);
  await engine.update(run, (d) => {
    if (!isOpen(d.info)) throw alreadyCompleted();
    failWorkflowTask(d, startedTask(d, token), {
      cause: request.cause,
      failure: request.failure ?? undefined,
      identity: request.identity,
      binaryChecksum: request.binaryChecksum,
    });
    scheduleWorkflowTask(d);
  });
  if (isFailing(run)) {
    for (const query of [...run.queries.values()]) {
      if (query.state !== 'waiting') continue;
      engine.queries.forget(run, query);
      query.answer({ kind: 'notReady' });
    }
  }
  return {};
}

function respondQuery(
  engine: Engine,
  request: Request<'RespondQueryTaskCompletedRequest'>,
): object {
  const token = taskToken(request.taskToken, 'query');
  const pending = engine.queries.direct(token.queryId);
  if (!pending) throw notFound('Query task not found, or already expired.');
  engine.queries.forget(pending.run, pending.query);
  const answered = request.completedType === enums.QueryResultType.QUERY_RESULT_TYPE_ANSWERED;
  pending.query.answer(
    answered
      ? { kind: 'answered', result: request.queryResult ?? undefined }
      : { kind: 'failed', message: request.errorMessage, failure: request.failure ?? undefined },
  );
  return {};
}

/** A worker goes: what waits in its sticky queue goes to the normal one. */
function shutdownWorker(engine: Engine, request: Request<'ShutdownWorkerRequest'>): object {
  engine.namespaces.get(request.namespace);
  if (!request.stickyTaskQueue) return {};
  const { namespace, stickyTaskQueue: name } = request;
  for (const task of engine.matching.shut({ namespace, kind: 'workflow', name })) {
    if (task.kind === 'workflow') engine.unstick(task.run, task.stamp);
    else if (task.kind === 'query') engine.queries.send(task.run, task.query);
  }
  return {};
}

async function resetSticky(
  engine: Engine,
  request: Request<'ResetStickyTaskQueueRequest'>,
): Promise<object> {
  const { workflowId, runId } = request.execution ?? {};
  const run = engine.find(request.namespace, workflowId ?? '', runId ?? '');
  await engine.update(run, (d) => {
    d.info.sticky = undefined;
  });
  return {};
}
