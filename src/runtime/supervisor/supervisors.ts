/**
 * The supervisors that live on a node, by PID: how their child tables are asked for, and how whoever
 * starts one learns that its children are up.
 */
import type { PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { ChildState } from './child-table.js';

/** One row of a supervisor's child table. Temporary children that have ended stand in it no more. */
export interface ChildInfo {
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
  readonly specs: number;
  /** Those whose process is up. */
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** A supervisor as seen from outside. */
export interface SupervisorView {
  /** Its children in start order, as they are now. */
  children(): readonly ChildInfo[];
  counts(): ChildCounts;
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
