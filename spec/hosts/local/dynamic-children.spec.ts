/** Children that come and go, as processes. Names in brackets are those of OTP's supervisor_SUITE. */

import { describe, expect, it } from '@jest/globals';
import type { PerdureError } from '../../../src/core/errors.js';
import { Message } from '../../../src/core/message.js';
import { Restart, Strategy } from '../../../src/runtime/supervisor/index.js';
import { member, SupervisedNode, supervising } from '../../support/supervised-node.js';

const SUP = 'app:sup';
const { SIMPLE_ONE_FOR_ONE } = Strategy;

async function up(children = [member('a')], change = {}) {
  const world = new SupervisedNode({ [SUP]: supervising(children, change) });
  const pid = await world.up(SUP);
  return { world, pid, view: world.view(pid) };
}

const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    ({ kind, details }: PerdureError) => [kind, (details as { reason?: string } | null)?.reason],
  );

describe('children that come and go', () => {
  it('are started, terminated, started again and deleted, as who asks says [child_adm]', async () => {
    const { world, pid, view } = await up();
    const b = await view.startChild({ id: 'b', process: 'app:worker' });
    expect(world.pidOf(pid, 'b')).toBe(b);
    expect(await refused(view.startChild({ id: 'b', process: 'app:worker' }))).toEqual([
      'ALREADY_EXISTS',
      'already_started',
    ]);
    expect(await refused(view.terminateChild(b))).toEqual(['NOT_FOUND', 'not_found']);
    await view.terminateChild('b');
    expect(world.row(pid, 'b')).toMatchObject({ state: 'down', pid: null });
    expect(world.host.describe(b)).toBeUndefined();
    const again = await view.restartChild('b');
    expect([again === b, await refused(view.deleteChild('b'))]).toEqual([
      false,
      ['CONFLICT', 'running'],
    ]);
    await view.terminateChild('b');
    await view.deleteChild('b');
    expect(view.children().map(({ id }) => id)).toEqual(['a']);
    expect(view.counts()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
    expect(world.take()).toEqual(['a up', 'b up', 'b CANCEL', 'b up', 'b CANCEL']);
  });

  it('are restarted like any other, and stop with the supervisor, the last started first', async () => {
    const { world, pid, view } = await up([member('a')], { intensity: 5 });
    await view.startChild({ id: 'b', process: 'app:worker' });
    await world.tell(world.pidOf(pid, 'b'), 'crash');
    expect(world.row(pid, 'b')).toMatchObject({ state: 'up', restarts: 1 });
    world.take();
    await world.cancel(pid);
    expect([world.take(), world.alive]).toEqual([['b CANCEL', 'a CANCEL'], 0]);
  });

  it('that are supervisors are there when their own children are', async () => {
    const world = new SupervisedNode({
      [SUP]: supervising([]),
      'app:in': supervising([member('m')]),
    });
    const view = world.view(await world.up(SUP));
    const child = { id: 'in', process: '', kind: 'supervisor', entry: 'app:in' };
    const inner = await view.startChild(child);
    expect(world.row(inner, 'm').state).toBe('up');
    expect(view.counts()).toMatchObject({ supervisors: 1, workers: 0 });
  });

  it('whose name is taken are not started', async () => {
    const { world, view } = await up([member('a', { name: 'taken' })]);
    const child = { id: 'b', process: 'app:worker', name: 'taken' };
    expect(await refused(view.startChild(child))).toEqual(['ALREADY_EXISTS', undefined]);
    expect([view.counts().specs, world.alive]).toEqual([1, 2]);
  });

  it('are not to be had of a supervisor that ends: it says so, and nobody waits for ever', async () => {
    const { world, pid, view } = await up();
    await world.tell(world.pidOf(pid, 'a'), 'deaf');
    const terminated = refused(view.terminateChild('a'));
    await world.quiet();
    await world.terminate(pid);
    expect(await terminated).toEqual(['UNAVAILABLE', undefined]);
    expect(await refused(view.restartChild('a'))).toEqual(['UNAVAILABLE', undefined]);
    expect(world.alive).toBe(0);
  });
});

describe('a simple_one_for_one supervisor', () => {
  const template = member('t', { values: ['t'], restart: Restart.TRANSIENT });

  it('starts as many of its template as are asked for, each with its own arguments [simple_one_for_one, simple_one_for_one_extra, child_adm_simple]', async () => {
    const { world, pid, view } = await up([template], { strategy: SIMPLE_ONE_FOR_ONE });
    expect(view.counts()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 });
    const [one, two] = [await view.startChild(['more']), await view.startChild([])];
    expect(view.children().map((row) => [row.id, row.pid])).toEqual([
      ['t', one],
      ['t', two],
    ]);
    expect(view.counts()).toEqual({ specs: 1, active: 2, supervisors: 0, workers: 2 });
    const refusal = ['INVALID', 'simple_one_for_one'];
    expect(await refused(view.terminateChild('t'))).toEqual(refusal);
    expect(await refused(view.restartChild('t'))).toEqual(refusal);
    expect(await refused(view.deleteChild('t'))).toEqual(refusal);
    expect(await refused(view.startChild({ process: 'app:worker' }))).toEqual([
      'INVALID',
      undefined,
    ]);
    await view.terminateChild(one);
    expect(view.children().map((row) => row.pid)).toEqual([two]);
    expect(await refused(view.terminateChild(pid))).toEqual(['NOT_FOUND', 'not_found']);
    await world.cancel(pid);
    expect(world.alive).toBe(0);
  });

  it('lets thousands of temporary children come and go, and keeps none of them [simple_one_for_one_scale_many_temporary_children]', async () => {
    const temporary = member('t', { restart: Restart.TEMPORARY });
    const { world, view } = await up([temporary], { strategy: SIMPLE_ONE_FOR_ONE });
    for (let round = 0; round < 5; round++) {
      const pids = await Promise.all(Array.from({ length: 1000 }, () => view.startChild([])));
      expect(new Set(pids).size).toBe(1000);
      for (const pid of pids) {
        await world.node.send(pid, new Message(null, 'end', [], null));
      }
      await world.quiet();
      expect([view.children(), world.alive]).toEqual([[], 1]);
    }
  }, 30_000);
});
