/**
 * The host `perdure:observer`: gives callbacks of the surrounding program a PID, so that they can
 * monitor processes like any process does. An observer hears of one exit and is gone.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { formatPid, type Pid } from '../core/pid.js';
import { ACCEPTED, type Delivery, type ExitResult, type Signal } from '../core/signal.js';
import type { Host, ProcessInfo, Spawned } from './host.js';

const OBSERVER_HOST = 'perdure:observer';

export class ObserverHost implements Host {
  readonly id = OBSERVER_HOST;
  private readonly observers = new Map<Pid, (result: ExitResult) => void>();
  private last = 0;

  constructor(private readonly node: string) {}

  /** The PID under which `onExit` will be told of one exit. */
  add(onExit: (result: ExitResult) => void): Pid {
    const pid = formatPid(this.id, String(++this.last), this.node);
    this.observers.set(pid, onExit);
    return pid;
  }

  remove(pid: Pid): void {
    this.observers.delete(pid);
  }

  deliver(pid: Pid, signal: Signal): Delivery {
    const observer = this.observers.get(pid);
    if (observer === undefined || signal.kind !== 'exit') {
      return { accepted: false, error: notFound(pid) };
    }
    this.observers.delete(pid);
    observer(signal.result);
    return ACCEPTED;
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
    this.observers.clear();
  }
}

/** The error for a PID that nobody has (any more). */
export function notFound(pid: string): PerdureError {
  return new PerdureError(ErrorKind.NOT_FOUND, `process not found: ${pid}`);
}
