/**
 * Runs services: does what `service.ts` and `plan.ts` decide. It owns each service's state and timer.
 *
 * 1. The state is set, and reported, before anything is done about it: an effect may answer at once.
 * 2. The exit of a process may be heard of before the answer of its spawn; it is kept until then.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { ExitResult } from '../../core/signal.js';
import type { Lifecycle } from './lifecycle.js';
import { canStart, readyToStop, startPlan, stopWithinMs } from './plan.js';
import {
  IDLE,
  type Instance,
  isLive,
  type ServiceAction,
  type ServiceInput,
  type ServiceRules,
  type ServiceState,
  StopOutcome,
  step,
} from './service.js';
import type {
  ServiceEffects,
  ServiceRun,
  ServiceSpec,
  ServiceStatus,
  StopReport,
} from './service-spec.js';

interface Service<T> {
  readonly id: string;
  readonly requires: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly run: ServiceRun;
  readonly rules: ServiceRules;
  state: ServiceState;
  timer: { readonly handle: T } | undefined;
  lastError: PerdureError | null;
}

export class ServiceSupervisor<T = unknown> {
  readonly #services: ReadonlyMap<string, Service<T>>;
  readonly #plan: readonly Service<T>[];
  readonly #byPid = new Map<Pid, Service<T>>();
  readonly #early = new Map<Pid, ExitResult>();
  readonly #ended: { id: string; state: ServiceState }[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #effects: ServiceEffects<T>;
  #spawning = 0;
  #phase: 'new' | 'starting' | 'up' | 'stopping' = 'new';
  #stop: Promise<StopReport> | undefined;

  /**
   * @param specs in start order: each after all it requires.
   * @throws PerdureError INVALID where they are not.
   */
  constructor(specs: readonly ServiceSpec[], effects: ServiceEffects<T>) {
    const services = specs.map((spec): Service<T> => {
      const { id, requires, lifecycle, run } = spec;
      const durable = run.kind === 'process' && run.durable === true;
      const rules = { id, kind: run.kind, durable, lifecycle };
      return {
        id,
        requires,
        lifecycle,
        run,
        rules,
        state: IDLE,
        timer: undefined,
        lastError: null,
      };
    });
    this.#services = new Map(services.map((service) => [service.id, service]));
    this.#plan = startPlan(services);
    this.#effects = effects;
  }

  /**
   * Starts what is to start with the app, one after the other; resolves when each has been tried. A
   * process that fails is left to its restart policy, and what requires it starts once it runs.
   * @throws the error of a resource that did not start, named by its id, after all that had been
   *   started was stopped again; PerdureError CANCELED where `stop` came first.
   */
  async start(): Promise<void> {
    if (this.#phase === 'stopping') throw canceled();
    if (this.#phase !== 'new') throw new PerdureError(ErrorKind.CONFLICT, 'already started');
    this.#phase = 'starting';
    for (const service of this.#plan) {
      if (!canStart(service, this.#stateOf)) continue;
      this.#dispatch(service, { kind: 'start' });
      await this.#until(() => service.state.kind !== 'starting');
      if (this.#stop !== undefined) throw canceled();
      if (service.state.kind === 'failed' && service.run.kind === 'resource') {
        const { error } = service.state;
        await this.stop();
        throw error.wrap(`${service.id} did not start`);
      }
    }
    this.#phase = 'up';
    this.#startWaiting();
  }

  /**
   * Stops everything, in reverse order; never rejects. A second call gets the report of the first.
   * @param withinMs all of it takes no longer than this; each service has its `stopTimeoutMs` as well.
   */
  stop(withinMs = Number.POSITIVE_INFINITY): Promise<StopReport> {
    this.#stop ??= this.#stopAll(withinMs);
    return this.#stop;
  }

  /** Every service with its state, in start order. */
  status(): ServiceStatus[] {
    return [...this.#services.values()].map(({ id, run, state, lastError }) => ({
      id,
      kind: run.kind,
      state,
      lastError,
    }));
  }

  /** To be called for every process that ends; those that are no service's are ignored. */
  processExited(pid: Pid, result: ExitResult): void {
    const service = this.#byPid.get(pid);
    if (service !== undefined) {
      this.#byPid.delete(pid);
      this.#dispatch(service, { kind: 'exited', run: service.state.run, result });
    } else if (this.#spawning > 0) {
      this.#early.set(pid, result);
    }
  }

  /** To be called when a resource that was up ended by itself; with an error it is started again. */
  resourceExited(id: string, result: ExitResult): void {
    const service = this.#services.get(id);
    if (service === undefined || service.run.kind !== 'resource') return;
    this.#dispatch(service, { kind: 'exited', run: service.state.run, result });
  }

  readonly #stateOf = (id: string): ServiceState => this.#services.get(id)?.state ?? IDLE;

  #dispatch(service: Service<T>, input: ServiceInput): void {
    const before = service.state;
    const { state, actions } = step(service.rules, before, input, this.#effects.random());
    if (state !== before) this.#enter(service, before, state);
    for (const action of actions) this.#perform(service, action);
    if (state === before) return;
    for (const watcher of [...this.#watchers]) watcher();
    if (this.#phase === 'up') this.#startWaiting();
  }

  #enter(service: Service<T>, before: ServiceState, state: ServiceState): void {
    if (service.timer !== undefined) this.#effects.clearTimer(service.timer.handle);
    service.timer = undefined;
    service.state = state;
    if ('error' in state && state.error !== null) service.lastError = state.error;
    if (state.kind === 'running' && state.instance.kind === 'process') {
      this.#byPid.set(state.instance.pid, service);
    }
    if (state.kind === before.kind && state.run === before.run) return;
    if (this.#phase === 'stopping' && state.kind === 'stopped') {
      this.#ended.push({ id: service.id, state });
    }
    this.#effects.report({ id: service.id, state });
  }

  #perform(service: Service<T>, action: ServiceAction): void {
    switch (action.kind) {
      case 'launch':
        void this.#launch(service, action.run);
        return;
      case 'release':
        void this.#release(service, action.run);
        return;
      case 'arm':
        service.timer = { handle: this.#arm(service, action.ms) };
        return;
      case 'cancel':
        this.#byPid.set(action.pid, service);
        this.#effects.cancel(action.pid, action.withinMs);
        return;
      case 'terminate':
        this.#byPid.delete(action.pid);
        this.#effects.terminate(action.pid);
    }
  }

  #arm(service: Service<T>, ms: number): T {
    const { run } = service.state;
    return this.#effects.setTimer(ms, () => this.#dispatch(service, { kind: 'timer', run }));
  }

  async #launch(service: Service<T>, run: number): Promise<void> {
    this.#spawning++;
    const input = await bringUp(service.run).then(
      (instance) => ({ kind: 'started', run, instance }) as const,
      (thrown) => ({ kind: 'start_failed', run, error: PerdureError.from(thrown) }) as const,
    );
    this.#dispatch(service, input);
    if (input.kind === 'started' && input.instance.kind === 'process') {
      this.#hearEarly(input.instance.pid);
    }
    this.#spawning--;
    if (this.#spawning === 0) this.#early.clear();
  }

  #hearEarly(pid: Pid): void {
    const result = this.#early.get(pid);
    if (result === undefined) return;
    this.#early.delete(pid);
    this.processExited(pid, result);
  }

  async #release(service: Service<T>, run: number): Promise<void> {
    const { state, lifecycle } = service;
    const withinMs = state.kind === 'stopping' ? state.withinMs : lifecycle.stopTimeoutMs;
    let error: PerdureError | null = null;
    try {
      if (service.run.kind === 'resource') await service.run.stop(withinMs);
    } catch (thrown) {
      error = PerdureError.from(thrown);
    }
    this.#dispatch(service, { kind: 'released', run, error });
  }

  /** Starts what waited for a service that is up now. */
  #startWaiting(): void {
    for (const service of this.#plan) {
      if (this.#phase !== 'up') return;
      if (canStart(service, this.#stateOf)) this.#dispatch(service, { kind: 'start' });
    }
  }

  async #stopAll(withinMs: number): Promise<StopReport> {
    this.#phase = 'stopping';
    const stopAt = this.#effects.now() + withinMs;
    const stopReady = (): boolean => {
      // One at a time: a stop may be over at once, and make the next one ready.
      for (let next = this.#nextToStop(); next !== undefined; next = this.#nextToStop()) {
        const leftMs = stopAt - this.#effects.now();
        const within = stopWithinMs(next.lifecycle.stopTimeoutMs, leftMs);
        this.#dispatch(next, { kind: 'stop', withinMs: within });
      }
      return !this.#plan.some((service) => isLive(service.state));
    };
    await this.#until(stopReady);
    return this.#report();
  }

  #nextToStop(): Service<T> | undefined {
    return readyToStop(this.#plan, this.#stateOf).find(({ state }) => state.kind !== 'stopping');
  }

  #report(): StopReport {
    const ids = (outcome: StopOutcome): string[] =>
      this.#ended.flatMap(({ id, state }) =>
        state.kind === 'stopped' && state.outcome === outcome ? [id] : [],
      );
    const failed = this.#ended.flatMap(({ id, state }) =>
      state.kind === 'stopped' && state.error !== null ? [{ id, error: state.error }] : [],
    );
    return {
      stopped: ids(StopOutcome.CLEAN),
      terminated: ids(StopOutcome.TERMINATED),
      leftOpen: ids(StopOutcome.LEFT_OPEN),
      failed,
    };
  }

  /** Resolves once `holds` answers true; it is asked now and after every change of a state. */
  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (!this.#watchers.has(watcher) || !holds()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }
}

async function bringUp(run: ServiceRun): Promise<Instance> {
  if (run.kind === 'process') return { kind: 'process', pid: await run.spawn() };
  await run.start();
  return { kind: 'resource' };
}

function canceled(): PerdureError {
  return new PerdureError(ErrorKind.CANCELED, 'the services were stopped before all had started');
}
