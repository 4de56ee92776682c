/**
 * Reasons of cancel requests, which the SDK neither sends nor passes on: they are put on the commands and
 * taken from the jobs of an activation.
 */
import type { coresdk } from '@temporalio/proto';
import { cancelNote } from './shapes.js';
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

/** What the server puts in front of the reason where a workflow asks another one to cancel. */
const SERVER_PREFIX = /^Cancel requested by workflow with [^{]*? with reason: /;

/** What a cancel request says: a note of ours, or a reason in the words of another client, or nothing. */
export function readCancelReason(reason: string | null | undefined): CancelNote {
  const text = reason ?? '';
  const json = text.replace(SERVER_PREFIX, '');
  if (json.startsWith('{')) {
    try {
      const note = cancelNote(JSON.parse(json));
      if (note !== undefined) return note;
    } catch {
      // not ours: somebody's reason that begins with a brace
    }
  }
  return { reason: text === '' ? null : text, deadline: null, from: null };
}
