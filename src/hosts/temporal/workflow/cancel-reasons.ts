/**
 * Reasons of cancel requests, which the SDK neither sends nor passes on: they are put on the commands and
 * taken from the jobs of an activation.
 */
import type { coresdk } from '@temporalio/proto';
import type { CancelNote } from './wire.js';

type Command = coresdk.workflow_commands.IWorkflowCommand;

export class CancelReasons {
  private readonly waiting = new Map<string, CancelNote[]>();

  /** For the next request to cancel that workflow. */
  add(workflowId: string, note: CancelNote): void {
    const notes = this.waiting.get(workflowId);
    if (notes === undefined) this.waiting.set(workflowId, [note]);
    else notes.push(note);
  }

  /** Puts the reasons on the commands of this activation, in the order they were given. */
  write(commands: readonly Command[]): void {
    if (this.waiting.size === 0) return;
    for (const command of commands) {
      const request = command.requestCancelExternalWorkflowExecution;
      const note = this.waiting.get(request?.workflowExecution?.workflowId ?? '')?.shift();
      if (request != null && note !== undefined) request.reason = JSON.stringify(note);
    }
  }
}

/**
 * What a cancel request says. Between workflows the server puts words in front of the reason; a request
 * of another client has a reason of its own, or none.
 */
export function readCancelReason(reason: string | null | undefined): CancelNote {
  const text = reason ?? '';
  const brace = text.indexOf('{');
  if (brace >= 0) {
    try {
      const note = JSON.parse(text.slice(brace)) as Partial<CancelNote>;
      const { reason: why = null, deadline = null, from = null } = note;
      return { reason: why, deadline: typeof deadline === 'number' ? deadline : null, from };
    } catch {
      // not ours: somebody's reason with a brace in it
    }
  }
  return { reason: text === '' ? null : text, deadline: null, from: null };
}
