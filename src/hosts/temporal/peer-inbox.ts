/**
 * Signals from workflows to processes of this node. A batch may come twice, for its activity is retried;
 * each item is delivered once, by the numbers that its sender gives.
 */
import type { NodePort } from './node-port.js';
import type { PeerBatch } from './workflow/wire.js';

/** Senders whose numbers are remembered; a batch is retried within seconds, so the oldest may go. */
const SENDERS = 10_000;

export class PeerInbox {
  private readonly lastSeq = new Map<string, number>();

  constructor(private readonly node: NodePort) {}

  async deliver({ sender, items }: PeerBatch): Promise<void> {
    for (const { seq, to, signal } of items) {
      if (!this.isNew(sender, seq)) continue;
      const delivery = await this.node.deliver(to, signal);
      if (delivery.accepted) continue;
      const { kind, text } = delivery.error;
      this.node.log('debug', `undeliverable ${signal.kind} for ${to}: ${text}`, { sender, kind });
    }
  }

  private isNew(sender: string, seq: number): boolean {
    const last = this.lastSeq.get(sender) ?? 0;
    this.lastSeq.delete(sender); // put back as the newest
    this.lastSeq.set(sender, Math.max(last, seq));
    if (this.lastSeq.size > SENDERS) {
      for (const oldest of this.lastSeq.keys()) {
        this.lastSeq.delete(oldest);
        break;
      }
    }
    return seq > last;
  }
}
