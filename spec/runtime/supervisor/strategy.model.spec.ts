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
import type {
  ChildRules,
  SupervisorRules,
} from '../../../src/runtime/supervisor/supervisor-spec.js';
import { child, crash, Family } from './family.js';

/** A supervisor without time between a question and its answer. `log` is in the words of {@link Family}. */
class Model {
  readonly log: string[] = [];
  now = 0;
  ended = false;
  /** What was answered, without the PIDs: `1 pid`, `2 ok`, `3 CONFLICT running`. */
  readonly answers: string[] = [];
  private readonly rules: SupervisorRules & { readonly children: ChildRules[] };
  private readonly free: number[] = [];
  private up: boolean[];
  private gone: boolean[];
  private restarts: number[] = [];

  constructor(
    rules: SupervisorRules,
    private readonly broken: ReadonlySet<string>,
  ) {
    this.rules = { ...rules, children: [...rules.children] };
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
    this.leave(i);
    const { autoShutdown: auto, children } = this.rules;
    const left = children.some((other, j) => other.significant && this.isUp(j));
    if (!significant || auto === AutoShutdown.NEVER) return;
    if (auto === AutoShutdown.ANY_SIGNIFICANT || !left) this.end();
  }

  get simple(): boolean {
    return this.rules.strategy === Strategy.SIMPLE_ONE_FOR_ONE;
  }

  get size(): number {
    return this.rules.children.length;
  }

  idOf(i: number): string {
    return this.child(i).id;
  }

  startChild(rules: ChildRules): void {
    const other = this.simple ? -1 : this.find(rules.id);
    const i = this.free.pop() ?? this.size;
    this.rules.children[i] = rules;
    this.gone[i] = other >= 0;
    if (other >= 0) {
      this.answer(`ALREADY_EXISTS ${this.isUp(other) ? 'already_started' : 'already_present'}`);
      return;
    }
    if (this.start(i)) this.answer('pid');
    else {
      this.remove(i);
      this.answer(`UNKNOWN child ${rules.id} did not start: broken`);
    }
  }

  /** `i` is -1 where it was asked for by a name that nobody has. */
  terminateChild(i: number): void {
    if (i < 0) this.answer('NOT_FOUND not_found');
    else {
      this.stopOne(i);
      this.answer('ok');
    }
  }

  restartChild(i: number): void {
    if (!this.refused(i)) {
      this.answer(this.start(i) ? 'pid' : `UNKNOWN child ${this.idOf(i)} did not start: broken`);
      if (!this.isUp(i)) this.leave(i);
    }
  }

  deleteChild(i: number): void {
    if (this.refused(i)) return;
    this.remove(i);
    this.answer('ok');
  }

  private refused(i: number): boolean {
    if (this.simple) this.answer('INVALID simple_one_for_one');
    else if (i < 0) this.answer('NOT_FOUND not_found');
    else if (this.isUp(i)) this.answer('CONFLICT running');
    else return false;
    return true;
  }

  /** The child that has the id. */
  find(id: string): number {
    return this.rules.children.findIndex((one, i) => one.id === id && this.gone[i] !== true);
  }

  private answer(text: string): void {
    this.answers.push(`${this.answers.length + 1} ${text}`);
  }

  /** What becomes of a child that has ended. */
  private leave(i: number): void {
    if (this.simple || this.child(i).restart === Restart.TEMPORARY) this.remove(i);
  }

  private remove(i: number): void {
    this.gone[i] = true;
    if (this.simple) this.free.push(i);
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
    if (this.simple || this.rules.strategy === Strategy.ONE_FOR_ONE)
      return this.start(child) ? null : child;
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
    for (let i = this.size - 1; i >= from; i--) this.stopOne(i);
  }

  private stopOne(i: number): void {
    if (!this.isUp(i)) return;
    this.log.push(`cancel ${this.idOf(i)} ${this.child(i).shutdown}`);
    this.up[i] = false;
    this.leave(i);
  }

  private child(i: number) {
    const rules = this.rules.children[i];
    if (rules === undefined) throw new Error(`there is no child ${i}`);
    return rules;
  }
}

const restarts = fc.constantFrom(...Object.values(Restart));

const families = fc
  .record({
    strategy: fc.constantFrom(...Object.values(Strategy)),
    intensity: fc.nat(4),
    periodMs: fc.integer({ min: 1, max: 50 }),
    autoShutdown: fc.constantFrom(...Object.values(AutoShutdown)),
    children: fc.array(fc.record({ restart: restarts, significant: fc.boolean() }), {
      maxLength: 6,
    }),
  })
  .map(({ children, ...rules }) => ({
    ...rules,
    // Those of simple_one_for_one all come later.
    children: (rules.strategy === Strategy.SIMPLE_ONE_FOR_ONE ? [] : children).map(
      ({ restart, significant }, i) =>
        child(`c${i}`, { restart, significant: significant && restart !== Restart.PERMANENT }),
    ),
  }));

const requests = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), id: fc.nat(7), restart: restarts }),
  fc.record({
    kind: fc.constantFrom('terminate_child', 'restart_child', 'delete_child' as const),
    of: fc.nat(),
  }),
);

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
    { weight: 4, arbitrary: requests },
  ),
  { maxLength: 30 },
);

/** By id; of simple_one_for_one the PID of a child that may be gone. */
function ask(model: Model, family: Family, op: Asked, at: number, id: string): void {
  const pid = at < 0 ? 'nobody' : `${at}#${family.state.children.at(at).run}`;
  const found = model.simple ? (model.isUp(at) ? at : -1) : model.find(id);
  if (op === 'terminate_child') model.terminateChild(found);
  else if (op === 'restart_child') model.restartChild(found);
  else model.deleteChild(found);
  family.ask(op, model.simple ? pid : id);
}

type Asked = 'terminate_child' | 'restart_child' | 'delete_child';

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
          else if (event.kind === 'add') {
            const added = child(`c${event.id}`, { restart: event.restart });
            model.startChild(added);
            family.add(added);
          } else {
            const at = model.size === 0 ? -1 : event.of % model.size;
            const id = at < 0 ? 'nobody' : model.idOf(at);
            if (event.kind === 'break') family.broken.add(id);
            else if (event.kind !== 'exit') ask(model, family, event.kind, at, id);
            else if (at >= 0 && model.isUp(at)) {
              model.exits(at, event.failed);
              family.exitsAt(at, event.failed ? crash() : null);
            }
          }
        }
        if (!model.ended) {
          model.end();
          family.stop();
        }
        expect(family.log).toEqual(model.log);
        expect(family.heard().map((text) => text.replace(/\d+#\d+$/, 'pid'))).toEqual(
          model.answers,
        );
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
        expect([...world.open]).toEqual([]);
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
  /** Tickets that have no answer yet. */
  readonly open = new Set<number>();
  private readonly rules: SupervisorRules & { readonly children: ChildRules[] };
  private readonly pending: (() => void)[] = [];
  private state;
  private now = 0;
  private tickets = 0;

  constructor(rules: SupervisorRules) {
    this.rules = { ...rules, children: [...rules.children] };
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
    const asks = this.tickets < 12 ? [() => this.ask(choice)] : [];
    const all = [...this.pending, ...crashes, ...asks];
    if (this.ended || all.length === 0) return;
    this.now += choice % 7;
    const happens = all[choice % all.length];
    const i = this.pending.indexOf(happens ?? (() => undefined));
    if (i >= 0) this.pending.splice(i, 1);
    happens?.();
  }

  private ask(choice: number): void {
    const ticket = ++this.tickets;
    this.open.add(ticket);
    const op = (['start_child', 'terminate_child', 'restart_child', 'delete_child'] as const)[
      choice % 4
    ];
    const id = `c${choice % 5}`;
    if (op === 'start_child') {
      this.rules.children.push(child(id));
      const request = { op, ticket, child: this.rules.children.length - 1 } as const;
      this.live({ kind: 'ask', request });
    } else if (op !== undefined) {
      const { SIMPLE_ONE_FOR_ONE } = Strategy;
      const of = this.rules.strategy === SIMPLE_ONE_FOR_ONE ? `${choice % 5}#1` : id;
      this.live({ kind: 'ask', request: { op, ticket, of } });
    }
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
      else if (action.kind === 'answer') expect(this.open.delete(action.ticket)).toBe(true);
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
