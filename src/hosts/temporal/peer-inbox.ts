/**
 * Signals from workflows to processes of this node. A batch may come twice, for its activity is retried;
 * each item is delivered once, by the numbers that its sender gives. All workers of a node have one inbox.
 */
import type { Pid } from '../../core/pid.js';
import type { Delivery } from '../../core/signal.js';
import type { NodePort } from './node-port.js';
import type { PeerBatch, PeerSignal, RelationOp, Seen } from './workflow/wire.js';

/** Senders whose numbers are remembered; a batch is retried within seconds, so the oldest may go. */
const SENDERS = 10_000;

export class PeerInbox {
  private readonly lastSeq = new Recent<number>();
  private readonly lastRelation = new Recent<Seen>();

  constructor(private readonly node: NodePort) {}

  /** @param onRelated told of each monitor and link that has been made or removed. */
  async deliver(
    { sender, items }: PeerBatch,
    onRelated: (op: RelationOp, from: Pid) => void,
  ): Promise<void> {
    for (const { seq, to, signal } of items) {
      if (seq <= (this.lastSeq.get(sender) ?? 0)) continue;
      this.lastSeq.put(sender, seq);
      const delivery = await this.give(to, signal, { sender, seq }, onRelated);
      if (delivery.accepted) continue;
      const { error } = delivery;
      if (signal.kind === 'message') {
        this.node.undelivered(signal.from, to, signal.topic, error);
        continue;
      }
      const { kind, text } = error;
      this.node.log('debug', `undeliverable ${signal.kind} for ${to}: ${text}`, { sender, kind });
    }
  }

  /** The last item about a monitor or a link that came from `pid`; `null` where it may have been forgotten. */
  seenOf(pid: Pid): Seen | null {
    return this.lastRelation.get(pid) ?? (this.lastRelation.forgetful ? null : NOTHING_SEEN);
  }

  private async give(
    to: Pid,
    signal: PeerSignal,
    seen: Seen,
    onRelated: (op: RelationOp, from: Pid) => void,
  ): Promise<Delivery> {
    if (!isRelation(signal)) return this.node.deliver(to, signal);
    const { kind, from } = signal;
    // Before it is done: what is told because of it knows of it.
    this.lastRelation.put(from, seen);
    const delivery = await this.node.relate(kind, from, to);
    onRelated(kind, from);
    return delivery;
  }
}

function isRelation(signal: PeerSignal): signal is PeerSignal & { kind: RelationOp } {
  const { kind } = signal;
  return kind === 'monitor' || kind === 'unmonitor' || kind === 'link' || kind === 'unlink';
}

const NOTHING_SEEN: Seen = Object.freeze({ sender: '', seq: 0 });

/** Forgets what has not been put for longest. */
class Recent<T> {
  /** Whether anything has been forgotten. */
  forgetful = false;
  private readonly items = new Map<string, T>();

  get(key: string): T | undefined {
    return this.items.get(key);
  }

  put(key: string, item: T): void {
    this.items.delete(key); // put back as the newest
    this.items.set(key, item);
    if (this.items.size <= SENDERS) return;
    this.forgetful = true;
    for (const oldest of this.items.keys()) {
      this.items.delete(oldest);
      break;
    }
  }
}
