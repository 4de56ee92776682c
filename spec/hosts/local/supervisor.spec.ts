/** Supervisors as processes. Names in brackets are those of OTP's supervisor_SUITE. */
import { describe, expect, it } from '@jest/globals';
import { ErrorKind } from '../../../src/core/errors.js';
import type { Value } from '../../../src/core/payload.js';
import {
  AutoShutdown,
  BRUTAL_KILL,
  Restart,
  Strategy,
} from '../../../src/runtime/supervisor/index.js';
import { type Main, nextEvent, nextMessage } from '../../support/generator-program.js';
import { HOST, member, SupervisedNode, supervising } from '../../support/supervised-node.js';

const SUP = 'app:sup';
const abc = () => [member('a'), member('b'), member('c')];
const never: Main = function* (kernel) {
  yield* nextMessage(kernel);
};

describe('a supervisor', () => {
  it('is a process: it has a PID, is listed, and is the parent of its children', async () => {
    const world = new SupervisedNode({ [SUP]: supervising(abc()) });
    const pid = await world.up(SUP);
    expect(world.host.describe(pid)).toMatchObject({ entry: SUP, status: 'waiting' });
    const parents = world.host.list().map(({ parent }) => parent);
    expect(parents).toEqual([null, pid, pid, pid]);
  });

  it('starts its children in order, and on CANCEL ends them in reverse and itself well [order_of_children]', async () => {
    const world = new SupervisedNode({ [SUP]: supervising(abc()) });
    const pid = await world.up(SUP);
    expect(world.take()).toEqual(['a up', 'b up', 'c up']);
    const exit = world.exitOf(pid);
    await world.cancel(pid);
    expect(await exit).toEqual({ value: null, error: null });
    expect(world.take()).toEqual(['c CANCEL', 'b CANCEL', 'a CANCEL']);
    expect([world.alive, world.clock.pending]).toEqual([0, 0]);
  });

  it('shows its child table to TypeScript and to whoever sends which_children or count_children [count_children]', async () => {
    const ask: Main = function* (_, to, topic) {
      yield { op: 'send', target: String(to), topic: String(topic), values: [] };
      return (yield* nextMessage(_)).first;
    };
    const spec = supervising([member('a'), member('t', { restart: Restart.TEMPORARY })], {
      intensity: 5,
    });
    const world = new SupervisedNode({ [SUP]: spec }, { 'app:ask': ask });
    const pid = await world.up(SUP);
    await world.tell(world.pidOf(pid, 'a'), 'crash', 'out of ink');
    await world.tell(world.pidOf(pid, 't'), 'end');
    const a = { id: 'a', kind: 'worker', state: 'up', pid: world.pidOf(pid, 'a'), restarts: 1 };
    expect(world.view(pid).children()).toEqual([
      { ...a, lastError: expect.objectContaining({ message: 'out of ink' }) },
    ]);
    const asked = (topic: string) =>
      world.exitOf(world.spawn('app:ask', { values: [pid, topic] })).then(({ value }) => value);
    expect(await asked('which_children')).toEqual([{ ...a, last_error: 'out of ink' }]);
    const counts = { specs: 1, active: 1, supervisors: 0, workers: 1 };
    expect(await asked('count_children')).toEqual(counts);
    await world.tell(pid, 'what?');
    expect(world.events.filter((e) => e.kind === 'log').map((e) => e.message)).toEqual([
      'supervisor app:sup read an unexpected message',
    ]);
  });

  it('fails when restarts are used up: monitors and links hear why, and no child is left [*_escalation]', async () => {
    const hear: Main = function* (kernel, to, op) {
      kernel.flags = { ...kernel.flags, trapLinks: true };
      yield { op: op as 'link', pid: String(to) };
      const event = yield* nextEvent(kernel);
      return 'result' in event ? (event.result.error?.toData() as unknown as Value) : null;
    };
    const world = new SupervisedNode({ [SUP]: supervising(abc()) }, { 'app:hear': hear });
    const pid = await world.up(SUP);
    const heard = ['link', 'monitor'].map((op) =>
      world.exitOf(world.spawn('app:hear', { values: [pid, op] })),
    );
    await world.quiet();
    await world.tell(world.pidOf(pid, 'a'), 'crash');
    await world.tell(world.pidOf(pid, 'b'), 'crash', 'no paper');
    for (const { value } of await Promise.all(heard)) {
      expect(value).toMatchObject({
        kind: 'INTERNAL',
        message: expect.stringMatching(
          /^reached_max_restart_intensity: .*child b failed: no paper/,
        ),
      });
    }
    expect(world.alive).toBe(0);
    expect(() => world.view(pid)).toThrow('there is no supervisor');
  });

  it('bounds a crash loop and shows it: one event a restart, with its cause and what is left', async () => {
    // biome-ignore lint/correctness/useYield: it crashes before it asks for anything
    const crasher: Main = function* () {
      throw new Error('again');
    };
    const spec = supervising([member('a', { entry: 'app:crasher' })], { intensity: 3 });
    const world = new SupervisedNode({ [SUP]: spec }, { 'app:crasher': crasher });
    const { error } = await world.exitOf(world.spawn(SUP));
    expect(error?.kind).toBe(ErrorKind.INTERNAL);
    const started = world.events.filter((e) => e.kind === 'spawned' && e.entry === 'app:crasher');
    expect(started).toHaveLength(4);
    expect(
      world.events.flatMap((e) => (e.kind === 'restarted' ? [[e.child, e.budget]] : [])),
    ).toEqual([1, 2, 3].map((n) => ['a', `${n} of 3 within 5s`]));
  });

  it('does not fall with a process that is linked to it, unless that is the one that spawned it', async () => {
    const friend: Main = function* (kernel, to) {
      yield { op: 'link', pid: String(to) };
      yield* nextMessage(kernel);
      throw new Error('the friend fell');
    };
    const parent: Main = function* (kernel) {
      const bound = { values: [], name: null, messages: [], context: {}, options: {} };
      const order = { entry: SUP, host: HOST, ...bound, monitor: false, link: true };
      yield { op: 'spawn', spawn: order };
      yield* nextMessage(kernel);
      throw new Error('the parent fell');
    };
    const world = new SupervisedNode(
      { [SUP]: supervising(abc()) },
      { 'app:friend': friend, 'app:parent': parent },
    );
    const parentPid = await world.up('app:parent');
    const pid = world.host.list().find(({ entry }) => entry === SUP)?.pid ?? '';
    const exit = world.exitOf(pid);
    await world.tell(await world.up('app:friend', { values: [pid] }), 'fall');
    expect(world.alive).toBe(5);
    world.take();
    await world.tell(parentPid, 'fall');
    expect((await exit).error?.message).toBe('the parent fell');
    expect(world.take()).toEqual(['c CANCEL', 'b CANCEL', 'a CANCEL']);
    expect(world.alive).toBe(0);
  });

  it('leaves no child behind when it is terminated, nor when the deadline of its CANCEL passes', async () => {
    const inner = supervising(abc());
    const outer = supervising([member('in', { kind: 'supervisor', entry: 'app:in', values: [] })]);
    const world = new SupervisedNode({ [SUP]: outer, 'app:in': inner });
    const first = await world.up(SUP);
    expect(world.alive).toBe(5);
    await world.terminate(first);
    expect(world.alive).toBe(0);

    const second = await world.up(SUP);
    const nested = world.pidOf(second, 'in');
    await world.tell(world.pidOf(nested, 'b'), 'deaf');
    const exit = world.exitOf(second);
    await world.cancel(second, 3000);
    await world.turn(2999);
    expect(world.view(second)).toBeDefined();
    await world.turn(1);
    expect((await exit).error).toMatchObject({ kind: 'CANCELED' });
    expect([world.alive, world.clock.pending]).toEqual([0, 0]);
  });

  it('ends with those of its significant children [significant_temporary]', async () => {
    const spec = supervising(
      [member('a', { restart: Restart.TEMPORARY, significant: true }), member('b')],
      { autoShutdown: AutoShutdown.ANY_SIGNIFICANT },
    );
    const world = new SupervisedNode({ [SUP]: spec });
    const pid = await world.up(SUP);
    const exit = world.exitOf(pid);
    await world.tell(world.pidOf(pid, 'a'), 'end');
    expect(await exit).toEqual({ value: null, error: null });
    expect(world.alive).toBe(0);
  });
});

describe('a child', () => {
  it('that does not start ends the supervisor with its error, and those that did start [sup_start_fail]', async () => {
    const spec = supervising([member('a'), member('x', { entry: 'app:nothing' }), member('c')]);
    const world = new SupervisedNode({ [SUP]: spec });
    const { error } = await world.exitOf(world.spawn(SUP));
    expect(error).toMatchObject({ kind: ErrorKind.NOT_FOUND });
    expect(error?.text).toBe('child x did not start: entry not found: app:nothing');
    expect(world.take()).not.toContain('c up');
    expect(world.alive).toBe(0);
  });

  it('that ignores CANCEL is terminated when its time is over, and only then the next is told [sup_stop_timeout]', async () => {
    const spec = supervising([member('a', { shutdown: 1000 }), member('b', { shutdown: 300 })]);
    const world = new SupervisedNode({ [SUP]: spec });
    const pid = await world.up(SUP);
    const b = world.exitOf(world.pidOf(pid, 'b'));
    await world.tell(world.pidOf(pid, 'b'), 'deaf');
    world.take();
    await world.cancel(pid);
    await world.turn(299);
    expect(world.take()).toEqual(['b CANCEL']);
    await world.turn(1);
    expect(world.take()).toEqual(['a CANCEL']);
    expect((await b).error).toMatchObject({ kind: 'CANCELED' });
    expect(world.alive).toBe(0);
  });

  it('with shutdown infinity has all the time it wants, with brutal_kill none [sup_stop_infinity, sup_stop_brutal_kill]', async () => {
    const spec = supervising([
      member('a', { shutdown: Number.POSITIVE_INFINITY }),
      member('b', { shutdown: BRUTAL_KILL }),
    ]);
    const world = new SupervisedNode({ [SUP]: spec });
    const pid = await world.up(SUP);
    await world.tell(world.pidOf(pid, 'a'), 'deaf');
    world.take();
    await world.cancel(pid);
    await world.turn(1e9);
    expect(world.take()).toEqual(['a CANCEL']);
    await world.tell(world.pidOf(pid, 'a'), 'end');
    expect(world.alive).toBe(0);
  });

  it('that never asked for its events ends at once, as one that does not trap exits in Erlang', async () => {
    const spec = supervising([member('a', { entry: 'app:never' })]);
    const world = new SupervisedNode({ [SUP]: spec }, { 'app:never': never });
    await world.cancel(await world.up(SUP));
    expect([world.alive, world.clock.pending]).toEqual([0, 0]);
  });

  it('with a name gets it again after a restart; one whose name is taken does not start', async () => {
    const spec = supervising([member('a', { name: 'printer' })]);
    const world = new SupervisedNode({ [SUP]: spec });
    const pid = await world.up(SUP);
    const before = world.node.names.lookup('printer');
    await world.tell('printer', 'crash');
    expect(world.node.names.lookup('printer')).toBe(world.pidOf(pid, 'a'));
    expect(world.pidOf(pid, 'a')).not.toBe(before);
    const { error } = await world.exitOf(world.spawn(SUP));
    expect(error).toMatchObject({ kind: 'ALREADY_EXISTS' });
    expect(world.alive).toBe(2);
  });

  it('that is killed counts as failed: transient ones are started again', async () => {
    const spec = supervising([member('a', { restart: Restart.TRANSIENT })]);
    const world = new SupervisedNode({ [SUP]: spec });
    const pid = await world.up(SUP);
    await world.terminate(world.pidOf(pid, 'a'));
    expect(world.row(pid, 'a')).toMatchObject({ state: 'up', restarts: 1 });
    await world.tell(world.pidOf(pid, 'a'), 'end');
    expect(world.row(pid, 'a')).toMatchObject({ state: 'down', pid: null });
  });
});

describe('a tree of supervisors [tree]', () => {
  const nested = (id: string, change = {}) =>
    member(id, { kind: 'supervisor', entry: `app:${id}`, values: [], ...change });

  it('starts depth first: what comes after a supervisor waits for all of its children', async () => {
    const world = new SupervisedNode({
      [SUP]: supervising([member('a'), nested('in'), member('z')]),
      'app:in': supervising([member('m'), member('n')]),
    });
    const pid = await world.up(SUP);
    expect(world.take()).toEqual(['a up', 'm up', 'n up', 'z up']);
    expect(world.view(pid).counts()).toEqual({ specs: 3, active: 3, supervisors: 1, workers: 2 });
  });

  it('fails as a whole where a child far down does not start', async () => {
    const world = new SupervisedNode({
      [SUP]: supervising([member('a'), nested('in')]),
      'app:in': supervising([member('m'), member('x', { entry: 'app:nothing' })]),
    });
    const { error } = await world.exitOf(world.spawn(SUP));
    expect(error?.text).toBe(
      'child in did not start: child x did not start: entry not found: app:nothing',
    );
    expect(world.alive).toBe(0);
  });

  it('escalates: a branch that used up its restarts is restarted by the one above, until that has', async () => {
    const world = new SupervisedNode({
      [SUP]: supervising([member('a'), nested('in')], { strategy: Strategy.ONE_FOR_ALL }),
      'app:in': supervising([member('m'), member('n')], { intensity: 0 }),
    });
    const pid = await world.up(SUP);
    const exit = world.exitOf(pid);
    const inner = world.pidOf(pid, 'in');
    world.take();
    await world.tell(world.pidOf(inner, 'm'), 'crash');
    expect(world.take()).toEqual(['m crash', 'n CANCEL', 'a CANCEL', 'a up', 'm up', 'n up']);
    expect(world.row(pid, 'in')).toMatchObject({ restarts: 1, lastError: { kind: 'INTERNAL' } });
    await world.tell(world.pidOf(world.pidOf(pid, 'in'), 'n'), 'crash', 'twice');
    expect((await exit).error?.message).toMatch(
      /child in failed: reached_max.*child n failed: twice/,
    );
    expect(world.alive).toBe(0);
  });

  it('shuts down upwards where a branch was significant [significant_escalation]', async () => {
    const autoShutdown = AutoShutdown.ANY_SIGNIFICANT;
    const last = { restart: Restart.TRANSIENT, significant: true };
    const world = new SupervisedNode({
      [SUP]: supervising([member('a'), nested('in', last)], { autoShutdown }),
      'app:in': supervising([member('m', last), member('n')], { autoShutdown }),
    });
    const pid = await world.up(SUP);
    const exit = world.exitOf(pid);
    world.take();
    await world.tell(world.pidOf(world.pidOf(pid, 'in'), 'm'), 'end');
    expect(await exit).toEqual({ value: null, error: null });
    expect(world.take()).toEqual(['m end', 'n CANCEL', 'a CANCEL']);
  });

  it('restarts only the branch that is hurt', async () => {
    const world = new SupervisedNode({
      [SUP]: supervising([nested('in'), nested('out')], { intensity: 4 }),
      'app:in': supervising([member('m')], { intensity: 4 }),
      'app:out': supervising([member('n')], { intensity: 4 }),
    });
    const pid = await world.up(SUP);
    const [inner, outer] = [world.pidOf(pid, 'in'), world.pidOf(pid, 'out')];
    const n = world.pidOf(outer, 'n');
    await world.tell(world.pidOf(inner, 'm'), 'crash');
    expect(world.pidOf(outer, 'n')).toBe(n);
    await world.terminate(inner);
    expect([world.pidOf(pid, 'out'), world.pidOf(outer, 'n')]).toEqual([outer, n]);
    expect(world.pidOf(pid, 'in')).not.toBe(inner);
  });
});

describe('many children [scale_start_stop_many_children]', () => {
  const stopOf = async (count: number) => {
    const children = Array.from({ length: count }, (_, i) => member(`w${i}`));
    const world = new SupervisedNode({ [SUP]: supervising(children) });
    const pid = await world.up(SUP);
    expect(world.alive).toBe(count + 1);
    world.take();
    const exit = world.exitOf(pid);
    const started = performance.now();
    await world.node.deliver(pid, { kind: 'cancel', from: null, reason: null, deadlineMs: 10_000 });
    expect(await exit).toEqual({ value: null, error: null });
    const tookMs = performance.now() - started;
    expect(world.log).toHaveLength(count);
    expect([world.log[0], world.log.at(-1)]).toEqual([`w${count - 1} CANCEL`, 'w0 CANCEL']);
    expect(world.alive).toBe(0);
    return tookMs;
  };

  it('start without holding up others: the first of them runs before the last one is there', async () => {
    let there = 0;
    const first: Main = function* (kernel) {
      there = world.alive;
      yield* nextMessage(kernel);
    };
    const children = Array.from({ length: 1000 }, (_, i) => member(`w${i}`));
    const spec = supervising([member('first', { entry: 'app:first' }), ...children]);
    const world = new SupervisedNode({ [SUP]: spec }, { 'app:first': first });
    await world.up(SUP);
    expect(world.alive).toBe(1002);
    expect(there).toBeGreaterThan(1);
    expect(there).toBeLessThan(500);
  });

  it('stop one after the other at a cost that is linear, 10,000 of them well inside the timeout', async () => {
    await stopOf(1000);
    const thousand = Math.min(await stopOf(1000), await stopOf(1000), await stopOf(1000));
    const tenThousand = await stopOf(10_000);
    expect(tenThousand).toBeLessThan(5000);
    expect(tenThousand / thousand).toBeLessThan(40);
  }, 60_000);
});
