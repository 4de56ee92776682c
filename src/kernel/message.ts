import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { Context } from '../core/signal.js';

/** A message in a mailbox. */
export class Message {
  constructor(
    /** The sender's PID; `null` where that is not a process. */
    readonly from: Pid | null,
    readonly topic: string,
    readonly values: readonly Value[],
    readonly context: Context | null,
  ) {}

  /** What a raw `listen` channel yields: the first value. */
  get first(): Value {
    return this.values[0] ?? null;
  }
}
