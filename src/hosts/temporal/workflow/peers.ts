/**
 * Sends from a workflow to processes of a node: an activity on that node's own task queue.
 *
 * Invariants:
 * 1. One batch a node is under way; what comes meanwhile goes with the next one, so order is kept.
 * 2. Each item has a number that its run never uses again; the receiver drops what it has seen.
 */
import type { Value } from '../../../core/payload.js';
import type { Pid } from '../../../core/pid.js';
import type { Activities } from './activities.js';
import { nodeTaskQueue } from './app-data.js';
import type { Outstanding } from './outstanding.js';
import { checkBytes, encodePayload, payloadBytes } from './payload-converter.js';
import { OwnActivity, type PeerBatch, type PeerSignal } from './wire.js';

/** Items of one batch; the next ones wait for the next. */
const BATCH_ITEMS = 200;
/** Bytes of one batch, unless one item alone has more. */
const BATCH_BYTES = 1024 * 1024;
/** What stands in a batch beside its items. */
const BATCH_FRAMING_BYTES = 100;

type Item = PeerBatch['items'][number];

interface Lane {
  /** What is on its way. */
  sent: readonly Item[];
  readonly queue: { readonly item: Item; readonly bytes: number }[];
  busy: boolean;
}

export class Peers {
  private readonly lanes = new Map<string, Lane>();
  private lastSeq = 0;

  constructor(
    private readonly prefix: string,
    /** How long a node has to take a batch; then what is in it is undeliverable. */
    private readonly patienceMs: number,
    /** Names this run: what a receiver keeps the numbers of. */
    readonly sender: string,
    private readonly activities: Activities,
    private readonly outstanding: Outstanding,
    private readonly undeliverable: (node: string, items: readonly Item[], thrown: unknown) => void,
  ) {}

  /**
   * @returns the number of the signal.
   * @throws PerdureError INVALID for a signal that is too large for a batch of its own.
   */
  send(node: string, to: Pid, signal: PeerSignal): number {
    const item = { seq: this.lastSeq + 1, to, signal };
    const bytes = payloadBytes(encodePayload(item as unknown as Value));
    checkBytes(bytes + 3 * this.sender.length + BATCH_FRAMING_BYTES, 'payload');
    this.lastSeq++;
    const lane = this.lanes.get(node) ?? { sent: [], queue: [], busy: false };
    this.lanes.set(node, lane);
    lane.queue.push({ item, bytes });
    if (!lane.busy) void this.outstanding.add(this.drain(node, lane));
    return item.seq;
  }

  private async drain(node: string, lane: Lane): Promise<void> {
    lane.busy = true;
    while (lane.queue.length > 0) {
      const items = takeBatch(lane);
      lane.sent = items;
      const batch: PeerBatch = { sender: this.sender, items };
      const taskQueue = nodeTaskQueue(this.prefix, node);
      try {
        const options = { taskQueue, scheduleToStartMs: this.patienceMs };
        await this.activities.own(OwnActivity.DELIVER, batch as unknown as Value, options);
      } catch (thrown) {
        this.undeliverable(node, items, thrown);
      }
    }
    lane.sent = [];
    lane.busy = false;
  }

  /** The run ends now: what no node is known to have taken will not be delivered any more. */
  giveUp(): void {
    for (const [node, lane] of this.lanes) {
      const items = [...lane.sent, ...lane.queue.splice(0).map(({ item }) => item)];
      lane.sent = [];
      if (items.length > 0) this.undeliverable(node, items, new Error('the workflow has ended'));
    }
  }
}

function takeBatch(lane: Lane): Item[] {
  let bytes = 0;
  let count = 0;
  for (const { bytes: more } of lane.queue) {
    bytes += more;
    if (count > 0 && (bytes > BATCH_BYTES || count === BATCH_ITEMS)) break;
    count++;
  }
  return lane.queue.splice(0, count).map(({ item }) => item);
}
