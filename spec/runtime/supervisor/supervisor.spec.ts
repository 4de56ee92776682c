import { describe, expect, it } from '@jest/globals';
import { ErrorKind, PerdureError } from '../../../src/core/errors.js';
import { process, resource, World } from './harness.js';

const crash = () => new PerdureError(ErrorKind.UNKNOWN, 'crashed');
const never = () => new Promise<never>(() => undefined);

describe('starting services', () => {
  it('starts them one after the other, each after all it requires', async () => {
    const world = new World();
    const supervisor = world.supervise([
      resource(world, 'client'),
      resource(world, 'worker', ['client']),
      process(world, 'service', ['worker']),
      resource(world, 'unwanted', [], { lifecycle: { autoStart: false } }),
    ]);
    await supervisor.start();
    expect(world.log).toEqual([
      'client starting',
      'start client',
      'client running',
      'worker starting',
      'start worker',
      'worker running',
      'service starting',
      'spawn service#1',
      'service running',
    ]);
    expect(supervisor.status().map(({ id, kind, state }) => [id, kind, state.kind])).toEqual([
      ['client', 'resource', 'running'],
      ['worker', 'resource', 'running'],
      ['service', 'process', 'running'],
      ['unwanted', 'resource', 'idle'],
    ]);
  });

  it('stops what was started, in reverse, when a resource does not start', async () => {
    const world = new World();
    const start = async () => {
      throw new PerdureError(ErrorKind.UNAVAILABLE, 'nobody listens at localhost:7233');
    };
    world.onCancel = (pid) => world.returns(pid);
    const starting = world
      .supervise([
        resource(world, 'a'),
        process(world, 'b', ['a']),
        resource(world, 'c', [], { start }),
        resource(world, 'd'),
      ])
      .start();
    await expect(starting).rejects.toMatchObject({
      kind: 'UNAVAILABLE',
      text: 'c did not start: nobody listens at localhost:7233',
    });
    expect(world.log.filter((line) => /^(start|stop|spawn|cancel) /.test(line))).toEqual([
      'start a',
      'spawn b#1',
      'cancel b#1 10000',
      'stop a',
    ]);
    expect(world.timers.size).toBe(0);
  });

  it('stops the start when a resource takes too long, and releases it when it comes after all', async () => {
    const world = new World();
    let finish = (): void => undefined;
    const start = () => new Promise<void>((resolve) => (finish = resolve));
    const starting = world.supervise([resource(world, 'slow', [], { start })]).start();
    const outcome = expect(starting).rejects.toMatchObject({ kind: 'TIMEOUT' });
    await world.turn(9999);
    expect(world.state('slow')?.kind).toBe('starting');
    await world.turn(1);
    await outcome;
    finish();
    await world.settle();
    expect(world.log).toEqual(['slow starting', 'slow failed', 'stop slow']);
  });

  it('goes on past a process that fails, and starts what requires it once it runs', async () => {
    const world = new World();
    let attempts = 0;
    const spawn = async () => {
      attempts++;
      if (attempts < 3) throw new PerdureError(ErrorKind.UNAVAILABLE, 'not yet');
      return 'base';
    };
    const supervisor = world.supervise([
      process(world, 'base', [], { spawn }),
      process(world, 'top', ['base']),
      process(world, 'other'),
    ]);
    await supervisor.start();
    expect(['base', 'top', 'other'].map((id) => world.state(id)?.kind)).toEqual([
      'backing_off',
      'idle',
      'running',
    ]);
    await world.turn(2999);
    expect(world.state('top')?.kind).toBe('idle');
    await world.turn(1);
    expect(world.state('top')?.kind).toBe('running');
  });

  it('can be stopped while it is under way', async () => {
    const world = new World();
    const supervisor = world.supervise([
      resource(world, 'a'),
      resource(world, 'b', [], { start: never }),
    ]);
    const outcome = expect(supervisor.start()).rejects.toMatchObject({ kind: 'CANCELED' });
    await world.settle();
    const stopped = supervisor.stop(500);
    await world.turn(500);
    await outcome;
    expect(await stopped).toMatchObject({
      stopped: ['a'],
      failed: [{ id: 'b', error: { kind: 'TIMEOUT', message: 'b did not stop within 500ms' } }],
    });
    await expect(supervisor.start()).rejects.toMatchObject({ kind: 'CANCELED' });
  });
});

describe('restarting services', () => {
  it('waits longer from crash to crash', async () => {
    const world = new World();
    await world.supervise([process(world, 's')]).start();
    const delays: number[] = [];
    for (let run = 1; run <= 9; run++) {
      world.fails(`s#${run}`, crash());
      const before = world.now;
      while (world.state('s')?.kind !== 'running') await world.turn(500);
      delays.push((world.now - before) / 1000);
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 90, 90]);
  });

  it('gives up after exactly max_attempts failed runs', async () => {
    const world = new World();
    const spec = process(world, 's', [], { lifecycle: { restart: { maxAttempts: 5 } } });
    await world.supervise([spec]).start();
    for (let run = 1; run <= 5; run++) {
      expect(world.state('s')).toMatchObject({ kind: 'running', run });
      world.fails(`s#${run}`, crash());
      while (world.state('s')?.kind === 'backing_off') await world.turn(100);
    }
    await world.turn(1_000_000);
    expect(world.state('s')).toMatchObject({
      kind: 'failed',
      failures: 5,
      error: { message: 'crashed' },
    });
    expect(world.log.filter((line) => line.startsWith('spawn'))).toHaveLength(5);
    expect(world.timers.size).toBe(0);
  });

  it('counts anew after the service ran for its stable threshold', async () => {
    const world = new World();
    const spec = process(world, 's', [], { lifecycle: { restart: { maxAttempts: 2 } } });
    await world.supervise([spec]).start();
    for (let run = 1; run <= 6; run++) {
      await world.turn(5000);
      world.fails(`s#${run}`, crash());
      await world.turn(1000);
      expect(world.state('s')).toMatchObject({ kind: 'running', run: run + 1 });
    }
    await world.turn(4999 - 1000);
    world.fails('s#7', crash());
    await world.turn(1000);
    world.fails('s#8', crash());
    expect(world.state('s')?.kind).toBe('failed');
  });

  it('does not restart a process that returned', async () => {
    const world = new World();
    await world.supervise([process(world, 's')]).start();
    world.returns('s#1');
    await world.turn(1_000_000);
    expect(world.state('s')).toEqual({ kind: 'done', run: 1 });
    expect(world.log.filter((line) => line.startsWith('spawn'))).toEqual(['spawn s#1']);
  });

  it('hears of an exit that comes before the answer of the spawn', async () => {
    const world = new World();
    const spawn = async () => {
      world.returns('quick');
      return 'quick';
    };
    await world.supervise([process(world, 's', [], { spawn })]).start();
    await world.settle();
    expect(world.state('s')?.kind).toBe('done');
  });

  it('starts a resource again that ended by itself', async () => {
    const world = new World();
    const supervisor = world.supervise([resource(world, 'worker')]);
    await supervisor.start();
    supervisor.resourceExited('worker', { value: null, error: crash() });
    expect(world.state('worker')?.kind).toBe('backing_off');
    await world.turn(1000);
    expect(world.state('worker')).toMatchObject({ kind: 'running', run: 2 });
  });

  it('ignores processes that are nobody it knows', async () => {
    const world = new World();
    await world.supervise([process(world, 's')]).start();
    world.fails('stranger', crash());
    expect(world.state('s')?.kind).toBe('running');
  });
});

describe('stopping services', () => {
  it('goes in reverse, waiting for what requires a service before it stops', async () => {
    const world = new World();
    const supervisor = world.supervise([
      resource(world, 'client'),
      resource(world, 'worker', ['client']),
      process(world, 's', ['worker']),
      process(world, 't'),
    ]);
    await supervisor.start();
    world.log.length = 0;
    const stopped = supervisor.stop();
    await world.settle();
    expect(world.log).toEqual(['t stopping', 'cancel t#1 10000', 's stopping', 'cancel s#1 10000']);
    world.returns('s#1');
    await world.settle();
    world.returns('t#1');
    expect(await stopped).toEqual({
      stopped: ['s', 'worker', 'client', 't'],
      terminated: [],
      leftOpen: [],
      failed: [],
    });
    expect(world.timers.size).toBe(0);
  });

  it('terminates a process that has not ended within its stop timeout', async () => {
    const world = new World();
    const supervisor = world.supervise([
      process(world, 's', [], { lifecycle: { stopTimeoutMs: 2000 } }),
    ]);
    await supervisor.start();
    const stopped = supervisor.stop();
    await world.turn(1999);
    expect(world.log).not.toContain('terminate s#1');
    await world.turn(1);
    expect(world.log).toContain('terminate s#1');
    expect(await stopped).toMatchObject({ stopped: [], terminated: ['s'] });
  });

  it('takes no longer than the whole may take', async () => {
    const world = new World();
    const supervisor = world.supervise([
      resource(world, 'a', [], { stop: never }),
      process(world, 'b', ['a']),
      process(world, 'c', ['b']),
    ]);
    await supervisor.start();
    const before = world.now;
    const stopped = supervisor.stop(15_000);
    await world.turn(15_000);
    expect(await stopped).toMatchObject({
      terminated: ['c', 'b'],
      failed: [{ id: 'a', error: { message: 'a did not stop within 0s' } }],
    });
    expect(world.log.filter((line) => line.startsWith('cancel'))).toEqual([
      'cancel c#1 10000',
      'cancel b#1 5000',
    ]);
    expect(world.now - before).toBe(15_000);
  });

  it('reports resources whose stop fails, and durable processes that go on', async () => {
    const world = new World();
    const stop = async () => {
      throw new Error('socket hang up');
    };
    const supervisor = world.supervise([
      resource(world, 'a', [], { stop }),
      process(world, 'flow', ['a'], { durable: true }),
    ]);
    await supervisor.start();
    expect(await supervisor.stop()).toMatchObject({
      stopped: [],
      leftOpen: ['flow'],
      failed: [{ id: 'a', error: { message: 'socket hang up' } }],
    });
    expect(world.log).not.toContain('cancel flow#1 10000');
  });

  it('starts nothing any more: neither what was backing off nor what waited', async () => {
    const world = new World();
    const supervisor = world.supervise([
      process(world, 's'),
      process(world, 't', ['s'], { spawn: never }),
    ]);
    const outcome = expect(supervisor.start()).rejects.toMatchObject({ kind: 'CANCELED' });
    await world.settle();
    world.fails('s#1', crash());
    const stopped = supervisor.stop(100);
    await world.turn(1_000_000);
    await outcome;
    await stopped;
    expect(world.log.filter((line) => line.startsWith('spawn'))).toEqual(['spawn s#1']);
    expect(world.state('s')).toMatchObject({ kind: 'stopped', outcome: 'clean' });
  });

  it('gives the same report to everyone who asks', async () => {
    const world = new World();
    const supervisor = world.supervise([resource(world, 'a')]);
    await supervisor.start();
    expect(supervisor.stop()).toBe(supervisor.stop(1));
    expect((await supervisor.stop()).stopped).toEqual(['a']);
    expect(world.log.filter((line) => line === 'stop a')).toHaveLength(1);
  });
});
