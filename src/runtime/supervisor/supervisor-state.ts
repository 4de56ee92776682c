/** What a supervisor is doing, what it hears and what it does: the data of `strategy.ts`. */
import type { PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { ChildTable } from './child-table.js';

/** What the supervisor is doing. `at` is the child it is about to start, or to stop. */
export type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting'; readonly at: number }
  | { readonly kind: 'up' }
  /** Stops the children from the last one down to `from`, in order to start them again. */
  | { readonly kind: 'clearing'; readonly from: number; readonly at: number }
  | { readonly kind: 'restarting'; readonly at: number }
  /** Starts one child for who asked; `added`: it is no child where that fails. */
  | {
      readonly kind: 'adding';
      readonly child: number;
      readonly ticket: number;
      readonly added: boolean;
    }
  /** Stops one child for who asked. */
  | { readonly kind: 'dropping'; readonly child: number; readonly ticket: number }
  | {
      readonly kind: 'stopping';
      readonly at: number;
      /** Why it ends; `null` where nothing failed. */
      readonly error: PerdureError | null;
      /** When all must be over, on the clock of `stepSupervisor`; Infinity for no limit. */
      readonly deadline: number;
      /** Whether durable children stay open. */
      readonly leavesDurable: boolean;
    }
  | { readonly kind: 'ended' };

/** What can be asked of a supervisor while it runs. The answer carries the ticket. */
export type ChildRequest =
  /** `child` stands in the rules already, and is not a child yet. */
  | { readonly op: 'start_child'; readonly ticket: number; readonly child: number }
  /** By id; with `simple_one_for_one` by PID. */
  | {
      readonly op: 'terminate_child' | 'restart_child' | 'delete_child';
      readonly ticket: number;
      readonly of: string;
    };

export interface SupervisorState {
  readonly phase: Phase;
  readonly children: ChildTable;
  /** Times of the restarts that still count, oldest first. */
  readonly restarts: readonly number[];
  /** Children in state `exited`, in the order in which they ended. */
  readonly exits: readonly number[];
  /** Significant children that have not ended for good. */
  readonly significant: number;
  /** Requests that wait until it has time for them, oldest first. */
  readonly asked: readonly ChildRequest[];
}

export type SupervisorInput =
  | { readonly kind: 'start' }
  /** Its process is there, but not up yet. Only for children that are supervisors. */
  | { readonly kind: 'spawned'; readonly child: number; readonly run: number; readonly pid: Pid }
  | { readonly kind: 'started'; readonly child: number; readonly run: number; readonly pid: Pid }
  | {
      readonly kind: 'start_failed';
      readonly child: number;
      readonly run: number;
      readonly error: PerdureError;
    }
  /** `error` is `null` where it ended well. */
  | {
      readonly kind: 'exited';
      readonly child: number;
      readonly run: number;
      readonly error: PerdureError | null;
    }
  | { readonly kind: 'ask'; readonly request: ChildRequest }
  /** The time that a child had to end is over. */
  | { readonly kind: 'timer'; readonly child: number; readonly run: number }
  /** The supervisor itself is to end, with `error` where that is a failure. `withinMs` may be Infinity. */
  | { readonly kind: 'stop'; readonly withinMs: number; readonly error: PerdureError | null };

export type SupervisorAction =
  /** Spawn the child; answers with `started` or `start_failed`. */
  | { readonly kind: 'start'; readonly child: number; readonly run: number }
  /** Answers with `timer` unless the child has ended before. */
  | { readonly kind: 'arm'; readonly child: number; readonly run: number; readonly ms: number }
  /** Tell the child to end. `withinMs` may be Infinity. */
  | {
      readonly kind: 'cancel';
      readonly child: number;
      readonly pid: Pid;
      readonly withinMs: number;
    }
  | { readonly kind: 'terminate'; readonly child: number; readonly pid: Pid }
  /** The child goes on without this supervisor. */
  | { readonly kind: 'leave'; readonly child: number; readonly pid: Pid }
  /** For observers: a restart has been decided, `count` of them are remembered. */
  | {
      readonly kind: 'note_restart';
      readonly child: number;
      readonly error: PerdureError | null;
      readonly count: number;
    }
  /** For who asked. `pid` of the child that was started; `null` where none was to be. */
  | {
      readonly kind: 'answer';
      readonly ticket: number;
      readonly pid: Pid | null;
      readonly error: PerdureError | null;
    }
  /** It is no child any more, and never will be. */
  | { readonly kind: 'forget'; readonly child: number }
  /** The supervisor's own end. */
  | { readonly kind: 'end'; readonly error: PerdureError | null };

export interface SupervisorStep {
  readonly state: SupervisorState;
  readonly actions: readonly SupervisorAction[];
}
