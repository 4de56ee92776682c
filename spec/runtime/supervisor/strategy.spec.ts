/**
 * The decisions of a supervisor. The cases are those of OTP's supervisor_SUITE, restated; the name in
 * brackets is the case's own.
 */
import { describe, expect, it } from '@jest/globals';
import { ErrorKind } from '../../../src/core/errors.js';
import {
  AutoShutdown,
  BRUTAL_KILL,
  Restart,
  Strategy,
} from '../../../src/runtime/supervisor/index.js';
import { child, crash, Family, rules } from './family.js';

const { PERMANENT, TRANSIENT, TEMPORARY } = Restart;
const { ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE } = Strategy;
const abc = () => [child('a'), child('b'), child('c')];
const MANY = { intensity: 100 };

describe('starting children', () => {
  it('starts them in the order given and stops them in reverse [order_of_children]', () => {
    const family = new Family(rules([child('z'), child('b'), child('k')])).start();
    expect(family.take()).toEqual(['start z', 'start b', 'start k']);
    family.stop();
    expect(family.take()).toEqual(['cancel k 5000', 'cancel b 5000', 'cancel z 5000', 'end']);
    expect(family.ended).toBeNull();
  });

  it('waits for each before it starts the next', () => {
    const family = new Family(rules(abc()));
    family.slow.add('a').add('b');
    expect(family.start().take()).toEqual(['start a']);
    expect(family.arrives('a').take()).toEqual(['start b']);
    expect(family.arrives('b').take()).toEqual(['start c']);
    expect(family.state.phase.kind).toBe('up');
  });

  it('works without any children [sup_start_normal]', () => {
    const family = new Family(rules([])).start();
    expect(family.state.phase.kind).toBe('up');
    expect(family.stop().ended).toBeNull();
  });

  it('stops those that started, in reverse, and fails with the error of the one that did not [sup_start_fail, faulty_application_shutdown]', () => {
    const family = new Family(rules([...abc(), child('d')]));
    family.broken.add('c');
    family.start();
    expect(family.take()).toEqual([
      'start a',
      'start b',
      'start c',
      'cancel b 5000',
      'cancel a 5000',
      'end',
    ]);
    expect(family.ended).toMatchObject({ kind: 'UNKNOWN', text: 'child c did not start: broken' });
  });

  it('looks at what ended meanwhile once all are up', () => {
    const family = new Family(rules(abc()));
    family.slow.add('c');
    family.start().fails('a');
    expect(family.take()).toEqual(['start a', 'start b', 'start c']);
    family.arrives('c');
    expect(family.take()).toEqual(['restart a 1', 'start a']);
    expect(family.alive).toEqual(['a#2', 'b#1', 'c#1']);
  });

  it('can be stopped while a start is under way', () => {
    const family = new Family(rules(abc()));
    family.slow.add('b');
    family.start().stop().arrives('b');
    expect(family.take()).toEqual(['start a', 'start b', 'cancel b 5000', 'cancel a 5000', 'end']);
  });

  it('gives up a start that does not come back, and ends the process should it come', () => {
    const family = new Family(rules(abc()));
    family.slow.add('b');
    family.start().stop().turn(5000);
    expect(family.take().slice(2)).toEqual(['cancel a 5000', 'end']);
    family.give({ kind: 'started', child: 1, run: 1, pid: 'late' });
    expect(family.take()).toEqual(['terminate b']);
  });
});

describe('a child that ends', () => {
  const outcome = (restart: Restart, error: ReturnType<typeof crash> | null) => {
    const family = Family.up([child('a', { restart })], MANY).exits('a', error);
    return [family.state.children.at(0).kind, family.state.children.at(0).run];
  };

  it('is started again where it is permanent [permanent_normal, permanent_abnormal]', () => {
    expect(outcome(PERMANENT, null)).toEqual(['up', 2]);
    expect(outcome(PERMANENT, crash())).toEqual(['up', 2]);
  });

  it('is started again where it is transient and failed [transient_normal, transient_abnormal]', () => {
    expect(outcome(TRANSIENT, null)).toEqual(['down', 1]);
    expect(outcome(TRANSIENT, crash())).toEqual(['up', 2]);
  });

  it('is no child any more where it is temporary [temporary_normal, temporary_abnormal, do_not_save_child_specs_for_temporary_children]', () => {
    expect(outcome(TEMPORARY, null)).toEqual(['removed', 1]);
    expect(outcome(TEMPORARY, crash())).toEqual(['removed', 1]);
  });
});

describe('strategies', () => {
  it('one_for_one restarts that child alone [one_for_one]', () => {
    const family = Family.up(abc(), MANY).fails('b');
    expect(family.take()).toEqual(['restart b 1', 'start b']);
    expect(family.alive).toEqual(['a#1', 'b#2', 'c#1']);
  });

  it('one_for_all stops the others in reverse and starts all in order [one_for_all]', () => {
    const family = Family.up(abc(), { strategy: ONE_FOR_ALL, ...MANY }).fails('b');
    expect(family.take()).toEqual([
      'restart b 1',
      'cancel c 5000',
      'cancel a 5000',
      'start a',
      'start b',
      'start c',
    ]);
    expect(family.alive).toEqual(['a#2', 'b#2', 'c#2']);
  });

  it('rest_for_one does so with the child and those after it [rest_for_one]', () => {
    const family = Family.up([...abc(), child('d')], { strategy: REST_FOR_ONE, ...MANY }).fails(
      'b',
    );
    expect(family.take()).toEqual([
      'restart b 1',
      'cancel d 5000',
      'cancel c 5000',
      'start b',
      'start c',
      'start d',
    ]);
    expect(family.alive).toEqual(['a#1', 'b#2', 'c#2', 'd#2']);
  });

  it('take a transient child that had ended well along, and no temporary one [temporary_bystander, tree]', () => {
    for (const strategy of [ONE_FOR_ALL, REST_FOR_ONE]) {
      const family = Family.up(
        [child('a'), child('b', { restart: TEMPORARY }), child('c', { restart: TRANSIENT })],
        { strategy, ...MANY },
      );
      family.exits('c').fails('a');
      expect(family.alive).toEqual(['a#2', 'c#2']);
    }
  });

  it('one_for_all starts all anew where a sibling does not start again [one_for_all_other_child_fails_restart]', () => {
    const family = Family.up([child('a'), child('b')], { strategy: ONE_FOR_ALL, ...MANY });
    family.slow.add('b');
    family.fails('a').arrives('b', crash());
    expect(family.take()).toEqual([
      'restart a 1',
      'cancel b 5000',
      'start a',
      'start b',
      'restart b 2',
      'cancel a 5000',
      'start a',
      'start b',
    ]);
    family.arrives('b');
    expect(family.alive).toEqual(['a#3', 'b#3']);
  });

  it('rest_for_one leaves alone what came up before the sibling that did not [rest_for_one_other_child_fails_restart]', () => {
    const family = Family.up([child('a'), child('b')], { strategy: REST_FOR_ONE, ...MANY });
    family.slow.add('b');
    family.fails('a').arrives('b', crash()).arrives('b');
    expect(family.alive).toEqual(['a#2', 'b#3']);
  });

  it('look at what ends during a restart afterwards, and not at all where the restart covered it', () => {
    const family = Family.up(abc(), { strategy: REST_FOR_ONE, ...MANY });
    family.deaf.add('c');
    family.fails('b').fails('a').exits('c');
    expect(family.take()).toEqual([
      'restart b 1',
      'cancel c 5000',
      'start b',
      'start c',
      'restart a 2',
      'cancel c 5000',
    ]);
    family.exits('c');
    expect(family.alive).toEqual(['a#2', 'b#3', 'c#3']);
  });
});

describe('restart intensity', () => {
  it('ends the supervisor when one more restart is due than it allows, with all children, in reverse', () => {
    const family = Family.up(abc(), { intensity: 2 })
      .fails('a')
      .fails('b')
      .fails('b', 'out of ink');
    expect(family.take()).toEqual([
      'restart a 1',
      'start a',
      'restart b 2',
      'start b',
      'cancel c 5000',
      'cancel a 5000',
      'end',
    ]);
    expect(family.ended).toMatchObject({
      kind: ErrorKind.INTERNAL,
      message:
        'reached_max_restart_intensity: more than 2 restarts within 5s; child b failed: out of ink',
      details: {
        reason: 'reached_max_restart_intensity',
        child: 'b',
        intensity: 2,
        periodMs: 5000,
      },
      cause: { message: 'out of ink' },
    });
  });

  it('allows no restart at all where it is 0', () => {
    const { ended } = Family.up(abc(), { intensity: 0 }).exits('a');
    expect(ended?.message).toContain('more than 0 restarts within 5s; child a ended');
  });

  it('is a window that slides: restarts older than the period do not count [multiple_restarts]', () => {
    const family = Family.up([child('a')], { intensity: 2, periodMs: 1000 });
    for (let i = 0; i < 20; i++) family.turn(501).fails('a');
    expect(family.ended).toBeUndefined();
    family.turn(499).fails('a').turn(0).fails('a');
    expect(family.ended).toMatchObject({ kind: 'INTERNAL' });
  });

  it('counts the restarts of all children together', () => {
    expect(Family.up(abc(), { intensity: 1 }).fails('a').fails('b').ended).toMatchObject({
      details: { child: 'b' },
    });
  });

  it.each([ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE])(
    '%s escalates where the child does not start again [*_escalation]',
    (strategy) => {
      const family = Family.up([child('a'), child('b')], { strategy, intensity: 4 });
      family.broken.add(strategy === ONE_FOR_ONE ? 'a' : 'b');
      family.fails('a');
      expect(family.ended).toMatchObject({ kind: 'INTERNAL' });
      expect(family.alive).toEqual([]);
      expect(family.log.filter((line) => line.startsWith('restart'))).toHaveLength(4);
    },
  );

  it('does not count transient children that end well, nor those stopped with a sibling', () => {
    const family = Family.up(abc(), { strategy: ONE_FOR_ALL, intensity: 1 }).fails('a');
    expect(family.alive).toEqual(['a#2', 'b#2', 'c#2']);
    const transient = abc().map(({ id }) => child(id, { restart: TRANSIENT }));
    expect(Family.up(transient, { intensity: 0 }).exits('a').exits('b').ended).toBeUndefined();
  });

  it('can be stopped while it restarts [hanging_restart_loop]', () => {
    const family = Family.up(abc(), { strategy: ONE_FOR_ALL, ...MANY });
    family.slow.add('b');
    family.fails('a').stop();
    family.arrives('b', crash());
    expect(family.take().slice(-3)).toEqual(['start b', 'cancel a 5000', 'end']);
  });
});

describe('stopping children', () => {
  it('terminates one that has not ended in its time, and then goes on [sup_stop_timeout]', () => {
    const family = Family.up([child('a', { shutdown: 1000 }), child('b', { shutdown: 300 })]);
    family.deaf.add('b');
    family.stop().turn(299);
    expect(family.take()).toEqual(['cancel b 300']);
    family.turn(1);
    expect(family.take()).toEqual(['terminate b', 'cancel a 1000', 'end']);
  });

  it('waits without end where shutdown is infinity [sup_stop_infinity]', () => {
    const family = Family.up([child('a', { shutdown: Number.POSITIVE_INFINITY })]);
    family.deaf.add('a');
    family.stop().turn(1e9);
    expect(family.take()).toEqual(['cancel a Infinity']);
    family.exits('a');
    expect(family.take()).toEqual(['end']);
  });

  it('terminates at once, without CANCEL, where shutdown is brutal_kill [sup_stop_brutal_kill]', () => {
    const family = Family.up([child('a'), child('b', { shutdown: BRUTAL_KILL })]).stop();
    expect(family.take()).toEqual(['terminate b', 'cancel a 5000', 'end']);
  });

  it('gives no child more time than is left of the whole', () => {
    const family = Family.up([child('a'), child('b')]);
    family.deaf.add('a').add('b');
    family.stop(6000).turn(6000);
    expect(family.take()).toEqual([
      'cancel b 5000',
      'terminate b',
      'cancel a 1000',
      'terminate a',
      'end',
    ]);
  });

  it('does not wait for children that end by themselves meanwhile [sup_stop_race]', () => {
    const family = Family.up(abc());
    family.deaf.add('c');
    family.stop().exits('a').fails('b').exits('c');
    expect(family.take()).toEqual(['cancel c 5000', 'end']);
  });

  it('leaves durable children open, but stops them with a sibling or when it fails', () => {
    const durable = () => [child('a'), child('b', { durable: true })];
    expect(Family.up(durable()).stop().take()).toEqual(['leave b', 'cancel a 5000', 'end']);
    const all = Family.up(durable(), { strategy: ONE_FOR_ALL, ...MANY }).fails('a');
    expect(all.take()).toContain('cancel b 5000');
    expect(Family.up(durable(), { intensity: 0 }).fails('a').take()).toEqual([
      'cancel b 5000',
      'end',
    ]);
  });
});

describe('automatic shutdown', () => {
  const { NEVER, ANY_SIGNIFICANT: ANY, ALL_SIGNIFICANT: ALL } = AutoShutdown;
  const significant = (id: string, restart: Restart) => child(id, { restart, significant: true });

  it('does not follow children that are not significant [nonsignificant_temporary, nonsignificant_transient]', () => {
    for (const autoShutdown of [NEVER, ANY, ALL]) {
      for (const restart of [TEMPORARY, TRANSIENT]) {
        const family = Family.up([child('a', { restart }), child('b')], { autoShutdown });
        expect(family.exits('a').ended).toBeUndefined();
      }
    }
  });

  it('any_significant follows the first to end for good [significant_temporary, significant_transient]', () => {
    const up = (restart: Restart) =>
      Family.up([significant('a', restart), significant('b', restart), child('c')], {
        autoShutdown: ANY,
        ...MANY,
      });
    expect(up(TEMPORARY).fails('a').take()).toEqual(['cancel c 5000', 'cancel b 5000', 'end']);
    expect(up(TEMPORARY).exits('a').ended).toBeNull();
    expect(up(TRANSIENT).fails('a').ended).toBeUndefined();
    expect(up(TRANSIENT).fails('a').exits('a').ended).toBeNull();
  });

  it('all_significant follows the last of them', () => {
    for (const restart of [TEMPORARY, TRANSIENT]) {
      const family = Family.up([significant('a', restart), significant('b', restart), child('c')], {
        autoShutdown: ALL,
        ...MANY,
      });
      family.exits('a');
      expect(family.ended).toBeUndefined();
      family.exits('b');
      expect(family.ended).toBeNull();
    }
  });

  it('does not follow what was stopped because of a sibling [significant_bystander]', () => {
    for (const strategy of [ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE]) {
      for (const autoShutdown of [ANY, ALL]) {
        const family = Family.up(
          [significant('a', TRANSIENT), child('b'), significant('c', TEMPORARY)],
          { strategy, autoShutdown, ...MANY },
        );
        expect(family.fails('b').ended).toBeUndefined();
      }
    }
  });
});

describe('child supervisors', () => {
  it('are up when their own children are, and fail to start where they end before that', () => {
    const slow = (shutdown = Number.POSITIVE_INFINITY) => {
      const family = new Family(rules([child('sup', { shutdown }), child('b')]));
      family.slow.add('sup');
      return family.start().give({ kind: 'spawned', child: 0, run: 1, pid: '0#1' });
    };
    expect(slow().take()).toEqual(['start sup']);
    expect(slow().arrives('sup').take()).toEqual(['start sup', 'start b']);
    expect(slow().fails('sup').ended?.text).toBe('child sup did not start: crashed');
    expect(slow().exits('sup').ended?.text).toContain('it ended while it was starting');
    expect(slow().stop().take()).toEqual(['start sup', 'cancel sup Infinity', 'end']);
  });
});
