import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Message } from '../../src/core/message.js';
import type { Channel } from '../../src/kernel/channel.js';
import { Mailbox } from '../../src/kernel/mailbox.js';

const message = (topic: string, value: string | number): Message =>
  new Message('{app:host|sender}', topic, [value], null);

/** Everything that can be received from `channel` now. */
function drain(channel: Channel): unknown[] {
  const items: unknown[] = [];
  for (let polled = channel.poll(); polled?.ok; polled = channel.poll()) items.push(polled.value);
  return items;
}

const bodies = (channel: Channel): unknown[] =>
  drain(channel).map((item) => (item as Message).first);

describe('a mailbox', () => {
  it('puts what nobody listens to into the inbox, in order', () => {
    const mailbox = new Mailbox();
    mailbox.put(message('a', 1));
    mailbox.put(message('b', 2));
    expect(bodies(mailbox.inbox)).toEqual([1, 2]);
  });

  it('moves unread messages of a topic from the inbox to whoever listens to it, in order', () => {
    const mailbox = new Mailbox();
    mailbox.put(message('job', 1));
    mailbox.put(message('other', 2));
    mailbox.put(message('job', 3));
    const jobs = mailbox.listen('job', false);
    mailbox.put(message('job', 4));
    expect(drain(jobs)).toEqual([1, 3, 4]);
    expect(bodies(mailbox.inbox)).toEqual([2]);
  });

  it('gives the same channel each time', () => {
    const mailbox = new Mailbox();
    expect(mailbox.listen('a', true)).toBe(mailbox.listen('a', true));
    expect(mailbox.inbox).toBe(mailbox.inbox);
    expect(mailbox.events).toBe(mailbox.events);
  });

  it('shows bare payloads or whole messages, as the listener asked', () => {
    const mailbox = new Mailbox();
    const bare = mailbox.listen('bare', false);
    const whole = mailbox.listen('whole', true);
    mailbox.put(message('bare', 1));
    mailbox.put(message('whole', 2));
    expect(drain(bare)).toEqual([1]);
    expect(drain(whole)).toEqual([message('whole', 2)]);
  });

  it('hands unread messages on when a listener asks for the other form', () => {
    const mailbox = new Mailbox();
    const bare = mailbox.listen('a', false);
    mailbox.put(message('a', 1));
    const whole = mailbox.listen('a', true);
    expect(bare.closed).toBe(true);
    expect(bodies(whole)).toEqual([1]);
  });

  it('takes unread messages back into the inbox when listening ends, and closes the channel', () => {
    const mailbox = new Mailbox();
    const jobs = mailbox.listen('job', false);
    mailbox.put(message('job', 1));
    expect(mailbox.unlisten('job')).toBe(true);
    mailbox.put(message('job', 2));
    expect(jobs.poll()).toEqual({ value: null, ok: false });
    expect(bodies(mailbox.inbox)).toEqual([1, 2]);
    expect(mailbox.unlisten('job')).toBe(false);
  });

  it('treats "inbox" as a topic like any other', () => {
    const mailbox = new Mailbox();
    const channel = mailbox.listen('inbox', false);
    mailbox.put(message('inbox', 1));
    mailbox.put(message('a', 2));
    expect(drain(channel)).toEqual([1]);
    expect(bodies(mailbox.inbox)).toEqual([2]);
  });

  it('knows whether its program ever asked for events', () => {
    const mailbox = new Mailbox();
    mailbox.putEvent({ kind: 'OUTDATED', from: null, at: 0 });
    expect(mailbox.readsEvents).toBe(false);
    expect(drain(mailbox.events)).toHaveLength(1);
    expect(mailbox.readsEvents).toBe(true);
  });

  it('lets no program feed or close its channels', () => {
    const mailbox = new Mailbox();
    for (const channel of [mailbox.inbox, mailbox.events, mailbox.listen('a', true)]) {
      expect(channel.receiveOnly).toBe(true);
    }
  });

  it('loses, doubles and reorders nothing within a topic, whatever is listened to and when', () => {
    const topic = fc.constantFrom('a', 'b', 'c');
    const action = fc.record({
      act: fc.constantFrom('put', 'put', 'put', 'listen', 'unlisten', 'read'),
      topic,
      whole: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const mailbox = new Mailbox();
        const listening = new Map<string, Channel>();
        const sent: Record<string, number[]> = { a: [], b: [], c: [] };
        const got: Record<string, number[]> = { a: [], b: [], c: [] };
        let next = 0;
        const note = (name: string, item: unknown): void => {
          const at = item instanceof Message ? item.topic : name;
          got[at]?.push((item instanceof Message ? item.first : item) as number);
        };
        for (const { act, topic: name, whole } of actions) {
          if (act === 'put') {
            mailbox.put(message(name, next));
            sent[name]?.push(next++);
          } else if (act === 'listen') {
            listening.set(name, mailbox.listen(name, whole));
          } else if (act === 'unlisten') {
            mailbox.unlisten(name);
            listening.delete(name);
          } else {
            const polled = (listening.get(name) ?? mailbox.inbox).poll();
            if (polled?.ok) note(name, polled.value);
          }
        }
        expect(mailbox.depth).toBe(next - Object.values(got).flat().length);
        for (const [name, channel] of listening)
          for (const item of drain(channel)) note(name, item);
        for (const item of drain(mailbox.inbox)) note('', item);
        expect(got).toEqual(sent);
      }),
    );
  });
});
