/**
 * A node whose local host runs supervisors beside generator programs, with a clock that is turned by
 * hand. Its workers say what happens to them in `log`.
 */
import { Message } from '../../src/core/message.js';
import type { Value } from '../../src/core/payload.js';
import type { Pid } from '../../src/core/pid.js';
import { EMPTY_CONTEXT, type ExitResult } from '../../src/core/signal.js';
import { LocalFunctions } from '../../src/hosts/local/functions.js';
import { LocalHost } from '../../src/hosts/local/local-host.js';
import { SupervisorProgram } from '../../src/hosts/local/supervisor-program.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import type { SpawnOrder } from '../../src/runtime/host.js';
import { Node } from '../../src/runtime/node.js';
import {
  type ChildInfo,
  type ChildSpec,
  DEFAULT_SUPERVISION,
  type SupervisorSpec,
  type SupervisorView,
} from '../../src/runtime/supervisor/index.js';
import { generatorPrograms, type Main } from './generator-program.js';
import { HandClock } from './hand-clock.js';
import { quietOutside } from './quiet-outside.js';

export const HOST = 'app:processes';

/** A child that runs `app:<id>`, unless `change` says otherwise. */
export function member(id: string, change: Partial<ChildSpec> = {}): ChildSpec {
  const { restart, shutdownMs } = DEFAULT_SUPERVISION;
  const supervisor = change.kind === 'supervisor';
  return {
    id,
    kind: 'worker',
    entry: 'app:worker',
    host: HOST,
    values: [id],
    name: null,
    restart,
    shutdown: supervisor ? Number.POSITIVE_INFINITY : shutdownMs,
    significant: false,
    durable: false,
    ...change,
  };
}

export function supervising(
  children: readonly ChildSpec[],
  change: Partial<SupervisorSpec> = {},
): SupervisorSpec {
  const { strategy, intensity, periodMs, autoShutdown } = DEFAULT_SUPERVISION;
  return { strategy, intensity, periodMs, autoShutdown, children, ...change };
}

export class SupervisedNode {
  readonly clock = new HandClock();
  readonly node = new Node({ name: 'n1', clock: this.clock });
  readonly events: NodeEvent[] = [];
  readonly host: LocalHost;
  /** What workers went through: `a up`, `a CANCEL`. */
  readonly log: string[] = [];

  constructor(
    supervisors: { readonly [entry: string]: SupervisorSpec },
    mains: { readonly [entry: string]: Main } = {},
  ) {
    const { node, events } = this;
    node.events.subscribe((event) => events.push(event));
    const others = generatorPrograms({ 'app:worker': this.worker, ...mains });
    const port = {
      supervisors: node.supervisors,
      deliver: node.deliver.bind(node),
      parentOf: (pid: Pid) => this.host.describe(pid)?.parent ?? null,
      publish: (event: NodeEvent) => node.events.publish(event),
      newChild: (_: string, child: unknown) => {
        const { id = 'new', ...change } = child as Partial<ChildSpec>;
        return member(id, change);
      },
    };
    this.host = new LocalHost({
      id: HOST,
      node,
      programs: {
        open(entry, kernel) {
          const spec = supervisors[entry];
          if (spec === undefined) return others.open(entry, kernel);
          return new SupervisorProgram(kernel, spec, port);
        },
      },
      functions: new LocalFunctions(node),
      outside: quietOutside(node),
    });
    node.addHost(this.host);
  }

  spawn(entry: string, change: Partial<SpawnOrder> = {}): Pid {
    const order = { values: [], name: null, messages: [], context: EMPTY_CONTEXT, options: {} };
    const spawned = this.host.spawn({ entry, parent: null, ...order, ...change });
    if ('error' in spawned) throw spawned.error;
    return spawned.pid;
  }

  /** Spawns a supervisor and waits until all that can happen without the clock has happened. */
  async up(entry: string, change: Partial<SpawnOrder> = {}): Promise<Pid> {
    const pid = this.spawn(entry, change);
    await this.quiet();
    return pid;
  }

  exitOf(pid: Pid): Promise<ExitResult> {
    return new Promise((resolve) => {
      this.node.observe(pid, resolve);
    });
  }

  view(supervisor: Pid): SupervisorView {
    const view = this.node.supervisors.get(supervisor);
    if (view === undefined) throw new Error(`there is no supervisor ${supervisor}`);
    return view;
  }

  row(supervisor: Pid, id: string): ChildInfo {
    const row = this.view(supervisor)
      .children()
      .find((child) => child.id === id);
    if (row === undefined) throw new Error(`there is no child ${id}`);
    return row;
  }

  /** The process of a child that has one. */
  pidOf(supervisor: Pid, id: string): Pid {
    const { pid } = this.row(supervisor, id);
    if (pid === null) throw new Error(`child ${id} has no process`);
    return pid;
  }

  /** Tells a worker what to do: `crash`, `end`. */
  async tell(pid: Pid, topic: string, ...values: Value[]): Promise<void> {
    await this.node.send(pid, new Message(null, topic, values, null));
    await this.quiet();
  }

  async cancel(pid: Pid, deadlineMs: number | null = null): Promise<void> {
    await this.node.deliver(pid, { kind: 'cancel', from: null, reason: null, deadlineMs });
    await this.quiet();
  }

  async terminate(pid: Pid): Promise<void> {
    await this.node.deliver(pid, { kind: 'terminate', from: null, reason: null });
    await this.quiet();
  }

  turn(ms: number): Promise<void> {
    return this.clock.turn(ms, () => this.quiet());
  }

  /** Resolves when no process has anything to do any more. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 3; still++) {
      await new Promise(setImmediate);
      if (this.host.list().some(({ status }) => status !== 'waiting')) still = -1;
    }
  }

  /** How many processes live on the host. */
  get alive(): number {
    return this.host.list().length;
  }

  /** The log so far, which is empty afterwards. */
  take(): string[] {
    return this.log.splice(0);
  }

  /** Ends at CANCEL and when told to `end`, fails when told to `crash`, and is deaf when told so. */
  private readonly worker = function* (this: SupervisedNode, kernel: Kernel, name: Value) {
    this.log.push(`${name} up`);
    const { events, inbox } = kernel.mailbox;
    for (let deaf = false; ; ) {
      const cases = [events.caseReceive(), inbox.caseReceive()];
      const { value } = yield { op: 'select', cases, orElse: false };
      const heard = value as { value: { kind?: string; topic?: string; first?: Value } };
      const { kind, topic, first } = heard.value;
      this.log.push(`${name} ${topic ?? kind}`);
      if (topic === 'deaf') deaf = true;
      else if (topic === 'crash') throw new Error(String(first ?? 'crashed'));
      else if (topic === 'end' || !deaf) return name ?? null;
    }
  }.bind(this) as Main;
}
