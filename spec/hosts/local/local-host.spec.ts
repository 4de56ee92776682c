import { describe, expect, it } from '@jest/globals';
import { Message } from '../../../src/core/message.js';
import type { Value } from '../../../src/core/payload.js';
import type { Pid } from '../../../src/core/pid.js';
import type { Answer } from '../../../src/kernel/program.js';
import { type Main, nextEvent, nextMessage } from '../../support/generator-program.js';
import { HOST, localNode } from '../../support/local-node.js';

const send = (target: string, topic: string, ...values: Value[]) =>
  ({ op: 'send', target, topic, values }) as const;

/** Ends with the payload of its first message. */
const echoOnce: Main = function* (kernel) {
  const message = yield* nextMessage(kernel);
  return message.first;
};

/** Fails as soon as it gets a message. */
const failOnMessage: Main = function* (kernel) {
  yield* nextMessage(kernel);
  throw new Error('told to fail');
};

/** Ends with what its first event said. */
const reportEvent: Main = function* (kernel, target, how) {
  if (how === 'trap') kernel.flags = { ...kernel.flags, trapLinks: true };
  yield { op: how === 'monitor' ? 'monitor' : 'link', pid: String(target) };
  const event = yield* nextEvent(kernel);
  if (event.kind !== 'EXIT' && event.kind !== 'LINK_DOWN') return { kind: event.kind };
  const { kind, from, result } = event;
  return { kind, from, value: result.value, error: result.error?.kind ?? null };
};

describe('a local host', () => {
  it('runs a process to its end and reports the value', async () => {
    const { spawn, exitOf } = localNode({
      // biome-ignore lint/correctness/useYield: a program that asks for nothing
      'app:sum': function* (_, a, b) {
        return Number(a) + Number(b);
      },
    });
    expect(await exitOf(spawn('app:sum', 2, 3))).toEqual({ value: 5, error: null });
  });

  it('delivers messages of one sender in the order sent', async () => {
    const { spawn, exitOf } = localNode({
      'app:collect': function* (kernel) {
        const got: Value[] = [];
        for (let i = 0; i < 1000; i++) got.push((yield* nextMessage(kernel)).first);
        return got;
      },
      'app:sender': function* (_, to) {
        for (let i = 0; i < 1000; i++) yield send(String(to), 'n', i);
      },
    });
    const collector = spawn('app:collect');
    spawn('app:sender', collector);
    const { value } = await exitOf(collector);
    expect(value).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it('gives a monitor one EXIT with the value, and nothing more', async () => {
    const { spawn, exitOf, node, quiet } = localNode({
      'app:echo': echoOnce,
      'app:watch': reportEvent,
    });
    const target = spawn('app:echo');
    const watcher = spawn('app:watch', target, 'monitor');
    const exit = exitOf(watcher);
    await quiet();
    await node.send(target, new Message(null, 't', ['bye'], null));
    const value = { kind: 'EXIT', from: target, value: 'bye', error: null };
    expect((await exit).value).toEqual(value);
  });

  it('answers a monitor of the dead with an EXIT that says NOT_FOUND', async () => {
    const { spawn, exitOf } = localNode({ 'app:watch': reportEvent });
    const dead: Pid = `{n1@${HOST}|999}`;
    const { value } = await exitOf(spawn('app:watch', dead, 'monitor'));
    expect(value).toEqual({ kind: 'EXIT', from: dead, value: null, error: 'NOT_FOUND' });
  });

  it('takes a process down with the one it is linked to, with the same error', async () => {
    const { spawn, exitOf, node, quiet } = localNode({
      'app:fail': failOnMessage,
      'app:link': reportEvent,
    });
    const target = spawn('app:fail');
    const exit = exitOf(spawn('app:link', target, 'link'));
    await quiet();
    await node.send(target, new Message(null, 'now', [], null));
    expect((await exit).error).toMatchObject({ kind: 'INTERNAL', message: 'told to fail' });
  });

  it('gives LINK_DOWN to a process that traps links', async () => {
    const { spawn, exitOf, node, quiet } = localNode({
      'app:fail': failOnMessage,
      'app:link': reportEvent,
    });
    const target = spawn('app:fail');
    const exit = exitOf(spawn('app:link', target, 'trap'));
    await quiet();
    await node.send(target, new Message(null, 'now', [], null));
    expect((await exit).value).toMatchObject({
      kind: 'LINK_DOWN',
      from: target,
      error: 'INTERNAL',
    });
  });

  it('says nothing over a link when a process ends normally', async () => {
    const { spawn, exitOf, node, quiet } = localNode({
      'app:echo': echoOnce,
      'app:link': function* (kernel, target) {
        yield { op: 'link', pid: String(target) };
        yield { op: 'monitor', pid: String(target) };
        return (yield* nextEvent(kernel)).kind;
      },
    });
    const target = spawn('app:echo');
    const exit = exitOf(spawn('app:link', target));
    await quiet();
    await node.send(target, new Message(null, 't', [], null));
    expect(await exit).toEqual({ value: 'EXIT', error: null });
  });

  it('fails a chain of 10,000 linked processes without running out of stack', async () => {
    const { spawn, exitOf, node, quiet, host } = localNode({
      'app:first': failOnMessage,
      'app:next': function* (kernel, before) {
        yield { op: 'link', pid: String(before) };
        yield* nextMessage(kernel);
      },
    });
    const first = spawn('app:first');
    let last = first;
    for (let i = 0; i < 10_000; i++) last = spawn('app:next', last);
    const exit = exitOf(last);
    await quiet();
    await node.send(first, new Message(null, 'now', [], null));
    expect((await exit).error?.message).toBe('told to fail');
    expect(host.list()).toHaveLength(0);
  });

  it('refuses a message to a dead process with NOT_FOUND, and tells observers', async () => {
    const { node, events } = localNode({});
    const to = `{n1@${HOST}|7}`;
    const delivery = await node.send(to, new Message(null, 't', [], null));
    expect(delivery).toMatchObject({ accepted: false, error: { kind: 'NOT_FOUND' } });
    expect(events).toMatchObject([{ kind: 'undeliverable', to, topic: 't' }]);
  });

  it('refuses a message to a process of an earlier start of the node', async () => {
    const { node, spawn } = localNode({ 'app:echo': echoOnce });
    const stale = spawn('app:echo').replace('{n1@', '{n0@');
    const delivery = await node.send(stale, new Message(null, 't', [], null));
    expect(delivery).toMatchObject({ accepted: false, error: { kind: 'NOT_FOUND' } });
  });

  it('refuses topics that belong to perdure', async () => {
    const { node, spawn } = localNode({ 'app:echo': echoOnce });
    const to = spawn('app:echo');
    const delivery = await node.send(to, new Message(null, '@exit', [], null));
    expect(delivery).toMatchObject({ accepted: false, error: { kind: 'INVALID' } });
  });

  it('gives the sender RATE_LIMITED when a mailbox is full, and keeps what is in it', async () => {
    const { spawn, exitOf, node } = localNode({ 'app:echo': echoOnce }, { mailboxLimit: 2 });
    const to = spawn('app:echo');
    const post = (n: number) => node.send(to, new Message(null, 't', [n], null));
    const answers = [post(1), post(2), post(3)] as {
      accepted: boolean;
      error?: { kind: string };
    }[];
    expect(answers.map((a) => a.accepted)).toEqual([true, true, false]);
    expect(answers[2]?.error?.kind).toBe('RATE_LIMITED');
    expect((await exitOf(to)).value).toBe(1);
  });

  it('gives RATE_LIMITED for one process more than max_processes', () => {
    const { spawn } = localNode({ 'app:echo': echoOnce }, { maxProcesses: 2 });
    spawn('app:echo');
    spawn('app:echo');
    expect(() => spawn('app:echo')).toThrow(expect.objectContaining({ kind: 'RATE_LIMITED' }));
  });

  it('gives the process that has a name to whoever spawns under that name', () => {
    const { spawnNamed, events } = localNode({ 'app:echo': echoOnce });
    const first = spawnNamed('one', 'app:echo');
    expect(spawnNamed('one', 'app:echo')).toBe(first);
    expect(events.filter(({ kind }) => kind === 'spawned')).toHaveLength(0); // spawned past the node
  });

  it('releases a name when its process ends', async () => {
    const { spawnNamed, exitOf, node } = localNode({ 'app:echo': echoOnce });
    const first = spawnNamed('one', 'app:echo');
    const exit = exitOf(first);
    await node.send('one', new Message(null, 't', [], null));
    await exit;
    expect(node.names.lookup('one')).toBeUndefined();
  });

  it('cannot be kept from terminating', async () => {
    const { spawn, exitOf, node } = localNode({
      'app:stubborn': function* (kernel) {
        for (;;) {
          try {
            yield* nextEvent(kernel);
          } catch {
            // It would go on for ever.
          }
        }
      },
    });
    const pid = spawn('app:stubborn');
    const exit = exitOf(pid);
    await node.deliver(pid, { kind: 'terminate', from: null, reason: 'enough' });
    const { error } = await exit;
    expect(error).toMatchObject({
      kind: 'CANCELED',
      message: expect.stringContaining('terminated'),
    });
  });

  it('lets other processes and timers run while one is busy', async () => {
    const { spawn, exitOf } = localNode({
      'app:busy': function* (kernel) {
        const quick = yield { op: 'lookup', name: 'quick' };
        while (((yield { op: 'lookup', name: 'quick' }) as Answer).error === null) {
          yield {
            op: 'fork',
            task: { resume: () => ({ kind: 'done', value: null }), where: () => null },
          };
          yield { op: 'receive', channel: kernel.mailbox.inbox, timeoutMs: 0 };
        }
        return (quick as Answer).error === null;
      },
      'app:quick': function* () {
        yield { op: 'register', name: 'quick' };
        yield { op: 'sleep', delayMs: 1 };
        return 'in time';
      },
    });
    const quick = spawn('app:quick');
    expect((await exitOf(quick)).value).toBe('in time');
  });

  it('stops: terminates a process that reads no events at once, lets others see CANCEL', async () => {
    const { spawn, exitOf, host, quiet } = localNode({
      'app:deaf': echoOnce,
      'app:polite': function* (kernel) {
        const event = yield* nextEvent(kernel);
        return event.kind;
      },
    });
    const deaf = exitOf(spawn('app:deaf'));
    const polite = exitOf(spawn('app:polite'));
    await quiet();
    await host.stop(60_000);
    expect((await deaf).error?.kind).toBe('CANCELED');
    expect((await polite).value).toBe('CANCEL');
  });

  it('refuses to spawn while it stops', async () => {
    const { spawn, host } = localNode({ 'app:echo': echoOnce });
    await host.stop(1000);
    expect(() => spawn('app:echo')).toThrow(expect.objectContaining({ kind: 'UNAVAILABLE' }));
  });

  it('frees the names of a process that was terminated at once', async () => {
    const { spawnNamed, node } = localNode({ 'app:echo': echoOnce });
    const first = spawnNamed('one', 'app:echo');
    await node.deliver(first, { kind: 'terminate', from: null, reason: null });
    expect(node.names.lookup('one')).toBeUndefined();
    expect(spawnNamed('one', 'app:echo')).not.toBe(first);
  });

  it('owes the real result to whoever monitors a process that has just been terminated', async () => {
    const { spawn, exitOf, node } = localNode({ 'app:echo': echoOnce });
    const pid = spawn('app:echo');
    await node.deliver(pid, { kind: 'terminate', from: null, reason: 'because' });
    expect((await exitOf(pid)).error?.message).toBe('process terminated: because');
  });

  it('refuses a spawn whose startup messages the mailbox cannot hold', () => {
    const { host } = localNode({ 'app:echo': echoOnce }, { mailboxLimit: 2 });
    const messages = [1, 2, 3].map((n) => ({ topic: 't', values: [n] }));
    const order = { entry: 'app:echo', values: [], name: null, messages };
    const spawned = host.spawn({ ...order, context: {}, options: {}, parent: null });
    expect(spawned).toMatchObject({ error: { kind: 'RATE_LIMITED' } });
    expect(host.list()).toHaveLength(0);
  });

  it('takes a registered name wherever a PID is asked for', async () => {
    const { spawn, spawnNamed, exitOf, node } = localNode({
      'app:echo': echoOnce,
      'app:by_name': function* (kernel) {
        yield { op: 'monitor', pid: 'the one' };
        yield { op: 'terminate', pid: 'the one', reason: null };
        const { error } = (yield { op: 'link', pid: 'nobody' }) as Answer;
        const event = yield* nextEvent(kernel);
        return { kind: event.kind, from: event.from, unknown: error?.kind ?? null };
      },
    });
    const target = spawnNamed('the one', 'app:echo');
    const { value } = await exitOf(spawn('app:by_name'));
    expect(value).toEqual({ kind: 'EXIT', from: target, unknown: 'NOT_FOUND' });
    expect(node.names.lookup('the one')).toBeUndefined();
  });
});
