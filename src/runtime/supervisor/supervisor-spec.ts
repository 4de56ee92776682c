/**
 * What a supervisor is told to do: OTP's supervisor flags and child specifications, under their names
 * (https://www.erlang.org/doc/apps/stdlib/supervisor.html), with every default filled in.
 */
import type { Value } from '../../core/payload.js';

/** Who is restarted when one child has to be. */
export const Strategy = {
  /** That child alone. */
  ONE_FOR_ONE: 'one_for_one',
  /** All children: the others are stopped first, the last one first. */
  ONE_FOR_ALL: 'one_for_all',
  /** That child and those that are started after it. */
  REST_FOR_ONE: 'rest_for_one',
  /** That child alone; all children are added while it runs, and are made after one template. */
  SIMPLE_ONE_FOR_ONE: 'simple_one_for_one',
} as const;
export type Strategy = (typeof Strategy)[keyof typeof Strategy];

/** When a child is started again: always, when it failed, never. */
export const Restart = {
  PERMANENT: 'permanent',
  TRANSIENT: 'transient',
  TEMPORARY: 'temporary',
} as const;
export type Restart = (typeof Restart)[keyof typeof Restart];

/** Whether a supervisor ends by itself when significant children have ended. */
export const AutoShutdown = {
  NEVER: 'never',
  ANY_SIGNIFICANT: 'any_significant',
  ALL_SIGNIFICANT: 'all_significant',
} as const;
export type AutoShutdown = (typeof AutoShutdown)[keyof typeof AutoShutdown];

/** Terminated at once, without CANCEL. */
export const BRUTAL_KILL = 'brutal_kill';

/** How long a child may take to end after CANCEL, in ms; `Infinity` is OTP's `infinity`. */
export type Shutdown = number | typeof BRUTAL_KILL;

export const DEFAULT_SUPERVISION = Object.freeze({
  strategy: Strategy.ONE_FOR_ONE,
  /** Restarts within {@link periodMs} that are too few to give up. */
  intensity: 1,
  periodMs: 5000,
  autoShutdown: AutoShutdown.NEVER,
  restart: Restart.PERMANENT,
  /** Of a child that is not itself a supervisor; those have all the time they need. */
  shutdownMs: 5000,
});

/** One child, as far as decisions are concerned. */
export interface ChildRules {
  /** Unique among its siblings. */
  readonly id: string;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly significant: boolean;
  /** Its process outlives this node: it stays open when the supervisor is told to stop. */
  readonly durable: boolean;
}

/** A supervisor, as far as decisions are concerned. */
export interface SupervisorRules {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly periodMs: number;
  readonly autoShutdown: AutoShutdown;
  /**
   * In start order. Children that are added later come behind these, before the input that adds them;
   * with `simple_one_for_one` one may take the place of one that is gone.
   */
  readonly children: readonly ChildRules[];
}

/** One child, complete. */
export interface ChildSpec extends ChildRules {
  readonly kind: 'worker' | 'supervisor';
  /** Entry id of its process. */
  readonly entry: string;
  /** Registry id of its host. */
  readonly host: string;
  /** Arguments of its `main`. */
  readonly values: readonly Value[];
  /** The name it is spawned under: registered on a local host, the workflow id on a worker. */
  readonly name: string | null;
}

/** A supervisor, complete. */
export interface SupervisorSpec extends SupervisorRules {
  /** With `simple_one_for_one` the template, alone. */
  readonly children: readonly ChildSpec[];
}
