/**
 * The life of one service, as decisions: a state and an input give the next state and what is to be
 * done. No clock, no randomness, no effects.
 *
 * 1. A state has at most one timer, armed when it is entered and void when it is left; what it means
 *    follows from the state: the start, or the stop, took too long; the service is stable; try again.
 * 2. Every start has a number, its `run`. What arrives about an earlier run is not believed: a process
 *    that was spawned after all, too late, is ended.
 * 3. A return of `main` is the end of a service, not a failure (DESIGN 11.14).
 * 4. After `maxAttempts` failed runs in a row, or an error that says it is not retryable, it is given up.
 */
import { formatDuration } from '../../core/duration.js';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { ExitResult } from '../../core/signal.js';
import { restartDelayMs } from './backoff.js';
import type { Lifecycle } from './lifecycle.js';

/** What a start brought up. */
export type Instance =
  | { readonly kind: 'process'; readonly pid: Pid }
  | { readonly kind: 'resource' };

/**
 * How a service came to a stop: by itself in time, terminated, not in time (a resource cannot be
 * terminated), with an error, or not at all since a durable process goes on without this node.
 */
export const StopOutcome = {
  CLEAN: 'clean',
  TERMINATED: 'terminated',
  ABANDONED: 'abandoned',
  ERROR: 'error',
  LEFT_OPEN: 'left_open',
} as const;
export type StopOutcome = (typeof StopOutcome)[keyof typeof StopOutcome];

export type ServiceState =
  | { readonly kind: 'idle'; readonly run: 0 }
  | { readonly kind: 'starting'; readonly run: number; readonly failures: number }
  | {
      readonly kind: 'running';
      readonly run: number;
      readonly instance: Instance;
      /** Failed runs in a row before this one; forgotten once it is stable. */
      readonly failures: number;
      readonly stable: boolean;
    }
  | {
      readonly kind: 'backing_off';
      readonly run: number;
      readonly failures: number;
      readonly error: PerdureError;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'stopping';
      readonly run: number;
      /** `null` while a start is still under way. */
      readonly instance: Instance | null;
      readonly withinMs: number;
    }
  | {
      readonly kind: 'stopped';
      readonly run: number;
      readonly outcome: StopOutcome;
      readonly error: PerdureError | null;
    }
  | {
      readonly kind: 'failed';
      readonly run: number;
      readonly failures: number;
      readonly error: PerdureError;
    }
  | { readonly kind: 'done'; readonly run: number };

export const IDLE: ServiceState = Object.freeze({ kind: 'idle', run: 0 });

export type ServiceInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'started'; readonly run: number; readonly instance: Instance }
  | { readonly kind: 'start_failed'; readonly run: number; readonly error: PerdureError }
  | { readonly kind: 'exited'; readonly run: number; readonly result: ExitResult }
  /** The timer of the state fired. */
  | { readonly kind: 'timer'; readonly run: number }
  | { readonly kind: 'stop'; readonly withinMs: number }
  /** A resource's stop is over. */
  | { readonly kind: 'released'; readonly run: number; readonly error: PerdureError | null };

export type ServiceAction =
  /** Spawn the process, or start the resource; answers with `started` or `start_failed`. */
  | { readonly kind: 'launch'; readonly run: number }
  | { readonly kind: 'arm'; readonly ms: number }
  | { readonly kind: 'cancel'; readonly pid: Pid; readonly withinMs: number }
  | { readonly kind: 'terminate'; readonly pid: Pid }
  /** Stop the resource; answers with `released`. */
  | { readonly kind: 'release'; readonly run: number };

export interface Step {
  readonly state: ServiceState;
  readonly actions: readonly ServiceAction[];
}

/** What a service is, as far as its life is concerned. */
export interface ServiceRules {
  readonly id: string;
  readonly kind: 'process' | 'resource';
  /** Whether its process outlives this node, so that a stop leaves it alone. */
  readonly durable: boolean;
  readonly lifecycle: Lifecycle;
}

type State<K extends ServiceState['kind']> = Extract<ServiceState, { readonly kind: K }>;
type Input<K extends ServiceInput['kind']> = Extract<ServiceInput, { readonly kind: K }>;

/**
 * What follows from `input`.
 * @param random at least 0 and less than 1; for the jitter of a restart.
 */
export function step(
  rules: ServiceRules,
  state: ServiceState,
  input: ServiceInput,
  random: number,
): Step {
  switch (input.kind) {
    case 'start':
      return isLive(state) ? stay(state) : launch(rules, state.run + 1, 0);
    case 'stop':
      return stop(rules, state, input);
    case 'started':
      return started(rules, state, input);
    default:
      return input.run === state.run ? ended(rules, state, input, random) : stay(state);
  }
}

/** Whether the service is up, or on its way up or down: a stop has something to wait for. */
export function isLive(state: ServiceState): boolean {
  switch (state.kind) {
    case 'starting':
    case 'running':
    case 'backing_off':
    case 'stopping':
      return true;
    default:
      return false;
  }
}

function started(rules: ServiceRules, state: ServiceState, input: Input<'started'>): Step {
  const { instance, run } = input;
  if (run === state.run && state.kind === 'starting') {
    const next = {
      kind: 'running',
      run,
      instance,
      failures: state.failures,
      stable: false,
    } as const;
    return { state: next, actions: [{ kind: 'arm', ms: rules.lifecycle.stableThresholdMs }] };
  }
  if (run === state.run && state.kind === 'stopping') return end(rules, instance, state);
  const late: ServiceAction =
    instance.kind === 'process'
      ? { kind: 'terminate', pid: instance.pid }
      : { kind: 'release', run };
  return { state, actions: rules.durable ? [] : [late] };
}

/** Inputs about the current run that end a state. */
function ended(
  rules: ServiceRules,
  state: ServiceState,
  input: Input<'start_failed' | 'exited' | 'timer' | 'released'>,
  random: number,
): Step {
  switch (state.kind) {
    case 'starting':
      return startingEnded(rules, state, input, random);
    case 'running':
      if (input.kind === 'timer') return stay({ ...state, stable: true, failures: 0 });
      return input.kind === 'exited' ? exited(rules, state, input.result, random) : stay(state);
    case 'backing_off':
      return input.kind === 'timer' ? launch(rules, state.run + 1, state.failures) : stay(state);
    case 'stopping':
      return stoppingEnded(rules, state, input);
    default:
      return stay(state);
  }
}

function startingEnded(
  rules: ServiceRules,
  state: State<'starting'>,
  input: Input<'start_failed' | 'exited' | 'timer' | 'released'>,
  random: number,
): Step {
  // A resource that never came up stops the app's start instead of being tried again.
  const first = rules.kind === 'resource' && state.failures === 0;
  if (input.kind === 'start_failed') {
    return failure(rules, state, input.error, first || input.error.retryable === false, random);
  }
  if (input.kind !== 'timer') return stay(state);
  const error = tookTooLong(rules.id, 'start', rules.lifecycle.startTimeoutMs);
  return failure(rules, state, error, first, random);
}

function exited(
  rules: ServiceRules,
  state: State<'running'>,
  { error }: ExitResult,
  random: number,
): Step {
  if (error !== null)
    return failure(rules, state, error, error.explicitRetryable === false, random);
  return stay({ kind: 'done', run: state.run });
}

function failure(
  { lifecycle: { restart } }: ServiceRules,
  state: State<'starting' | 'running'>,
  error: PerdureError,
  final: boolean,
  random: number,
): Step {
  const failures = state.failures + 1;
  const { run } = state;
  const usedUp = restart.maxAttempts > 0 && failures >= restart.maxAttempts;
  if (final || usedUp) return stay({ kind: 'failed', run, failures, error });
  const delayMs = restartDelayMs(failures, restart, random);
  return {
    state: { kind: 'backing_off', run, failures, error, delayMs },
    actions: [{ kind: 'arm', ms: delayMs }],
  };
}

function stop(rules: ServiceRules, state: ServiceState, { withinMs }: Input<'stop'>): Step {
  const { run } = state;
  switch (state.kind) {
    case 'idle':
    case 'backing_off':
      return stay({ kind: 'stopped', run, outcome: StopOutcome.CLEAN, error: null });
    case 'starting': {
      const stopping = { kind: 'stopping', run, instance: null, withinMs } as const;
      return { state: stopping, actions: [{ kind: 'arm', ms: withinMs }] };
    }
    case 'running': {
      const { state: next, actions } = end(rules, state.instance, { run, withinMs });
      // Armed first: the process may exit at once, and then there is nothing left to time.
      const arm: ServiceAction[] = next.kind === 'stopping' ? [{ kind: 'arm', ms: withinMs }] : [];
      return { state: next, actions: [...arm, ...actions] };
    }
    default:
      return stay(state);
  }
}

/** Begins to end `instance`; the stop's timer is a matter of the caller. */
function end(
  rules: ServiceRules,
  instance: Instance,
  { run, withinMs }: Pick<State<'stopping'>, 'run' | 'withinMs'>,
): Step {
  if (rules.durable) {
    return stay({ kind: 'stopped', run, outcome: StopOutcome.LEFT_OPEN, error: null });
  }
  const action: ServiceAction =
    instance.kind === 'process'
      ? { kind: 'cancel', pid: instance.pid, withinMs }
      : { kind: 'release', run };
  return { state: { kind: 'stopping', run, instance, withinMs }, actions: [action] };
}

function stoppingEnded(
  rules: ServiceRules,
  { run, instance, withinMs }: State<'stopping'>,
  input: Input<'start_failed' | 'exited' | 'timer' | 'released'>,
): Step {
  const stopped = (outcome: StopOutcome, error: PerdureError | null = null): Step =>
    stay({ kind: 'stopped', run, outcome, error });
  if (input.kind === 'released') {
    return input.error === null
      ? stopped(StopOutcome.CLEAN)
      : stopped(StopOutcome.ERROR, input.error);
  }
  if (input.kind !== 'timer') return stopped(StopOutcome.CLEAN);
  if (instance?.kind === 'process') {
    const { state } = stopped(StopOutcome.TERMINATED);
    return { state, actions: [{ kind: 'terminate', pid: instance.pid }] };
  }
  return stopped(StopOutcome.ABANDONED, tookTooLong(rules.id, 'stop', withinMs));
}

function launch(rules: ServiceRules, run: number, failures: number): Step {
  return {
    state: { kind: 'starting', run, failures },
    actions: [
      { kind: 'arm', ms: rules.lifecycle.startTimeoutMs },
      { kind: 'launch', run },
    ],
  };
}

const stay = (state: ServiceState): Step => ({ state, actions: [] });

function tookTooLong(id: string, what: 'start' | 'stop', ms: number): PerdureError {
  return new PerdureError(ErrorKind.TIMEOUT, `${id} did not ${what} within ${formatDuration(ms)}`);
}
