/**
 * A mailbox of the program around the runtime: it makes the program a party to talk to, with a PID that
 * processes can send to, monitor and link.
 *
 * Invariants:
 * 1. Messages and events wait until they are received, each in the order in which it came.
 * 2. Once closed it is dead: its PID answers NOT_FOUND, its monitors read EXIT, receivers get CANCELED.
 */

import { ErrorKind, PerdureError } from '../core/errors.js';
import { Message } from '../core/message.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import { Queue } from '../core/queue.js';
import {
  ACCEPTED,
  type Context,
  type Delivery,
  type ProcessEvent,
  type Signal,
} from '../core/signal.js';
import { copyValues } from '../core/spawn-options.js';
import type { Node } from './node.js';
import type { Receiver } from './program-host.js';

/** Messages a mailbox may hold before senders get RATE_LIMITED. */
const MAILBOX_LIMIT = 100_000;

/** A message as the program around the runtime receives it. */
export interface ReceivedMessage {
  readonly from: Pid | null;
  readonly topic: string;
  readonly values: readonly Value[];
  /** The first value; `null` where there is none. */
  readonly first: Value;
  readonly context: Context | null;
}

export class NodeMailbox implements Receiver {
  private readonly messages = new Inflow<ReceivedMessage>();
  private readonly happenings = new Inflow<ProcessEvent>();

  constructor(
    readonly pid: Pid,
    private readonly node: Node,
    private readonly onClosed: () => void,
  ) {}

  /** Messages that wait to be received. */
  get depth(): number {
    return this.messages.length;
  }

  /** The next message. @throws PerdureError TIMEOUT once `timeoutMs` has passed, CANCELED when closed. */
  receive(options: { readonly timeoutMs?: number } = {}): Promise<ReceivedMessage> {
    return this.messages.next(this.node, options.timeoutMs);
  }

  /** The next EXIT, LINK_DOWN or CANCEL. @throws PerdureError as {@link receive}. */
  nextEvent(options: { readonly timeoutMs?: number } = {}): Promise<ProcessEvent> {
    return this.happenings.next(this.node, options.timeoutMs);
  }

  /** Sends with this mailbox as the sender. @throws PerdureError NOT_FOUND, RATE_LIMITED, INVALID. */
  async send(to: string, topic: string, ...values: readonly unknown[]): Promise<void> {
    const copied = copyValues(values, 'payload');
    await this.accepted(this.node.send(to, new Message(this.pid, topic, copied, null)));
  }

  /** One EXIT comes when `pid` ends. */
  async monitor(pid: Pid): Promise<void> {
    await this.accepted(this.node.monitor(this.pid, pid));
  }

  async unmonitor(pid: Pid): Promise<void> {
    await this.accepted(this.node.unmonitor(this.pid, pid));
  }

  /** A failure of the linked process comes as LINK_DOWN; closing the mailbox is no failure. */
  async link(pid: Pid): Promise<void> {
    await this.accepted(this.node.link(this.pid, pid));
  }

  async unlink(pid: Pid): Promise<void> {
    await this.accepted(this.node.unlink(this.pid, pid));
  }

  /** Ends it, normally. A second call does nothing. */
  close(): void {
    if (this.messages.closed) return;
    this.messages.close();
    this.happenings.close();
    this.onClosed();
  }

  take(signal: Signal): Delivery {
    if (signal.kind === 'message' && this.depth >= MAILBOX_LIMIT) {
      const message = `the mailbox of ${this.pid} is full: ${MAILBOX_LIMIT} messages are unread`;
      return { accepted: false, error: new PerdureError(ErrorKind.RATE_LIMITED, message) };
    }
    this.put(signal);
    return ACCEPTED;
  }

  stop(): void {
    this.close();
  }

  private put(signal: Signal): void {
    const at = this.node.clock.now();
    switch (signal.kind) {
      case 'message': {
        const { from, topic, values, context } = signal;
        this.messages.put({ from, topic, values, first: values[0] ?? null, context });
        break;
      }
      case 'exit':
        this.happenings.put({ kind: 'EXIT', from: signal.from, result: signal.result, at });
        break;
      case 'link_down':
        this.happenings.put({ kind: 'LINK_DOWN', from: signal.from, result: signal.result, at });
        break;
      case 'cancel': {
        const { from, reason, deadlineMs } = signal;
        const deadline = deadlineMs === null ? null : at + deadlineMs;
        this.happenings.put({ kind: 'CANCEL', from, reason, deadline, at });
        break;
      }
      case 'terminate':
        this.close();
        break;
      default: // links and monitors are the node's business; nothing can be outdated here
        break;
    }
  }

  private async accepted(delivery: Delivery | Promise<Delivery>): Promise<void> {
    if (this.messages.closed) throw closedError();
    const answer = await delivery;
    if (!answer.accepted) throw answer.error;
  }
}

interface Taker<T> {
  take(item: T): void;
  fail(error: PerdureError): void;
}

/** Items that wait for takers, or takers that wait for items. */
class Inflow<T> {
  closed = false;
  private readonly items = new Queue<T>();
  private readonly takers = new Set<Taker<T>>();

  get length(): number {
    return this.items.length;
  }

  put(item: T): void {
    if (this.closed) return;
    const [taker] = this.takers;
    if (taker === undefined) this.items.push(item);
    else taker.take(item);
  }

  next({ clock }: Node, timeoutMs: number | undefined): Promise<T> {
    if (this.items.length > 0) return Promise.resolve(this.items.shift() as T);
    if (this.closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.takers.delete(taker);
        if (timer !== null) clock.clearTimer(timer);
      };
      const taker: Taker<T> = {
        take(item) {
          leave();
          resolve(item);
        },
        fail(error) {
          leave();
          reject(error);
        },
      };
      const late = (): void =>
        taker.fail(new PerdureError(ErrorKind.TIMEOUT, `nothing came in ${timeoutMs} ms`));
      const timer = timeoutMs === undefined ? null : clock.setTimer(timeoutMs, late);
      this.takers.add(taker);
    });
  }

  close(): void {
    this.closed = true;
    for (const taker of [...this.takers]) taker.fail(closedError());
  }
}

function closedError(): PerdureError {
  return new PerdureError(ErrorKind.CANCELED, 'the mailbox is closed');
}
