/** A node for specs of the Temporal host: it records what reaches it, and functions are plain JavaScript. */
import { PerdureError } from '../../src/core/errors.js';
import type { Value } from '../../src/core/payload.js';
import { formatPid, type Pid } from '../../src/core/pid.js';
import { ACCEPTED, type Delivery, type ExitResult, type Signal } from '../../src/core/signal.js';
import type { FunctionOrder, NodePort } from '../../src/hosts/temporal/node-port.js';
import type { RelationOp } from '../../src/hosts/temporal/workflow/wire.js';
import type { Spawned, SpawnOrder } from '../../src/runtime/host.js';

export type FakeFunction = (order: FunctionOrder) => Promise<Value> | Value;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
  readonly pid: Pid | undefined;
}

export class FakeNode implements NodePort {
  readonly delivered: { readonly pid: Pid; readonly signal: Signal }[] = [];
  readonly spawned: { readonly host: string; readonly order: SpawnOrder }[] = [];
  readonly logs: LogLine[] = [];
  readonly printed: string[] = [];
  readonly undeliverable: {
    readonly from: Pid | null;
    readonly to: Pid;
    readonly topic: string;
    readonly kind: string;
  }[] = [];
  readonly functions = new Map<string, FakeFunction>();
  private readonly exits = new Map<Pid, ExitResult>();
  private readonly waiters = new Set<() => void>();

  constructor(readonly name = `spec-${process.pid}-${Math.random().toString(36).slice(2, 8)}`) {}

  deliver(pid: Pid, signal: Signal): Delivery {
    this.delivered.push({ pid, signal });
    this.changed();
    return ACCEPTED;
  }

  relate(kind: RelationOp, from: Pid, to: Pid): Delivery {
    return this.deliver(to, { kind, from });
  }

  /** Whoever watches a workflow here is the spec itself. */
  isWatched(): boolean {
    return true;
  }

  isWatching(): boolean {
    return false;
  }

  disconnected(): void {}

  spawn(host: string, order: SpawnOrder): Spawned {
    this.spawned.push({ host, order });
    this.changed();
    return { pid: formatPid(host, `local-${this.spawned.length}`, this.name), started: true };
  }

  async runFunction(order: FunctionOrder): Promise<ExitResult> {
    const fn = this.functions.get(order.entry);
    try {
      if (fn === undefined) throw new Error(`no fake function ${order.entry}`);
      return { value: await fn(order), error: null };
    } catch (thrown) {
      return { value: null, error: PerdureError.from(thrown) };
    }
  }

  exited(pid: Pid, result: ExitResult): void {
    this.exits.set(pid, result);
    this.changed();
  }

  hold(): () => void {
    return () => {};
  }

  log(level: string, message: string, fields: unknown, source?: { readonly pid: Pid }): void {
    this.logs.push({ level, message, fields, pid: source?.pid });
    this.changed();
  }

  undelivered(from: Pid | null, to: Pid, topic: string, { kind }: PerdureError): void {
    this.undeliverable.push({ from, to, topic, kind });
    this.changed();
  }

  print(text: string): void {
    this.printed.push(text);
    this.changed();
  }

  /** Waits until `found` answers something, looking each time anything reaches the node. */
  async until<T>(found: () => T | undefined): Promise<T> {
    for (;;) {
      const result = found();
      if (result !== undefined) return result;
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** How a watched workflow ended. */
  exitOf(pid: Pid): Promise<ExitResult> {
    return this.until(() => this.exits.get(pid));
  }

  /** The `n`th message that came for `pid`. */
  async message(pid: Pid, n: number): Promise<{ topic: string; values: readonly Value[] }> {
    const signal = await this.until(
      () =>
        this.delivered.filter((d) => d.pid === pid && d.signal.kind === 'message')[n - 1]?.signal,
    );
    if (signal.kind !== 'message') throw new Error('unreachable');
    return { topic: signal.topic, values: signal.values };
  }

  private changed(): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const wake of waiters) wake();
  }
}
