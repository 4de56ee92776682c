/** Updates whose worker is the spec: it sends them, takes them from tasks and answers with messages. */
import { codec, enums, toNumber } from '../../../src/temporal-server/proto.js';
import type { TakenTask } from './by-hand.js';
import type { RawCall, RawClient } from './raw.js';

const PACKAGE = 'temporal.api.update.v1.';
const requestCodec = codec<{ meta: { updateId: string }; input: { name: string } }>(
  `${PACKAGE}Request`,
);

/** A task with the updates that came with it. */
export interface UpdateTask extends TakenTask {
  readonly attempt: number;
  readonly startedEventId: unknown;
  readonly previousStartedEventId: unknown;
  readonly history: { readonly events: readonly { readonly eventId: unknown }[] };
  readonly messages: readonly {
    readonly id: string;
    readonly protocolInstanceId: string;
    readonly eventId: unknown;
    readonly body: { readonly type_url: string; readonly value: Uint8Array };
  }[];
}

const { UpdateWorkflowExecutionLifecycleStage: Stage } = enums;
export const ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
export const COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
export const ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED;

export const text = (value: string) => ({
  payloads: [
    {
      metadata: { encoding: Buffer.from('json/plain') },
      data: Buffer.from(JSON.stringify(value)),
    },
  ],
});

export function updateRequest(workflowId: string, updateId: string, more: object = {}) {
  return {
    namespace: 'default',
    workflowExecution: { workflowId },
    request: { meta: { updateId, identity: 'spec' }, input: { name: 'u', args: text(updateId) } },
    waitPolicy: { lifecycleStage: COMPLETED },
    ...more,
  };
}

export function sendUpdate(
  client: RawClient,
  workflowId: string,
  updateId: string,
  more: object = {},
): RawCall {
  return client.begin('UpdateWorkflowExecution', updateRequest(workflowId, updateId, more));
}

/** The updates of a task as `id after event`. */
export function shipped(task: UpdateTask): string[] {
  return task.messages.map(({ protocolInstanceId, eventId, body }) => {
    const { meta } = requestCodec.decode(body.value);
    return `${meta.updateId === protocolInstanceId ? meta.updateId : '?'} after ${toNumber(eventId as number)}`;
  });
}

function message(kind: string, updateId: string, suffix: string, body: object) {
  const type = `${PACKAGE}${kind}`;
  const value = codec<object>(type).encode(body).finish();
  return {
    id: `${updateId}/${suffix}`,
    protocolInstanceId: updateId,
    body: { type_url: `type.googleapis.com/${type}`, value },
  };
}

export const accept = (updateId: string) =>
  message('Acceptance', updateId, 'accept', {
    acceptedRequestMessageId: `${updateId}/request`,
    acceptedRequestSequencingEventId: 2,
  });
export const reject = (updateId: string, why: string) =>
  message('Rejection', updateId, 'reject', { failure: { message: why } });
export const respond = (updateId: string, value: string) =>
  message('Response', updateId, 'complete', {
    meta: { updateId },
    outcome: { success: text(value) },
  });

/** The command that stands for a message. */
export const say = (said: { readonly id: string }) => ({
  commandType: enums.CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE,
  protocolMessageCommandAttributes: { messageId: said.id },
});
