/**
 * What is to be done after a transaction has been stored: data, which the engine interprets. Each
 * may be carried out again after a crash without harm.
 */
import type { Failure, Payloads } from '../proto.js';
import type { ChildInfo, ExternalRequest, ParentLink } from './state.js';

/** Something of a run that falls due. One of a kind (and subject) at a time: see {@link dueKey}. */
export type Due =
  | { readonly kind: 'userTimer'; readonly timerId: string }
  | { readonly kind: 'runTimeout' }
  | { readonly kind: 'workflowTaskDelay' }
  | { readonly kind: 'workflowTaskStartToClose'; readonly stamp: number }
  | { readonly kind: 'workflowTaskScheduleToStart'; readonly stamp: number }
  | {
      readonly kind: 'activity';
      readonly scheduledEventId: number;
      readonly what: ActivityDue;
    };

export type ActivityDue =
  | 'scheduleToStart'
  | 'scheduleToClose'
  | 'startToClose'
  | 'heartbeat'
  | 'retry';

/** Names the timer of a due, so that it can be set anew or cleared. */
export function dueKey(due: Due): string {
  switch (due.kind) {
    case 'userTimer':
      return `timer:${due.timerId}`;
    case 'activity':
      return `activity:${due.scheduledEventId}:${due.what}`;
    case 'workflowTaskScheduleToStart':
    case 'workflowTaskStartToClose':
      return 'workflowTask';
    default:
      return due.kind;
  }
}

/** How a run ended, for its parent. */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: Payloads | undefined }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly retryState: number }
  | { readonly kind: 'canceled'; readonly details: Payloads | undefined }
  | { readonly kind: 'terminated' }
  | { readonly kind: 'timedOut'; readonly retryState: number };

/** A message to another execution, handed over by the engine after the commit (an outbox). */
export type Transfer =
  | { readonly kind: 'startChild'; readonly child: ChildInfo }
  | { readonly kind: 'external'; readonly request: ExternalRequest }
  | {
      readonly kind: 'childClosed';
      readonly parent: ParentLink;
      readonly outcome: Outcome;
    }
  | {
      readonly kind: 'parentClosed';
      readonly child: { readonly workflowId: string; readonly runId: string };
      readonly policy: number;
    };

/** How an update ended that leaves nothing in history. */
export type UpdateEnd =
  | { readonly kind: 'rejected'; readonly failure: Failure }
  /** The run closed, handed over to another, or its workflow task was refused. */
  | { readonly kind: 'aborted'; readonly why: 'closed' | 'continued' | 'taskFailed' };

export type Effect =
  | {
      readonly kind: 'arm';
      readonly due: Due;
      readonly atMs: number;
      readonly skippable: boolean;
    }
  | { readonly kind: 'disarm'; readonly key: string }
  | { readonly kind: 'disarmAll' }
  | {
      readonly kind: 'workflowTask';
      readonly stamp: number;
      readonly taskQueue: string;
      readonly sticky: boolean;
    }
  | {
      readonly kind: 'activityTask';
      readonly stamp: number;
      readonly scheduledEventId: number;
      readonly taskQueue: string;
    }
  /** The id counts the transfers of a run. */
  | { readonly kind: 'transfer'; readonly id: number; readonly transfer: Transfer }
  /** An update has come further: those who wait for it are told. */
  | { readonly kind: 'update'; readonly updateId: string; readonly end: UpdateEnd | undefined };

/** An event as it is stored: its id, its type and its bytes. */
export interface StoredEvent {
  readonly id: number;
  readonly type: number;
  readonly bytes: Uint8Array;
}
