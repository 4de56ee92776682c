import type { Value } from './payload.js';
import type { Pid } from './pid.js';
import type { Context, MessageSignal } from './signal.js';

/** A message, on its way and in a mailbox: the same object, for nobody changes it. */
export class Message implements MessageSignal {
  readonly kind = 'message';

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

/** The message of a signal. */
export function messageOf(signal: MessageSignal): Message {
  if (signal instanceof Message) return signal;
  return new Message(signal.from, signal.topic, signal.values, signal.context);
}
