/**
 * Channels between the tasks of one process, as Go has them: unbuffered ones hand an item from one
 * task to another, buffered ones hold up to `capacity`; `close` lets receivers drain what is left.
 *
 * Invariants:
 * 1. A receiver waits only while the buffer is empty and no sender waits; a sender waits only while
 *    the buffer is full and no receiver waits.
 * 2. Items leave in the order they were offered; waiters are served in the order they came.
 * 3. A waiter that was answered stands in no list any more (a select leaves all its lists at once),
 *    so a channel that is only ever selected, never ready, holds no memory.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { Queue } from '../core/queue.js';
import type { Answer, Item } from './program.js';

/** Who is told when a waiter was answered. */
export interface Wakes {
  wake(waiter: Waiter, answer: Answer): void;
}

/** One place in the list of one channel. */
interface Place {
  previous: Place | null;
  next: Place | null;
  readonly waiter: Waiter;
  readonly list: WaitList | null;
  readonly item: Item;
  /** The waiter's place in another channel. */
  readonly other: Place | null;
}

/**
 * What a task, or a select, waits with: its place in the list of a channel. It is answered once, and can then
 * wait again: a task has one for all its life, so that waiting makes nothing new.
 */
export class Waiter implements Place {
  previous: Place | null = null;
  next: Place | null = null;
  readonly waiter = this;
  /** The channel's list in which it stands itself; `null` while it waits nowhere. */
  list: WaitList | null = null;
  item: Item = null;
  /** A select stands in one list for each of its channels. */
  other: Place | null = null;
  /** A timer that runs while it waits; 0 is none. The kernel's. */
  timer = 0;
  /** A select answers with which channel it was; a plain receive with the item itself. */
  selecting = false;

  constructor(
    private readonly wakes: Wakes,
    /** The kernel's: who waits. */
    readonly key: object,
  ) {}

  answer(channel: Channel, value: Item, ok: boolean, error: PerdureError | null): void {
    this.leave();
    this.wakes.wake(
      this,
      this.selecting && error === null
        ? { value: { channel, value, ok }, ok: true, error }
        : { value, ok, error },
    );
  }

  /** Stands in the list of one more channel; senders bring their item. */
  stand(list: WaitList, item: Item): void {
    if (this.list === null) {
      this.list = list;
      this.item = item;
      list.add(this);
    } else {
      this.other = new FurtherPlace(this, list, item, this.other);
      list.add(this.other);
    }
  }

  /** Takes it out of every list it stands in. */
  leave(): void {
    if (this.list === null) return;
    this.list.remove(this);
    this.list = null;
    this.item = null;
    for (let place = this.other; place !== null; place = place.other) place.list?.remove(place);
    this.other = null;
  }
}

/** The place of a select in the list of its second channel, and of each after that. */
class FurtherPlace implements Place {
  previous: Place | null = null;
  next: Place | null = null;
  constructor(
    readonly waiter: Waiter,
    readonly list: WaitList,
    readonly item: Item,
    readonly other: Place | null,
  ) {}
}

/** A linked list, so that a select that is done leaves each list in constant time. */
class WaitList {
  head: Place | null = null;
  private last: Place | null = null;

  add(place: Place): void {
    place.previous = this.last;
    place.next = null;
    if (this.last === null) this.head = place;
    else this.last.next = place;
    this.last = place;
  }

  remove(place: Place): void {
    if (place.previous === null) this.head = place.next;
    else place.previous.next = place.next;
    if (place.next === null) this.last = place.previous;
    else place.next.previous = place.previous;
  }
}

/** Counts the items that several channels hold together (a mailbox). */
export interface Meter {
  count: number;
}

export interface ChannelOptions {
  /** What a receiver sees of an item (`listen` without `message = true` shows the bare payload). */
  readonly view?: (item: Item) => Item;
  readonly meter?: Meter;
  /**
   * The runtime alone puts items in and closes it (a mailbox, a timer, a future). Whoever gives
   * channels to a program refuses `send` and `close` on such a one.
   */
  readonly receiveOnly?: boolean;
}

export class Channel {
  /** See {@link ChannelOptions.receiveOnly}. */
  readonly receiveOnly: boolean;
  private readonly view: ((item: Item) => Item) | null;
  private readonly meter: Meter | null;
  private readonly buffer = new Queue<Item>();
  private readonly receivers = new WaitList();
  /** Made when the first sender has to wait: a mailbox never needs it. */
  private senders: WaitList | null = null;
  private isClosed = false;

  constructor(
    /** Items held without a receiver; 0 is unbuffered, Infinity is a mailbox. */
    readonly capacity: number,
    options: ChannelOptions = {},
  ) {
    this.view = options.view ?? null;
    this.meter = options.meter ?? null;
    this.receiveOnly = options.receiveOnly === true;
  }

  get length(): number {
    return this.buffer.length;
  }

  /** Whether any task waits here, to receive or to send. */
  get awaited(): boolean {
    return this.receivers.head !== null || this.firstSender !== null;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** An item, if one can be had now; `null` when a receiver would wait. */
  poll(): Polled | null {
    if (this.buffer.length > 0) {
      const item = this.take();
      this.refill();
      return { value: this.show(item), ok: true };
    }
    const sender = this.firstSender;
    if (sender !== null) {
      const { item } = sender;
      sender.waiter.answer(this, null, true, null);
      return { value: this.show(item), ok: true };
    }
    return this.isClosed ? CLOSED : null;
  }

  /**
   * Hands the item over, if that can be done now; false when a sender would wait.
   * @throws PerdureError INVALID on a closed channel.
   */
  offer(item: Item): boolean {
    if (this.isClosed) throw closedError();
    const receiver = this.receivers.head;
    if (receiver !== null) {
      receiver.waiter.answer(this, this.show(item), true, null);
      return true;
    }
    if (this.buffer.length >= this.capacity) return false;
    this.buffer.push(item);
    if (this.meter !== null) this.meter.count++;
    return true;
  }

  awaitItem(waiter: Waiter): void {
    waiter.stand(this.receivers, null);
  }

  awaitRoom(waiter: Waiter, item: Item): void {
    this.senders ??= new WaitList();
    waiter.stand(this.senders, item);
  }

  /**
   * Receivers get what is left, then `ok = false`; senders that wait get INVALID.
   * @throws PerdureError INVALID on a closed channel.
   */
  close(): void {
    if (this.isClosed) throw closedError();
    this.isClosed = true;
    for (let r = this.receivers.head; r !== null; r = this.receivers.head) {
      r.waiter.answer(this, null, false, null);
    }
    for (let s = this.firstSender; s !== null; s = this.firstSender) {
      s.waiter.answer(this, null, false, closedError());
    }
  }

  /** The held items, in order; they stay. */
  held(): Item[] {
    return this.buffer.toArray();
  }

  /** Takes out the held items that `wanted` accepts, in order. */
  extract(wanted: (item: Item) => boolean): Item[] {
    const taken = this.buffer.extract(wanted);
    if (this.meter !== null) this.meter.count -= taken.length;
    return taken;
  }

  /** `channel:case_receive()`, for a select. */
  caseReceive(): SelectCase {
    return new SelectCase(this, false, null);
  }

  /** `channel:case_send(item)`, for a select. */
  caseSend(item: Item): SelectCase {
    return new SelectCase(this, true, item);
  }

  private get firstSender(): Place | null {
    return this.senders === null ? null : this.senders.head;
  }

  private take(): Item {
    if (this.meter !== null) this.meter.count--;
    return this.buffer.shift();
  }

  /** After an item left the buffer, the first sender that waits moves its own in. */
  private refill(): void {
    const sender = this.firstSender;
    if (sender === null) return;
    this.buffer.push(sender.item);
    if (this.meter !== null) this.meter.count++;
    sender.waiter.answer(this, null, true, null);
  }

  private show(item: Item): Item {
    return this.view === null ? item : this.view(item);
  }
}

export interface Polled {
  readonly value: Item;
  readonly ok: boolean;
}

const CLOSED: Polled = Object.freeze({ value: null, ok: false });

/** One alternative of a select. */
export class SelectCase {
  constructor(
    readonly channel: Channel,
    readonly sends: boolean,
    readonly item: Item,
  ) {}
}

function closedError(): PerdureError {
  return new PerdureError(ErrorKind.INVALID, 'channel is closed');
}
