/**
 * The host `perdure:program`: gives what belongs to the program around the runtime (its mailboxes, its
 * observers) PIDs, so that they can monitor, and be sent to, like any process. Nothing runs in it.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { formatPid, type Pid } from '../core/pid.js';
import type { Delivery, Signal } from '../core/signal.js';
import type { Host, ProcessInfo, Spawned } from './host.js';

/** Who gets the signals of a PID. */
export interface Receiver {
  take(signal: Signal): Delivery;
  /** The host stops: nothing comes any more. */
  stop(): void;
}

export class ProgramHost implements Host {
  readonly id = 'perdure:program';
  private readonly receivers = new Map<Pid, Receiver>();
  private last = 0;

  constructor(private readonly node: string) {}

  /** @returns a PID that nobody has had. */
  newPid(): Pid {
    return formatPid(this.id, String(++this.last), this.node);
  }

  /** From now on `receiver` gets what comes for `pid`. */
  add(pid: Pid, receiver: Receiver): void {
    this.receivers.set(pid, receiver);
  }

  /** `pid` is dead. */
  remove(pid: Pid): void {
    this.receivers.delete(pid);
  }

  deliver(pid: Pid, signal: Signal): Delivery {
    const receiver = this.receivers.get(pid);
    return receiver === undefined
      ? { accepted: false, error: notFound(pid) }
      : receiver.take(signal);
  }

  spawn(): Spawned {
    return { error: new PerdureError(ErrorKind.INVALID, `${this.id} does not run processes`) };
  }

  describe(): ProcessInfo | undefined {
    return undefined;
  }

  list(): readonly ProcessInfo[] {
    return [];
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    for (const receiver of [...this.receivers.values()]) receiver.stop();
    this.receivers.clear();
  }
}

/** The error for a PID that nobody has (any more). */
export function notFound(pid: string): PerdureError {
  return new PerdureError(ErrorKind.NOT_FOUND, `process not found: ${pid}`);
}
