/** What the supervisor is given and what it gives back: services, the effects it needs, reports. */
import type { PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { Lifecycle } from './lifecycle.js';
import type { ServiceState } from './service.js';

/** What is kept running: a thing with a start and a stop of its own, or a process. */
export type ServiceRun =
  | {
      readonly kind: 'resource';
      start(): Promise<void>;
      /** @param withinMs after this nobody waits for it any more. */
      stop(withinMs: number): Promise<void>;
    }
  | {
      readonly kind: 'process';
      spawn(): Promise<Pid>;
      /** Whether the process outlives this node; a stop leaves it alone. Default false. */
      readonly durable?: boolean;
    };

export interface ServiceSpec {
  readonly id: string;
  /** All that must be up first, whether by `lifecycle.requires` or by another reference. */
  readonly requires: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly run: ServiceRun;
}

/** A service entered a state. */
export interface ServiceEvent {
  readonly id: string;
  readonly state: ServiceState;
}

/** What the supervisor needs of its surroundings. `T` is the handle of a timer. */
export interface ServiceEffects<T = unknown> {
  /** Asks the process to end; it is terminated by the supervisor if it has not after `withinMs`. */
  cancel(pid: Pid, withinMs: number): void;
  terminate(pid: Pid): void;
  setTimer(ms: number, fire: () => void): T;
  clearTimer(timer: T): void;
  /** Milliseconds; for the deadline of a stop. */
  now(): number;
  /** At least 0 and less than 1. */
  random(): number;
  report(event: ServiceEvent): void;
}

export interface ServiceStatus {
  readonly id: string;
  readonly kind: ServiceRun['kind'];
  readonly state: ServiceState;
  /** Why it last failed, however long ago. */
  readonly lastError: PerdureError | null;
}

/** What became of the services in a stop, each list in the order in which they ended. */
export interface StopReport {
  readonly stopped: readonly string[];
  /** Processes that did not end in time. */
  readonly terminated: readonly string[];
  /** Durable processes, which go on. */
  readonly leftOpen: readonly string[];
  /** Resources that did not stop in time (TIMEOUT), or whose stop failed. */
  readonly failed: readonly { readonly id: string; readonly error: PerdureError }[];
}
