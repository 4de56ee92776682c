/**
 * Children that come and go while a supervisor runs, as decisions. Names in brackets are those of OTP's
 * supervisor_SUITE.
 */
import { describe, expect, it } from '@jest/globals';
import { AutoShutdown, Restart, Strategy } from '../../../src/runtime/supervisor/index.js';
import { child, Family } from './family.js';

const { TRANSIENT, TEMPORARY } = Restart;
const { ONE_FOR_ALL, REST_FOR_ONE, SIMPLE_ONE_FOR_ONE } = Strategy;
const MANY = { intensity: 100 };
const simple = (change = {}) => Family.up([], { strategy: SIMPLE_ONE_FOR_ONE, ...change });

describe('start_child', () => {
  it('adds a child behind the others, which is stopped before them [child_adm]', () => {
    const family = Family.up([child('a')]).add(child('b'));
    expect(family.heard()).toEqual(['1 1#1']);
    expect(family.stop().take()).toEqual(['start b', 'cancel b 5000', 'cancel a 5000', 'end']);
  });

  it('is refused where the id is taken, by a process or without one [child_adm]', () => {
    const family = Family.up([child('a')]).add(child('a'));
    family.ask('terminate_child', 'a').add(child('a'));
    expect(family.heard()).toEqual([
      '1 ALREADY_EXISTS already_started',
      '2 ok',
      '3 ALREADY_EXISTS already_present',
    ]);
    expect(family.take()).toEqual(['cancel a 5000']);
  });

  it('whose start fails leaves no child, and spends no restart', () => {
    const family = Family.up([], { intensity: 0 });
    family.broken.add('b');
    family.add(child('b'));
    family.broken.clear();
    family.add(child('b'));
    expect(family.heard()).toEqual(['1 UNKNOWN child b did not start: broken', '2 1#1']);
    expect(family.ended).toBeUndefined();
  });

  it('waits for a start that takes time, and the next request for that one', () => {
    const family = Family.up([child('a')]);
    family.slow.add('b');
    family.add(child('b')).ask('terminate_child', 'a');
    expect([family.heard(), family.take()]).toEqual([[], ['start b']]);
    family.arrives('b');
    expect(family.heard()).toEqual(['1 1#1', '2 ok']);
  });

  it('gives a child the rules of those that were there from the beginning [permanent_normal, temporary_normal]', () => {
    const family = Family.up([], MANY);
    family.add(child('p')).add(child('t', { restart: TEMPORARY }));
    family
      .exits('p')
      .exits('t')
      .add(child('t', { restart: TEMPORARY }));
    expect(family.take()).toEqual(['start p', 'start t', 'restart p 1', 'start p', 'start t']);
    expect(family.alive).toEqual(['p#2', 't#1']);
  });

  it('counts with its siblings: one_for_all and rest_for_one take it along', () => {
    for (const strategy of [ONE_FOR_ALL, REST_FOR_ONE]) {
      const family = Family.up([child('a')], { strategy, ...MANY }).add(child('b'));
      expect(family.fails('a').alive).toEqual(['a#2', 'b#2']);
      family.fails('b');
      expect(family.alive).toEqual(strategy === ONE_FOR_ALL ? ['a#3', 'b#3'] : ['a#2', 'b#3']);
    }
  });

  it('looks afterwards at what ended while the child was starting', () => {
    const family = Family.up([child('a')], MANY);
    family.slow.add('b');
    family.add(child('b')).fails('a');
    expect(family.take()).toEqual(['start b']);
    family.arrives('b');
    expect(family.take()).toEqual(['restart a 1', 'start a']);
  });
});

describe('terminate_child', () => {
  it('stops a child, which stays without a process, also when it is done twice [child_adm]', () => {
    const family = Family.up([child('a'), child('b')]);
    family.ask('terminate_child', 'a').ask('terminate_child', 'a').ask('terminate_child', 'hej');
    expect(family.heard()).toEqual(['1 ok', '2 ok', '3 NOT_FOUND not_found']);
    expect(family.take()).toEqual(['cancel a 5000']);
    expect(family.state.children.at(0).kind).toBe('down');
  });

  it('answers when the child is gone: one that does not end is terminated in its time', () => {
    const family = Family.up([child('a')]);
    family.deaf.add('a');
    family.ask('terminate_child', 'a').turn(4999);
    expect(family.heard()).toEqual([]);
    family.turn(1);
    expect(family.heard()).toEqual(['1 ok']);
    expect(family.take()).toEqual(['cancel a 5000', 'terminate a']);
  });

  it('removes a temporary child', () => {
    const family = Family.up([child('a', { restart: TEMPORARY })]);
    family.ask('terminate_child', 'a').ask('terminate_child', 'a');
    expect(family.heard()).toEqual(['1 ok', '2 NOT_FOUND not_found']);
  });

  it('is no end of a significant child by itself: the supervisor goes on', () => {
    const significant = child('a', { restart: TRANSIENT, significant: true });
    const family = Family.up([significant], { autoShutdown: AutoShutdown.ANY_SIGNIFICANT });
    family.ask('terminate_child', 'a');
    expect([family.heard(), family.ended, family.state.phase.kind]).toEqual([
      ['1 ok'],
      undefined,
      'up',
    ]);
  });

  it('is undone by a restart of the siblings, as in OTP', () => {
    const family = Family.up([child('a'), child('b')], { strategy: ONE_FOR_ALL });
    family.ask('terminate_child', 'a').fails('b');
    expect(family.alive).toEqual(['a#2', 'b#2']);
  });
});

describe('restart_child and delete_child', () => {
  it('are for a child without a process [child_adm]', () => {
    const family = Family.up([child('a')], { intensity: 0 });
    for (const op of ['restart_child', 'delete_child'] as const) family.ask(op, 'a').ask(op, 'hej');
    family.ask('terminate_child', 'a').ask('restart_child', 'a').ask('terminate_child', 'a');
    family.ask('delete_child', 'a').ask('restart_child', 'a').add(child('a'));
    expect(family.heard()).toEqual([
      '1 CONFLICT running',
      '2 NOT_FOUND not_found',
      '3 CONFLICT running',
      '4 NOT_FOUND not_found',
      '5 ok',
      '6 0#2',
      '7 ok',
      '8 ok',
      '9 NOT_FOUND not_found',
      '10 1#1',
    ]);
    expect(family.alive).toEqual(['a#1']);
  });

  it('say that a child is being started again', () => {
    const family = Family.up([child('a')], MANY);
    family.slow.add('a');
    family.fails('a').ask('restart_child', 'a').ask('delete_child', 'a');
    expect(family.heard()).toEqual(['1 CONFLICT restarting', '2 CONFLICT restarting']);
  });

  it('keep a child that did not start, which can be tried again', () => {
    const family = Family.up([child('a')], { intensity: 0 });
    family.ask('terminate_child', 'a').broken.add('a');
    family.ask('restart_child', 'a').broken.clear();
    family.ask('restart_child', 'a');
    expect(family.heard()).toEqual(['1 ok', '2 UNKNOWN child a did not start: broken', '3 0#3']);
  });
});

describe('a supervisor that ends', () => {
  it('answers what was asked of it, and what is asked of it meanwhile, with UNAVAILABLE', () => {
    const family = Family.up([child('a')]);
    family.slow.add('b');
    family.deaf.add('a');
    family.add(child('b')).ask('terminate_child', 'a').stop().ask('delete_child', 'a');
    const unavailable = [1, 2, 3].map((ticket) => `${ticket} UNAVAILABLE shutdown`);
    expect(family.heard()).toEqual(unavailable);
    family.arrives('b').turn(5000);
    expect(family.take()).toEqual([
      'start b',
      'cancel b 5000',
      'cancel a 5000',
      'terminate a',
      'end',
    ]);
  });

  it('does so when restarts are used up by another child', () => {
    const family = Family.up([child('a')], { intensity: 0 });
    family.slow.add('b');
    family.add(child('b')).fails('a');
    expect(family.heard()).toEqual([]);
    family.arrives('b').ask('terminate_child', 'b');
    expect(family.heard()).toEqual(['1 1#1', '2 UNAVAILABLE shutdown']);
    expect(family.ended).toMatchObject({ details: { reason: 'reached_max_restart_intensity' } });
  });
});

describe('simple_one_for_one', () => {
  it('begins without children, and has as many of one kind as are started [simple_one_for_one, child_adm_simple]', () => {
    const family = simple();
    family.add(child('c')).add(child('c'));
    expect(family.heard()).toEqual(['1 0#1', '2 1#1']);
    expect(family.alive).toEqual(['c#1', 'c#1']);
  });

  it('terminates a child by its PID, and has no use for ids [child_adm_simple]', () => {
    const family = simple().add(child('c')).add(child('c'));
    family.ask('terminate_child', '0#1').ask('terminate_child', '0#1');
    family.ask('restart_child', 'c').ask('delete_child', 'c');
    expect(family.heard().slice(2)).toEqual([
      '3 ok',
      '4 NOT_FOUND not_found',
      '5 INVALID simple_one_for_one',
      '6 INVALID simple_one_for_one',
    ]);
    expect(family.alive).toEqual(['c#1']);
  });

  it('restarts each child alone, and forgets one that has ended for good', () => {
    const family = simple(MANY)
      .add(child('c', { restart: TRANSIENT }))
      .add(child('c'));
    family.exitsAt(1).exitsAt(0);
    expect(family.take()).toEqual(['start c', 'start c', 'restart c 1', 'start c']);
    expect(family.state.children.all().map(({ kind }) => kind)).toEqual(['removed', 'up']);
  });

  it('counts the restarts of all of them together [simple_one_for_one_escalation]', () => {
    const family = simple({ intensity: 1 }).add(child('c')).add(child('c'));
    family.exitsAt(0);
    expect(family.ended).toBeUndefined();
    family.exitsAt(1);
    expect(family.ended).toMatchObject({ details: { reason: 'reached_max_restart_intensity' } });
  });

  it('tells all children to end at once, each with its own time [simple_one_for_one_shutdown]', () => {
    const family = simple();
    family.deaf.add('c');
    family.add(child('c')).add(child('c')).take();
    expect(family.stop().take()).toEqual(['cancel c 5000', 'cancel c 5000']);
    family.turn(5000);
    expect(family.take()).toEqual(['terminate c', 'terminate c', 'end']);
  });

  it('keeps nothing of those that are gone [simple_one_for_one_scale_many_temporary_children, do_not_save_start_parameters_for_temporary_children]', () => {
    const family = simple();
    for (let i = 0; i < 1000; i++) {
      family.add(child('c', { restart: TEMPORARY })).exitsAt(0);
    }
    expect(family.state.children.length).toBe(1);
    expect(family.rules.children).toHaveLength(1);
  });

  it('goes on trying to restart while a child that is asked for is started [hanging_restart_loop_simple]', () => {
    const family = simple(MANY).add(child('c'));
    family.slow.add('c').add('d');
    family.exitsAt(0).add(child('d'));
    expect(family.take()).toEqual(['start c', 'restart c 1', 'start c', 'start d']);
    family.arrives('d');
    expect(family.heard()).toEqual(['1 0#1', '2 1#1']);
    expect(family.arrives('c').alive).toEqual(['c#2', 'd#1']);
  });
});
