/** Channels as a TypeScript process sees them: those it makes, and those its topics and events come by. */

import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Channel, SelectCase } from '../kernel/channel.js';
import { type Asker, nothing, type Reading } from './pending.js';

export interface ReceiveOptions {
  /** Give up after so many ms. */
  readonly timeoutMs?: number;
}

/** An item, or `ok: false` where the channel is closed and empty. */
export type Received<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

/** The end of a channel that items come out of. */
export class Inlet<T> implements AsyncIterable<T> {
  constructor(
    protected readonly asker: Asker,
    /** The kernel's own channel. */
    readonly source: Channel,
  ) {}

  /** Waits for an item. @throws PerdureError TIMEOUT once `timeoutMs` has passed. */
  receive(options: ReceiveOptions = {}): Promise<Received<T>> {
    const timeoutMs = options.timeoutMs ?? null;
    return this.asker.ask(
      { op: 'receive', channel: this.source, timeoutMs },
      received as Reading<Received<T>>,
    );
  }

  /** An item if there is one now, else `null`. */
  tryReceive(): Received<T> | null {
    const polled = this.source.poll();
    if (polled === null) return null;
    this.asker.kernel.nudge();
    return received({ ...polled, error: null }) as Received<T>;
  }

  /** For a select. */
  caseReceive(): SelectCase {
    return this.source.caseReceive();
  }

  /** All items until the channel is closed. */
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const next = await this.receive();
      if (!next.ok) return;
      yield next.value;
    }
  }
}

/** A channel between the tasks of one process. */
export class ProcessChannel<T> extends Inlet<T> {
  /** Waits until a receiver, or a place in the buffer, takes the item. @throws PerdureError INVALID when closed. */
  send(item: T): Promise<void> {
    return this.asker.ask({ op: 'offer', channel: this.source, item }, nothing);
  }

  /** For a select. */
  caseSend(item: T): SelectCase {
    return this.source.caseSend(item);
  }

  /** Receivers get what is left, then `ok: false`. @throws PerdureError INVALID when closed already. */
  close(): void {
    this.source.close();
    this.asker.kernel.nudge();
  }
}

const received: Reading<Received<unknown>> = ({ value, ok, error }) => {
  if (error !== null) throw error;
  return ok ? { ok, value } : { ok };
};

/** The error of whatever a process does after its end. */
export function ended(): PerdureError {
  return new PerdureError(ErrorKind.CANCELED, 'the process has ended');
}
