import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorKind, PerdureError } from '../../../src/core/errors.js';
import {
  type ServiceInput,
  type ServiceRules,
  type ServiceState,
  step,
} from '../../../src/runtime/supervisor/index.js';
import { IDLE } from '../../../src/runtime/supervisor/service.js';
import { lifecycle } from './harness.js';

const crash = new PerdureError(ErrorKind.UNKNOWN, 'crashed');
const rules = (change: Partial<ServiceRules> = {}): ServiceRules => ({
  id: 'app:s',
  kind: 'process',
  durable: false,
  lifecycle: lifecycle(),
  ...change,
});

const started = (run: number): ServiceInput => ({
  kind: 'started',
  run,
  instance: { kind: 'process', pid: `p${run}` },
});
const exited = (run: number, error: PerdureError | null): ServiceInput => ({
  kind: 'exited',
  run,
  result: { value: null, error },
});

/** The state after these inputs, and the actions of the last one. */
function stepThrough(inputs: readonly ServiceInput[], given = rules()) {
  let last = { state: IDLE, actions: [] } as ReturnType<typeof step>;
  for (const input of inputs) last = step(given, last.state, input, 0.5);
  return last;
}

const hasInstance = (state: ServiceState): boolean =>
  state.kind === 'running' || (state.kind === 'stopping' && state.instance !== null);

const STATES: Record<ServiceState['kind'], readonly ServiceInput[]> = {
  idle: [],
  starting: [{ kind: 'start' }],
  running: [{ kind: 'start' }, started(1)],
  backing_off: [{ kind: 'start' }, started(1), exited(1, crash)],
  stopping: [{ kind: 'start' }, started(1), { kind: 'stop', withinMs: 50 }],
  stopped: [{ kind: 'start' }, started(1), { kind: 'stop', withinMs: 50 }, exited(1, null)],
  failed: [
    { kind: 'start' },
    { kind: 'start_failed', run: 1, error: new PerdureError('INVALID', 'no') },
  ],
  done: [{ kind: 'start' }, started(1), exited(1, null)],
};

describe('a service', () => {
  it('reaches every state', () => {
    for (const [kind, inputs] of Object.entries(STATES))
      expect(stepThrough(inputs).state.kind).toBe(kind);
  });

  it('is done, not failed, when its process returns', () => {
    expect(stepThrough(STATES.done)).toEqual({ state: { kind: 'done', run: 1 }, actions: [] });
  });

  it('does not try again after an error that says it is not retryable', () => {
    const final = new PerdureError(ErrorKind.UNAVAILABLE, 'gone for good', { retryable: false });
    expect(stepThrough([{ kind: 'start' }, started(1), exited(1, final)]).state).toEqual({
      kind: 'failed',
      run: 1,
      failures: 1,
      error: final,
    });
  });

  it('tries again after a crash whose kind alone would not be tried again', () => {
    const internal = new PerdureError(ErrorKind.INTERNAL, 'index a nil value');
    expect(stepThrough([{ kind: 'start' }, started(1), exited(1, internal)])).toMatchObject({
      state: { kind: 'backing_off', delayMs: 1000 },
      actions: [{ kind: 'arm', ms: 1000 }],
    });
  });

  it('does not try again to start what cannot be started', () => {
    const missing = new PerdureError(ErrorKind.NOT_FOUND, 'entry not found');
    const away = new PerdureError(ErrorKind.UNAVAILABLE, 'no server');
    const fail = (error: PerdureError) =>
      stepThrough([{ kind: 'start' }, { kind: 'start_failed', run: 1, error }]).state.kind;
    expect([fail(missing), fail(away)]).toEqual(['failed', 'backing_off']);
  });

  it('forgets earlier failures once it has been stable', () => {
    const twice: ServiceInput[] = [...STATES.backing_off, { kind: 'timer', run: 1 }, started(2)];
    expect(stepThrough([...twice, exited(2, crash)]).state).toMatchObject({
      failures: 2,
      delayMs: 2000,
    });
    const stable: ServiceInput = { kind: 'timer', run: 2 };
    expect(stepThrough([...twice, stable, exited(2, crash)]).state).toMatchObject({
      failures: 1,
      delayMs: 1000,
    });
  });

  it('fails a start that takes too long, and ends the process that comes of it after all', () => {
    const late = stepThrough([{ kind: 'start' }, { kind: 'timer', run: 1 }]);
    expect(late.state).toMatchObject({
      kind: 'backing_off',
      error: { kind: 'TIMEOUT', message: 'app:s did not start within 10s' },
    });
    expect(step(rules(), late.state, started(1), 0.5)).toEqual({
      state: late.state,
      actions: [{ kind: 'terminate', pid: 'p1' }],
    });
  });

  it('cancels its process on a stop, and terminates it when the time is over', () => {
    expect(stepThrough(STATES.stopping).actions).toEqual([
      { kind: 'arm', ms: 50 },
      { kind: 'cancel', pid: 'p1', withinMs: 50 },
    ]);
    expect(stepThrough([...STATES.stopping, { kind: 'timer', run: 1 }])).toMatchObject({
      state: { kind: 'stopped', outcome: 'terminated' },
      actions: [{ kind: 'terminate', pid: 'p1' }],
    });
  });

  it('leaves a durable process open on a stop', () => {
    const inputs = [{ kind: 'start' }, started(1), { kind: 'stop', withinMs: 50 }] as const;
    expect(stepThrough(inputs, rules({ durable: true }))).toEqual({
      state: { kind: 'stopped', run: 1, outcome: 'left_open', error: null },
      actions: [],
    });
  });

  it('ends a process whose spawn was under way when the stop came', () => {
    const stopping = [{ kind: 'start' }, { kind: 'stop', withinMs: 50 }] as const;
    expect(stepThrough([...stopping, started(1)]).actions).toEqual([
      { kind: 'cancel', pid: 'p1', withinMs: 50 },
    ]);
    expect(stepThrough([...stopping, { kind: 'timer', run: 1 }]).state).toMatchObject({
      kind: 'stopped',
      outcome: 'abandoned',
    });
  });

  it('believes nothing about an earlier run', () => {
    const second = stepThrough([
      ...STATES.backing_off,
      { kind: 'timer', run: 1 },
      started(2),
    ]).state;
    const stale: ServiceInput[] = [
      exited(1, crash),
      { kind: 'timer', run: 1 },
      { kind: 'start_failed', run: 1, error: crash },
      { kind: 'released', run: 1, error: null },
    ];
    for (const input of stale)
      expect(step(rules(), second, input, 0.5)).toEqual({ state: second, actions: [] });
  });

  it('has at most one process, whatever comes in whatever order', () => {
    const run = fc.integer({ min: 1, max: 4 });
    const error = fc.constantFrom(null, crash);
    const inputs: fc.Arbitrary<ServiceInput> = fc.oneof(
      fc.constant<ServiceInput>({ kind: 'start' }),
      fc.constant<ServiceInput>({ kind: 'stop', withinMs: 10 }),
      fc.tuple(run, error).map(([n, e]) => exited(n, e)),
      run.map((n): ServiceInput => ({ kind: 'timer', run: n })),
      run.map((n): ServiceInput => ({ kind: 'start_failed', run: n, error: crash })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(inputs, fc.constant('answer' as const)), { maxLength: 60 }),
        (all) => {
          const alive = new Set<number>();
          const launched: number[] = [];
          let state: ServiceState = IDLE;
          for (const one of all) {
            const answered = one === 'answer' ? launched.shift() : undefined;
            if (one === 'answer' && answered === undefined) continue;
            const input = one === 'answer' ? started(answered ?? 0) : one;
            // Only what is alive can exit; only what is under way can fail to start.
            if (input.kind === 'exited' && !alive.delete(input.run)) continue;
            if (input.kind === 'start_failed' && !launched.includes(input.run)) continue;
            if (input.kind === 'start_failed') launched.splice(launched.indexOf(input.run), 1);
            if (input.kind === 'started') alive.add(input.run);
            const next = step(rules(), state, input, 0.5);
            for (const action of next.actions) {
              if (action.kind === 'launch') launched.push(action.run);
              if (action.kind === 'terminate') alive.delete(Number(action.pid.slice(1)));
            }
            state = next.state;
            expect(alive.size).toBeLessThanOrEqual(1);
            expect(alive.size === 1).toBe(hasInstance(state));
            expect(
              next.actions.filter((action) => action.kind === 'arm').length,
            ).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
