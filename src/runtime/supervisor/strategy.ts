/**
 * The life of a supervisor, as decisions: a state and an input give the next state and what is to be
 * done. No effects; the time is given. The rules are OTP's (stdlib, supervisor.erl):
 *
 * 1. Children start one after the other in the order given, each when the one before it is up. Where one
 *    does not start, those that did are stopped and the supervisor fails with that error.
 * 2. Children stop one after the other, the last started first. A child is told to end and, when its
 *    `shutdown` time has passed, terminated; the next one waits until it is gone.
 * 3. A restart is due when a permanent child ends, or a transient one fails. More than `intensity` of
 *    them within `periodMs`, whichever children they were for, end the supervisor; so does a restart
 *    that keeps failing, since each attempt counts.
 * 4. What ends while a group of children is restarted is looked at afterwards, unless the restart has
 *    covered it. Children that end because a sibling did spend no restarts and are not significant.
 * 5. Temporary children are never started again; when one has ended it is no child any more.
 * 6. What is asked of it (to start, terminate, restart or delete a child) is done one after the other, each
 *    when nothing else is under way, and each is answered once.
 */
import { formatDuration } from '../../core/duration.js';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import { ending, notDown, notFound, present, simple } from './child-requests.js';
import { type ChildState, ChildTable } from './child-table.js';
import { stopWithinMs } from './plan.js';
import {
  AutoShutdown,
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
  SupervisorInput,
  SupervisorState,
  SupervisorStep,
} from './supervisor-state.js';

type Input<K extends SupervisorInput['kind']> = Extract<SupervisorInput, { readonly kind: K }>;

/** The state before the first start. */
export function initialState(rules: SupervisorRules): SupervisorState {
  return {
    phase: { kind: 'idle' },
    children: ChildTable.of(rules.children.length),
    restarts: [],
    exits: [],
    significant: 0,
    asked: [],
  };
}

/**
 * What follows from `input`.
 * @param now milliseconds of a clock that does not go back.
 */
export function stepSupervisor(
  rules: SupervisorRules,
  state: SupervisorState,
  input: SupervisorInput,
  now: number,
): SupervisorStep {
  const turn = new Turn(rules, state, now);
  turn.take(input);
  return turn.result();
}

/** One step while it is worked out. */
class Turn {
  private readonly actions: SupervisorAction[] = [];
  private phase: Phase;
  private children: ChildTable;
  private restarts: readonly number[];
  private exits: readonly number[];
  private significant: number;
  private asked: readonly ChildRequest[];

  constructor(
    private readonly rules: SupervisorRules,
    state: SupervisorState,
    private readonly now: number,
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

  take(input: SupervisorInput): void {
    switch (input.kind) {
      case 'start':
        if (this.phase.kind === 'idle') this.phase = { kind: 'starting', at: 0 };
        break;
      case 'stop':
        this.stop(input);
        break;
      case 'spawned':
      case 'started':
        this.came(input);
        break;
      case 'ask':
        this.asked = [...this.asked, input.request];
        if (this.isEnding) this.refuseAll();
        break;
      default:
        if (this.children.at(input.child).run === input.run) this.heard(input);
    }
    this.advance();
  }

  // --- inputs -----------------------------------------------------------------------------------

  private heard(input: Input<'start_failed' | 'exited' | 'timer'>): void {
    if (input.kind === 'start_failed') this.startFailed(input);
    else if (input.kind === 'exited') this.exited(input);
    else this.tookTooLong(input.child);
  }

  private came({ kind, child, run, pid }: Input<'spawned' | 'started'>): void {
    const state = this.children.at(child);
    if (state.run !== run) this.dismiss(child, pid);
    else if (state.kind === 'starting') {
      this.set(child, kind === 'spawned' ? { ...state, pid } : { kind: 'up', run, pid });
    } else if (state.kind === 'stopping' && state.pid === null) this.stopChild(child, run, pid);
  }

  private startFailed({ child, run, error }: Omit<Input<'start_failed'>, 'kind'>): void {
    const { kind } = this.children.at(child);
    if (kind === 'stopping') this.gone(child);
    if (kind !== 'starting') return;
    if (this.phase.kind === 'adding' && this.phase.child === child)
      this.notAdded(this.phase, error);
    else if (this.phase.kind === 'starting') {
      this.set(child, { kind: 'down', run });
      this.fail(error.wrap(`child ${this.childRules(child).id} did not start`));
    } else this.restart(child, error);
  }

  private exited({ child, run, error }: Input<'exited'>): void {
    const { kind } = this.children.at(child);
    if (kind === 'stopping' || (kind === 'up' && this.isBeingStopped(child))) this.gone(child);
    else if (kind === 'starting') {
      this.startFailed({ child, run, error: error ?? endedTooSoon() });
    } else if (kind === 'up' && this.phase.kind === 'up') this.ended(child, error);
    else if (kind === 'up') {
      this.set(child, { kind: 'exited', run, error });
      this.exits = [...this.exits, child];
    }
  }

  /** Whether the child was about to be stopped anyway. */
  private isBeingStopped(child: number): boolean {
    const { phase } = this;
    return phase.kind === 'stopping' || (phase.kind === 'clearing' && child >= phase.from);
  }

  /** A child had its time. One whose start never came back is given up, and dismissed should it come. */
  private tookTooLong(child: number): void {
    const state = this.children.at(child);
    if (state.kind !== 'stopping') return;
    if (state.pid === null) this.gone(child, state.run + 1);
    else this.actions.push({ kind: 'terminate', child, pid: state.pid });
  }

  private stop({ withinMs, error }: Input<'stop'>): void {
    if (this.isEnding) return;
    this.wind({ error, deadline: this.now + withinMs, leavesDurable: true });
  }

  // --- decisions --------------------------------------------------------------------------------

  /** What becomes of a child that ended by itself. */
  private ended(child: number, error: PerdureError | null): void {
    const { restart } = this.childRules(child);
    if (restart === Restart.PERMANENT || (restart === Restart.TRANSIENT && error !== null)) {
      this.restart(child, error);
      return;
    }
    this.gone(child);
    if (this.endsWith(child)) this.fail(null);
  }

  /** Whether the supervisor ends by itself now that `child` has. */
  private endsWith(child: number): boolean {
    if (!this.childRules(child).significant) return false;
    const { autoShutdown } = this.rules;
    if (autoShutdown === AutoShutdown.ALL_SIGNIFICANT) return this.significant === 0;
    return autoShutdown === AutoShutdown.ANY_SIGNIFICANT;
  }

  private restart(child: number, error: PerdureError | null): void {
    const { strategy, intensity, periodMs } = this.rules;
    const since = this.now - periodMs;
    this.restarts = [...this.restarts.filter((at) => at >= since), this.now];
    const { run } = this.children.at(child);
    if (this.restarts.length > intensity) {
      this.gone(child);
      this.fail(this.tooManyRestarts(child, error));
      return;
    }
    this.actions.push({ kind: 'note_restart', child, error, count: this.restarts.length });
    if (strategy === Strategy.ONE_FOR_ONE || this.isSimple) this.start(child);
    else {
      this.set(child, { kind: 'restarting', run });
      const from = strategy === Strategy.ONE_FOR_ALL ? 0 : child;
      this.phase = { kind: 'clearing', from, at: this.children.length - 1 };
    }
  }

  /** Ends the supervisor and all its children. */
  private fail(error: PerdureError | null): void {
    this.wind({ error, deadline: Number.POSITIVE_INFINITY, leavesDurable: false });
  }

  private wind(how: Pick<Phase & { kind: 'stopping' }, 'error' | 'deadline' | 'leavesDurable'>) {
    if (this.phase.kind === 'adding' || this.phase.kind === 'dropping') {
      this.answer(this.phase.ticket, null, ending());
    }
    this.refuseAll();
    const at = this.children.length - 1;
    this.phase = { kind: 'stopping', at, ...how };
    // Those children have no order: all are told at once.
    if (this.isSimple) for (let i = at; i >= 0; i--) this.stopIfThere(i);
  }

  private get isEnding(): boolean {
    return this.phase.kind === 'stopping' || this.phase.kind === 'ended';
  }

  private get isSimple(): boolean {
    return this.rules.strategy === Strategy.SIMPLE_ONE_FOR_ONE;
  }

  // --- what it is asked -------------------------------------------------------------------------

  /** Begins with the next request. False where there is none. */
  private serve(): boolean {
    const [request, ...rest] = this.asked;
    if (request === undefined) return false;
    this.asked = rest;
    if (request.op === 'start_child') this.add(request);
    else if (request.op === 'terminate_child') this.drop(request);
    else if (this.isSimple) this.answer(request.ticket, null, simple(request.op));
    else this.serveDown(request);
    return true;
  }

  private add({ ticket, child }: ChildRequest & { op: 'start_child' }): void {
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

  private drop({ ticket, of }: { readonly ticket: number; readonly of: string }): void {
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
  private serveDown({ op, ticket, of }: Exclude<ChildRequest, { op: 'start_child' }>): void {
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

  private notAdded(
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
  private requestDone(phase: Phase & { kind: 'adding' | 'dropping' }): boolean {
    const state = this.children.at(phase.child);
    if (state.kind === 'starting' || state.kind === 'stopping') return false;
    this.phase = { kind: 'up' };
    const pid = phase.kind === 'adding' && state.kind === 'up' ? state.pid : null;
    this.answer(phase.ticket, pid, null);
    return true;
  }

  private refuseAll(): void {
    for (const { ticket } of this.asked) this.answer(ticket, null, ending());
    this.asked = [];
  }

  private answer(ticket: number, pid: Pid | null, error: PerdureError | null): void {
    this.actions.push({ kind: 'answer', ticket, pid, error });
  }

  /** The first child that is one and that is `wanted`; -1 where there is none. */
  private find(wanted: (child: number) => boolean): number {
    for (let at = 0; at < this.children.length; at++) {
      if (this.children.at(at).kind !== 'removed' && wanted(at)) return at;
    }
    return -1;
  }

  // --- working through the children -------------------------------------------------------------

  /** Goes on with what the phase is about, until a child has to be waited for. */
  private advance(): void {
    for (;;) {
      switch (this.phase.kind) {
        case 'starting':
        case 'restarting':
          if (!this.startNext(this.phase)) return;
          break;
        case 'clearing':
        case 'stopping':
          if (!this.stopNext(this.phase)) return;
          break;
        case 'adding':
        case 'dropping':
          if (!this.requestDone(this.phase)) return;
          break;
        case 'up':
          if (!this.lookAtExits() && !this.serve()) return;
          break;
        default:
          return;
      }
    }
  }

  /** False where a child has to be waited for. */
  private startNext(phase: Phase & { kind: 'starting' | 'restarting' }): boolean {
    for (let at = phase.at; at < this.children.length; at++) {
      const { kind } = this.children.at(at);
      if (kind === 'down' || kind === 'restarting') this.start(at);
      if (this.children.at(at).kind === 'starting') {
        this.phase = { ...phase, at };
        return false;
      }
    }
    this.phase = { kind: 'up' };
    return true;
  }

  private stopNext(phase: Phase & { kind: 'clearing' | 'stopping' }): boolean {
    const last = phase.kind === 'clearing' ? phase.from : 0;
    for (let at = phase.at; at >= last; at--) {
      this.stopIfThere(at);
      if (this.children.at(at).kind === 'stopping') {
        this.phase = { ...phase, at };
        return false;
      }
    }
    if (phase.kind === 'clearing') {
      this.phase = { kind: 'restarting', at: phase.from };
    } else {
      this.phase = { kind: 'ended' };
      this.actions.push({ kind: 'end', error: phase.error });
    }
    return true;
  }

  /** Decides about children that ended meanwhile. False where the supervisor has nothing else to do. */
  private lookAtExits(): boolean {
    let looked = 0;
    for (const child of this.exits) {
      if (this.phase.kind !== 'up') break;
      looked++;
      const state = this.children.at(child);
      if (state.kind === 'exited') this.ended(child, state.error);
    }
    this.exits = this.exits.slice(looked);
    return this.phase.kind !== 'up';
  }

  // --- one child --------------------------------------------------------------------------------

  private start(child: number): void {
    const run = this.children.at(child).run + 1;
    this.set(child, { kind: 'starting', run, pid: null });
    this.actions.push({ kind: 'start', child, run });
  }

  private stopIfThere(child: number): void {
    const state = this.children.at(child);
    if (state.kind === 'up' || state.kind === 'starting') {
      this.stopChild(child, state.run, state.pid);
    } else if (state.kind === 'exited') this.gone(child);
  }

  /** Begins the end of a child; `pid` is `null` while its start is under way. */
  private stopChild(child: number, run: number, pid: Pid | null): void {
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
  private dismiss(child: number, pid: Pid): void {
    const kind = this.childRules(child).durable ? 'leave' : 'terminate';
    this.actions.push({ kind, child, pid });
  }

  /** The child has ended and is not started again, unless its siblings' restart does it. */
  private gone(child: number, run = this.children.at(child).run): void {
    const temporary = this.childRules(child).restart === Restart.TEMPORARY;
    if (temporary || this.isSimple) this.remove(child, run);
    else this.set(child, { kind: 'down', run });
  }

  private remove(child: number, run = this.children.at(child).run): void {
    this.set(child, { kind: 'removed', run });
    this.actions.push({ kind: 'forget', child });
  }

  private leaves(child: number): boolean {
    const { phase } = this;
    return phase.kind === 'stopping' && phase.leavesDurable && this.childRules(child).durable;
  }

  private leftMs(): number {
    return this.phase.kind === 'stopping' ? this.phase.deadline - this.now : Infinity;
  }

  private set(child: number, state: ChildState): void {
    if (this.childRules(child).significant) {
      this.significant += Number(isActive(state)) - Number(isActive(this.children.at(child)));
    }
    this.children = this.children.with(child, state);
  }

  private childRules(child: number): ChildRules {
    const rules = this.rules.children[child];
    if (rules === undefined) throw new RangeError(`there is no child ${child}`);
    return rules;
  }

  private tooManyRestarts(child: number, error: PerdureError | null): PerdureError {
    const { intensity, periodMs } = this.rules;
    const { id } = this.childRules(child);
    const last = error === null ? 'ended' : `failed: ${error.text}`;
    return new PerdureError(
      ErrorKind.INTERNAL,
      `reached_max_restart_intensity: more than ${intensity} restarts within ${formatDuration(periodMs)}; ` +
        `child ${id} ${last}`,
      {
        cause: error ?? undefined,
        details: { reason: 'reached_max_restart_intensity', child: id, intensity, periodMs },
      },
    );
  }
}

/** Whether the child is there, on its way, or about to be. */
function isActive({ kind }: ChildState): boolean {
  return kind !== 'down' && kind !== 'removed';
}

function endedTooSoon(): PerdureError {
  return new PerdureError(ErrorKind.INTERNAL, 'it ended while it was starting');
}
