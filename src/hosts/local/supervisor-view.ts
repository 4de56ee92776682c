/** A supervisor of this node as others see it: its child table, and what can be asked of it. */
import type { PerdureError } from '../../core/errors.js';
import { copyValue, type Value } from '../../core/payload.js';
import type { Pid } from '../../core/pid.js';
import type { Kernel } from '../../kernel/kernel.js';
import type {
  ChildCounts,
  ChildInfo,
  ChildRequest,
  NewChild,
  SupervisorState,
  SupervisorView,
} from '../../runtime/supervisor/index.js';
import type { ChildSpecs } from './child-specs.js';

/** Gets the answer to a request: the PID of the child that was started, or nothing. */
export type Told = (pid: Pid | null, error: PerdureError | null) => void;

/** A request that has no ticket yet. */
export type Untold = ChildRequest extends infer R
  ? R extends ChildRequest
    ? Omit<R, 'ticket'>
    : never
  : never;

/** How often a child was started again for its own sake, and why the last time. */
export type Restarts = Pick<ChildInfo, 'restarts' | 'lastError'>;

/** The supervisor's program, as far as its view needs it. */
export interface Supervised {
  readonly kernel: Kernel;
  readonly state: SupervisorState;
  readonly specs: ChildSpecs;
  readonly restarts: ReadonlyMap<number, Restarts>;
  add(child: Value | readonly Value[], told: Told): void;
  ask(request: Untold, told: Told): void;
}

export class LiveView implements SupervisorView {
  constructor(private readonly supervised: Supervised) {}

  children(): readonly ChildInfo[] {
    return this.supervised.state.children.all().flatMap((state, child) => {
      if (state.kind === 'removed') return [];
      const { id, kind } = this.supervised.specs.at(child);
      const pid = 'pid' in state ? state.pid : null;
      const { restarts = 0, lastError = null } = this.supervised.restarts.get(child) ?? {};
      return [{ id, kind, state: state.kind, pid, restarts, lastError }];
    });
  }

  counts(): ChildCounts {
    const children = this.children();
    const supervisors = children.filter(({ kind }) => kind === 'supervisor').length;
    const active = children.filter(({ state }) => state === 'up').length;
    const workers = children.length - supervisors;
    const specs = this.supervised.specs.template === null ? children.length : 1;
    return { specs, active, supervisors, workers };
  }

  async startChild(child: NewChild | readonly unknown[]): Promise<Pid> {
    const pid = await this.promised((told) => this.supervised.add(copyValue(child, 'child'), told));
    if (pid === null) throw new Error('a child was started without a PID');
    return pid;
  }

  async terminateChild(child: string): Promise<void> {
    await this.promised((told) => this.supervised.ask({ op: 'terminate_child', of: child }, told));
  }

  async restartChild(id: string): Promise<Pid> {
    const pid = await this.promised((told) =>
      this.supervised.ask({ op: 'restart_child', of: id }, told),
    );
    if (pid === null) throw new Error('a child was started without a PID');
    return pid;
  }

  async deleteChild(id: string): Promise<void> {
    await this.promised((told) => this.supervised.ask({ op: 'delete_child', of: id }, told));
  }

  private promised(begin: (told: Told) => void): Promise<Pid | null> {
    return new Promise((resolve, reject) => {
      begin((pid, error) => (error === null ? resolve(pid) : reject(error)));
      this.supervised.kernel.nudge();
    });
  }
}
