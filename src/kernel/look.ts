/**
 * A look at a process from outside (a query, the validator of an update): a task that runs to its end at
 * once, beside those of the process. It may neither wait nor ask the host for anything, for nothing of it
 * is recorded; what it changes in the program's own variables nobody can prevent.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { ExitResult } from '../core/signal.js';
import type { Answer, Step, Task } from './program.js';
import type { Request } from './request.js';
import { stepOf, TaskStrand } from './strand.js';
import type { Syscalls } from './syscalls.js';

export class Look {
  private readonly strand: TaskStrand;
  private refused: string | null = null;

  constructor(
    task: Task,
    private readonly syscalls: Syscalls,
  ) {
    this.strand = new TaskStrand('task', task);
  }

  /** Runs the task; a task that waits is thrown away. */
  take(): ExitResult {
    const step = stepOf(this.strand, null);
    const at = this.strand.where();
    return this.refused === null ? resultOf(step) : failed(refusal(this.refused, at));
  }

  /** Only what the host answers without doing anything. */
  perform(request: Request): Answer | null {
    if (request.op === 'workflow_info') return this.syscalls.ask(0, request);
    this.refuse(request.op);
    return null;
  }

  /** It did `what` all the same: the first time is what its error says. */
  refuse(what: string): void {
    this.refused ??= what;
  }
}

/** How a task ended; one that waits has broken the rule of its look. */
export function resultOf(step: Step): ExitResult {
  if (step.kind === 'done') return { value: step.value, error: null };
  return failed(step.kind === 'failed' ? step.error : refusal(step.kind, null));
}

function failed(error: PerdureError): ExitResult {
  return { value: null, error };
}

function refusal(what: string, at: string | null): PerdureError {
  const where = at === null ? '' : `${at}: `;
  return new PerdureError(
    ErrorKind.INVALID,
    `${where}${what} is not allowed here: this function must answer at once, from what the process knows`,
  );
}
