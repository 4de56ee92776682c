/**
 * Queries: answered by a worker along with a workflow task when one is there, else by a task of
 * their own.
 *
 * Life of a query: it waits at its run while a workflow task is scheduled or started; it rides on
 * the next task that starts; when no further task follows it is sent out by itself.
 */
import { queryFailed, workflowNotReady } from '../errors.js';
import { isOpen } from '../history/state.js';
import type { Failure, Payloads, temporal } from '../proto.js';
import type { Run } from './run.js';

export type QueryAnswer =
  | { readonly kind: 'answered'; readonly result: Payloads | undefined }
  | { readonly kind: 'failed'; readonly message: string; readonly failure: Failure | undefined }
  | { readonly kind: 'notReady' };

export interface PendingQuery {
  readonly id: string;
  readonly query: temporal.api.query.v1.IWorkflowQuery;
  /** Waiting at its run, riding on a workflow task, out by itself, with a worker, or answered. */
  state: 'waiting' | 'attached' | 'direct' | 'taken' | 'answered';
  /** Counts the queues it was put in: only the last counts. */
  route: number;
  readonly answer: (answer: QueryAnswer) => void;
}

/** From this attempt of its workflow task on, a run cannot answer queries. */
const NOT_READY_ATTEMPT = 3;

/** Its worker fails with it, so that nobody could answer. */
export function isFailing(run: Run): boolean {
  return isOpen(run.info) && run.info.workflowTaskAttempt >= NOT_READY_ATTEMPT;
}

/** The result that a client gets, or the error. */
export function resultOf(answer: QueryAnswer): Payloads | undefined {
  switch (answer.kind) {
    case 'answered':
      return answer.result;
    case 'failed':
      throw queryFailed(answer.message, answer.failure);
    case 'notReady':
      throw workflowNotReady('Unable to query workflow due to Workflow Task in failed state.');
  }
}
