/**
 * What is asked of a supervisor while it runs, step by step. A request is begun when the supervisor has
 * nothing else to do; while its child starts or stops, the phase says so. Every one is answered once.
 */
import type { PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import { ending, notDown, notFound, present, simpleRefusal } from './child-requests.js';
import { ChildSteps } from './child-steps.js';
import type { ChildRequest, Phase } from './supervisor-state.js';

export abstract class RequestSteps extends ChildSteps {
  /** Begins with the next request. False where there is none. */
  protected serve(): boolean {
    const [request, ...rest] = this.asked;
    if (request === undefined) return false;
    this.asked = rest;
    if (request.op === 'start_child') this.add(request);
    else if (request.op === 'terminate_child') this.drop(request);
    else if (this.isSimple) this.answer(request.ticket, null, simpleRefusal(request.op));
    else this.serveDown(request);
    return true;
  }

  protected add({ ticket, child }: ChildRequest & { op: 'start_child' }): void {
    const { id } = this.childRules(child);
    const other = this.isSimple ? -1 : this.find((at) => this.childRules(at).id === id);
    if (child >= this.children.length) this.children = this.children.grown();
    if (other >= 0) {
      this.remove(child);
      this.answer(ticket, null, present(id, this.children.at(other)));
      return;
    }
    this.phase = { kind: 'adding', child, ticket, added: true };
    this.start(child);
  }

  protected drop({ ticket, of }: { readonly ticket: number; readonly of: string }): void {
    const child = this.find((at) => {
      const state = this.children.at(at);
      return this.isSimple ? 'pid' in state && state.pid === of : this.childRules(at).id === of;
    });
    if (child < 0) {
      this.answer(ticket, null, notFound(of));
      return;
    }
    this.phase = { kind: 'dropping', child, ticket };
    this.stopIfThere(child);
  }

  /** `restart_child` and `delete_child`: of a child that has no process. */
  protected serveDown({ op, ticket, of }: Exclude<ChildRequest, { op: 'start_child' }>): void {
    const child = this.find((at) => this.childRules(at).id === of);
    const state = child < 0 ? null : this.children.at(child);
    if (state === null) this.answer(ticket, null, notFound(of));
    else if (state.kind !== 'down') this.answer(ticket, null, notDown(of, state));
    else if (op === 'delete_child') {
      this.remove(child);
      this.answer(ticket, null, null);
    } else {
      this.phase = { kind: 'adding', child, ticket, added: false };
      this.start(child);
    }
  }

  protected notAdded(
    { child, ticket, added }: Phase & { kind: 'adding' },
    error: PerdureError,
  ): void {
    if (added) this.remove(child);
    else this.gone(child);
    this.phase = { kind: 'up' };
    const { id } = this.childRules(child);
    this.answer(ticket, null, error.wrap(`child ${id} did not start`));
  }

  /** False while the child of a request has to be waited for. */
  protected requestDone(phase: Phase & { kind: 'adding' | 'dropping' }): boolean {
    const state = this.children.at(phase.child);
    if (state.kind === 'starting' || state.kind === 'stopping') return false;
    this.phase = { kind: 'up' };
    const pid = phase.kind === 'adding' && state.kind === 'up' ? state.pid : null;
    this.answer(phase.ticket, pid, null);
    return true;
  }

  /** The supervisor ends: whoever waits for an answer gets this one. */
  protected refuseAll(): void {
    const { phase } = this;
    if (phase.kind === 'adding' || phase.kind === 'dropping') {
      this.answer(phase.ticket, null, ending());
    }
    for (const { ticket } of this.asked) this.answer(ticket, null, ending());
    this.asked = [];
  }

  protected answer(ticket: number, pid: Pid | null, error: PerdureError | null): void {
    this.actions.push({ kind: 'answer', ticket, pid, error });
  }

  /** The first child that is one and that is `wanted`; -1 where there is none. */
  protected find(wanted: (child: number) => boolean): number {
    for (let at = 0; at < this.children.length; at++) {
      if (this.children.at(at).kind !== 'removed' && wanted(at)) return at;
    }
    return -1;
  }
}
