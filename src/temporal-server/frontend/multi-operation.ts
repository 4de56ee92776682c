/** Update-with-start: the one pair of operations that Temporal executes together. */
import type { Engine } from '../engine/engine.js';
import { type Started, startExecution } from '../engine/starts.js';
import {
  invalid,
  isServiceError,
  multiOperationFailed,
  ServiceError,
  StatusCode,
} from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import type { temporal } from '../proto.js';
import { durationMs } from '../proto.js';
import { checkStart, type StartRequest, startOrder, startResponse } from './executions.js';
import { type UpdateOrder, updateAnswer, updateOrder } from './updates.js';

type MultiRequest = temporal.api.workflowservice.v1.ExecuteMultiOperationRequest;
type UpdateExecution = temporal.api.workflowservice.v1.IUpdateWorkflowExecutionRequest;

export function multiOperationMethods(engine: Engine): { [method: string]: Method } {
  return {
    ExecuteMultiOperation: (request: MultiRequest, call: Call) => execute(engine, request, call),
  };
}

/** The operation that was not at fault. */
const ABORTED = new ServiceError(StatusCode.ABORTED, 'Operation was aborted.', {
  type: 'temporal.api.failure.v1.MultiOperationExecutionAborted',
  value: {},
});

async function execute(engine: Engine, request: MultiRequest, call: Call): Promise<object> {
  engine.namespaces.get(request.namespace);
  const [first, second] = request.operations ?? [];
  const start = first?.startWorkflow;
  const update = second?.updateWorkflow;
  if (request.operations.length !== 2 || !start || !update)
    throw invalid('Operations have to be exactly [Start, Update].');
  start.namespace ||= request.namespace;
  return updateWithStart(engine, checked(engine, start as StartRequest, update), call);
}

interface Order {
  readonly start: StartRequest;
  readonly update: UpdateOrder;
}

/** Both operations checked; the error says for each what is wrong with it. */
function checked(engine: Engine, start: StartRequest, update: UpdateExecution): Order {
  const startProblem = problemOf(() => checkOwnStart(engine, start));
  let order: UpdateOrder | undefined;
  let updateProblem = problemOf(() => {
    order = updateOrder(engine, update);
    if (update.firstExecutionRunId) throw invalid('FirstExecutionRunId is not allowed.');
    if (order.runId) throw invalid('RunId is not allowed.');
  });
  if (!startProblem && !updateProblem && order?.workflowId !== start.workflowId)
    updateProblem = invalid('WorkflowId is not consistent with previous operation(s).');
  if (startProblem || updateProblem || !order)
    throw multiOperationFailed([startProblem ?? ABORTED, updateProblem ?? ABORTED]);
  return { start, update: order };
}

function checkOwnStart(engine: Engine, start: StartRequest): void {
  checkStart(engine, start);
  if (start.cronSchedule) throw invalid('CronSchedule is not allowed.');
  if (start.requestEagerExecution) throw invalid('RequestEagerExecution is not supported.');
  if (durationMs(start.workflowStartDelay) > 0)
    throw invalid('WorkflowStartDelay is not supported.');
}

function problemOf(check: () => void): ServiceError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return error;
  }
}

async function updateWithStart(engine: Engine, order: Order, call: Call): Promise<object> {
  for (let attempt = 1; ; attempt++) {
    const started = await begin(engine, order);
    try {
      const answer = await updateAnswer(engine, started.run, order.update, call);
      // Undefined: the run handed over to another, which may take the update.
      if (!answer) continue;
      return { responses: [{ startWorkflow: startResponse(started) }, { updateWorkflow: answer }] };
    } catch (error) {
      if (!isServiceError(error)) throw error;
      const closed = !started.isNew && error.code === StatusCode.NOT_FOUND;
      if (closed && attempt === 1) continue; // the run closed meanwhile: once more, with a new one
      throw multiOperationFailed([started.isNew ? undefined : ABORTED, retryable(error, closed)]);
    }
  }
}

/** A run that closes time and again is no reason for the client to give up. */
function retryable(error: ServiceError, closed: boolean): ServiceError {
  return closed ? new ServiceError(StatusCode.ABORTED, error.message) : error;
}

/** Starts a run with the update in it, or gives it to the one that is there. */
async function begin(engine: Engine, { start, update }: Order): Promise<Started> {
  try {
    const { updateId, request } = update;
    return await startExecution(engine, {
      ...startOrder(engine, start),
      update: { updateId, request },
    });
  } catch (error) {
    if (!isServiceError(error)) throw error;
    // A start that was checked can only find its id taken; all else is said of the update.
    const taken = error.code === StatusCode.ALREADY_EXISTS;
    throw multiOperationFailed(taken ? [error, ABORTED] : [ABORTED, error]);
  }
}
