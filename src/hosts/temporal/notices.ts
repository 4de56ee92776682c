/**
 * What the processes of this node tell workflows about their ends and links. Each notice is a signal of
 * perdure's own that is tried until the server has it: the workflow counts on hearing of it for as long as
 * this node lives.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { Signal } from '../../core/signal.js';
import type { Lanes } from './lanes.js';
import type { NodePort } from './node-port.js';
import { errorValue } from './workflow/failures.js';
import { encodeArgs } from './workflow/payload-converter.js';
import { OwnSignal, type Seen } from './workflow/wire.js';
import type { WorkflowCalls } from './workflow-calls.js';

export type NoticeSignal = Extract<Signal, { kind: 'exit' | 'link_down' | 'unlink' }>;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

const NAMES = {
  exit: OwnSignal.EXIT,
  link_down: OwnSignal.LINK_DOWN,
  unlink: OwnSignal.UNLINK,
} as const;

export class Notices {
  private readonly underWay = new Set<Promise<void>>();
  private readonly closing = new AbortController();

  constructor(
    private readonly calls: WorkflowCalls,
    private readonly lanes: Lanes,
    private readonly node: NodePort,
  ) {}

  /** Returns at once; notices of one process to one workflow go in order, after its messages. */
  tell(workflowId: string, signal: NoticeSignal, seen: Seen | null): void {
    const release = this.node.hold(`${signal.kind} for ${workflowId}`);
    const values = [fitting(noteOf(signal, seen), signal)];
    const header = { from: signal.from, context: null };
    const requestId = randomUUID();
    const send = () =>
      this.untilAccepted(() =>
        this.calls.signal(workflowId, NAMES[signal.kind], values, header, requestId),
      );
    const told = this.lanes
      .run(`${signal.from}>${workflowId}`, send)
      .catch((thrown: unknown) => this.lost(workflowId, signal, thrown))
      .finally(() => {
        release();
        this.underWay.delete(told);
      });
    this.underWay.add(told);
  }

  /** Waits for what is under way, at most so long, and gives the rest up. */
  async close(limitMs: number): Promise<void> {
    const limit = delay(limitMs, undefined, { ref: false });
    await Promise.race([Promise.all(this.underWay), limit]);
    this.closing.abort();
  }

  private async untilAccepted(send: () => Promise<void>): Promise<void> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, LAST_RETRY_MS)) {
      try {
        return await send();
      } catch (thrown) {
        const { kind } = PerdureError.from(thrown);
        if (kind === ErrorKind.NOT_FOUND) return; // it has ended, and does not want to know
        if (kind === ErrorKind.INVALID || this.closing.signal.aborted) throw thrown;
      }
      await delay(wait, undefined, { ref: false });
    }
  }

  private lost(workflowId: string, { kind, from }: NoticeSignal, thrown: unknown): void {
    const { text } = PerdureError.from(thrown);
    this.node.log(
      'warn',
      `${kind} of ${from} does not reach workflow ${workflowId}: ${text}`,
      null,
    );
  }
}

function noteOf(signal: NoticeSignal, seen: Seen | null): Value {
  const { from } = signal;
  if (signal.kind === 'unlink') return { from, ids: [], seen: seen as unknown as Value };
  const { value, error } = signal.result;
  return {
    from,
    value,
    error: error === null ? null : errorValue(error),
    seen: seen as unknown as Value,
  };
}

/** A result that is too large for a signal becomes an error that says so. */
function fitting(note: Value, { from }: NoticeSignal): Value {
  try {
    encodeArgs([note], `result of ${from}`);
    return note;
  } catch (thrown) {
    return { ...(note as object), value: null, error: errorValue(PerdureError.from(thrown)) };
  }
}
