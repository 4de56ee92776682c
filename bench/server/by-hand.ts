/**
 * A client and a worker that do nothing but calls, so that it is the server that is measured. The answers
 * are as small as a server takes them, and the calls are made on a bare connection: a gRPC client spends more
 * on a signal than the embedded server does, and on a machine with two cores it would be the measure.
 */
import { randomUUID } from 'node:crypto';
import { enums, methodsOf } from '../../src/temporal-server/proto.js';
import { BareConnection } from '../support/bare-connection.js';

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

export class ByHand {
  readonly #connection: BareConnection;
  readonly #methods = new Map(methodsOf(SERVICE).map((shape) => [shape.name, shape]));
  readonly queue: { readonly name: string };
  #workflows = 0;

  /** @param queue - the task queue of its workflows; default: one that nobody else has */
  constructor(address: string, queue = { name: `bench-${randomUUID().slice(0, 8)}` }) {
    this.queue = queue;
    this.#connection = new BareConnection(address);
  }

  close(): void {
    this.#connection.close();
  }

  async call<T = object>(method: string, request: object): Promise<T> {
    const shape = this.#methods.get(method);
    if (!shape) throw new Error(`no method ${method}`);
    const message = shape.request.encode({ namespace: NAMESPACE, identity: 'bench', ...request });
    const answer = await this.#connection.call(shape.path, message.finish());
    return shape.response.decode(answer) as T;
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
