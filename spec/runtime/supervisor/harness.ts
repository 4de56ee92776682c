/** A supervisor with a clock that is turned by hand, and a log of all that it does and reports. */
import type { PerdureError } from '../../../src/core/errors.js';
import type { Pid } from '../../../src/core/pid.js';
import {
  DEFAULT_LIFECYCLE,
  DEFAULT_RESTART,
  type Lifecycle,
  type RestartPolicy,
  type ServiceRun,
  type ServiceSpec,
  ServiceSupervisor,
} from '../../../src/runtime/supervisor/index.js';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

export interface LifecycleChange extends Partial<Omit<Lifecycle, 'restart'>> {
  readonly restart?: Partial<RestartPolicy>;
}

export function lifecycle({ restart, ...rest }: LifecycleChange = {}): Lifecycle {
  const policy = { ...DEFAULT_RESTART, jitter: 0, ...restart };
  return { ...DEFAULT_LIFECYCLE, autoStart: true, ...rest, restart: policy };
}

export class World {
  now = 1_000_000;
  readonly log: string[] = [];
  readonly timers = new Set<Timer>();
  supervisor: ServiceSupervisor<Timer> = this.supervise([]);

  supervise(specs: readonly ServiceSpec[]): ServiceSupervisor<Timer> {
    this.supervisor = new ServiceSupervisor<Timer>(specs, {
      cancel: (pid, withinMs) => {
        this.log.push(`cancel ${pid} ${withinMs}`);
        this.onCancel(pid);
      },
      terminate: (pid) => {
        this.log.push(`terminate ${pid}`);
        this.fails(pid, null);
      },
      setTimer: (ms, fire) => {
        const timer = { at: this.now + ms, fire };
        this.timers.add(timer);
        return timer;
      },
      clearTimer: (timer) => this.timers.delete(timer),
      now: () => this.now,
      random: () => 0.5,
      report: ({ id, state }) => this.log.push(`${id} ${state.kind}`),
    });
    return this.supervisor;
  }

  /** What a process does when it is told to end; nothing, unless a spec says otherwise. */
  onCancel: (pid: Pid) => void = () => undefined;

  returns(pid: Pid): void {
    this.supervisor.processExited(pid, { value: null, error: null });
  }

  fails(pid: Pid, error: PerdureError | null): void {
    this.supervisor.processExited(pid, { value: null, error });
  }

  /** Turns the clock, firing what is due on the way, in order, and letting what follows happen. */
  async turn(ms: number): Promise<void> {
    const end = this.now + ms;
    await this.settle();
    for (;;) {
      const due = [...this.timers]
        .filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due);
      this.now = due.at;
      due.fire();
      await this.settle();
    }
    this.now = end;
  }

  /** Lets every promise that can settle without the clock do so. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  /** The state of one service. */
  state(id: string) {
    return this.supervisor.status().find((service) => service.id === id)?.state;
  }
}

/** A resource that starts and stops at once, or as `change` says. */
export function resource(
  world: World,
  id: string,
  requires: readonly string[] = [],
  change: Partial<Extract<ServiceRun, { kind: 'resource' }>> & { lifecycle?: LifecycleChange } = {},
): ServiceSpec {
  const { lifecycle: given, ...run } = change;
  return {
    id,
    requires,
    lifecycle: lifecycle(given),
    run: {
      kind: 'resource',
      start: async () => {
        world.log.push(`start ${id}`);
      },
      stop: async () => {
        world.log.push(`stop ${id}`);
      },
      ...run,
    },
  };
}

/** A process; its PIDs are `id#1`, `id#2`, … */
export function process(
  world: World,
  id: string,
  requires: readonly string[] = [],
  change: Partial<Extract<ServiceRun, { kind: 'process' }>> & { lifecycle?: LifecycleChange } = {},
): ServiceSpec {
  const { lifecycle: given, ...run } = change;
  let count = 0;
  return {
    id,
    requires,
    lifecycle: lifecycle(given),
    run: {
      kind: 'process',
      spawn: async () => {
        count++;
        world.log.push(`spawn ${id}#${count}`);
        return `${id}#${count}`;
      },
      ...run,
    },
  };
}
