import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PerdureError } from '../../src/core/errors.js';
import { Names } from '../../src/runtime/names.js';
import { Topology } from '../../src/runtime/topology.js';

const failed = { value: null, error: new PerdureError('INTERNAL', 'x') };
const ended = { value: 1, error: null };

describe('topology', () => {
  it('tells each watcher once, however often it asked', () => {
    const topology = new Topology();
    topology.monitor('w', 'p');
    topology.monitor('w', 'p');
    expect(topology.exited('p', ended)).toEqual([
      { to: 'w', signal: { kind: 'exit', from: 'p', result: ended } },
    ]);
    expect(topology.exited('p', ended)).toEqual([]);
  });

  it('tells nobody after unmonitor and unlink, from either side of a link', () => {
    const topology = new Topology();
    topology.monitor('w', 'p');
    topology.link('a', 'p');
    topology.unmonitor('w', 'p');
    topology.unlink('p', 'a');
    expect(topology.exited('p', failed)).toEqual([]);
  });

  it('tells linked processes of failures, and takes the link away at a normal end', () => {
    const topology = new Topology();
    topology.link('a', 'p');
    topology.link('a', 'q');
    expect(topology.exited('p', ended)).toEqual([
      { to: 'a', signal: { kind: 'unlink', from: 'p' } },
    ]);
    expect(topology.exited('q', failed)).toMatchObject([
      { to: 'a', signal: { kind: 'link_down' } },
    ]);
  });

  it('keeps no trace of a process that has exited', () => {
    const pids = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.tuple(
      fc.constantFrom('monitor', 'unmonitor', 'link', 'unlink', 'exit'),
      pids,
      pids,
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (program) => {
        const topology = new Topology();
        for (const [op, a, b] of program) {
          if (op === 'exit') topology.exited(a, failed);
          else topology[op](a, b);
        }
        for (const pid of ['a', 'b', 'c', 'd']) topology.exited(pid, ended);
        for (const pid of ['a', 'b', 'c', 'd']) {
          expect(topology.isWatched(pid)).toBe(false);
          expect(topology.linksOf(pid)).toEqual([]);
          expect(topology.monitorsOf(pid)).toEqual([]);
        }
      }),
    );
  });
});

describe('names', () => {
  it('belong to one process until it releases them', () => {
    const names = new Names();
    expect(names.register('x', 'p')).toBe(true);
    expect(names.register('x', 'p')).toBe(true);
    expect(names.register('x', 'q')).toBe(false);
    expect(names.unregister('x', 'q')).toBe(false);
    names.release('p');
    expect(names.lookup('x')).toBeUndefined();
    expect(names.register('x', 'q')).toBe(true);
  });
});
