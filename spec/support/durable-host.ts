import { ErrorKind, PerdureError } from '../../src/core/errors.js';
import { formatPid, type Pid } from '../../src/core/pid.js';
import { ACCEPTED, type Delivery, type ExitResult, type Signal } from '../../src/core/signal.js';
import type { Host, ProcessInfo, Spawned, SpawnOrder } from '../../src/runtime/host.js';
import type { Node } from '../../src/runtime/node.js';
import { notFound } from '../../src/runtime/program-host.js';

/**
 * A host in the manner of a Temporal worker: every answer is a promise, processes have names and outlive
 * the node, and what they do is up to the spec. Several nodes can share its processes.
 */
export class DurableHost implements Host {
  readonly id = 'app:worker';
  /** What was asked of it: `spawn a`, `cancel a 5000`, `terminate a`. */
  readonly log: string[] = [];
  /** Set to refuse what is asked for. */
  unreachable = false;
  /** Set to let processes end before the answer of their spawn is there. */
  hasty = false;

  constructor(
    private readonly node: Node,
    /** Names of the processes that are open; shared by the hosts of several nodes. */
    readonly open = new Set<string>(),
  ) {}

  pidOf(name: string): Pid {
    return formatPid(this.id, name);
  }

  /** A process ends. */
  end(name: string, error: PerdureError | null = null): void {
    if (!this.open.delete(name)) return;
    this.node.exited(this.pidOf(name), { value: null, error } satisfies ExitResult);
  }

  async spawn({ name }: SpawnOrder): Promise<Spawned> {
    const id = name ?? `run-${this.log.length}`;
    this.log.push(`spawn ${id}`);
    await new Promise(setImmediate);
    if (this.unreachable) return { error: this.refusal() };
    const started = !this.open.has(id);
    this.open.add(id);
    return { pid: this.pidOf(id), started };
  }

  async deliver(pid: Pid, signal: Signal): Promise<Delivery> {
    const name = pid.slice(pid.indexOf('|') + 1, -1);
    if (signal.kind === 'cancel') this.log.push(`cancel ${name} ${signal.deadlineMs}`);
    else if (signal.kind !== 'monitor') this.log.push(`${signal.kind} ${name}`);
    if (signal.kind === 'monitor' && this.hasty) {
      this.hasty = false;
      this.end(name, new PerdureError('UNKNOWN', 'hasty'));
    }
    await new Promise(setImmediate);
    if (this.unreachable) return { accepted: false, error: this.refusal() };
    if (signal.kind === 'monitor' && this.open.has(name)) return ACCEPTED;
    if (signal.kind === 'terminate') this.end(name, new PerdureError('CANCELED', 'terminated'));
    return this.open.has(name) || signal.kind === 'terminate'
      ? ACCEPTED
      : { accepted: false, error: notFound(pid) };
  }

  describe(): ProcessInfo | undefined {
    return undefined;
  }

  list(): readonly ProcessInfo[] {
    return [];
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  private refusal(): PerdureError {
    return new PerdureError(ErrorKind.UNAVAILABLE, 'the server cannot be reached');
  }
}
