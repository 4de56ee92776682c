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
import { ChildTable } from './child-table.js';
import { RequestSteps } from './request-steps.js';
import { AutoShutdown, Restart, Strategy, type SupervisorRules } from './supervisor-spec.js';
import type {
  Phase,
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
class Turn extends RequestSteps {
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
    this.refuseAll();
    const at = this.children.length - 1;
    this.phase = { kind: 'stopping', at, ...how };
    // Those children have no order: all are told at once.
    if (this.isSimple) for (let i = at; i >= 0; i--) this.stopIfThere(i);
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

function endedTooSoon(): PerdureError {
  return new PerdureError(ErrorKind.INTERNAL, 'it ended while it was starting');
}
