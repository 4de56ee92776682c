import { describe, expect, it } from '@jest/globals';
import type { PerdureError } from '../../src/core/errors.js';
import { Message } from '../../src/core/message.js';
import type { Value } from '../../src/core/payload.js';
import type { Pid } from '../../src/core/pid.js';
import { defineProcess } from '../../src/js/define.js';
import { localNode } from '../support/local-node.js';

const post = (node: ReturnType<typeof localNode>, to: Pid, topic: string, ...values: Value[]) =>
  node.node.send(to, new Message(null, topic, values, null));

const echo = defineProcess(async (ctx) => (await ctx.receive()).first, 'echo');
const forever = defineProcess(
  async (ctx) => void (await ctx.receive({ topic: 'never' })),
  'forever',
);
const failing = defineProcess(async (ctx) => {
  await ctx.receive();
  throw new Error('told to fail');
}, 'failing');

describe('a TypeScript process', () => {
  it('runs with what it was given, and its result is how it ended', async () => {
    const { run, exitOf } = localNode({});
    const sum = defineProcess(async (_ctx, a: number, b: number) => ({ sum: a + b }));
    expect(await exitOf(run(sum, 2, 3))).toEqual({ value: { sum: 5 }, error: null });
  });

  it('may be a plain function that waits for nothing', async () => {
    const { run, exitOf } = localNode({});
    expect((await exitOf(run(defineProcess(() => 'at once')))).value).toBe('at once');
  });

  it('has a result that its watchers do not share', async () => {
    const { run, exitOf, node } = localNode({});
    const returns = defineProcess(async (ctx) => {
      await ctx.receive();
      return { n: 1 };
    });
    const watches = defineProcess(async (ctx, pid: Pid) => {
      await ctx.monitor(pid);
      const { value } = (await ctx.events.receive()) as { value: { result: { value: unknown } } };
      const result = value.result.value as { n: number };
      result.n += 1;
      return result.n;
    });
    const pid = run(returns);
    const watchers = [run(watches, pid), run(watches, pid), run(watches, pid)].map(exitOf);
    await new Promise(setImmediate);
    void post({ node } as ReturnType<typeof localNode>, pid, 'end');
    expect((await Promise.all(watchers)).map(({ value }) => value)).toEqual([2, 2, 2]);
  });

  it('talks with another, and each sees the messages in the order sent', async () => {
    const { run, exitOf } = localNode({});
    const collect = defineProcess(async (ctx) => {
      const got: unknown[] = [];
      while (got.length < 3000) got.push((await ctx.receive()).first);
      return got;
    });
    const main = defineProcess(async (ctx) => {
      const to = await ctx.spawnMonitored(collect);
      for (let i = 0; i < 3000; i++) void ctx.send(to, 'n', i);
      const event = await ctx.events.receive();
      return event.ok && event.value.kind === 'EXIT' ? event.value.result.value : null;
    });
    const { value } = await exitOf(run(main));
    expect(value).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  });

  it('copies what it sends, and refuses what cannot be sent', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      const list = [1, 2];
      await ctx.send(ctx.pid, 'list', list);
      list.push(3);
      const kept = (await ctx.receive()).first;
      const refused = await ctx.send(ctx.pid, 'f', { a: [() => 1] }).catch((e: PerdureError) => e);
      return [kept, (refused as PerdureError).kind, (refused as PerdureError).message];
    });
    expect((await exitOf(run(main))).value).toEqual([
      [1, 2],
      'INVALID',
      expect.stringContaining('payload[1].a[1]'),
    ]);
  });

  it('reads a topic it listens to apart from its inbox', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      for (const topic of ['a', 'b', 'a']) await ctx.send(ctx.pid, topic, topic);
      const b = await ctx.receive({ topic: 'b' });
      const rest = [ctx.tryReceive()?.topic, ctx.tryReceive()?.topic, ctx.tryReceive()];
      return [b.topic, ...rest];
    });
    expect((await exitOf(run(main))).value).toEqual(['b', 'a', 'a', null]);
  });

  it('gives up a receive when its time is over, and takes the next message all the same', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      const late = await ctx.receive({ timeoutMs: 1 }).catch((e: PerdureError) => e.kind);
      await ctx.send(ctx.pid, 'x', 'next');
      return [late, (await ctx.receive()).first];
    });
    expect((await exitOf(run(main))).value).toEqual(['TIMEOUT', 'next']);
  });

  it('waits for several things at once', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      const both = Promise.all([ctx.receive({ topic: 'a' }), ctx.receive({ topic: 'b' })]);
      void ctx.send(ctx.pid, 'b', 2);
      void ctx.send(ctx.pid, 'a', 1);
      return (await both).map(({ first }) => first);
    });
    expect((await exitOf(run(main))).value).toEqual([1, 2]);
  });

  it('has tasks that hand items over through channels, and selects among them', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      const channel = ctx.channel<number>();
      ctx.fork(async () => {
        for (let i = 1; i <= 3; i++) await channel.send(i);
        channel.close();
      });
      const items: number[] = [];
      for await (const item of channel) items.push(item);
      const limit = ctx.after(1);
      const chosen = await ctx.select([ctx.channel().caseReceive(), limit.caseReceive()]);
      const none = await ctx.select([ctx.channel().caseReceive()], true);
      return [items, chosen.channel === limit.source, none.channel === null];
    });
    expect((await exitOf(run(main))).value).toEqual([[1, 2, 3], true, true]);
  });

  it('fails when one of its tasks fails', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      ctx.fork(async () => {
        await ctx.sleep(1);
        throw new Error('in a task');
      });
      await ctx.receive();
    });
    expect((await exitOf(run(main))).error).toMatchObject({
      kind: 'INTERNAL',
      message: 'in a task',
    });
  });

  it('reads one EXIT for a monitor, and LINK_DOWN for a link that it traps', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      ctx.setOptions({ trapLinks: true });
      const watched = await ctx.spawnMonitored(echo);
      const linked = await ctx.spawnLinked(failing);
      await ctx.send(watched, 'x', 'bye');
      await ctx.send(linked, 'x');
      const seen: unknown[] = [];
      for await (const event of ctx.events) {
        if (event.kind !== 'EXIT' && event.kind !== 'LINK_DOWN') continue;
        seen.push([event.kind, event.result.value, event.result.error?.message ?? null]);
        if (seen.length === 2) return seen;
      }
      return seen;
    });
    expect((await exitOf(run(main))).value).toEqual([
      ['EXIT', 'bye', null],
      ['LINK_DOWN', null, 'told to fail'],
    ]);
  });

  it('falls with the process it is linked to', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      const linked = await ctx.spawnLinked(failing);
      await ctx.send(linked, 'x');
      await ctx.receive();
    });
    expect((await exitOf(run(main))).error?.message).toBe('told to fail');
  });

  it('gets the result of exec, and its failure as an error to catch', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      const messages = [{ topic: 't', values: ['first'] }];
      const good = await ctx.exec(echo, { messages });
      const bad = await ctx.exec(failing, { messages }).catch((e: PerdureError) => e.message);
      return [good, bad];
    });
    expect((await exitOf(run(main))).value).toEqual(['first', 'told to fail']);
  });

  it('has names, and finds others by theirs', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async (ctx) => {
      await ctx.register('me');
      const other = await ctx.spawn(echo, { name: 'other' });
      const taken = await ctx.spawn(echo, { name: 'other' });
      await ctx.send('me', 'x', 1);
      return [
        (await ctx.lookup('me')) === ctx.pid,
        (await ctx.lookup('other')) === other,
        taken === other,
        await ctx.lookup('nobody'),
        (await ctx.receive()).from === ctx.pid,
        await ctx.send('nobody', 'x').catch((e: PerdureError) => e.kind),
      ];
    });
    expect((await exitOf(run(main))).value).toEqual([true, true, true, null, true, 'NOT_FOUND']);
  });

  it('hands its context on to what it spawns', async () => {
    const { run, exitOf } = localNode({});
    const inner = defineProcess((ctx) => ctx.context);
    const outer = defineProcess((ctx) => ctx.exec(inner, { context: { b: 2 } }));
    const main = defineProcess((ctx) => ctx.exec(outer, { context: { a: 1 } }));
    expect((await exitOf(run(main))).value).toEqual({ a: 1, b: 2 });
  });

  it('does not go on after it was terminated, whatever it catches', async () => {
    const node = localNode({});
    const went: string[] = [];
    const stubborn = defineProcess(async (ctx) => {
      const { signal } = ctx;
      signal.addEventListener('abort', () => went.push('aborted'));
      for (;;) {
        try {
          await ctx.receive();
        } catch {
          went.push('caught');
        } finally {
          went.push('went on');
        }
      }
    });
    const pid = node.run(stubborn);
    const exit = node.exitOf(pid);
    await node.quiet();
    await node.node.deliver(pid, { kind: 'terminate', from: null, reason: 'enough' });
    expect((await exit).error?.kind).toBe('CANCELED');
    await new Promise(setImmediate);
    expect(went).toEqual(['aborted']);
  });

  it('has no effect on anything once it has ended', async () => {
    const node = localNode({});
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const after: unknown[] = [];
    const target = node.run(echo);
    const main = defineProcess(async (ctx) => {
      await gate; // something the runtime knows nothing of
      void ctx.send(target, 'late', 'late').then(() => after.push('sent'));
      try {
        ctx.tryReceive();
      } catch (error) {
        after.push((error as PerdureError).kind);
      }
      await ctx.sleep(0);
      after.push('went on');
    });
    const pid = node.run(main);
    const exit = node.exitOf(pid);
    await new Promise(setImmediate);
    await node.node.deliver(pid, { kind: 'terminate', from: null, reason: null });
    await exit;
    open();
    await new Promise(setImmediate);
    const targetExit = node.exitOf(target);
    await post(node, target, 'x', 'in time');
    expect((await targetExit).value).toBe('in time');
    expect(after).toEqual(['CANCELED']);
  });

  it.each([
    ['text', () => 'just text', 'just text'],
    ['nothing', () => undefined, 'thrown: undefined'],
    ['an object without a text', () => Object.create(null), 'thrown: a value that has no text'],
    ['a symbol', () => Symbol('s'), 'thrown: Symbol(s)'],
  ])('may throw %s', async (_what, make, message) => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async () => {
      throw make();
    });
    expect((await exitOf(run(main))).error).toMatchObject({ kind: 'INTERNAL', message });
  });

  it('has an error message of 5 MB cut', async () => {
    const { run, exitOf } = localNode({});
    const main = defineProcess(async () => {
      throw new Error('x'.repeat(5_000_000));
    });
    const { error } = await exitOf(run(main));
    expect(error?.message).toHaveLength(65_536 + '… (cut; it had 5000000 characters)'.length);
  });

  it('fails where its result cannot be sent', async () => {
    const { run, exitOf } = localNode({});
    const { error } = await exitOf(run(defineProcess(() => ({ fn: () => 1 }))));
    expect(error).toMatchObject({ kind: 'INVALID', message: expect.stringContaining('result.fn') });
  });

  it('lets timers and others run while two of them never stop talking', async () => {
    const { run, exitOf, host } = localNode({});
    const talker = defineProcess(async (ctx) => {
      for (;;) {
        const { from } = await ctx.receive();
        if (from !== null) void ctx.send(from, 'again');
      }
    });
    const busy = defineProcess(async (ctx) => {
      for (;;) await ctx.lookup('nobody');
    });
    const starter = defineProcess(async (ctx, a: Pid) => {
      void ctx.send(a, 'go');
      for (;;) {
        const { from } = await ctx.receive();
        void ctx.send(from as Pid, 'again');
      }
    });
    const a = run(talker);
    run(starter, a);
    run(busy);
    const quick = defineProcess(async (ctx) => {
      await ctx.sleep(5);
      return 'in time';
    });
    expect((await exitOf(run(quick))).value).toBe('in time');
    expect(host.list()).toHaveLength(3);
    await host.stop(0);
  });

  it('leaves nothing behind: its timers and its waits end with it', async () => {
    const node = localNode({});
    const main = defineProcess(async (ctx) => {
      ctx.fork(() => ctx.sleep(1e9));
      ctx.fork(() => ctx.receive());
      await ctx.sleep(0);
      return 'done';
    });
    expect((await node.exitOf(node.run(main))).value).toBe('done');
    expect(node.host.list()).toEqual([]);
  });

  it('says what it waits for when it is described', async () => {
    const node = localNode({});
    const pid = node.run(forever);
    await node.quiet();
    expect(node.host.describe(pid)).toMatchObject({ entry: 'forever', status: 'waiting' });
  });
});
