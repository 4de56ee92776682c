/**
 * Monitors and links between this workflow and processes of nodes.
 *
 * The node is the judge: it knows when its process ends, and its order of links and unlinks counts. What it
 * tells says how much it had heard from here ({@link Seen}).
 *
 * Invariants:
 * 1. What was told before the node had heard of the newest request for that monitor or link is ignored: the
 *    answer to the request is still to come.
 * 2. A bond gives one EXIT and one LINK_DOWN at most: the node's own, or UNAVAILABLE when its lease ends.
 * 3. A lease of a node is held while there is a bond with one of its processes, and only then.
 */

import { PerdureError } from '../../../core/errors.js';
import { type Pid, parsePid } from '../../../core/pid.js';
import type { ExitResult, Signal } from '../../../core/signal.js';
import type { Leases } from './leases.js';
import type { Peers } from './peers.js';
import type { EndNote, Notice, RelationOp, Seen } from './wire.js';

interface Bond {
  monitored: boolean;
  linked: boolean;
  /** Those who wait for its end without an event (`process.exec`). */
  readonly waiters: ((result: ExitResult) => void)[];
  /** Numbers of the last items about the monitor and the link; 0 for none. */
  monitorSeq: number;
  linkSeq: number;
}

/** A bond as it is carried over to the next run. */
export interface LocalBondData {
  readonly pid: Pid;
  readonly monitored: boolean;
  readonly linked: boolean;
}

export interface LocalBondsOptions {
  readonly self: Pid;
  readonly peers: Peers;
  readonly leases: Leases;
  readonly deliver: (signal: Signal) => void;
}

export class LocalBonds {
  private readonly bonds = new Map<Pid, Bond>();
  /** Node → its processes with which there is a bond. */
  private readonly byNode = new Map<string, Set<Pid>>();
  /** Starts under way: the end of a process may overtake the answer to its start. */
  private starting = 0;
  private early: { readonly notice: Notice; readonly applied: boolean }[] = [];

  constructor(private readonly options: LocalBondsOptions) {}

  relate(op: RelationOp, pid: Pid): void {
    const bond = this.bondOf(pid);
    switch (op) {
      case 'monitor':
        if (!bond.monitored && bond.waiters.length === 0) bond.monitorSeq = this.send(op, pid);
        bond.monitored = true;
        break;
      case 'unmonitor':
        if (bond.monitored && bond.waiters.length === 0) bond.monitorSeq = this.send(op, pid);
        bond.monitored = false;
        break;
      case 'link':
        if (!bond.linked) bond.linkSeq = this.send(op, pid);
        bond.linked = true;
        break;
      case 'unlink':
        if (bond.linked) bond.linkSeq = this.send(op, pid);
        bond.linked = false;
        break;
    }
    this.settle(pid);
  }

  receive(notice: Notice): void {
    const applied = this.apply(notice);
    if (this.starting > 0 && notice.kind !== 'link') this.early.push({ notice, applied });
  }

  /** All processes of `node` are out of reach. */
  lost(node: string, error: PerdureError): void {
    const result = { value: null, error };
    for (const from of [...(this.byNode.get(node) ?? [])]) {
      const bond = this.bondOf(from);
      this.exited(bond, from, result);
      if (bond.linked) {
        bond.linked = false;
        this.options.deliver({ kind: 'link_down', from, result });
      }
      this.settle(from);
    }
  }

  // --- starts -----------------------------------------------------------------------------------

  /** Until {@link LocalBonds.started} or {@link LocalBonds.notStarted}, ends are kept for whom they may concern. */
  begin(): void {
    this.starting++;
  }

  /** The node has noted the monitor and the link at the start of `pid`. */
  bound(pid: Pid, monitor: boolean, link: boolean): void {
    const bond = this.bondOf(pid);
    const told = (kinds: readonly Notice['kind'][]): boolean =>
      this.early.some(({ notice, applied }) => {
        return applied && notice.note.from === pid && kinds.includes(notice.kind);
      });
    if (monitor && !told(['exit'])) bond.monitored = true;
    if (link && !told(['link_down', 'unlink'])) bond.linked = true;
  }

  /** How `pid` ends. `bound`: its node has noted that this workflow monitors it. */
  endOf(pid: Pid, bound: boolean): Promise<ExitResult> {
    const bond = this.bondOf(pid);
    if (!bound && !bond.monitored && bond.waiters.length === 0) {
      bond.monitorSeq = this.send('monitor', pid);
    }
    return new Promise((resolve) => bond.waiters.push(resolve));
  }

  /** Whoever started `pid` knows of it: now what came early is told. */
  started(pid: Pid): void {
    for (const { notice, applied } of this.early) {
      if (!applied && notice.note.from === pid) this.apply(notice);
    }
    this.settle(pid);
    this.notStarted();
  }

  notStarted(): void {
    if (--this.starting === 0) this.early = [];
  }

  // --- continue-as-new --------------------------------------------------------------------------

  snapshot(): readonly LocalBondData[] {
    return [...this.bonds].flatMap(([pid, { monitored, linked }]) => {
      return monitored || linked ? [{ pid, monitored, linked }] : [];
    });
  }

  /** The run before waited until its requests had arrived; the numbers of this one begin anew. */
  restore(bonds: readonly LocalBondData[]): void {
    for (const { pid, ...data } of bonds) {
      this.bonds.set(pid, { ...data, waiters: [], monitorSeq: 0, linkSeq: 0 });
      this.settle(pid);
    }
  }

  // --- the inside -------------------------------------------------------------------------------

  /** False where the notice changes nothing. */
  private apply(notice: Notice): boolean {
    const { from, seen } = notice.note;
    const bond = this.bondOf(from);
    const seq = notice.kind === 'exit' ? bond.monitorSeq : bond.linkSeq;
    const applied = this.isCurrent(seen, seq) && this.applyTo(bond, notice);
    this.settle(from);
    return applied;
  }

  private applyTo(bond: Bond, notice: Notice): boolean {
    switch (notice.kind) {
      case 'exit':
        return this.exited(bond, notice.note.from, resultOf(notice.note));
      case 'link_down': {
        if (!bond.linked) return false;
        bond.linked = false;
        const { from } = notice.note;
        this.options.deliver({ kind: 'link_down', from, result: resultOf(notice.note) });
        return true;
      }
      case 'link':
      case 'unlink': {
        const linked = notice.kind === 'link';
        if (bond.linked === linked) return false;
        bond.linked = linked;
        return true;
      }
    }
  }

  private exited(bond: Bond, from: Pid, result: ExitResult): boolean {
    const { monitored } = bond;
    const waiters = bond.waiters.splice(0);
    bond.monitored = false;
    for (const tell of waiters) tell(result);
    if (monitored) this.options.deliver({ kind: 'exit', from, result });
    return monitored || waiters.length > 0;
  }

  private isCurrent(seen: Seen | null, seq: number): boolean {
    if (seen === null) return true;
    return (seen.sender === this.options.peers.sender ? seen.seq : 0) >= seq;
  }

  private send(kind: RelationOp, pid: Pid): number {
    const node = parsePid(pid)?.node ?? '';
    return this.options.peers.send(node, pid, { kind, from: this.options.self });
  }

  private bondOf(pid: Pid): Bond {
    const known = this.bonds.get(pid);
    if (known !== undefined) return known;
    const bond = { monitored: false, linked: false, waiters: [], monitorSeq: 0, linkSeq: 0 };
    this.bonds.set(pid, bond);
    return bond;
  }

  /** Forgets what is no bond, and sees to the lease. The number of an unlink is kept, for invariant 1. */
  private settle(pid: Pid): void {
    const bond = this.bonds.get(pid);
    if (bond === undefined) return;
    const node = parsePid(pid)?.node ?? '';
    const peers = this.byNode.get(node) ?? new Set();
    const bonded = bond.monitored || bond.linked || bond.waiters.length > 0;
    if (bonded) peers.add(pid);
    else peers.delete(pid);
    if (!bonded && bond.linkSeq === 0) this.bonds.delete(pid);
    if (peers.size === 0) {
      this.byNode.delete(node);
      this.options.leases.release(node);
    } else {
      this.byNode.set(node, peers);
      this.options.leases.hold(node);
    }
  }
}

function resultOf(note: EndNote): ExitResult {
  return {
    value: note.value,
    error: note.error === null ? null : PerdureError.fromData(note.error),
  };
}
