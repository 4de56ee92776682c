/**
 * The decisions of a supervisor against a model: what OTP's supervisor does, written down as it does it,
 * one call after the other. Where every answer comes at once, both do the same. Where answers come in
 * any order, what a supervisor promises holds all the same.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AutoShutdown,
  initialState,
  Restart,
  Strategy,
  type SupervisorInput,
  stepSupervisor,
} from '../../../src/runtime/supervisor/index.js';
import type { SupervisorRules } from '../../../src/runtime/supervisor/supervisor-spec.js';
import { child, crash, Family } from './family.js';

/** A supervisor without time between a question and its answer. `log` is in the words of {@link Family}. */
class Model {
  readonly log: string[] = [];
  now = 0;
  ended = false;
  private up: boolean[];
  private gone: boolean[];
  private restarts: number[] = [];

  constructor(
    private readonly rules: SupervisorRules,
    private readonly broken: ReadonlySet<string>,
  ) {
    this.up = rules.children.map(() => false);
    this.gone = rules.children.map(() => false);
    if (this.startFrom(0) !== null) this.end();
  }

  isUp(i: number): boolean {
    return this.up[i] === true;
  }

  exits(i: number, failed: boolean): void {
    const { restart, significant } = this.child(i);
    this.up[i] = false;
    if (restart === Restart.PERMANENT || (restart === Restart.TRANSIENT && failed)) {
      this.restart(i);
      return;
    }
    if (restart === Restart.TEMPORARY) this.gone[i] = true;
    const { autoShutdown: auto, children } = this.rules;
    const left = children.some((other, j) => other.significant && this.isUp(j));
    if (!significant || auto === AutoShutdown.NEVER) return;
    if (auto === AutoShutdown.ANY_SIGNIFICANT || !left) this.end();
  }

  end(): void {
    this.stopDownTo(0);
    this.ended = true;
    this.log.push('end');
  }

  private restart(child: number): void {
    for (let failed: number | null = child; failed !== null && !this.ended; ) {
      this.restarts = [
        ...this.restarts.filter((at) => at >= this.now - this.rules.periodMs),
        this.now,
      ];
      if (this.restarts.length > this.rules.intensity) this.end();
      else {
        this.log.push(`restart ${this.child(failed).id} ${this.restarts.length}`);
        failed = this.again(failed);
      }
    }
  }

  /** The child that did not start, if any. */
  private again(child: number): number | null {
    if (this.rules.strategy === Strategy.ONE_FOR_ONE) return this.start(child) ? null : child;
    const from = this.rules.strategy === Strategy.ONE_FOR_ALL ? 0 : child;
    this.stopDownTo(from);
    return this.startFrom(from);
  }

  private startFrom(from: number): number | null {
    for (let i = from; i < this.rules.children.length; i++) {
      if (this.gone[i] !== true && !this.start(i)) return i;
    }
    return null;
  }

  private start(i: number): boolean {
    this.log.push(`start ${this.child(i).id}`);
    this.up[i] = !this.broken.has(this.child(i).id);
    return this.isUp(i);
  }

  private stopDownTo(from: number): void {
    for (let i = this.rules.children.length - 1; i >= from; i--) {
      if (!this.isUp(i)) continue;
      this.log.push(`cancel ${this.child(i).id} ${this.child(i).shutdown}`);
      this.up[i] = false;
      if (this.child(i).restart === Restart.TEMPORARY) this.gone[i] = true;
    }
  }

  private child(i: number) {
    const rules = this.rules.children[i];
    if (rules === undefined) throw new Error(`there is no child ${i}`);
    return rules;
  }
}

const families = fc.record({
  strategy: fc.constantFrom(...Object.values(Strategy)),
  intensity: fc.nat(4),
  periodMs: fc.integer({ min: 1, max: 50 }),
  autoShutdown: fc.constantFrom(...Object.values(AutoShutdown)),
  children: fc
    .array(
      fc.record({ restart: fc.constantFrom(...Object.values(Restart)), significant: fc.boolean() }),
      {
        maxLength: 6,
      },
    )
    .map((children) =>
      children.map(({ restart, significant }, i) =>
        child(`c${i}`, { restart, significant: significant && restart !== Restart.PERMANENT }),
      ),
    ),
});

const happenings = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('exit' as const),
        of: fc.nat(),
        failed: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const), ms: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('break' as const), of: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('mend' as const) }) },
  ),
  { maxLength: 30 },
);

describe('a supervisor', () => {
  it('does what the model does, in the same order', () => {
    fc.assert(
      fc.property(families, happenings, (rules, events) => {
        const family = new Family(rules).start();
        const model = new Model(rules, family.broken);
        for (const event of events) {
          if (model.ended) break;
          if (event.kind === 'turn') {
            family.turn(event.ms);
            model.now += event.ms;
          } else if (event.kind === 'mend') family.broken.clear();
          else {
            const at = rules.children.length === 0 ? -1 : event.of % rules.children.length;
            const id = rules.children[at]?.id ?? '';
            if (event.kind === 'break') family.broken.add(id);
            else if (at >= 0 && model.isUp(at)) {
              model.exits(at, event.failed);
              family.exits(id, event.failed ? crash() : null);
            }
          }
        }
        if (!model.ended) {
          model.end();
          family.stop();
        }
        expect(family.log).toEqual(model.log);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps its promises in whatever order answers, exits and timers come', () => {
    fc.assert(
      fc.property(families, fc.array(fc.nat(), { maxLength: 80 }), (rules, choices) => {
        const world = new AnyOrder(rules);
        for (const choice of choices) world.next(choice);
        world.live({ kind: 'stop', withinMs: 100, error: null });
        for (let i = 0; i < 1000 && !world.ended; i++) world.next(0);
        expect(world.ended).toBe(true);
        expect([...world.alive.keys()]).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Children whose answers wait until they are chosen, one at a time. Checks at each step. */
class AnyOrder {
  ended = false;
  /** Processes by PID, with the child they are of. */
  readonly alive = new Map<string, number>();
  private readonly pending: (() => void)[] = [];
  private state;
  private now = 0;

  constructor(private readonly rules: SupervisorRules) {
    this.state = initialState(rules);
    this.give({ kind: 'start' });
  }

  /** One of the things that can happen now. */
  next(choice: number): void {
    const crashes = [...this.alive].map(
      ([pid, at]) =>
        () =>
          this.dies(pid, at, choice % 2 === 0),
    );
    const all = [...this.pending, ...crashes];
    if (this.ended || all.length === 0) return;
    this.now += choice % 7;
    const happens = all[choice % all.length];
    const i = this.pending.indexOf(happens ?? (() => undefined));
    if (i >= 0) this.pending.splice(i, 1);
    happens?.();
  }

  live(input: SupervisorInput): void {
    if (!this.ended) this.give(input);
  }

  private give(input: SupervisorInput): void {
    const { state, actions } = stepSupervisor(this.rules, this.state, input, this.now);
    this.state = state;
    expect(state.restarts.length).toBeLessThanOrEqual(this.rules.intensity + 1);
    for (const action of actions) {
      if (action.kind === 'end') this.ended = true;
      else if (action.kind === 'start') {
        const { child, run } = action;
        // Never two processes of one child.
        expect([...this.alive.values()]).not.toContain(child);
        this.pending.push(() => this.comesUp(child, run));
      } else if (action.kind === 'arm') {
        const { child, run } = action;
        this.pending.push(() => this.live({ kind: 'timer', child, run }));
      } else if (action.kind === 'cancel' || action.kind === 'terminate') {
        const { pid, child } = action;
        // A start that nobody waited for any more: the process is sent away as it comes.
        if (!pid.endsWith(`#${state.children.at(child).run}`)) this.alive.delete(pid);
        this.pending.push(() => this.dies(pid, child, action.kind === 'terminate'));
      }
    }
  }

  private comesUp(child: number, run: number): void {
    if (this.ended) return;
    const pid = `${child}#${run}`;
    this.alive.set(pid, child);
    this.live({ kind: 'started', child, run, pid });
  }

  private dies(pid: string, child: number, failed: boolean): void {
    if (!this.alive.delete(pid)) return;
    const run = Number(pid.slice(pid.indexOf('#') + 1));
    this.live({ kind: 'exited', child, run, error: failed ? crash() : null });
  }
}
