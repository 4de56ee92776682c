/**
 * The mailbox: where signals meet a program. Messages go to the channel that listens to their topic,
 * else to the inbox (docs/semantics.md, rule 3); nothing that arrives before somebody asks is lost.
 */

import type { Message } from '../core/message.js';
import type { ProcessEvent } from '../core/signal.js';
import { Channel, type Meter } from './channel.js';
import type { Item } from './program.js';

const bare = (item: Item): Item => (item as Message).first;

export interface Unread {
  readonly messages: readonly Message[];
  readonly events: readonly ProcessEvent[];
}

interface Listener {
  readonly channel: Channel;
  readonly whole: boolean;
}

/** Most processes never listen to a topic nor read events: what only those need is made on demand. */
export class Mailbox implements Meter {
  /** Unread messages; kept by the channels. */
  count = 0;
  private listeners: Map<string, Listener> | null = null;
  readonly inbox: Channel = this.inputChannel();
  private eventChannel: Channel | null = null;
  private eventsAsked = false;

  /** The channel of `process.events()`. */
  get events(): Channel {
    this.eventsAsked = true;
    return this.openEvents();
  }

  /** Whether the program ever asked for its events; one that did not cannot see a CANCEL. */
  get readsEvents(): boolean {
    return this.eventsAsked;
  }

  /** Whether `channel` is the one that yields {@link ProcessEvent}s. */
  isEvents(channel: Channel): boolean {
    return channel === this.eventChannel;
  }

  /** Topics that have a channel of their own. */
  get topics(): string[] {
    return [...(this.listeners?.keys() ?? [])];
  }

  /** Messages that nobody has received yet. */
  get depth(): number {
    return this.count;
  }

  /**
   * The channel for `topic`, the same one every time. Unread messages of that topic move to it from
   * the inbox, in order. `whole`: it yields messages with sender and topic, not bare payloads.
   */
  listen(topic: string, whole: boolean): Channel {
    const known = this.listeners?.get(topic);
    if (known !== undefined && known.whole === whole) return known.channel;
    const channel = this.inputChannel(whole ? undefined : bare);
    const unread = known?.channel.extract(() => true) ?? this.unreadOf(topic);
    this.listeners ??= new Map();
    this.listeners.set(topic, { channel, whole });
    for (const message of unread) channel.offer(message);
    known?.channel.close();
    return channel;
  }

  /**
   * Stops listening; what is unread goes back to the inbox, in order, behind what is there.
   * False where nobody listened.
   */
  unlisten(topic: string): boolean {
    const known = this.listeners?.get(topic);
    if (known === undefined) return false;
    this.listeners?.delete(topic);
    for (const message of known.channel.extract(() => true)) this.inbox.offer(message);
    known.channel.close();
    return true;
  }

  /** The topic that `channel` listens to; `undefined` for any other channel. */
  topicOf(channel: Channel): string | undefined {
    for (const [topic, listener] of this.listeners ?? []) {
      if (listener.channel === channel) return topic;
    }
    return undefined;
  }

  /**
   * What nobody has read: messages of the inbox first, then those of the topics that are listened to, each
   * in order; and events. It stays where it is.
   */
  unread(): Unread {
    const topics = [...(this.listeners?.values() ?? [])].map(({ channel }) => channel);
    return {
      messages: [this.inbox, ...topics].flatMap((channel) => channel.held() as Message[]),
      events: (this.eventChannel?.held() ?? []) as ProcessEvent[],
    };
  }

  /** A mailbox for the next program of the process (`process.upgrade`), with what is unread in this one. */
  renew(): Mailbox {
    const next = new Mailbox();
    const { messages, events } = this.unread();
    for (const message of messages) next.put(message);
    for (const event of events) next.putEvent(event);
    return next;
  }

  /** Whether some task waits for a message or an event. */
  get awaited(): boolean {
    const topics = [...(this.listeners?.values() ?? [])].map(({ channel }) => channel);
    return [this.inbox, this.eventChannel, ...topics].some((channel) => channel?.awaited === true);
  }

  put(message: Message): void {
    const listener = this.listeners === null ? undefined : this.listeners.get(message.topic);
    (listener === undefined ? this.inbox : listener.channel).offer(message);
  }

  putEvent(event: ProcessEvent): void {
    this.openEvents().offer(event);
  }

  private openEvents(): Channel {
    this.eventChannel ??= new Channel(Number.POSITIVE_INFINITY, { receiveOnly: true });
    return this.eventChannel;
  }

  private inputChannel(view?: (item: Item) => Item): Channel {
    return new Channel(
      Number.POSITIVE_INFINITY,
      view === undefined
        ? { meter: this, receiveOnly: true }
        : { meter: this, receiveOnly: true, view },
    );
  }

  private unreadOf(topic: string): Item[] {
    return this.inbox.extract((item) => (item as Message).topic === topic);
  }
}
