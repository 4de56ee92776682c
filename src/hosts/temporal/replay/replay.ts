/**
 * Replays histories with the present code. The SDK compares only which commands come in which order; here
 * what they say must be the same too: arguments, durations, the result.
 */
import { readFile } from 'node:fs/promises';
import type { ReplayResult } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { PerdureError } from '../../../core/errors.js';
import { bundlePath, withApp } from '../bundle.js';
import type { AppData } from '../workflow/app-data.js';
import { type Divergence, firstDifference } from './divergence.js';
import { type Command, type HistoryEvent, recordedSteps, takenSteps } from './steps.js';
import { type Activation, type Completion, tappedWorker } from './tapped-worker.js';

export type ReplayOutcome =
  | { readonly kind: 'ok'; readonly events: number }
  /** `message` is the SDK's; the place is not known where all that is compared here is the same. */
  | { readonly kind: 'diverged'; readonly at: Divergence | null; readonly message: string }
  | { readonly kind: 'failed'; readonly error: PerdureError };

export interface History {
  readonly events?: HistoryEvent[] | null;
}

/** The sandbox of one worker of an app. */
export async function replaySandbox(app: AppData, worker: string): Promise<{ code: string }> {
  return { code: withApp(await readFile(await bundlePath(), 'utf8'), { app, worker }) };
}

interface ReplayOrder {
  readonly history: History;
  readonly workflowId: string;
}

type ReplayResults = AsyncIterableIterator<ReplayResult>;

/**
 * Replays histories on one worker of the SDK: to make one takes far longer than to replay a history.
 * One history at a time: await each outcome before the next is asked for.
 */
export class Replayer {
  /** What the worker takes next. */
  private order: ReplayOrder | null = null;
  private tasks = new Tasks();
  private results: ReplayResults | null = null;

  /** @param sandbox of {@link replaySandbox}, for the app as it is now. */
  constructor(private readonly sandbox: { code: string }) {}

  async replay(history: History, workflowId: string): Promise<ReplayOutcome> {
    const events = history.events ?? [];
    // It waits for its start, by its cron schedule or a delay. The SDK would wait for its first task for ever.
    if (!events.some(isTask)) return { kind: 'ok', events: events.length };
    const tasks = new Tasks();
    this.tasks = tasks;
    const compare = (by: 'key' | 'text'): Divergence | null =>
      firstDifference(recordedSteps(events), tasks.steps(), by);
    try {
      await this.take({ history, workflowId });
    } catch (thrown) {
      if (!(thrown instanceof DeterminismViolationError)) {
        return { kind: 'failed', error: tasks.failure ?? PerdureError.from(thrown) };
      }
      return { kind: 'diverged', at: compare('key'), message: thrown.message };
    }
    const at = compare('text');
    if (at === null) return { kind: 'ok', events: events.length };
    return { kind: 'diverged', at, message: 'the same steps say something else' };
  }

  /** Ends the worker. A replay after that makes another. */
  async close(): Promise<void> {
    const results = this.results;
    this.results = null;
    await results?.return?.();
  }

  /** @throws what the SDK finds wrong with the history. */
  private async take(order: ReplayOrder): Promise<void> {
    const { error } = await this.next(order);
    if (error) throw error;
  }

  private async next(order: ReplayOrder): Promise<ReplayResult> {
    this.order = order;
    const results = this.results ?? this.start();
    this.results = null; // one that throws has ended
    const { value, done } = await results.next();
    if (done) throw new Error('the worker that replays has ended before its histories');
    this.results = results;
    return value;
  }

  private start(): ReplayResults {
    const TappedWorker = tappedWorker(() => {
      const { tasks } = this;
      return async (activation, inner) => {
        const completion = await inner();
        tasks.add(activation, completion);
        return completion;
      };
    });
    return TappedWorker.runReplayHistories({ workflowBundle: this.sandbox }, this.orders());
  }

  private *orders(): Generator<ReplayOrder> {
    while (this.order !== null) {
      const { order } = this;
      this.order = null;
      yield order;
    }
  }
}

const isTask = ({ workflowTaskScheduledEventAttributes }: HistoryEvent): boolean =>
  workflowTaskScheduledEventAttributes != null;

/** The commands of a run, workflow task by workflow task. */
class Tasks {
  /** What the workflow's own code threw, where it failed a task. */
  failure: PerdureError | null = null;
  private readonly tasks: { readonly historyLength: number; readonly commands: Command[] }[] = [];

  add(activation: Activation, completion: Completion): void {
    const message = completion.failed?.failure?.message;
    if (message != null) this.failure = PerdureError.from(new Error(message));
    const historyLength = activation.historyLength ?? 0;
    if (this.tasks.at(-1)?.historyLength !== historyLength) {
      this.tasks.push({ historyLength, commands: [] });
    }
    this.tasks.at(-1)?.commands.push(...(completion.successful?.commands ?? []));
  }

  steps() {
    return this.tasks.flatMap(({ commands }) => takenSteps(commands));
  }
}
