/**
 * A client and a worker that do nothing but calls, so that it is the server that is measured. The answers
 * are as small as a server takes them, and the calls are made on HTTP/2 itself: a gRPC client spends more
 * on a signal than the embedded server does, and on a machine with two cores it would be the measure.
 */
import { randomUUID } from 'node:crypto';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { frame, PREFIX_BYTES } from '../../src/temporal-server/grpc/wire.js';
import { enums, methodsOf } from '../../src/temporal-server/proto.js';

const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';
const NAMESPACE = 'default';
const { CommandType } = enums;

export interface WorkflowTask {
  readonly taskToken: Uint8Array;
  readonly workflowExecution: { readonly workflowId: string } | null;
}

const COMPLETE = {
  commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
  completeWorkflowExecutionCommandAttributes: {},
};

const HEADERS = {
  ':method': 'POST',
  'content-type': 'application/grpc',
  te: 'trailers',
  'grpc-timeout': '60S',
} as const;

export class ByHand {
  readonly #session: ClientHttp2Session;
  readonly #methods = new Map(methodsOf(SERVICE).map((shape) => [shape.name, shape]));
  readonly queue: { readonly name: string };
  #workflows = 0;

  /** @param queue - the task queue of its workflows; default: one that nobody else has */
  constructor(address: string, queue = { name: `bench-${randomUUID().slice(0, 8)}` }) {
    this.queue = queue;
    this.#session = connect(`http://${address}`);
    this.#session.on('error', () => {}); // said to the calls
  }

  close(): void {
    this.#session.destroy();
  }

  async call<T = object>(method: string, request: object): Promise<T> {
    const shape = this.#methods.get(method);
    if (!shape) throw new Error(`no method ${method}`);
    const stream = this.#session.request({ ...HEADERS, ':path': shape.path });
    const message = { namespace: NAMESPACE, identity: 'bench', ...request };
    stream.end(frame(shape.request.encode(message).finish()));
    const answer = await answerOf(stream);
    return shape.response.decode(answer.subarray(PREFIX_BYTES)) as T;
  }

  async start(more: object = {}): Promise<string> {
    const workflowId = `${this.queue.name}-${this.#workflows++}`;
    await this.call('StartWorkflowExecution', {
      workflowId,
      workflowType: { name: 'bench' },
      taskQueue: this.queue,
      requestId: workflowId,
      input: { payloads: [{ data: Buffer.from('"Ada"') }] },
      ...more,
    });
    return workflowId;
  }

  signal(workflowId: string): Promise<object> {
    return this.call('SignalWorkflowExecution', {
      workflowExecution: { workflowId },
      signalName: 'add',
      requestId: randomUUID(),
      input: { payloads: [{ data: Buffer.from('1') }] },
    });
  }

  task(): Promise<WorkflowTask> {
    return this.call('PollWorkflowTaskQueue', { taskQueue: this.queue });
  }

  answer({ taskToken }: WorkflowTask, ...commands: object[]): Promise<object> {
    return this.call('RespondWorkflowTaskCompleted', { taskToken, commands });
  }

  complete(task: WorkflowTask): Promise<object> {
    return this.answer(task, COMPLETE);
  }

  /** Answers a task with an activity, which it also does. */
  async step(task: WorkflowTask, activityId: string): Promise<void> {
    await this.answer(task, {
      commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
      scheduleActivityTaskCommandAttributes: {
        activityId,
        activityType: { name: 'step' },
        taskQueue: this.queue,
        startToCloseTimeout: { seconds: 60 },
      },
    });
    const { taskToken } = await this.call<WorkflowTask>('PollActivityTaskQueue', {
      taskQueue: this.queue,
    });
    await this.call('RespondActivityTaskCompleted', { taskToken });
  }
}

/** The bytes of the one message; throws where the status is not 0. */
function answerOf(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status: unknown;
    let text: unknown;
    const note = (headers: { readonly [name: string]: unknown }) => {
      status = headers['grpc-status'] ?? status;
      text = headers['grpc-message'] ?? text;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (status === '0') resolve(Buffer.concat(chunks));
      else reject(new Error(`gRPC status ${status}: ${text}`));
    });
  });
}
