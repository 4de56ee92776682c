/** An observer: a callback of the program around the runtime that hears of one exit and is gone. */
import type { Pid } from '../core/pid.js';
import { ACCEPTED, type Delivery, type ExitResult, type Signal } from '../core/signal.js';
import { notFound, type ProgramHost, type Receiver } from './program-host.js';

export class Observer implements Receiver {
  readonly pid: Pid;

  constructor(
    private readonly host: ProgramHost,
    private readonly onExit: (result: ExitResult) => void,
  ) {
    this.pid = host.newPid();
    host.add(this.pid, this);
  }

  take(signal: Signal): Delivery {
    if (signal.kind !== 'exit') return { accepted: false, error: notFound(this.pid) };
    this.stop();
    this.onExit(signal.result);
    return ACCEPTED;
  }

  stop(): void {
    this.host.remove(this.pid);
  }
}
