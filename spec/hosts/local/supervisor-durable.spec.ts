/** Supervisors whose children live on a host that answers later, and go on without this node. */
import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../../src/core/errors.js';
import { Strategy } from '../../../src/runtime/supervisor/index.js';
import { DurableHost } from '../../support/durable-host.js';
import { member, SupervisedNode, supervising } from '../../support/supervised-node.js';

const SUP = 'app:sup';
const order = (id: string, change = {}) =>
  member(id, { host: 'app:worker', durable: true, name: `${SUP}/${id}`, ...change });
const NAME = `${SUP}/order`;
const crash = () => new PerdureError('UNKNOWN', 'crashed');

const make = (change = {}, open?: Set<string>) => {
  const spec = supervising([member('a'), order('order'), member('z')], change);
  const world = new SupervisedNode({ [SUP]: spec });
  const host = new DurableHost(world.node, open);
  world.node.addHost(host);
  return { world, host };
};

describe('a durable child', () => {
  it('is started in its place: what comes after it waits for the answer', async () => {
    const { world, host } = make();
    const pid = await world.up(SUP);
    await world.quiet();
    expect(host.log).toEqual([`spawn ${NAME}`]);
    expect(world.pidOf(pid, 'order')).toBe(host.pidOf(NAME));
    expect(world.take()).toEqual(['a up', 'z up']);
  });

  it('stays open when the supervisor is told to stop, and is adopted when it starts again', async () => {
    const first = make();
    await first.world.cancel(await first.world.up(SUP));
    await first.world.quiet();
    expect(first.world.take()).toEqual(['a up', 'z up', 'z CANCEL', 'a CANCEL']);
    expect(first.host.log).toEqual([`spawn ${NAME}`, `unmonitor ${NAME}`]);
    expect([...first.host.open]).toEqual([NAME]);

    const second = make({}, first.host.open);
    const pid = await second.world.up(SUP);
    expect(second.world.row(pid, 'order')).toMatchObject({ state: 'up', restarts: 0 });
    second.host.end(NAME, crash());
    await second.world.quiet();
    expect(second.world.row(pid, 'order')).toMatchObject({ state: 'up', restarts: 1 });
    expect(second.host.log).toEqual([`spawn ${NAME}`, `spawn ${NAME}`]);
  });

  it('goes on when the supervisor is terminated', async () => {
    const { world, host } = make();
    await world.terminate(await world.up(SUP));
    expect(world.alive).toBe(0);
    expect([...host.open]).toEqual([NAME]);
  });

  it('is stopped with its siblings, in its turn, and terminated when it does not end', async () => {
    const { world, host } = make({ strategy: Strategy.ONE_FOR_ALL });
    const pid = await world.up(SUP);
    world.take();
    await world.tell(world.pidOf(pid, 'a'), 'crash');
    expect(world.take()).toEqual(['a crash', 'z CANCEL']);
    expect(host.log.slice(1)).toEqual([`cancel ${NAME} 5000`]);
    await world.turn(5000);
    expect(host.log.slice(2)).toEqual([`terminate ${NAME}`, `spawn ${NAME}`]);
    expect(world.take()).toEqual(['a up', 'z up']);
  });

  it('that ends before the answer of its spawn is there is restarted all the same', async () => {
    const { world, host } = make();
    host.hasty = true;
    const pid = await world.up(SUP);
    await world.quiet();
    expect(world.row(pid, 'order')).toMatchObject({ state: 'up', restarts: 1 });
    expect(world.row(pid, 'order').lastError?.message).toBe('hasty');
  });

  it('whose server cannot be reached does not start, and the supervisor says so', async () => {
    const { world, host } = make();
    host.unreachable = true;
    const { error } = await world.exitOf(world.spawn(SUP));
    expect(error).toMatchObject({ kind: 'UNAVAILABLE', retryable: true });
    expect(error?.text).toBe('child order did not start: the server cannot be reached');
    expect(world.alive).toBe(0);
  });

  it('that can no longer be reached does not keep a supervisor from ending', async () => {
    const { world, host } = make({ intensity: 0 });
    const pid = await world.up(SUP);
    const exit = world.exitOf(pid);
    host.unreachable = true;
    await world.tell(world.pidOf(pid, 'a'), 'crash');
    await world.turn(5000);
    expect((await exit).error?.message).toContain('reached_max_restart_intensity');
    expect(world.alive).toBe(0);
  });
});
