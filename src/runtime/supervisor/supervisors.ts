/**
 * The supervisors that live on a node, by PID: how their child tables are asked for, and how whoever
 * starts one learns that its children are up.
 */
import type { PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { ChildState } from './child-table.js';
import type { Restart } from './supervisor-spec.js';

/** One row of a supervisor's child table. Temporary children that have ended stand in it no more. */
export interface ChildInfo {
  /** With `simple_one_for_one` the template's, for each of them. */
  readonly id: string;
  readonly kind: 'worker' | 'supervisor';
  readonly state: Exclude<ChildState['kind'], 'removed'>;
  /** `null` where it has no process at the moment. */
  readonly pid: Pid | null;
  /** How often it was started again for its own sake, since the supervisor was started. */
  readonly restarts: number;
  /** Why the last of these restarts was due; `null` where it had ended well, or there was none. */
  readonly lastError: PerdureError | null;
}

/** OTP's `count_children`. */
export interface ChildCounts {
  /** With `simple_one_for_one`, 1. */
  readonly specs: number;
  /** Those whose process is up. */
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** A child that is added to a supervisor while it runs: what a child is in its entry, with the same defaults. */
export interface NewChild {
  /** The `process.lua`, `process.js`, `workflow.lua` or `process.supervisor` to run: a full id. */
  readonly process: string;
  readonly id?: string;
  readonly host?: string;
  /** Arguments: each item of a list is one, anything else is the only one. */
  readonly input?: unknown;
  readonly restart?: Restart;
  /** A duration such as `5s`. */
  readonly shutdown?: string;
  readonly significant?: boolean;
  readonly name?: string;
}

/** A supervisor as seen from outside. */
export interface SupervisorView {
  /** Its children in start order, as they are now. */
  children(): readonly ChildInfo[];
  counts(): ChildCounts;
  /**
   * Adds a child behind the others and starts it. A `simple_one_for_one` supervisor takes a list: further
   * arguments for its template.
   * @throws PerdureError ALREADY_EXISTS where the id is taken, INVALID, or why it did not start: then it is no child.
   */
  startChild(child: NewChild | readonly unknown[]): Promise<Pid>;
  /**
   * Stops a child, within its `shutdown`. It stays in the table, unless it is temporary.
   * @param child its id; of `simple_one_for_one` its PID.
   * @throws PerdureError NOT_FOUND.
   */
  terminateChild(child: string): Promise<void>;
  /** Starts a child that has no process. @throws PerdureError NOT_FOUND, CONFLICT, or why it did not start. */
  restartChild(id: string): Promise<Pid>;
  /** Removes a child that has no process. @throws PerdureError NOT_FOUND, CONFLICT. */
  deleteChild(id: string): Promise<void>;
}

interface Known {
  readonly view: SupervisorView;
  /** Called when it is up; `null` once it is. */
  waiting: (() => void)[] | null;
}

export class Supervisors {
  private readonly known = new Map<Pid, Known>();

  add(pid: Pid, view: SupervisorView): void {
    this.known.set(pid, { view, waiting: [] });
  }

  /** Its children are up for the first time. */
  up(pid: Pid): void {
    const supervisor = this.known.get(pid);
    const waiting = supervisor?.waiting ?? [];
    if (supervisor !== undefined) supervisor.waiting = null;
    for (const tell of waiting) tell();
  }

  /** It has ended. */
  remove(pid: Pid): void {
    this.known.delete(pid);
  }

  get(pid: Pid): SupervisorView | undefined {
    return this.known.get(pid)?.view;
  }

  /**
   * Calls `tell` once the children of `pid` are up, at once where they are; never where it ends before
   * that, which is for a monitor to hear of.
   */
  whenUp(pid: Pid, tell: () => void): void {
    const supervisor = this.known.get(pid);
    if (supervisor === undefined) return;
    if (supervisor.waiting === null) tell();
    else supervisor.waiting.push(tell);
  }
}
