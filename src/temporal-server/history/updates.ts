/**
 * Updates of a run: admitted, sent to its worker with a workflow task, and then rejected or accepted
 * and completed by the messages of that worker's answer. The rules are those of Temporal's
 * service/history/workflow/update.
 *
 * 1. Only acceptance and completion are written to history. A rejected update leaves nothing.
 * 2. An update id is one update: a second request with it waits for the first.
 * 3. What an update comes to is told by an effect, never before it is stored.
 */
import {
  alreadyCompleted,
  failedPrecondition,
  resourceExhausted,
  workflowNotReady,
} from '../errors.js';
import { codec, enums, type Failure, int64, type temporal } from '../proto.js';
import type { Draft } from './draft.js';
import type { UpdateEnd } from './effects.js';
import { CommandError } from './failures.js';
import { MAX_BLOB_BYTES } from './limits.js';
import { isOpen, type UpdateInfo, type UpdateStage } from './state.js';
import { scheduleUpdateTask } from './workflow-task.js';

type Api = typeof temporal.api.update.v1;
type Body<N extends keyof Api> = Api[N] extends { prototype: infer P } ? P : never;
export type UpdateRequest = temporal.api.update.v1.IRequest;
export type Message = temporal.api.protocol.v1.IMessage;

/** Temporal's limits of updates: at a time, their bytes, and a run. */
const IN_FLIGHT_LIMIT = 10;
const IN_FLIGHT_BYTES_LIMIT = 20 * 1024 * 1024;
const TOTAL_UPDATE_LIMIT = 2000;

/** From this attempt of the workflow task on, no update is taken: the task would fail again. */
const NOT_READY_ATTEMPT = 3;

const PACKAGE = 'temporal.api.update.v1.';
const TYPE_URL = `type.googleapis.com/${PACKAGE}`;
const requestCodec = codec<UpdateRequest>(`${PACKAGE}Request`);
const acceptanceCodec = codec<Body<'Acceptance'>>(`${PACKAGE}Acceptance`);
const rejectionCodec = codec<Body<'Rejection'>>(`${PACKAGE}Rejection`);
const responseCodec = codec<Body<'Response'>>(`${PACKAGE}Response`);

const BAD_MESSAGE =
  enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE;

/** Takes an update, unless its id is known. A workflow task for it follows where none is there. */
export function admitUpdate(d: Draft, request: UpdateRequest): void {
  const updateId = request.meta?.updateId ?? '';
  if (d.updates.has(updateId) || d.completedUpdates.has(updateId)) return;
  if (!isOpen(d.info)) throw alreadyCompleted();
  if (d.info.workflowTaskAttempt >= NOT_READY_ATTEMPT) {
    throw workflowNotReady(
      'Unable to perform workflow execution update due to Workflow Task in failed state.',
    );
  }
  const sizeBytes = requestCodec.encode(request).finish().length;
  checkLimits(d, sizeBytes);
  d.info.updateCount += 1;
  const stage = { kind: 'admitted', request } as const;
  d.updates.set(updateId, { updateId, order: d.info.updateCount, sizeBytes, stage });
  scheduleUpdateTask(d);
}

function checkLimits(d: Draft, sizeBytes: number): void {
  if (d.updates.size >= IN_FLIGHT_LIMIT) {
    throw resourceExhausted(
      `limit on number of concurrent in-flight updates has been reached (${IN_FLIGHT_LIMIT})`,
    );
  }
  if (d.updates.size + d.completedUpdates.size >= TOTAL_UPDATE_LIMIT) {
    throw failedPrecondition(
      `The limit on the total number of distinct updates in this workflow has been reached (${TOTAL_UPDATE_LIMIT}). Make sure any duplicate updates share an Update ID so the server can deduplicate them, and consider rejecting updates that you aren't going to process. You can also Continue-as-New to avoid this; we recommend you check Continue-as-New Suggested in your Workflow.`,
    );
  }
  const inFlightBytes = [...d.updates.values()].reduce((sum, update) => sum + update.sizeBytes, 0);
  if (inFlightBytes + sizeBytes >= IN_FLIGHT_BYTES_LIMIT) {
    throw resourceExhausted(
      `limit on total payload size of in-flight updates has been reached (${IN_FLIGHT_BYTES_LIMIT} bytes)`,
    );
  }
}

/** Takes over an update of a run that was reset, with an event: its client waits for it no more. */
export function reapplyUpdate(d: Draft, request: UpdateRequest): void {
  const updateId = request.meta?.updateId ?? '';
  if (d.updates.has(updateId) || d.completedUpdates.has(updateId)) return;
  d.append('workflowExecutionUpdateAdmitted', {
    request,
    origin: enums.UpdateAdmittedEventOrigin.UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY,
  });
  recordUpdate(d, request, { kind: 'admitted', request, inHistory: true });
}

/** An update that history tells of. */
export function recordUpdate(d: Draft, request: UpdateRequest, stage: UpdateStage): void {
  const updateId = request.meta?.updateId ?? '';
  const sizeBytes = requestCodec.encode(request).finish().length;
  d.info.updateCount += 1;
  d.updates.set(updateId, { updateId, order: d.info.updateCount, sizeBytes, stage });
}

/** Whether there are updates that no worker has been sent. */
export function hasNewUpdates(d: Draft): boolean {
  return [...d.updates.values()].some(({ stage }) => stage.kind === 'admitted');
}

/**
 * The messages that go to the worker with the workflow task just started: the new updates, and
 * those of an attempt that came to nothing.
 *
 * @param heartbeat - the task goes on with the one before it: its worker has the old ones
 */
export function sendUpdates(d: Draft, options: { readonly heartbeat: boolean }): Message[] {
  const task = d.info.workflowTask;
  if (task.kind !== 'started') return [];
  return inOrder(d).flatMap((update) => {
    const { stage } = update;
    if (stage.kind === 'accepted' || (stage.kind === 'sent' && options.heartbeat)) return [];
    setStage(d, update, { ...stage, kind: 'sent' });
    if (stage.inHistory) return []; // its worker reads it there
    return [requestMessage(update.updateId, stage.request, task.startedEventId - 1)];
  });
}

function requestMessage(updateId: string, request: UpdateRequest, afterEventId: number): Message {
  return {
    id: requestId(updateId),
    protocolInstanceId: updateId,
    eventId: int64(afterEventId),
    body: { type_url: `${TYPE_URL}Request`, value: requestCodec.encode(request).finish() },
  };
}

function requestId(updateId: string): string {
  return `${updateId}/request`;
}

function inOrder(d: Draft): UpdateInfo[] {
  return [...d.updates.values()].sort((a, b) => a.order - b.order);
}

function setStage(d: Draft, update: UpdateInfo, stage: UpdateStage): void {
  d.updates.set(update.updateId, { ...update, stage });
}

/** The update is over and leaves nothing behind. */
function end(d: Draft, { updateId }: UpdateInfo, how: UpdateEnd): void {
  d.updates.delete(updateId);
  tell(d, updateId, how);
}

function tell(d: Draft, updateId: string, how?: UpdateEnd): void {
  d.effects.push({ kind: 'update', updateId, end: how });
}

/** Whether a message rejects an update: the one kind that needs no event. */
export function isRejection(message: Message): boolean {
  return typeOf(message) === 'Rejection';
}

function typeOf(message: Message): string {
  return (message.body?.type_url ?? '').split('/').pop()?.replace(PACKAGE, '') ?? '';
}

/** What a worker says of an update: accepted, rejected, or completed with this outcome. */
export function takeMessage(d: Draft, message: Message): void {
  const type = typeOf(message);
  const bytes = message.body?.value ?? new Uint8Array();
  if (bytes.length > MAX_BLOB_BYTES) {
    const text = `Message type ${PACKAGE}${type} exceeds size limit.`;
    throw new CommandError(BAD_MESSAGE, text, { terminates: true });
  }
  const update = d.updates.get(message.protocolInstanceId ?? '') ?? revived(message);
  if (!update) {
    throw new CommandError(
      BAD_MESSAGE,
      `update ${message.protocolInstanceId} wasn't found on the server. This is most likely a transient error which will be resolved automatically by retries`,
    );
  }
  if (type === 'Rejection') reject(d, update, rejectionCodec.decode(bytes));
  else if (!isOpen(d.info)) abort(d, update, 'closed');
  else if (type === 'Acceptance') accept(d, update, acceptanceCodec.decode(bytes));
  else if (type === 'Response') complete(d, update, responseCodec.decode(bytes));
  else throw new CommandError(BAD_MESSAGE, `Message type ${type} not supported`);
}

/** An update that the server has forgotten, from what its worker was sent of it. */
function revived(message: Message): UpdateInfo | undefined {
  const bytes = message.body?.value ?? new Uint8Array();
  const type = typeOf(message);
  const request =
    type === 'Acceptance'
      ? acceptanceCodec.decode(bytes).acceptedRequest
      : type === 'Rejection'
        ? rejectionCodec.decode(bytes).rejectedRequest
        : undefined;
  if (!request) return undefined;
  const stage = { kind: 'sent', request } as const;
  return { updateId: message.protocolInstanceId ?? '', order: 0, sizeBytes: 0, stage };
}

function wrongStage(update: UpdateInfo, type: string): CommandError {
  return new CommandError(
    BAD_MESSAGE,
    `invalid state transition attempted for Update ${update.updateId}: received *update.${type} message while in state ${STAGE_NAMES[update.stage.kind]}`,
  );
}

const STAGE_NAMES = { admitted: 'Admitted', sent: 'Sent', accepted: 'Accepted' } as const;

function reject(d: Draft, update: UpdateInfo, rejection: Body<'Rejection'>): void {
  if (update.stage.kind === 'accepted') throw wrongStage(update, 'Rejection');
  end(d, update, { kind: 'rejected', failure: rejection.failure ?? {} });
}

function accept(d: Draft, update: UpdateInfo, acceptance: Body<'Acceptance'>): void {
  if (update.stage.kind === 'accepted') throw wrongStage(update, 'Acceptance');
  const acceptedEventId = d.append('workflowExecutionUpdateAccepted', {
    protocolInstanceId: update.updateId,
    acceptedRequestMessageId: requestId(update.updateId),
    acceptedRequestSequencingEventId: acceptance.acceptedRequestSequencingEventId,
    ...(!update.stage.inHistory && { acceptedRequest: update.stage.request }),
  });
  setStage(d, update, { kind: 'accepted', acceptedEventId });
  tell(d, update.updateId);
}

function complete(d: Draft, update: UpdateInfo, response: Body<'Response'>): void {
  if (update.stage.kind !== 'accepted') throw wrongStage(update, 'Response');
  if (!response.outcome)
    throw new CommandError(BAD_MESSAGE, 'invalid *update.Response: outcome is not set');
  const completedEventId = d.append('workflowExecutionUpdateCompleted', {
    acceptedEventId: int64(update.stage.acceptedEventId),
    meta: response.meta ?? null,
    outcome: response.outcome,
  });
  d.updates.delete(update.updateId);
  d.completedUpdates.set(update.updateId, completedEventId);
  tell(d, update.updateId);
}

/** Updates that went out with a task whose answer does not mention them. */
export function rejectUnprocessed(d: Draft): void {
  for (const update of inOrder(d))
    if (update.stage.kind === 'sent') end(d, update, { kind: 'rejected', failure: UNPROCESSED });
}

/** The answer to a task was refused: the updates that went out with it are not tried again. */
export function abortSentUpdates(d: Draft): void {
  for (const update of inOrder(d)) if (update.stage.kind === 'sent') abort(d, update, 'taskFailed');
}

/** The run has closed. What was accepted stays, as failed; the rest can go to a run that took over. */
export function abortUpdates(d: Draft): void {
  for (const update of inOrder(d)) abort(d, update, d.successor ? 'continued' : 'closed');
}

function abort(d: Draft, update: UpdateInfo, why: 'closed' | 'continued' | 'taskFailed'): void {
  if (update.stage.kind === 'accepted') tell(d, update.updateId);
  else end(d, update, { kind: 'aborted', why });
}

const UNPROCESSED: Failure = {
  message:
    "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.",
  source: 'Server',
  applicationFailureInfo: { type: 'UnprocessedUpdate', nonRetryable: true },
};

/** What an accepted update comes to when its run closes first. */
export const CLOSED_BEFORE_COMPLETED: Failure = {
  message: 'Workflow Update failed because the Workflow completed before the Update completed.',
  source: 'Server',
  applicationFailureInfo: { type: 'AcceptedUpdateCompletedWorkflow', nonRetryable: true },
};
