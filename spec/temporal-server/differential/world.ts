/**
 * What a program has of a server: raw calls whose answers and errors it gets as plain data, a worker's
 * part played by hand, and the official client beside a real worker.
 *
 * Each program has a world of its own: all ids that it makes begin with its prefix, which is masked.
 */
import { randomUUID } from 'node:crypto';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { codec, type HistoryEvent } from '../../../src/temporal-server/proto.js';
import type { TakenTask } from '../support/by-hand.js';
import type { RawClient } from '../support/raw.js';
import { Mask } from './mask.js';
import { ofAny, plainOf } from './plain.js';
import type { Plain } from './program.js';

/** A server that programs run on. */
export interface Side {
  readonly client: RawClient;
  readonly operator: RawClient;
  readonly sdk: Client;
  /** Where the real worker is that has the workflows of `workflows/`. */
  readonly workerQueue: string;
}

type Answer = Record<string, unknown>;

export interface ActivityTask extends Answer {
  readonly taskToken: Uint8Array;
}

const NAMESPACE = 'default';
/** What has not come by then does not come: a program that waits longer is wrong. */
const PATIENCE_MS = 60_000;
const IDENTITY = 'program';
/** A busy machine may take longer than the usual ten seconds for what a program does with a task. */
export const PATIENT = { seconds: 60 };

export class World {
  readonly prefix = `d${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  readonly mask = new Mask(this.prefix);
  #count = 0;

  constructor(readonly side: Side) {}

  /** An id that is this program's. */
  id(name: string): string {
    return `${this.prefix}-${name}`;
  }

  /** A raw call. @throws ServiceError */
  call(method: string, request: object = {}, withinMs = PATIENCE_MS): Promise<Answer> {
    return this.side.client.call(method, { namespace: NAMESPACE, ...request }, withinMs);
  }

  /** A raw call's answer or error, as plain data. */
  ask(method: string, request: object = {}, withinMs?: number): Promise<Plain> {
    return this.outcomeOf(this.call(method, request, withinMs));
  }

  /** The same of the operator's service. */
  operate(method: string, request: object = {}): Promise<Plain> {
    return this.outcomeOf(this.side.operator.call(method, { namespace: NAMESPACE, ...request }));
  }

  async outcomeOf(answer: Promise<unknown>): Promise<Plain> {
    try {
      return plainOf(await answer, this.mask);
    } catch (error) {
      return this.errorOf(error);
    }
  }

  /** A gRPC error with the details that came with it. */
  errorOf(error: unknown): Plain {
    const { code, details, metadata } = error as ServiceError;
    if (code === undefined) throw error;
    const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
    const carried = bytes
      ? codec<{ details: { type_url: string; value: Uint8Array }[] }>('google.rpc.Status').decode(
          Buffer.from(bytes),
        ).details
      : [];
    return {
      error: status[code] ?? String(code),
      message: this.mask.text(details, ''),
      ...(carried.length > 0 && { details: carried.map((any) => ofAny({ ...any }, this.mask)) }),
    };
  }

  /** A start request of a workflow on the queue of its id, unless `more` says otherwise. */
  startRequest(name: string, more: object = {}) {
    const workflowId = this.id(name);
    this.#count += 1;
    return {
      workflowId,
      workflowType: { name: 't' },
      taskQueue: { name: workflowId },
      requestId: this.id(`request-${this.#count}`),
      identity: IDENTITY,
      ...more,
    };
  }

  /** Starts a workflow. @returns its id */
  async start(name = 'wf', more: object = {}): Promise<string> {
    const request = this.startRequest(name, { workflowTaskTimeout: PATIENT, ...more });
    await this.call('StartWorkflowExecution', request);
    return request.workflowId;
  }

  /** The next workflow task of a queue. */
  async task(queue: string, more: object = {}): Promise<TakenTask & Answer> {
    const task = await this.#poll('PollWorkflowTaskQueue', queue, more);
    return task as unknown as TakenTask & Answer;
  }

  async #poll(method: string, queue: string, more: object): Promise<Answer> {
    const request = { taskQueue: { name: queue }, identity: IDENTITY, ...more };
    // A server may end a poll before its deadline, with nothing.
    return this.until(
      () => this.call(method, request),
      ({ taskToken }) => (taskToken as Uint8Array).length > 0,
    );
  }

  answer(
    task: { readonly taskToken: Uint8Array },
    commands: readonly object[] = [],
    more: object = {},
  ): Promise<Answer> {
    return this.call('RespondWorkflowTaskCompleted', {
      taskToken: task.taskToken,
      identity: IDENTITY,
      commands,
      ...more,
    });
  }

  /** Takes the next task of a queue and answers it. */
  async step(queue: string, ...commands: object[]): Promise<void> {
    await this.answer(await this.task(queue), commands);
  }

  /** Starts a workflow and answers its first task. @returns its id */
  async startWith(...commands: object[]): Promise<string> {
    const id = await this.start();
    await this.step(id, ...commands);
    return id;
  }

  async activityTask(queue: string): Promise<ActivityTask> {
    return (await this.#poll('PollActivityTaskQueue', queue, {})) as ActivityTask;
  }

  execution(workflowId: string, runId = '') {
    return { workflowId, runId };
  }

  signal(workflowId: string, name: string, more: object = {}): Promise<Answer> {
    return this.call('SignalWorkflowExecution', {
      workflowExecution: { workflowId },
      signalName: name,
      identity: IDENTITY,
      ...more,
    });
  }

  terminate(workflowId: string, reason = ''): Promise<Answer> {
    return this.call('TerminateWorkflowExecution', {
      workflowExecution: { workflowId },
      reason,
      identity: IDENTITY,
    });
  }

  async events(workflowId: string, runId = '', more: object = {}): Promise<HistoryEvent[]> {
    const answer = await this.call('GetWorkflowExecutionHistory', {
      execution: { workflowId, runId },
      ...more,
    });
    return (answer.history as { events: HistoryEvent[] }).events;
  }

  /** Events with their attributes; their numbers are their places. */
  async history(workflowId: string, runId = ''): Promise<Plain> {
    const events = await this.events(workflowId, runId);
    return events.map((event) => plainEvent(plainOf(event, this.mask)));
  }

  /** The types of its events alone. */
  async eventTypes(workflowId: string, runId = ''): Promise<Plain> {
    const events = (await this.history(workflowId, runId)) as readonly { event: Plain }[];
    return events.map(({ event }) => event);
  }

  /** Waits for the end of a run. @returns its last event */
  async closed(workflowId: string, runId = ''): Promise<HistoryEvent> {
    const more = { waitNewEvent: true, historyEventFilterType: 2 };
    const [last] = (await this.events(workflowId, runId, more)).slice(-1);
    if (last) return last;
    throw new Error(`${workflowId} does not close`);
  }

  /** The same, and all that has happened in it. */
  async closedHistory(workflowId: string, runId = ''): Promise<Plain> {
    await this.closed(workflowId, runId);
    return this.history(workflowId, runId);
  }

  describe(workflowId: string, runId = ''): Promise<Plain> {
    return this.ask('DescribeWorkflowExecution', { execution: { workflowId, runId } });
  }

  /** Asks until the answer is right: what follows from a call comes soon after it. */
  async until<T>(look: () => Promise<T>, right: (seen: T) => boolean): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = await look();
      if (right(seen)) return seen;
      if (Date.now() > deadline) throw new Error(`never right: ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Starts a workflow of the real worker. */
  run(type: string, args: readonly unknown[] = [], more: object = {}): Promise<WorkflowHandle> {
    return this.side.sdk.workflow.start(type, {
      taskQueue: this.side.workerQueue,
      workflowId: this.id(type),
      workflowTaskTimeout: '60s',
      args: [...args],
      ...more,
    });
  }

  /** What an SDK call gives, or how it fails: the names and messages of the error and its causes. */
  async attempt(work: Promise<unknown>): Promise<Plain> {
    try {
      const value = await work;
      return this.masked(value ?? null);
    } catch (error) {
      return this.failureOf(error as Error);
    }
  }

  failureOf(error: Error): Plain {
    const { name, message, cause } = error;
    return {
      failure: name,
      message: this.mask.text(message, ''),
      ...(cause instanceof Error && { cause: this.failureOf(cause) }),
    };
  }

  /** Plain data with its ids masked. */
  masked(value: unknown): Plain {
    return JSON.parse(this.mask.text(JSON.stringify(value, inOrder), '')) as Plain;
  }

  /** What an SDK program leaves: the result, and the history. */
  async sdkOutcome(handle: WorkflowHandle): Promise<{ result: Plain; history: Plain }> {
    const result = await this.attempt(handle.result());
    return { result, history: await this.history(handle.workflowId) };
  }
}

/** Names in the order of the alphabet: a map has none of its own. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Named = { readonly [name: string]: Plain };

const NOT_TOLD: ReadonlySet<string> = new Set(['eventId', 'eventTime', 'taskId', 'eventType']);

function plainEvent(event: Plain): Plain {
  const all = Object.entries(event as Named);
  const isAttributes = (name: string) => name.endsWith('EventAttributes');
  const attributes = all.find(([name]) => isAttributes(name))?.[1] as Named | undefined;
  const rest = all.filter(([name]) => !isAttributes(name) && !NOT_TOLD.has(name));
  const type = String((event as Named).eventType).replace('EVENT_TYPE_', '');
  return { event: type, ...Object.fromEntries(rest), ...attributes };
}
