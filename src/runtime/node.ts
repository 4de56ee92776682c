/**
 * A node: one running perdure runtime. It routes signals to hosts, keeps names and topology, and
 * tells observers what happens. Everything hangs off this object, so two can live in one program.
 *
 * Invariants:
 * 1. A signal between two local processes is delivered before `deliver` returns: order is call order.
 * 2. Each process that was reported as spawned on this node is reported as exited once.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Message } from '../core/message.js';
import { unknownOption } from '../core/options.js';
import { type Pid, parsePid } from '../core/pid.js';
import {
  ACCEPTED,
  type Delivery,
  type ExitResult,
  RESERVED_TOPIC_PREFIX,
  type Signal,
} from '../core/signal.js';
import type { Clock } from './clock.js';
import { EventStream } from './events.js';
import type {
  Host,
  MaybePromise,
  ProcessDetails,
  ProcessInfo,
  Spawned,
  SpawnOrder,
} from './host.js';
import { Names } from './names.js';
import { NodeMailbox } from './node-mailbox.js';
import { Observer } from './observer.js';
import { notFound, ProgramHost } from './program-host.js';
import { Supervisors } from './supervisor/supervisors.js';
import { Topology } from './topology.js';

export interface NodeOptions {
  /** Unique to this start: a configured name carries its incarnation. */
  readonly name: string;
  readonly clock: Clock;
}

export class Node {
  readonly name: string;
  readonly clock: Clock;
  readonly names = new Names();
  readonly topology = new Topology();
  readonly supervisors = new Supervisors();
  readonly events = new EventStream();
  private readonly hosts = new Map<string, Host>();
  private readonly aliases = new Map<string, Host>();
  private readonly program: ProgramHost;
  /** Reached last, of the hosts that find their processes by themselves: the next signal most likely goes there too. */
  private last: Host | null = null;

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.clock = options.clock;
    this.program = new ProgramHost(options.name);
    this.addHost(this.program);
  }

  // --- hosts ------------------------------------------------------------------------------------

  /** Makes a host known, under its id and under other names (a worker under its task queue). */
  addHost(host: Host, aliases: readonly string[] = []): void {
    this.hosts.set(host.id, host);
    for (const alias of aliases) this.aliases.set(alias, host);
  }

  host(name: string): Host | undefined {
    return this.hosts.get(name) ?? this.aliases.get(name);
  }

  // --- processes --------------------------------------------------------------------------------

  /**
   * Starts a process on `host`. Failures come back as data: NOT_FOUND for an unknown host, INVALID for an
   * option that no host knows.
   */
  spawn(host: string, order: SpawnOrder): MaybePromise<Spawned> {
    const target = this.host(host);
    if (target === undefined) return { error: this.unknownHost(host) };
    const wrong = unknownOption(order.options);
    if (wrong !== null) return { error: wrong };
    const answer = target.spawn(order);
    if (answer instanceof Promise) return answer.then((a) => this.noteSpawned(order, a));
    return this.noteSpawned(order, answer);
  }

  /** Hands a signal to the process that `pid` names. */
  deliver(pid: Pid, signal: Signal): MaybePromise<Delivery> {
    const delivery = this.last?.reach?.(pid, signal);
    if (delivery !== undefined) return delivery;
    const host = this.hostOf(pid);
    return host === undefined ? refused(notFound(pid)) : host.deliver(pid, signal);
  }

  /** Sends a message to a PID or a registered name; what cannot be delivered is also an `undeliverable` event. */
  send(to: string, message: Message): MaybePromise<Delivery> {
    const { topic } = message;
    if (topic.charCodeAt(0) === RESERVED) return refused(reservedTopic(topic));
    const pid = to.charCodeAt(0) === 123 /* { */ ? to : this.names.lookup(to);
    const delivery =
      pid === undefined
        ? refused(new PerdureError(ErrorKind.NOT_FOUND, `name not found: ${to}`))
        : this.deliver(pid, message);
    if (delivery instanceof Promise) {
      return delivery.then((answer) => this.noteUndelivered(to, message, answer));
    }
    return this.noteUndelivered(to, message, delivery);
  }

  /**
   * `watcher` gets one EXIT when `target` ends, at once where it has ended already.
   * A target that never was gives an EXIT with NOT_FOUND.
   */
  monitor(watcher: Pid, target: Pid): MaybePromise<Delivery> {
    this.topology.monitor(watcher, target);
    const answer = this.deliver(target, { kind: 'monitor', from: watcher });
    if (answer instanceof Promise) return answer.then((a) => this.monitored(watcher, target, a));
    return this.monitored(watcher, target, answer);
  }

  /** Afterwards there is no such monitor, whether or not there was one, and whoever has ended meanwhile. */
  unmonitor(watcher: Pid, target: Pid): MaybePromise<Delivery> {
    this.topology.unmonitor(watcher, target);
    if (this.topology.isWatched(target)) return ACCEPTED;
    return undone(this.deliver(target, { kind: 'unmonitor', from: watcher }));
  }

  /** Links two processes; linking to the dead counts as its failure, NOT_FOUND. */
  link(from: Pid, target: Pid): MaybePromise<Delivery> {
    this.topology.link(from, target);
    if (this.events.observed) {
      this.events.publish({ kind: 'linked', pid: from, to: target, at: this.clock.now() });
    }
    const answer = this.deliver(target, { kind: 'link', from });
    if (answer instanceof Promise) return answer.then((a) => this.linked(from, target, a));
    return this.linked(from, target, answer);
  }

  /** As {@link Node.unmonitor}; the target hears of it, for it may keep a record of its links. */
  unlink(from: Pid, target: Pid): MaybePromise<Delivery> {
    this.topology.unlink(from, target);
    return undone(this.deliver(target, { kind: 'unlink', from }));
  }

  /**
   * A host reports the end of a process; watchers and links are told, names are released.
   * @param bonded false where the host knows that the process has none: most have, and a look would hash the PID
   */
  exited(pid: Pid, result: ExitResult, bonded = true): void {
    if (bonded) this.forget(pid, result);
    else this.names.release(pid);
    if (this.events.observed) {
      this.events.publish({ kind: 'exited', pid, result, at: this.clock.now() });
    }
  }

  /** `pid` is dead: its watchers and links are told, its names are free. */
  forget(pid: Pid, result: ExitResult): void {
    this.names.release(pid);
    for (const { to, signal } of this.topology.exited(pid, result)) void this.deliver(to, signal);
  }

  /**
   * `pid` lives elsewhere and this node cannot know any longer how those here and `pid` stand to each other:
   * `pid` watches nobody here any more, and to those here that are linked to it that is its failure.
   */
  disconnected(pid: Pid, error: PerdureError): void {
    const { topology } = this;
    for (const target of topology.monitorsOf(pid)) topology.unmonitor(pid, target);
    for (const to of topology.linksOf(pid)) {
      topology.unlink(pid, to);
      void this.deliver(to, { kind: 'link_down', from: pid, result: { value: null, error } });
    }
  }

  /** Calls `onExit` once, when `pid` ends. @returns a function that stops watching. */
  observe(pid: Pid, onExit: (result: ExitResult) => void): () => void {
    const observer = new Observer(this.program, onExit);
    const fail = (error: PerdureError) => {
      void this.deliver(observer.pid, { kind: 'exit', from: pid, result: { value: null, error } });
    };
    const check = (answer: Delivery) => {
      if (!answer.accepted) fail(answer.error);
    };
    const answer = this.monitor(observer.pid, pid);
    if (answer instanceof Promise) {
      answer.then(check, (thrown: unknown) => fail(PerdureError.from(thrown)));
    } else check(answer);
    return () => {
      observer.stop();
      void this.unmonitor(observer.pid, pid);
    };
  }

  /** A mailbox for the program around the runtime. @throws PerdureError ALREADY_EXISTS. */
  openMailbox(name: string | null): NodeMailbox {
    const pid = this.program.newPid();
    if (name !== null && !this.names.register(name, pid)) {
      throw new PerdureError(ErrorKind.ALREADY_EXISTS, `name ${name} is taken`);
    }
    const mailbox = new NodeMailbox(pid, this, () => {
      this.program.remove(pid);
      this.forget(pid, { value: null, error: null });
    });
    this.program.add(pid, mailbox);
    return mailbox;
  }

  describe(pid: Pid): MaybePromise<ProcessDetails | undefined> {
    const info = this.hostOf(pid)?.describe(pid);
    return info instanceof Promise
      ? info.then((found) => this.withBonds(found))
      : this.withBonds(info);
  }

  /** Every process of every host, hosts in the order they were added. */
  async list(): Promise<readonly ProcessInfo[]> {
    const lists: (readonly ProcessInfo[])[] = [];
    for (const host of this.hosts.values()) lists.push(await host.list());
    return lists.flat();
  }

  // --- the inside -------------------------------------------------------------------------------

  private hostOf(pid: Pid): Host | undefined {
    const parts = parsePid(pid);
    if (parts === undefined) return undefined;
    if (parts.node !== undefined && parts.node !== this.name) return undefined;
    const host = this.hosts.get(parts.host);
    if (host?.reach !== undefined) this.last = host;
    return host;
  }

  private withBonds(info: ProcessInfo | undefined): ProcessDetails | undefined {
    if (info === undefined) return undefined;
    const { topology } = this;
    const { pid } = info;
    return { ...info, links: topology.linksOf(pid), monitors: topology.monitorsOf(pid) };
  }

  private noteSpawned(order: SpawnOrder, spawned: Spawned): Spawned {
    if (!this.events.observed || 'error' in spawned || !spawned.started) return spawned;
    const { entry, parent, name } = order;
    const at = this.clock.now();
    this.events.publish({ kind: 'spawned', pid: spawned.pid, entry, parent, name, at });
    return spawned;
  }

  private monitored(watcher: Pid, target: Pid, answer: Delivery): Delivery {
    if (answer.accepted) return answer;
    if (answer.error.kind !== ErrorKind.NOT_FOUND) {
      this.topology.unmonitor(watcher, target);
      return answer;
    }
    this.exitOne(watcher, target, { value: null, error: answer.error });
    return ACCEPTED;
  }

  private linked(from: Pid, target: Pid, answer: Delivery): Delivery {
    if (answer.accepted) return answer;
    this.topology.unlink(from, target);
    if (answer.error.kind !== ErrorKind.NOT_FOUND) return answer;
    const result = { value: null, error: answer.error };
    void this.deliver(from, { kind: 'link_down', from: target, result });
    return ACCEPTED;
  }

  private exitOne(watcher: Pid, target: Pid, result: ExitResult): void {
    if (!this.topology.unmonitor(watcher, target)) return;
    void this.deliver(watcher, { kind: 'exit', from: target, result });
  }

  private noteUndelivered(to: string, { from, topic }: Message, delivery: Delivery): Delivery {
    if (!delivery.accepted && this.events.observed) {
      const at = this.clock.now();
      this.events.publish({ kind: 'undeliverable', from, to, topic, error: delivery.error, at });
    }
    return delivery;
  }

  private unknownHost(host: string): PerdureError {
    const known = [...this.hosts.keys()].filter((id) => !id.startsWith('perdure:'));
    const list = known.length === 0 ? 'the app declares none' : `the app has ${known.join(', ')}`;
    return new PerdureError(ErrorKind.NOT_FOUND, `host not found: ${host}; ${list}`);
  }
}

const RESERVED = RESERVED_TOPIC_PREFIX.charCodeAt(0);

/** With a process that is gone there is nothing left to undo. */
function undone(answer: MaybePromise<Delivery>): MaybePromise<Delivery> {
  if (answer instanceof Promise) return answer.then(undone);
  return answer.accepted || answer.error.kind !== ErrorKind.NOT_FOUND ? answer : ACCEPTED;
}

function refused(error: PerdureError): Delivery {
  return { accepted: false, error };
}

function reservedTopic(topic: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `topic ${JSON.stringify(topic)}: topics that start with "${RESERVED_TOPIC_PREFIX}" are reserved`,
  );
}
