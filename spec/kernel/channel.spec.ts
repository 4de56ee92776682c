import { describe, expect, it } from '@jest/globals';
import { Channel } from '../../src/kernel/channel.js';
import { fork, offer, receive, runProcess, select, sleep } from '../support/kernel-run.js';

describe('a channel', () => {
  it('without capacity makes its sender wait for a receiver', () => {
    const log: unknown[] = [];
    const { host } = runProcess(function* (kernel) {
      const channel = new Channel(0);
      yield* fork(kernel, function* () {
        yield* offer(channel, 'a');
        log.push('sent');
      });
      yield* sleep(5);
      log.push('asks', yield* receive(channel));
      yield* sleep(1);
    });
    expect(log).toEqual([]);
    host.turn(5);
    expect(log).toEqual(['asks', 'a', 'sent']);
  });

  it('hands items over in the order they were sent, whether they waited in the buffer or at its door', () => {
    const { kernel, host } = runProcess(function* (kernel) {
      const channel = new Channel(2);
      for (const item of ['a', 'b', 'c', 'd']) {
        yield* fork(kernel, function* () {
          yield* offer(channel, item);
        });
      }
      yield* sleep(1);
      const got: unknown[] = [];
      for (let i = 0; i < 4; i++) got.push(yield* receive(channel));
      return got;
    });
    host.turn(1);
    expect(kernel.result?.value).toEqual(['a', 'b', 'c', 'd']);
  });

  it('serves waiting receivers in the order they came', () => {
    const got: unknown[] = [];
    runProcess(function* (kernel) {
      const channel = new Channel(0);
      for (const name of ['first', 'second']) {
        yield* fork(kernel, function* () {
          got.push([name, yield* receive(channel)]);
        });
      }
      yield* fork(kernel, function* () {
        yield* offer(channel, 1);
        yield* offer(channel, 2);
      });
      yield* receive(new Channel(0));
    });
    expect(got).toEqual([
      ['first', 1],
      ['second', 2],
    ]);
  });

  it('gives what is left after close, then says it is closed, as often as one asks', () => {
    const { kernel } = runProcess(function* () {
      const channel = new Channel(2);
      yield* offer(channel, 'a');
      yield* offer(channel, 'b');
      channel.close();
      const got: unknown[] = [];
      for (let i = 0; i < 4; i++) got.push(yield* receive(channel));
      return got;
    });
    expect(kernel.result?.value).toEqual(['a', 'b', 'closed', 'closed']);
  });

  it('wakes receivers that wait when it is closed, and refuses senders that wait', () => {
    const log: unknown[] = [];
    const { host } = runProcess(function* (kernel) {
      const idle = new Channel(0);
      const full = new Channel(0);
      yield* fork(kernel, function* () {
        log.push(yield* receive(idle));
      });
      yield* fork(kernel, function* () {
        log.push((yield* offer(full, 1)).error?.kind);
      });
      yield* sleep(1);
      idle.close();
      full.close();
      yield* sleep(1);
    });
    host.turn(2);
    expect(log).toEqual(['closed', 'INVALID']);
  });

  it('refuses an item once it is closed, and a second close', () => {
    const { kernel } = runProcess(function* () {
      const channel = new Channel(1);
      channel.close();
      const answer = yield* offer(channel, 1);
      expect(() => channel.close()).toThrow('closed');
      return answer.error?.kind;
    });
    expect(kernel.result?.value).toBe('INVALID');
  });

  it('takes a nil for an item like any other', () => {
    const { kernel } = runProcess(function* () {
      const channel = new Channel(1);
      yield* offer(channel, null);
      const answer = yield { op: 'receive', channel, timeoutMs: null } as const;
      return [answer.value as null, answer.ok];
    });
    expect(kernel.result?.value).toEqual([null, true]);
  });
});

describe('a receive with a timeout', () => {
  const timed = (timeoutMs: number, channel: Channel) =>
    ({ op: 'receive', channel, timeoutMs }) as const;

  it('says TIMEOUT when the time is over, and leaves the channel', () => {
    const channel = new Channel(0);
    const { kernel, host } = runProcess(function* () {
      const answer = yield timed(100, channel);
      return [answer.ok, answer.error?.kind];
    });
    host.turn(99);
    expect(kernel.result).toBeNull();
    host.turn(1);
    expect(kernel.result?.value).toEqual([false, 'TIMEOUT']);
    expect(channel.awaited).toBe(false);
  });

  it('cancels its timer when an item comes first', () => {
    const channel = new Channel(0);
    const { host } = runProcess(function* (kernel) {
      yield* fork(kernel, function* () {
        yield* sleep(10);
        yield* offer(channel, 'x');
      });
      const answer = yield timed(100, channel);
      yield* receive(new Channel(0));
      return answer.value;
    });
    host.turn(10);
    expect(host.timerCount).toBe(0);
  });

  it('of no length only looks', () => {
    const { kernel } = runProcess(function* () {
      const empty = yield timed(0, new Channel(0));
      const full = new Channel(1);
      yield* offer(full, 'x');
      const found = yield timed(0, full);
      return [empty.error?.kind, found.value as string];
    });
    expect(kernel.result?.value).toEqual(['TIMEOUT', 'x']);
  });
});

describe('a select', () => {
  it('takes the first ready case in the order given, and the very channel', () => {
    const a = new Channel(1);
    const b = new Channel(1);
    let chosen: unknown;
    runProcess(function* () {
      yield* offer(a, 'a');
      yield* offer(b, 'b');
      chosen = yield* select([b.caseReceive(), a.caseReceive()]);
    });
    expect(chosen).toEqual({ channel: b, value: 'b', ok: true });
    expect(a.length).toBe(1);
  });

  it('does not wait when it has a default', () => {
    let chosen: unknown;
    runProcess(function* () {
      chosen = yield* select([new Channel(0).caseReceive(), new Channel(0).caseSend(1)], true);
    });
    expect(chosen).toEqual({ channel: null, value: null, ok: false });
  });

  it('waits in both directions and does one of them only', () => {
    const into = new Channel(0);
    const from = new Channel(0);
    const log: unknown[] = [];
    runProcess(function* (kernel) {
      yield* fork(kernel, function* () {
        const { channel, ok } = yield* select([from.caseReceive(), into.caseSend('mine')]);
        log.push(channel === into, ok);
      });
      yield* fork(kernel, function* () {
        log.push(yield* receive(into));
      });
      yield* receive(new Channel(0));
    });
    expect(log).toEqual(['mine', true, true]);
    expect(from.awaited).toBe(false);
  });

  it('meets another select on the same unbuffered channel', () => {
    const channel = new Channel(0);
    const log: unknown[] = [];
    runProcess(function* (kernel) {
      for (const name of ['one', 'two']) {
        yield* fork(kernel, function* () {
          const chosen = yield* select([channel.caseSend(name), channel.caseReceive()]);
          log.push([name, chosen.value]);
        });
      }
      yield* receive(new Channel(0));
    });
    expect(log).toEqual([
      ['two', null],
      ['one', 'two'],
    ]);
  });

  it('finds a closed channel ready, with ok = false', () => {
    let chosen: unknown;
    const channel = new Channel(0);
    runProcess(function* () {
      channel.close();
      chosen = yield* select([channel.caseReceive()]);
    });
    expect(chosen).toEqual({ channel, value: null, ok: false });
  });

  it('leaves nothing behind in a channel that is never ready', () => {
    const never = new Channel(0);
    const busy = new Channel(1);
    const { kernel, host } = runProcess(function* (kernel) {
      yield* fork(kernel, function* () {
        for (let i = 0; i < 50; i++) {
          yield* sleep(1);
          yield* offer(busy, i);
        }
      });
      for (let i = 0; i < 50; i++) yield* select([never.caseReceive(), busy.caseReceive()]);
      return never.awaited;
    });
    host.turn(50);
    expect(kernel.result?.value).toBe(false);
  });
});
