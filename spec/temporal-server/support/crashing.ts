/**
 * A server in a process of its own that is killed while clients and workers are at it, and started again on
 * the same file. What was acknowledged is remembered, and looked for afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { EventType, enums, type HistoryEvent } from '../../../src/temporal-server/proto.js';
import { type RawClient, rawClient } from './raw.js';

const NAMESPACE = 'default';
const QUEUE = { name: 'crashing' };
const BIN = join(process.cwd(), 'bin/perdure.cjs');

/** What the server has said yes to. */
interface Acknowledged {
  runId: string;
  readonly signals: string[];
  closed: boolean;
}

interface Task {
  readonly taskToken: Uint8Array;
  readonly workflowExecution: { readonly workflowId: string } | null;
}

export class Crashing {
  readonly workflows = new Map<string, Acknowledged>();
  readonly #file: string;
  #child: ChildProcess | undefined;
  #client: RawClient | undefined;
  #running = false;
  /** Calls that are still to be acknowledged before the kill, and who waits for that. */
  #left = 0;
  #enough: () => void = () => {};
  #lanes: Promise<void>[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  async start(): Promise<void> {
    const args = [BIN, 'server', 'start-dev', '--port', '0', '--json', '-f', this.#file];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    this.#client = rawClient((JSON.parse(line.toString()) as { address: string }).address);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    const gone = child && once(child, 'exit');
    child?.kill('SIGKILL');
    await gone;
    this.#running = false;
    await Promise.all(this.#lanes);
    this.#client?.close();
  }

  get client(): RawClient {
    if (!this.#client) throw new Error('the server is not started');
    return this.#client;
  }

  /** Lanes of clients that start and signal, and of workers that answer, until the server is killed. */
  load(clients: number, workers: number): void {
    this.#running = true;
    const lanes = (n: number, work: () => Promise<void>) =>
      Array.from({ length: n }, () => this.#lane(work));
    this.#lanes = [...lanes(clients, () => this.#order()), ...lanes(workers, () => this.#work())];
  }

  /** Resolves when the server has said yes to `count` more calls of the load. */
  acknowledged(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => {
      this.#enough = resolve;
    });
  }

  #said(): void {
    if (--this.#left === 0) this.#enough();
  }

  async #lane(work: () => Promise<void>): Promise<void> {
    while (this.#running) {
      try {
        await work();
      } catch {
        return; // the server is gone: what it has not acknowledged counts for nothing
      }
    }
  }

  async #order(): Promise<void> {
    const workflowId = randomUUID();
    const { runId } = await this.client.call('StartWorkflowExecution', {
      namespace: NAMESPACE,
      workflowId,
      workflowType: { name: 'counting' },
      taskQueue: QUEUE,
      requestId: workflowId,
    });
    const known: Acknowledged = { runId: String(runId), signals: [], closed: false };
    this.workflows.set(workflowId, known);
    this.#said();
    for (let i = 0; i < 2; i++) await this.signal(workflowId, known);
  }

  async signal(workflowId: string, known: Acknowledged): Promise<void> {
    const identity = randomUUID();
    await this.client.call('SignalWorkflowExecution', {
      namespace: NAMESPACE,
      workflowExecution: { workflowId },
      signalName: 'count',
      identity,
      requestId: identity,
    });
    known.signals.push(identity);
    this.#said();
  }

  /** One task as the workflow `counting` would answer it. */
  async #work(): Promise<void> {
    const request = { namespace: NAMESPACE, taskQueue: QUEUE, identity: 'spec' };
    const answer = await this.client.call('PollWorkflowTaskQueue', request, 3000);
    const task = answer as unknown as Task;
    const workflowId = task.workflowExecution?.workflowId;
    if (!workflowId) return;
    const seen = (answer.history as { events: HistoryEvent[] }).events;
    const done = seen.filter((e) => e.workflowExecutionSignaledEventAttributes).length >= 2;
    await this.#answer(task, done);
    this.#said();
    const known = this.workflows.get(workflowId);
    if (known && done) known.closed = true;
  }

  async #answer({ taskToken }: Task, done: boolean): Promise<void> {
    const commandType = enums.CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION;
    const complete = { commandType, completeWorkflowExecutionCommandAttributes: {} };
    try {
      await this.client.call('RespondWorkflowTaskCompleted', {
        namespace: NAMESPACE,
        taskToken,
        commands: done ? [complete] : [],
      });
    } catch (error) {
      // A signal came meanwhile: the task fails, and another follows with it.
      if (!String(error).includes('UnhandledCommand')) throw error;
    }
  }

  async history(workflowId: string): Promise<HistoryEvent[]> {
    const { history } = await this.client.call('GetWorkflowExecutionHistory', {
      namespace: NAMESPACE,
      execution: { workflowId },
    });
    return (history as { events: HistoryEvent[] }).events;
  }

  /** What is wrong with what the server has now, in words; empty when nothing is. */
  async problems(): Promise<string[]> {
    const found: string[] = [];
    for (const [workflowId, known] of this.workflows) {
      const problem = await this.history(workflowId).then(
        (events) => problemOf(events, known),
        (error: unknown) => String(error),
      );
      if (problem) found.push(`${workflowId}: ${problem}`);
    }
    return found;
  }
}

const CLOSE = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED;

function problemOf(events: readonly HistoryEvent[], known: Acknowledged): string | undefined {
  const gap = events.findIndex((event, at) => Number(event.eventId) !== at + 1);
  if (gap >= 0) return `event ${gap + 1} has the id ${events[gap]?.eventId}`;
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (started?.originalExecutionRunId !== known.runId) return 'it is another run';
  const signals = events.map((e) => e.workflowExecutionSignaledEventAttributes?.identity);
  for (const signal of known.signals) {
    const times = signals.filter((identity) => identity === signal).length;
    // Those that came while a task was out are written when it ends.
    const waits = times === 0 && isTaskOut(events);
    if (times !== 1 && !waits) return `signal ${signal} is there ${times} times`;
  }
  const closes = events.filter((event) => event.eventType === CLOSE).length;
  if (closes > 1) return `${closes} close events`;
  if (known.closed && closes === 0) return 'its end was acknowledged and is not there';
  if (closes === 1 && events.at(-1)?.eventType !== CLOSE) return 'events after its end';
  return undefined;
}

function isTaskOut(events: readonly HistoryEvent[]): boolean {
  return events.at(-1)?.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED;
}
