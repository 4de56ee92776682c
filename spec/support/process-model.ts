/**
 * A model of rules 1, 2, 4, 5 and 8 of docs/semantics.md, as small as they allow: sets of monitors and
 * links, and lists of what each process reads. A *wave* gives some processes a list of steps each; they
 * take their turns in that order, and only then does everybody read what has come.
 */

export type Step =
  | { readonly op: 'send' | 'link' | 'unlink' | 'monitor' | 'unmonitor'; readonly target: number }
  | { readonly op: 'terminate'; readonly target: number }
  | { readonly op: 'spawn'; readonly monitor: boolean; readonly link: boolean }
  | { readonly op: 'trap'; readonly on: boolean }
  | { readonly op: 'register' | 'sendTo'; readonly name: number }
  | { readonly op: 'return' | 'fail' };

export interface Turn {
  readonly actor: number;
  readonly steps: readonly Step[];
}

/** How a process ended: `value`, `ended` (failed or terminated in this wave), `NOT_FOUND`. */
export type End = string;

/** What one process has seen. Events of one wave come in any order, so each wave's are sorted. */
export interface Seen {
  readonly answers: string[];
  readonly messages: string[];
  readonly events: string[];
}

type State = 'alive' | 'ending' | 'dead';

interface Modelled extends Seen {
  state: State;
  trap: boolean;
  end: End | null;
  readonly links: Set<number>;
  /** Whom it watches. */
  readonly watches: Set<number>;
  /** Events of this wave. */
  fresh: string[];
  /** Messages of this wave: a process that ends in it may or may not have read them. */
  unread: string[];
}

export class ProcessModel {
  readonly processes: Modelled[] = [];
  private readonly names = new Map<number, number>();
  /** Those that have ended and whose watchers have not been told, in order. */
  private readonly ending: number[] = [];
  private sent = 0;

  constructor(
    count: number,
    private readonly limit: number,
  ) {
    for (let i = 0; i < count; i++) this.add();
  }

  wave(turns: readonly Turn[]): void {
    for (const { actor, steps } of turns) {
      if (this.at(actor).state === 'alive') this.turn(actor, steps);
      if (this.at(actor).state === 'ending') this.tell(actor);
    }
    for (let i = 0; i < this.ending.length; i++) this.tell(this.ending[i] as number);
    this.ending.length = 0;
    for (const process of this.processes) {
      process.messages.push(...process.unread.splice(0));
      process.events.push(...process.fresh.splice(0).sort());
    }
  }

  private add(): number {
    const fresh: Modelled = {
      state: 'alive',
      trap: false,
      end: null,
      links: new Set(),
      watches: new Set(),
      answers: [],
      messages: [],
      events: [],
      fresh: [],
      unread: [],
    };
    return this.processes.push(fresh) - 1;
  }

  private at(i: number): Modelled {
    return this.processes[i] as Modelled;
  }

  private turn(actor: number, steps: readonly Step[]): void {
    const self = this.at(actor);
    for (const step of steps) {
      const answer = this.step(actor, self, step);
      if (self.state !== 'alive') return;
      self.answers.push(`${step.op} ${answer}`);
    }
  }

  private step(actor: number, self: Modelled, step: Step): string {
    switch (step.op) {
      case 'send':
        return this.send(actor, step.target);
      case 'sendTo': {
        const owner = this.names.get(step.name);
        return owner === undefined ? 'NOT_FOUND' : this.send(actor, owner);
      }
      case 'register': {
        const owner = this.names.get(step.name);
        if (owner !== undefined && owner !== actor) return 'ALREADY_EXISTS';
        this.names.set(step.name, actor);
        return 'true';
      }
      case 'trap':
        self.trap = step.on;
        return 'true';
      case 'return':
      case 'fail':
        this.end(actor, step.op === 'return' ? 'value' : 'ended');
        return '';
      case 'terminate':
        if (this.at(step.target).state !== 'alive') return 'NOT_FOUND';
        this.end(step.target, 'ended');
        return 'true';
      case 'spawn': {
        if (this.processes.length >= this.limit) return 'none';
        const child = this.add();
        if (step.monitor) this.monitor(self, child);
        if (step.link) this.link(actor, child);
        return String(child);
      }
      case 'monitor':
        this.monitor(self, step.target);
        return 'true';
      case 'unmonitor':
        self.watches.delete(step.target);
        return 'true';
      case 'link':
        this.link(actor, step.target);
        return 'true';
      case 'unlink':
        self.links.delete(step.target);
        this.at(step.target).links.delete(actor);
        return 'true';
    }
  }

  private send(from: number, to: number): string {
    const target = this.at(to);
    const number = ++this.sent;
    if (target.state !== 'alive') return `${number} NOT_FOUND`;
    target.unread.push(`${number} from ${from}`);
    return `${number} true`;
  }

  private monitor(self: Modelled, target: number): void {
    if (this.at(target).state === 'dead') self.fresh.push(`EXIT ${target} NOT_FOUND`);
    else self.watches.add(target);
  }

  private link(actor: number, target: number): void {
    if (this.at(target).state === 'dead') {
      this.linkDown(actor, target, 'NOT_FOUND');
      return;
    }
    this.at(actor).links.add(target);
    this.at(target).links.add(actor);
  }

  private linkDown(to: number, from: number, end: End): void {
    const target = this.at(to);
    if (target.state !== 'alive') return;
    if (target.trap) target.fresh.push(`LINK_DOWN ${from} ${end}`);
    else this.end(to, end);
  }

  private end(i: number, end: End): void {
    const process = this.at(i);
    process.state = 'ending';
    process.end = end;
    process.unread.length = 0;
    process.fresh.length = 0;
    for (const [name, owner] of this.names) if (owner === i) this.names.delete(name);
    this.ending.push(i);
  }

  /** Tells watchers and links of an end, once. */
  private tell(i: number): void {
    const ended = this.at(i);
    if (ended.state !== 'ending') return;
    ended.state = 'dead';
    const end = ended.end as End;
    this.processes.forEach((watcher) => {
      if (!watcher.watches.delete(i) || watcher.state !== 'alive') return;
      watcher.fresh.push(`EXIT ${i} ${end}`);
    });
    for (const other of ended.links) {
      this.at(other).links.delete(i);
      if (end !== 'value') this.linkDown(other, i, end);
    }
    ended.links.clear();
    ended.watches.clear();
  }
}
