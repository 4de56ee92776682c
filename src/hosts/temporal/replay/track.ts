/** Follows one run through its replay, and finds the step where the code leaves the history. */
import type { Divergence } from './divergence.js';
import { type Command, type RecordedStep, takenSteps } from './steps.js';
import type { Activation, Completion } from './tapped-worker.js';

/**
 * Steps are compared when their workflow task is over, which takes several activations where a local
 * activity ends in it, or where something is cancelled: what is taken back was never recorded.
 */
export class Track {
  private at = 0;
  private historyLength = 0;
  private commands: Command[] = [];
  private localActivities = 0;

  constructor(private readonly recorded: readonly RecordedStep[]) {}

  take(activation: Activation, completion: Completion): Divergence | null {
    const historyLength = activation.historyLength ?? 0;
    if (historyLength !== this.historyLength) this.accept(takenSteps(this.commands).length);
    this.historyLength = historyLength;
    const commands = completion.successful?.commands ?? [];
    this.commands.push(...commands);
    for (const { resolveActivity } of activation.jobs ?? []) {
      if (resolveActivity?.isLocal) this.localActivities--;
    }
    this.localActivities += commands.filter((c) => c.scheduleLocalActivity != null).length;
    if (this.localActivities > 0 || commands.some(takesBack)) return null;
    return this.compare();
  }

  private compare(): Divergence | null {
    const taken = takenSteps(this.commands);
    for (const [i, came] of taken.entries()) {
      const expected = this.recorded[this.at + i];
      if (expected === undefined) return null; // more than is recorded: the run goes on from here
      if (came.key !== expected.key) return { came, expected };
    }
    this.accept(taken.length);
    const expected = this.recorded[this.at];
    // The event that closes a task comes right after those that it has seen.
    const missing = expected !== undefined && expected.task <= this.historyLength + 1;
    return missing ? { came: null, expected } : null;
  }

  /** So many steps are as recorded; the server would have refused them otherwise. */
  private accept(count: number): void {
    this.at += count;
    this.commands = [];
  }
}

/** Commands after which the same task goes on at once. */
const takesBack = (command: Command): boolean =>
  command.requestCancelActivity != null ||
  command.requestCancelLocalActivity != null ||
  command.cancelChildWorkflowExecution != null ||
  command.cancelSignalWorkflow != null;
