import { describe, expect, it } from '@jest/globals';
import { Message } from '../../../src/core/message.js';
import type { Value } from '../../../src/core/payload.js';
import type { Answer } from '../../../src/kernel/program.js';
import { type Main, nextEvent, nextMessage } from '../../support/generator-program.js';
import { localNode } from '../../support/local-node.js';

const upgrade = (entry: string, ...values: Value[]) => ({ op: 'upgrade', entry, values }) as const;

/** Goes on as the second version when it is told to. */
const first: Main = function* (kernel) {
  kernel.mailbox.listen('side', true);
  yield* nextMessage(kernel);
  yield { op: 'fork', task: { resume: () => ({ kind: 'waiting' }), where: () => null } };
  yield upgrade('app:second', 'from the first');
  throw new Error('the first version must not go on');
};

/** Reports what it was given and what it finds in its mailbox. */
const second: Main = function* (kernel, given) {
  const topics = [];
  while (kernel.mailbox.depth > 0) topics.push((yield* nextMessage(kernel)).topic);
  return { given: given ?? null, pid: kernel.pid, topics };
};

describe('an upgrade', () => {
  it('keeps PID, unread messages, names, monitors and links, and starts the new program', async () => {
    const { spawn, node, exitOf, events, quiet } = localNode({
      'app:first': first,
      'app:second': second,
      'app:linked': function* (kernel, to) {
        yield { op: 'link', pid: String(to) };
        yield* nextMessage(kernel);
      },
    });
    const pid = spawn('app:first');
    node.names.register('named', pid);
    spawn('app:linked', pid);
    const exit = exitOf(pid);
    await quiet();
    for (const topic of ['go', 'a', 'side', 'b']) {
      void node.send(pid, new Message(null, topic, [], null));
    }
    const { value } = await exit;
    expect(value).toEqual({ given: 'from the first', pid, topics: ['a', 'b', 'side'] });
    expect(events.filter(({ kind }) => kind === 'exited')).toHaveLength(1);
    expect(node.names.lookup('named')).toBeUndefined(); // kept until the end, free after it
  });

  it('to a program that is not there changes nothing', async () => {
    const { spawn, exitOf } = localNode({
      'app:hopeful': function* () {
        const { error } = (yield upgrade('app:missing')) as Answer;
        return error?.kind ?? null;
      },
    });
    expect((await exitOf(spawn('app:hopeful'))).value).toBe('NOT_FOUND');
  });

  it('ends timers and waits of the old program, but not the deadline of a cancellation', async () => {
    const { spawn, exitOf, node, quiet } = localNode({
      'app:old': function* (kernel) {
        kernel.startTimer(1, () => {
          throw new Error('a timer of the old program went off');
        });
        yield* nextEvent(kernel);
        yield upgrade('app:new');
      },
      'app:new': function* (kernel) {
        yield* nextMessage(kernel);
      },
    });
    const pid = spawn('app:old');
    const exit = exitOf(pid);
    await quiet();
    await node.deliver(pid, { kind: 'cancel', from: null, reason: null, deadlineMs: 30 });
    expect((await exit).error?.message).toMatch(/deadline of its cancellation/);
  });

  it('again and again leaves nothing behind', async () => {
    const { spawn, exitOf, host } = localNode({
      'app:hop': function* (_, left) {
        if (left === 0) return 'arrived';
        yield upgrade('app:hop', Number(left) - 1);
        return 'never';
      },
    });
    expect((await exitOf(spawn('app:hop', 2000))).value).toBe('arrived');
    expect(host.list()).toHaveLength(0);
  });
});
