import { describe, expect, it } from '@jest/globals';
import { ChildSpecs } from '../../../src/hosts/local/child-specs.js';
import { Strategy } from '../../../src/runtime/supervisor/index.js';
import { member, supervising } from '../../support/supervised-node.js';

describe('the children of a supervisor by number', () => {
  it('are in start order: who comes later has a higher number, also when others are gone', () => {
    const specs = new ChildSpecs(supervising([member('a'), member('b')]));
    specs.forget(1);
    expect([specs.add(member('c')), specs.rules.children.length]).toEqual([2, 3]);
  });

  it('keep the arguments of nobody who is gone', () => {
    const specs = new ChildSpecs(supervising([member('a', { values: ['large'] })]));
    specs.forget(0);
    expect(specs.at(0)).toMatchObject({ id: 'a', values: [] });
  });

  it('of simple_one_for_one have the number of one that is gone', () => {
    const spec = supervising([member('t')], { strategy: Strategy.SIMPLE_ONE_FOR_ONE });
    const specs = new ChildSpecs(spec);
    for (let i = 0; i < 100; i++) {
      expect(specs.add(member('t'))).toBe(0);
      specs.forget(0);
    }
    expect(specs.rules.children).toHaveLength(1);
  });
});
