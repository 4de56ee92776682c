/** Workflows whose worker is the spec: it starts them, takes their tasks and answers with commands. */
import { enums, type HistoryEvent } from '../../../src/temporal-server/proto.js';
import type { RawClient } from './raw.js';

export interface TakenTask {
  readonly taskToken: Uint8Array;
  readonly query: { readonly queryType: string } | null;
  readonly workflowExecution: { readonly workflowId: string; readonly runId: string };
}

/** Commands without anything in them. */
export const commands = {
  complete: {
    commandType: enums.CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
    completeWorkflowExecutionCommandAttributes: {},
  },
} as const;

export class ByHand {
  #count = 0;

  /** @param prefix - of its workflow ids; each has its task queue of the same name */
  constructor(
    readonly client: RawClient,
    readonly prefix: string,
  ) {}

  /** @returns the workflow id */
  async start(more: object = {}): Promise<string> {
    this.#count += 1;
    const workflowId = `${this.prefix}-${this.#count}`;
    await this.client.call('StartWorkflowExecution', {
      namespace: 'default',
      workflowId,
      workflowType: { name: 't' },
      taskQueue: { name: workflowId },
      requestId: workflowId,
      ...more,
    });
    return workflowId;
  }

  /** A real server takes no poll without a deadline. */
  poll(queue: string, withinMs = 30_000): Promise<TakenTask> {
    const request = { namespace: 'default', taskQueue: { name: queue }, identity: 'spec' };
    const answer = this.client.call('PollWorkflowTaskQueue', request, withinMs);
    return answer as Promise<unknown> as Promise<TakenTask>;
  }

  complete(task: TakenTask, ...answer: object[]): Promise<unknown> {
    return this.client.call('RespondWorkflowTaskCompleted', {
      namespace: 'default',
      taskToken: task.taskToken,
      commands: answer,
    });
  }

  /** Starts a workflow and answers its first task. @returns the workflow id */
  async startWith(...answer: object[]): Promise<string> {
    const workflowId = await this.start();
    await this.complete(await this.poll(workflowId), ...answer);
    return workflowId;
  }

  async history(workflowId: string, runId = ''): Promise<HistoryEvent[]> {
    const answer = await this.client.call('GetWorkflowExecutionHistory', {
      namespace: 'default',
      execution: { workflowId, runId },
    });
    return (answer.history as { events: HistoryEvent[] }).events;
  }

  /** A `WorkflowExecutionStatus`. */
  async status(workflowId: string): Promise<number> {
    const answer = await this.client.call('DescribeWorkflowExecution', {
      namespace: 'default',
      execution: { workflowId },
    });
    return (answer.workflowExecutionInfo as { status: number }).status;
  }
}
