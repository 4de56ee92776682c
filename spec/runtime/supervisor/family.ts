/**
 * A supervisor's decisions with children made of nothing: starts and ends are answered at once, or by
 * hand where a spec says so; the clock is turned by hand; all that is done is in a log.
 */
import { PerdureError } from '../../../src/core/errors.js';
import {
  DEFAULT_SUPERVISION,
  initialState,
  Strategy,
  type SupervisorAction,
  type SupervisorInput,
  type SupervisorState,
  stepSupervisor,
} from '../../../src/runtime/supervisor/index.js';
import type {
  ChildRules,
  SupervisorRules,
} from '../../../src/runtime/supervisor/supervisor-spec.js';

export const child = (id: string, change: Partial<ChildRules> = {}): ChildRules => ({
  id,
  restart: DEFAULT_SUPERVISION.restart,
  shutdown: DEFAULT_SUPERVISION.shutdownMs,
  significant: false,
  durable: false,
  ...change,
});

export const rules = (
  children: readonly ChildRules[],
  change: Partial<SupervisorRules> = {},
): SupervisorRules => ({
  strategy: DEFAULT_SUPERVISION.strategy,
  intensity: DEFAULT_SUPERVISION.intensity,
  periodMs: DEFAULT_SUPERVISION.periodMs,
  autoShutdown: DEFAULT_SUPERVISION.autoShutdown,
  children,
  ...change,
});

export const crash = (text = 'crashed'): PerdureError => new PerdureError('UNKNOWN', text);

export class Family {
  now = 0;
  log: string[] = [];
  /** How it ended; `undefined` while it lives. */
  ended: PerdureError | null | undefined;
  /** Children whose start fails. */
  readonly broken = new Set<string>();
  /** Children whose start is answered by hand, with {@link arrives}. */
  readonly slow = new Set<string>();
  /** Children that do not end when they are told to. */
  readonly deaf = new Set<string>();
  state: SupervisorState;
  private readonly timers = new Map<string, { at: number; input: SupervisorInput }>();
  private readonly queue: SupervisorInput[] = [];
  private busy = false;

  readonly rules: SupervisorRules & { readonly children: ChildRules[] };
  /** Answers to what was asked, by ticket. */
  readonly answers: string[] = [];
  private tickets = 0;

  constructor(rules: SupervisorRules) {
    this.rules = { ...rules, children: [...rules.children] };
    this.state = initialState(this.rules);
  }

  /** Asks for a new child. @returns the ticket. */
  add(rules: ChildRules): this {
    const removed =
      this.rules.strategy === Strategy.SIMPLE_ONE_FOR_ONE ? this.free.pop() : undefined;
    const at = removed ?? this.rules.children.length;
    this.rules.children[at] = rules;
    const request = { op: 'start_child', ticket: ++this.tickets, child: at } as const;
    return this.give({ kind: 'ask', request });
  }

  ask(op: 'terminate_child' | 'restart_child' | 'delete_child', of: string): this {
    return this.give({ kind: 'ask', request: { op, ticket: ++this.tickets, of } });
  }

  /** Answers so far, in order: `1 0#1`, `2 ok`, `3 NOT_FOUND not_found`. */
  heard(): string[] {
    return this.answers.splice(0);
  }

  private readonly free: number[] = [];

  /** A supervisor that has started. */
  static up(children: readonly ChildRules[], change: Partial<SupervisorRules> = {}): Family {
    const family = new Family(rules(children, change)).start();
    family.log = [];
    return family;
  }

  start(): this {
    return this.give({ kind: 'start' });
  }

  stop(withinMs = Number.POSITIVE_INFINITY): this {
    return this.give({ kind: 'stop', withinMs, error: null });
  }

  /** The child ends by itself. */
  exits(id: string, error: PerdureError | null = null): this {
    return this.exitsAt(this.index(id), error);
  }

  /** The child with this number ends by itself. */
  exitsAt(at: number, error: PerdureError | null = null): this {
    return this.give({ kind: 'exited', child: at, run: this.state.children.at(at).run, error });
  }

  fails(id: string, text?: string): this {
    return this.exits(id, crash(text));
  }

  /** A slow start is over. */
  arrives(id: string, error: PerdureError | null = null): this {
    const at = this.index(id);
    return this.answer(at, this.state.children.at(at).run, error);
  }

  /** Turns the clock, with what is due on the way. */
  turn(ms: number): this {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.timers]
        .filter(([, t]) => t.at <= end)
        .sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.now = due[1].at;
      this.give(due[1].input);
    }
    this.now = end;
    return this;
  }

  /** The children that are up, each with the number of its start. */
  get alive(): string[] {
    return this.rules.children.flatMap(({ id }, i) => {
      if (i >= this.state.children.length) return [];
      const state = this.state.children.at(i);
      return state.kind === 'up' ? [`${id}#${state.run}`] : [];
    });
  }

  /** The log so far, which is empty afterwards. */
  take(): string[] {
    return this.log.splice(0);
  }

  /** What a spec has no shorter word for. */
  give(input: SupervisorInput): this {
    this.queue.push(input);
    if (this.busy) return this;
    this.busy = true;
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      const { state, actions } = stepSupervisor(this.rules, this.state, next, this.now);
      this.state = state;
      for (const action of actions) this.act(action);
    }
    this.busy = false;
    return this;
  }

  private act(action: SupervisorAction): void {
    if (action.kind === 'end') {
      this.ended = action.error;
      this.log.push('end');
      return;
    }
    if (action.kind === 'answer') {
      const { ticket, pid, error } = action;
      const reason = (error?.details as { reason?: string } | null)?.reason;
      const refused = `${error?.kind} ${reason ?? error?.text}`;
      this.answers.push(`${ticket} ${error === null ? (pid ?? 'ok') : refused}`);
      return;
    }
    if (action.kind === 'forget') {
      this.free.push(action.child);
      return;
    }
    const { id } = this.rules.children[action.child] ?? { id: '?' };
    switch (action.kind) {
      case 'start':
        this.log.push(`start ${id}`);
        if (!this.slow.has(id)) {
          this.answer(action.child, action.run, this.broken.has(id) ? crash('broken') : null);
        }
        break;
      case 'arm': {
        const { child, run } = action;
        this.timers.set(`${child}#${run}`, {
          at: this.now + action.ms,
          input: { kind: 'timer', child, run },
        });
        break;
      }
      case 'cancel':
        this.log.push(`cancel ${id} ${action.withinMs}`);
        if (!this.deaf.has(id)) this.gone(action.pid, action.child, null);
        break;
      case 'terminate':
        this.log.push(`terminate ${id}`);
        this.gone(action.pid, action.child, crash('terminated'));
        break;
      case 'leave':
        this.log.push(`leave ${id}`);
        break;
      case 'note_restart':
        this.log.push(`restart ${id} ${action.count}`);
    }
  }

  private answer(at: number, run: number, error: PerdureError | null): this {
    if (error !== null) return this.give({ kind: 'start_failed', child: at, run, error });
    return this.give({ kind: 'started', child: at, run, pid: `${at}#${run}` });
  }

  private gone(pid: string, at: number, error: PerdureError | null): void {
    const run = Number(pid.slice(pid.indexOf('#') + 1));
    this.timers.delete(`${at}#${run}`);
    this.give({ kind: 'exited', child: at, run, error });
  }

  private index(id: string): number {
    const at = this.rules.children.findIndex(
      (one, i) =>
        one.id === id &&
        i < this.state.children.length &&
        this.state.children.at(i).kind !== 'removed',
    );
    if (at < 0) throw new Error(`there is no child ${id}`);
    return at;
  }
}
