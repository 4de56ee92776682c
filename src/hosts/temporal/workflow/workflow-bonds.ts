/**
 * Monitors and links between this workflow and other workflows. A child's end comes by itself; any other
 * one's by a watch.
 *
 * Nobody judges between two workflows, so each link has an id, given by who makes it, and stands until one
 * of the two removes that very id: whatever crosses on the way, both come to know the same links.
 *
 * Invariants:
 * 1. What is told to one workflow goes in order: nothing is sent before the one before has arrived.
 * 2. A removed link tells nothing any more, also where the other side has not heard of its removal yet.
 */
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { type Pid, parsePid } from '../../../core/pid.js';
import type { ExitResult, Signal } from '../../../core/signal.js';
import type { Activities } from './activities.js';
import type { Children } from './children.js';
import { fromFailure } from './failures.js';
import type { OutgoingSignals } from './outgoing-signals.js';
import type { Outstanding } from './outstanding.js';
import { encodeArgs } from './payload-converter.js';
import type { Watch, Watches } from './watches.js';
import { type LinkNote, type LinkOrder, OwnActivity, OwnSignal } from './wire.js';

interface Bond {
  /** Tells of the end of a workflow that is monitored and no child. */
  monitor: Watch | null;
  readonly links: Set<string>;
  /** The same for one that is linked. */
  linked: Watch | null;
}

/** A bond as it is carried over to the next run. */
export interface WorkflowBondData {
  readonly pid: Pid;
  readonly monitored: boolean;
  readonly links: readonly string[];
}

export interface WorkflowBondsOptions {
  readonly self: Pid;
  readonly runId: string;
  readonly children: Children;
  readonly watches: Watches;
  readonly activities: Activities;
  readonly signals: OutgoingSignals;
  readonly outstanding: Outstanding;
  readonly deliver: (signal: Signal) => void;
}

export class WorkflowBonds {
  private readonly bonds = new Map<Pid, Bond>();
  private readonly lanes = new Map<Pid, Promise<unknown>>();
  private lastLink = 0;

  constructor(private readonly options: WorkflowBondsOptions) {}

  monitor(pid: Pid): void {
    const { children, deliver } = this.options;
    if (children.has(pid)) {
      children.monitor(pid, true);
      return;
    }
    const bond = this.bondOf(pid);
    bond.monitor ??= this.watch(pid, null, (result) => {
      bond.monitor = null;
      this.settle(pid);
      deliver({ kind: 'exit', from: pid, result });
    });
  }

  unmonitor(pid: Pid): void {
    this.options.children.monitor(pid, false);
    const bond = this.bonds.get(pid);
    if (bond === undefined) return;
    bond.monitor?.cancel();
    bond.monitor = null;
    this.settle(pid);
  }

  /** @throws PerdureError INVALID where it is no workflow of perdure, and what else the server says. */
  link(pid: Pid): Value | Promise<Value> {
    const bond = this.bondOf(pid);
    if (bond.links.size > 0) return true;
    const id = this.newLink();
    bond.links.add(id);
    if (!this.options.children.has(pid))
      return this.inLane(pid, () => this.makeLink(pid, bond, id));
    this.options.children.link(pid, true);
    void this.inLane(pid, () => this.tell(pid, OwnSignal.LINK, [id]));
    return true;
  }

  unlink(pid: Pid): Value | Promise<Value> {
    const bond = this.bonds.get(pid);
    const ids = [...(bond?.links ?? [])];
    if (bond === undefined || ids.length === 0) return true;
    for (const id of ids) this.removeLink(pid, bond, id);
    return this.inLane(pid, () => this.tell(pid, OwnSignal.UNLINK, ids));
  }

  /** Another workflow has made or removed links. */
  receive(kind: 'link' | 'unlink', { from, ids }: LinkNote): void {
    const bond = this.bondOf(from);
    if (kind === 'unlink') {
      for (const id of ids) this.removeLink(from, bond, id);
      return;
    }
    for (const id of ids) bond.links.add(id);
    this.followLink(from, bond, null);
  }

  /** How `pid` ends, whoever else hears of it. */
  endOf(pid: Pid): Promise<ExitResult> {
    const child = this.options.children.endOf(pid);
    return child ?? new Promise((resolve) => void this.watch(pid, null, resolve));
  }

  /** An id for a link that this workflow makes. */
  newLink(): string {
    return `${this.options.runId}/${++this.lastLink}`;
  }

  /** A child has been started with a link. */
  childLinked(pid: Pid, id: string): void {
    if (this.options.children.has(pid)) this.bondOf(pid).links.add(id);
  }

  /** A child has ended, and its parent has been told. */
  childEnded(pid: Pid): void {
    this.bonds.delete(pid);
  }

  // --- continue-as-new --------------------------------------------------------------------------

  snapshot(): readonly WorkflowBondData[] {
    const { children } = this.options;
    const pids = new Set([...this.bonds.keys(), ...children.pids()]);
    return [...pids].flatMap((pid) => {
      const bond = this.bonds.get(pid);
      const monitored = children.isMonitored(pid) || (bond?.monitor ?? null) !== null;
      const links = [...(bond?.links ?? [])];
      return monitored || links.length > 0 ? [{ pid, monitored, links }] : [];
    });
  }

  restore(bonds: readonly WorkflowBondData[]): void {
    for (const { pid, monitored, links } of bonds) {
      if (monitored) this.monitor(pid);
      if (links.length > 0) this.receive('link', { from: pid, ids: links, seen: null });
    }
  }

  // --- the inside -------------------------------------------------------------------------------

  private async makeLink(pid: Pid, bond: Bond, id: string): Promise<Value> {
    const { activities, outstanding, deliver } = this.options;
    const order: LinkOrder = { pid, note: this.note([id]) };
    try {
      const work = activities.own(OwnActivity.LINK, order as unknown as Value, {});
      const runId = await outstanding.add(work);
      if (bond.links.has(id)) this.followLink(pid, bond, String(runId));
      return true;
    } catch (thrown) {
      const error = fromFailure(thrown);
      const wanted = bond.links.has(id);
      this.removeLink(pid, bond, id);
      if (error.kind !== ErrorKind.NOT_FOUND) throw error;
      if (wanted) deliver({ kind: 'link_down', from: pid, result: { value: null, error } });
      return true;
    }
  }

  private followLink(pid: Pid, bond: Bond, runId: string | null): void {
    const { children, deliver } = this.options;
    if (children.has(pid)) {
      children.link(pid, true);
      return;
    }
    bond.linked ??= this.watch(pid, runId, (result) => {
      bond.linked = null;
      bond.links.clear();
      this.settle(pid);
      if (result.error !== null) deliver({ kind: 'link_down', from: pid, result });
    });
  }

  private removeLink(pid: Pid, bond: Bond, id: string): void {
    bond.links.delete(id);
    if (bond.links.size > 0) return;
    this.options.children.link(pid, false);
    bond.linked?.cancel();
    bond.linked = null;
    this.settle(pid);
  }

  /** A workflow that has ended needs no telling. */
  private async tell(pid: Pid, name: OwnSignal, ids: readonly string[]): Promise<Value> {
    const args = encodeArgs([this.note(ids) as unknown as Value], name);
    try {
      return await this.options.signals.toWorkflow(parsePid(pid)?.id ?? '', name, args, pid);
    } catch (thrown) {
      const error = PerdureError.from(thrown);
      if (error.kind === ErrorKind.NOT_FOUND) return true;
      throw error;
    }
  }

  private note(ids: readonly string[]): LinkNote {
    return { from: this.options.self, ids, seen: null };
  }

  private inLane(pid: Pid, job: () => Promise<Value>): Promise<Value> {
    const before = this.lanes.get(pid);
    const mine = before === undefined ? job() : before.then(job, job);
    this.lanes.set(pid, mine);
    const done = (): void => {
      if (this.lanes.get(pid) === mine) this.lanes.delete(pid);
    };
    mine.then(done, done);
    return mine;
  }

  private watch(pid: Pid, runId: string | null, onEnd: (result: ExitResult) => void): Watch {
    return this.options.watches.open(parsePid(pid)?.id ?? '', runId, onEnd);
  }

  private bondOf(pid: Pid): Bond {
    const known = this.bonds.get(pid);
    if (known !== undefined) return known;
    const bond = { monitor: null, links: new Set<string>(), linked: null };
    this.bonds.set(pid, bond);
    return bond;
  }

  private settle(pid: Pid): void {
    const bond = this.bonds.get(pid);
    if (bond?.monitor === null && bond.links.size === 0) this.bonds.delete(pid);
  }
}
