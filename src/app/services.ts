/**
 * What starts and stops with an app, in which order: its clients, workers and hosts, and its services.
 *
 * Local hosts start after the workers and stop before them, because their processes talk to workflows
 * until their end; a worker that itself requires a host is the exception.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Pid } from '../core/pid.js';
import {
  dependencyOrder,
  type EntryKind,
  type EntryOf,
  type Registry,
  type StartableEntry,
} from '../registry/index.js';
import type { ClockTimer } from '../runtime/clock.js';
import type { Node } from '../runtime/node.js';
import type { Runtime } from '../runtime/runtime.js';
import {
  DEFAULT_LIFECYCLE,
  type ServiceEvent,
  type ServiceRun,
  type ServiceSpec,
  type ServiceState,
  ServiceSupervisor,
  type StopReport,
} from '../runtime/supervisor/index.js';
import { SUPERVISORS } from './host-choice.js';
import type { LocalSide } from './local.js';
import type { TemporalSide } from './temporal.js';

/** What is known of one service. */
export interface ServiceInfo {
  /** Id of its entry. */
  readonly id: string;
  readonly kind: EntryKind;
  /** `unreachable`: it runs, and its Temporal server does not answer. */
  readonly state: ServiceState['kind'] | 'unreachable';
  /** Runs in a row that failed; forgotten once it has run for its `stable_threshold`. */
  readonly attempts: number;
  /** Why its last failed run failed, however long ago. */
  readonly lastError: PerdureError | null;
  /** Its process, where it has one. */
  readonly pid: Pid | null;
}

export interface ServicesOptions {
  readonly registry: Registry;
  readonly node: Node;
  readonly runtime: Runtime;
  readonly local: LocalSide;
  readonly temporal: TemporalSide | null;
}

export class Services {
  private readonly supervisor: ServiceSupervisor<ClockTimer>;

  constructor(private readonly options: ServicesOptions) {
    const { node } = options;
    this.supervisor = new ServiceSupervisor(this.specs(), {
      cancel: (pid, withinMs) => options.local.askToStop(pid, withinMs, 'the service is stopping'),
      terminate: (pid) => {
        const reason = 'the service did not stop in time';
        void node.deliver(pid, { kind: 'terminate', from: null, reason });
      },
      setTimer: (ms, fire) => node.clock.setTimer(ms, fire),
      clearTimer: (timer) => node.clock.clearTimer(timer),
      now: () => node.clock.now(),
      random: Math.random,
      report: (event) => this.report(event),
    });
    options.temporal?.listen({
      workerLost: (id, error) => this.supervisor.resourceExited(id, { value: null, error }),
      reachable: (client, error) => this.reportReach(client, error),
    });
  }

  /** Starts everything with `auto_start`, and what that requires. Start timeouts are real time. */
  async start(): Promise<void> {
    const release = this.options.node.clock.hold('starting');
    try {
      await this.supervisor.start();
    } finally {
      release();
    }
  }

  /**
   * Stops everything in reverse order, all of it within `withinMs`.
   * @returns what did not stop as it should, in words.
   */
  async stop(withinMs: number): Promise<readonly string[]> {
    const release = this.options.node.clock.hold('stopping');
    try {
      return inWords(await this.supervisor.stop(withinMs));
    } finally {
      release();
    }
  }

  /** Every service of the registry, in start order. */
  status(): readonly ServiceInfo[] {
    return this.supervisor.status().flatMap(({ id, state, lastError }) => {
      const entry = this.options.registry.get(id);
      if (entry === undefined) return [];
      const attempts = 'failures' in state ? state.failures : 0;
      const away =
        state.kind === 'running' ? (this.options.temporal?.unreachable(id) ?? null) : null;
      const shown: Pick<ServiceInfo, 'state' | 'lastError'> =
        away === null
          ? { state: state.kind, lastError }
          : { state: 'unreachable', lastError: away };
      return [{ id, kind: entry.kind, attempts, pid: pidOf(state), ...shown }];
    });
  }

  private report({ id, state }: ServiceEvent): void {
    if (id === SUPERVISORS) return;
    const { node } = this.options;
    const error = 'error' in state ? state.error : null;
    const detail = error === null || error === undefined ? null : error.text;
    node.events.publish({ kind: 'service', id, state: state.kind, detail, at: node.clock.now() });
  }

  /** A client and its workers run on while their server is away; that is shown, not acted upon. */
  private reportReach(client: string, error: PerdureError | null): void {
    const { node, registry } = this.options;
    const workers = registry.ofKind('temporal.worker').filter((w) => w.client === client);
    const state = error === null ? 'running' : 'unreachable';
    for (const id of [client, ...workers.map((w) => w.id)]) {
      const detail = error?.text ?? null;
      node.events.publish({ kind: 'service', id, state, detail, at: node.clock.now() });
    }
  }

  private specs(): ServiceSpec[] {
    const { registry } = this.options;
    const requires = requirements(registry);
    const needs = (id: string): readonly string[] => requires.get(id) ?? [];
    return dependencyOrder(requires.keys(), needs).order.flatMap((id) => {
      if (id === SUPERVISORS) return [{ id, requires: needs(id), ...this.supervisorHost() }];
      const entry = registry.get(id);
      if (entry === undefined || !('lifecycle' in entry)) return [];
      return [{ id, requires: needs(id), lifecycle: entry.lifecycle, run: this.run(entry) }];
    });
  }

  /** The host of supervisors stops before the hosts of their children, whoever started them. */
  private supervisorHost(): Pick<ServiceSpec, 'lifecycle' | 'run'> {
    const { local } = this.options;
    return {
      lifecycle: { ...DEFAULT_LIFECYCLE, autoStart: true },
      run: {
        kind: 'resource',
        start: async () => {},
        stop: (withinMs) => local.stopHost(SUPERVISORS, withinMs),
      },
    };
  }

  private run(entry: StartableEntry): ServiceRun {
    const { local, temporal } = this.options;
    switch (entry.kind) {
      case 'temporal.client':
        return {
          kind: 'resource',
          start: async () => temporal?.startClient(entry),
          stop: async () => temporal?.stopClient(entry),
        };
      case 'temporal.worker':
        return {
          kind: 'resource',
          start: async () => temporal?.startWorker(entry),
          stop: async () => temporal?.stopWorker(entry),
        };
      case 'process.host':
      case 'terminal.host':
        return {
          kind: 'resource',
          start: async () => {}, // Local hosts are there from the beginning.
          stop: (withinMs) => local.stopHost(entry.id, withinMs),
        };
      case 'process.service':
        return this.processRun(entry);
      case 'process.supervisor':
        return this.supervisorRun(entry);
    }
  }

  /** A supervisor has started when its children have. A start that took too long ends before the next. */
  private supervisorRun({ id }: EntryOf<'process.supervisor'>): ServiceRun {
    const { node, runtime } = this.options;
    return {
      kind: 'process',
      spawn: async () => {
        const taken = node.names.lookup(id);
        if (taken !== undefined) await this.makeRoom(id, taken);
        const { pid, exit } = await runtime.spawn(id, { name: id });
        void exit.then((result) => this.supervisor.processExited(pid, result));
        const up = new Promise<Pid>((resolve) => {
          node.supervisors.whenUp(pid, () => resolve(pid));
        });
        const ended = exit.then(({ error }) => {
          throw error ?? new PerdureError(ErrorKind.INTERNAL, `${id} ended while it was starting`);
        });
        return Promise.race([up, ended]);
      },
    };
  }

  /** The name of a supervisor's service is that of the supervisor; nobody else's process is ended for it. */
  private async makeRoom(id: string, pid: Pid): Promise<void> {
    const { node, runtime } = this.options;
    if (node.supervisors.get(pid) === undefined) {
      throw new PerdureError(ErrorKind.ALREADY_EXISTS, `name ${id} is taken by ${pid}`);
    }
    const reason = 'the service did not start in time';
    void node.deliver(pid, { kind: 'terminate', from: null, reason });
    await runtime.exitOf(pid);
  }

  private processRun(entry: EntryOf<'process.service'>): ServiceRun {
    const { registry, runtime } = this.options;
    const durable = registry.get(entry.host)?.kind === 'temporal.worker';
    return {
      kind: 'process',
      durable,
      spawn: async () => {
        const { pid, exit } = await runtime.spawn(entry.process, {
          host: entry.host,
          args: entry.input,
          // A durable service is found again by its name when the node starts anew.
          ...(durable && { name: `services/${entry.id}` }),
        });
        void exit.then((result) => this.supervisor.processExited(pid, result));
        return pid;
      },
    };
  }
}

function pidOf(state: ServiceState): Pid | null {
  return 'instance' in state && state.instance?.kind === 'process' ? state.instance.pid : null;
}

/**
 * Requirements of every startable entry, local hosts behind the workers that start by themselves, and of
 * the host of supervisors, which stands between other hosts and the supervisors.
 */
function requirements(registry: Registry): ReadonlyMap<string, readonly string[]> {
  const workers = registry.ofKind('temporal.worker').filter((w) => w.lifecycle.autoStart);
  const map = new Map<string, readonly string[]>();
  for (const id of registry.startOrder) {
    const kind = registry.get(id)?.kind;
    const isHost = kind === 'process.host' || kind === 'terminal.host';
    const after = isHost ? workers.filter((w) => !reaches(registry, w.id, id)) : [];
    map.set(id, [...new Set([...registry.requires(id), ...after.map((w) => w.id)])].sort());
  }
  const supervisors = registry.ofKind('process.supervisor').map(({ id }) => id);
  if (supervisors.length === 0) return map;
  const hosts = [...registry.ofKind('process.host'), ...registry.ofKind('temporal.worker')];
  const below = hosts.filter(
    ({ id, lifecycle }) =>
      lifecycle.autoStart && !supervisors.some((s) => reaches(registry, id, s)),
  );
  map.set(
    SUPERVISORS,
    below.map(({ id }) => id),
  );
  for (const id of supervisors) map.set(id, [...(map.get(id) ?? []), SUPERVISORS]);
  return map;
}

/** Whether `from` requires `to`, directly or through others. */
function reaches(registry: Registry, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...registry.requires(id));
  }
  return false;
}

function inWords({ terminated, failed, leftOpen }: StopReport): string[] {
  return [
    ...terminated.map((id) => `${id} did not stop in time and was terminated`),
    ...failed.map(({ id, error }) => `${id} did not stop: ${error.text}`),
    ...leftOpen.map((id) => `${id} is durable and goes on`),
  ];
}

/** The error for a host that the app has but that was not started. */
export function hostNotStarted(id: string): PerdureError {
  return new PerdureError(
    ErrorKind.UNAVAILABLE,
    `${id} is not started; give it lifecycle: { auto_start: true }, or let a started service require it`,
  );
}
