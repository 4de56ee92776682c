import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../src/core/errors.js';
import type { ProcessEvent, Signal } from '../../src/core/signal.js';
import { Channel } from '../../src/kernel/channel.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { HostRequest } from '../../src/kernel/request.js';
import { nextEvent, nextMessage } from '../support/generator-program.js';
import { type Body, fork, receive, runProcess, sleep, succeeded } from '../support/kernel-run.js';
import { TestHost } from '../support/test-host.js';

const message = (topic: string, ...values: number[]): Signal => ({
  kind: 'message',
  from: '{app:host|other}',
  topic,
  values,
  context: null,
});
const call = (entry: string): HostRequest => ({
  op: 'call',
  call: { entry, values: [], context: {}, options: {} },
});
const failure = new PerdureError('NOT_FOUND', 'nothing there');
const linkDown: Signal = {
  kind: 'link_down',
  from: '{app:host|friend}',
  result: { value: null, error: failure },
};
const cancel = (reason: string | null, deadlineMs: number | null): Signal => ({
  kind: 'cancel',
  from: null,
  reason,
  deadlineMs,
});

function* forever(): Body {
  yield* receive(new Channel(0));
}

describe('a kernel', () => {
  it('runs tasks in the order they became ready', () => {
    const log: string[] = [];
    runProcess(function* (kernel) {
      for (const name of ['a', 'b', 'c']) {
        yield* fork(kernel, function* () {
          log.push(name);
          yield* sleep(1);
        });
      }
      log.push('main');
      yield* forever();
    });
    expect(log).toEqual(['main', 'a', 'b', 'c']);
  });

  it('runs as many turns as it is allowed, and says whether more are ready', () => {
    expect(new TestHost().kernel.run(1)).toBe(false);
    const { kernel: busy } = runProcess(function* (kernel) {
      yield* nextMessage(kernel);
      yield* fork(kernel, forever);
      yield* fork(kernel, forever);
      yield* forever();
    });
    busy.deliver(message('go'));
    expect(busy.run(1)).toBe(true);
    expect(busy.run(2)).toBe(false);
  });

  it('wakes sleepers at their time, in order', () => {
    const woken: number[] = [];
    const { host } = runProcess(function* (kernel) {
      for (const ms of [30, 10, 20]) {
        yield* fork(kernel, function* () {
          yield* sleep(ms);
          woken.push(ms);
        });
      }
      yield* forever();
    });
    host.turn(20);
    expect(woken).toEqual([10, 20]);
    host.turn(10);
    expect(woken).toEqual([10, 20, 30]);
  });

  it('ends with what main returns, and every other task with it', () => {
    const { kernel, host, closes } = runProcess(function* (kernel) {
      yield* fork(kernel, () => sleep(1000));
      yield* fork(kernel, function* () {
        yield call('app:slow');
      });
      yield* sleep(5);
      return { answer: 42 };
    });
    host.turn(5);
    expect(kernel.result).toEqual({ value: { answer: 42 }, error: null });
    expect(host.timerCount).toBe(0);
    expect(host.abandoned).toHaveLength(1);
    expect(closes()).toBe(1);
    expect(kernel.run()).toBe(false);
  });

  it('fails with the error of any of its tasks', () => {
    const { kernel } = runProcess(function* (kernel) {
      // biome-ignore lint/correctness/useYield: it fails before it asks for anything
      yield* fork(kernel, function* () {
        throw failure;
      });
      yield* forever();
    });
    expect(kernel.result).toEqual({ value: null, error: failure });
  });

  it('turns what an engine throws into the failure of its process', () => {
    const host = new TestHost();
    const broken = {
      resume: () => {
        throw new Error('engine fell over');
      },
      where: () => null,
    };
    host.run({ start: () => broken, close: () => {} });
    expect(host.error).toMatchObject({ kind: 'INTERNAL', message: 'engine fell over' });
  });

  it('ignores everything after its end', () => {
    const { kernel, host } = runProcess(() => sleep(5));
    kernel.end({ value: 1, error: null });
    kernel.end({ value: 2, error: null });
    host.turn(10);
    kernel.deliver(linkDown);
    kernel.deliver(message('late'));
    expect(kernel.result).toEqual({ value: 1, error: null });
    expect(kernel.mailbox.depth).toBe(0);
  });

  it('tells what each task waits for', () => {
    const { kernel } = runProcess(function* (kernel) {
      yield* fork(kernel, () => sleep(5));
      yield* forever();
    });
    expect(kernel.waiting()).toEqual([
      { op: 'receive', at: null },
      { op: 'sleep', at: null },
    ]);
  });
});

describe('requests to the host', () => {
  it('are answered at once or later, each only once', () => {
    const { kernel, host } = runProcess(function* () {
      const first = yield call('app:f');
      const second = yield call('app:g');
      return [first.value as number, second.value as number];
    });
    kernel.answer(1, succeeded(1));
    kernel.answer(1, succeeded(100));
    kernel.run();
    kernel.answer(1, succeeded(200));
    kernel.answer(2, succeeded(2));
    kernel.run();
    expect(kernel.result?.value).toEqual([1, 2]);
    expect(host.requests).toHaveLength(2);
  });

  it('are taken back when nobody wants the answer any more', () => {
    const { kernel, host } = runProcess(() => forever());
    const answers: unknown[] = [];
    const id = kernel.begin(call('app:f'), (answer) => answers.push(answer));
    kernel.abandon(id);
    kernel.answer(id, succeeded(1));
    kernel.abandon(id);
    expect(answers).toEqual([]);
    expect(host.abandoned).toEqual([id]);
  });

  it('stop a task that ends its own process by one, and close the program only then', () => {
    let went = false;
    let closesDuringTurn: number | null = null;
    const { kernel, host, closes } = runProcess(
      function* () {
        yield* sleep(1);
        yield { op: 'terminate', pid: '{test:host|1}', reason: null };
        went = true;
        yield call('app:never');
      },
      {
        onAsk: () => {
          kernel.deliver({ kind: 'terminate', from: null, reason: null });
          closesDuringTurn = closes();
          return succeeded(true);
        },
      },
    );
    host.turn(1);
    expect(went).toBe(false);
    expect(host.requests).toHaveLength(1);
    expect(closesDuringTurn).toBe(0);
    expect(closes()).toBe(1);
    expect(kernel.result?.error?.kind).toBe('CANCELED');
  });
});

describe('signals', () => {
  /** A process that returns its first event. */
  const reader = (trapLinks = false) =>
    runProcess(function* (kernel) {
      kernel.flags = { ...kernel.flags, trapLinks };
      const event: ProcessEvent = yield* nextEvent(kernel);
      return event.kind;
    });

  it('that arrive before the program asks wait for it', () => {
    const { kernel, host } = runProcess(function* (kernel: Kernel) {
      yield* sleep(10);
      const first = yield* nextMessage(kernel);
      const event: ProcessEvent = yield* nextEvent(kernel);
      return [first.first, event.kind];
    });
    kernel.deliver(message('early', 7));
    kernel.deliver({ kind: 'exit', from: '{app:host|x}', result: { value: null, error: null } });
    host.turn(10);
    expect(kernel.result?.value).toEqual([7, 'EXIT']);
  });

  it('carry their messages in the order they were delivered', () => {
    const { kernel } = runProcess(function* (kernel) {
      const got: unknown[] = [];
      for (let i = 0; i < 3; i++) got.push((yield* nextMessage(kernel)).topic);
      return got;
    });
    for (const topic of ['a', 'b', 'c']) kernel.deliver(message(topic));
    kernel.run();
    expect(kernel.result?.value).toEqual(['a', 'b', 'c']);
  });

  it('terminate a process whatever it waits for, with CANCELED', () => {
    const { kernel, closes } = runProcess(() => forever());
    kernel.deliver({ kind: 'terminate', from: null, reason: 'no longer needed' });
    expect(kernel.result?.error).toMatchObject({
      kind: 'CANCELED',
      message: 'process terminated: no longer needed',
    });
    expect(closes()).toBe(1);
  });

  it('of a failed link fail the process with the same error', () => {
    const { kernel } = reader();
    kernel.deliver(linkDown);
    expect(kernel.result).toEqual({ value: null, error: failure });
  });

  it('of a failed link are events where links are trapped', () => {
    const { kernel } = reader(true);
    kernel.deliver(linkDown);
    kernel.run();
    expect(kernel.result?.value).toBe('LINK_DOWN');
  });

  it('of a cancellation are an event with its reason and its deadline on the process clock', () => {
    let seen: ProcessEvent | null = null;
    const { kernel, host } = runProcess(function* (kernel) {
      seen = yield* nextEvent(kernel);
    });
    const at = host.now();
    kernel.deliver(cancel('shutting down', 5000));
    kernel.run();
    expect(seen).toEqual({
      kind: 'CANCEL',
      from: null,
      reason: 'shutting down',
      deadline: at + 5000,
      at,
    });
    expect(host.timerCount).toBe(0);
  });

  it('of a cancellation end a process that reads no events at the deadline', () => {
    const { kernel, host } = runProcess(() => forever());
    kernel.deliver(cancel(null, 5000));
    host.turn(4999);
    expect(kernel.result).toBeNull();
    host.turn(1);
    expect(kernel.result?.error?.kind).toBe('CANCELED');
  });

  it('of a cancellation without a deadline end nothing and abort no call', () => {
    const { kernel, host } = runProcess(function* () {
      return (yield call('app:f')).value;
    });
    kernel.deliver(cancel('please', null));
    host.turn(1_000_000);
    kernel.answer(1, succeeded('done'));
    kernel.run();
    expect(kernel.result?.value).toBe('done');
  });
});

describe('the same inputs', () => {
  it('lead to the same requests, timers and result', () => {
    const trace = (): unknown => {
      let calls = 0;
      const { kernel, host } = runProcess(
        function* (kernel) {
          const results = new Channel(0);
          for (const [name, ms] of Object.entries({ a: 20, b: 10, c: 20 })) {
            yield* fork(kernel, function* () {
              yield* sleep(ms);
              const answer = yield call(`app:${name}`);
              yield { op: 'offer', channel: results, item: [name, answer.value] };
            });
          }
          const got: unknown[] = [];
          for (let i = 0; i < 3; i++) got.push(yield* receive(results));
          return got;
        },
        { onAsk: () => succeeded(++calls) },
      );
      host.turn(1000);
      return { result: kernel.result, requests: host.requests };
    };
    expect(trace()).toMatchObject({
      result: {
        value: [
          ['b', 1],
          ['a', 2],
          ['c', 3],
        ],
      },
    });
    expect(trace()).toEqual(trace());
  });
});
