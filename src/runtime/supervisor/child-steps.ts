/**
 * A step of a supervisor while it is worked out, as far as single children are concerned: their states
 * change here, and what that asks for is noted.
 */
import type { Pid } from '../../core/pid.js';
import type { ChildState, ChildTable } from './child-table.js';
import { stopWithinMs } from './plan.js';
import {
  BRUTAL_KILL,
  type ChildRules,
  Restart,
  Strategy,
  type SupervisorRules,
} from './supervisor-spec.js';
import type {
  ChildRequest,
  Phase,
  SupervisorAction,
  SupervisorState,
  SupervisorStep,
} from './supervisor-state.js';

export abstract class ChildSteps {
  protected readonly actions: SupervisorAction[] = [];
  protected phase: Phase;
  protected children: ChildTable;
  protected restarts: readonly number[];
  protected exits: readonly number[];
  protected significant: number;
  protected asked: readonly ChildRequest[];

  constructor(
    protected readonly rules: SupervisorRules,
    state: SupervisorState,
    protected readonly now: number,
  ) {
    this.phase = state.phase;
    this.children = state.children;
    this.restarts = state.restarts;
    this.exits = state.exits;
    this.significant = state.significant;
    this.asked = state.asked;
  }

  result(): SupervisorStep {
    const { phase, children, restarts, exits, significant, asked, actions } = this;
    return { state: { phase, children, restarts, exits, significant, asked }, actions };
  }

  protected get isEnding(): boolean {
    return this.phase.kind === 'stopping' || this.phase.kind === 'ended';
  }

  protected get isSimple(): boolean {
    return this.rules.strategy === Strategy.SIMPLE_ONE_FOR_ONE;
  }

  protected start(child: number): void {
    const run = this.children.at(child).run + 1;
    this.set(child, { kind: 'starting', run, pid: null });
    this.actions.push({ kind: 'start', child, run });
  }

  protected stopIfThere(child: number): void {
    const state = this.children.at(child);
    if (state.kind === 'up' || state.kind === 'starting') {
      this.stopChild(child, state.run, state.pid);
    } else if (state.kind === 'exited') this.gone(child);
  }

  /** Begins the end of a child; `pid` is `null` while its start is under way. */
  protected stopChild(child: number, run: number, pid: Pid | null): void {
    if (pid !== null && this.leaves(child)) {
      this.actions.push({ kind: 'leave', child, pid });
      this.gone(child);
      return;
    }
    const { shutdown } = this.childRules(child);
    const brutal = shutdown === BRUTAL_KILL;
    const ms = brutal ? 0 : stopWithinMs(shutdown, this.leftMs());
    const timed = this.children.at(child).kind !== 'stopping' && (pid === null || !brutal);
    this.set(child, { kind: 'stopping', run, pid });
    // Armed first: the process may exit at once, and then there is nothing left to time.
    if (timed && Number.isFinite(ms)) this.actions.push({ kind: 'arm', child, run, ms });
    if (pid === null) return;
    if (brutal) this.actions.push({ kind: 'terminate', child, pid });
    else this.actions.push({ kind: 'cancel', child, pid, withinMs: ms });
  }

  /** A process that came up after all, when nobody waited for it any more. */
  protected dismiss(child: number, pid: Pid): void {
    const kind = this.childRules(child).durable ? 'leave' : 'terminate';
    this.actions.push({ kind, child, pid });
  }

  /** The child has ended and is not started again, unless its siblings' restart does it. */
  protected gone(child: number, run = this.children.at(child).run): void {
    const temporary = this.childRules(child).restart === Restart.TEMPORARY;
    if (temporary || this.isSimple) this.remove(child, run);
    else this.set(child, { kind: 'down', run });
  }

  protected remove(child: number, run = this.children.at(child).run): void {
    this.set(child, { kind: 'removed', run });
    this.actions.push({ kind: 'forget', child });
  }

  protected leaves(child: number): boolean {
    const { phase } = this;
    return phase.kind === 'stopping' && phase.leavesDurable && this.childRules(child).durable;
  }

  protected leftMs(): number {
    return this.phase.kind === 'stopping' ? this.phase.deadline - this.now : Infinity;
  }

  protected set(child: number, state: ChildState): void {
    if (this.childRules(child).significant) {
      this.significant += Number(isActive(state)) - Number(isActive(this.children.at(child)));
    }
    this.children = this.children.with(child, state);
  }

  protected childRules(child: number): ChildRules {
    const rules = this.rules.children[child];
    if (rules === undefined) throw new RangeError(`there is no child ${child}`);
    return rules;
  }
}

/** Whether the child is there, on its way, or about to be. */
function isActive({ kind }: ChildState): boolean {
  return kind !== 'down' && kind !== 'removed';
}
