import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type PlanItem,
  readyToStop,
  startPlan,
  stopWithinMs,
} from '../../../src/runtime/supervisor/plan.js';
import { IDLE, type ServiceState } from '../../../src/runtime/supervisor/service.js';

const item = (id: string, requires: readonly string[] = [], autoStart = true): PlanItem => ({
  id,
  requires,
  lifecycle: { autoStart },
});
const ids = (items: readonly PlanItem[]): string[] => items.map(({ id }) => id);

const running: ServiceState = {
  kind: 'running',
  run: 1,
  instance: { kind: 'resource' },
  failures: 0,
  stable: true,
};

describe('startPlan', () => {
  it('holds what starts with the app and all that this requires, and nothing else', () => {
    const items = [
      item('a', [], false),
      item('b', ['a'], false),
      item('c', ['b']),
      item('d', [], false),
    ];
    expect(ids(startPlan(items))).toEqual(['a', 'b', 'c']);
  });

  it('refuses a service that requires one that is not before it', () => {
    expect(() => startPlan([item('a', ['b']), item('b')])).toThrow(
      'a requires b, which is not among the services before it',
    );
  });
});

describe('readyToStop', () => {
  it('stops services only when nothing that requires them is up, until all are down', () => {
    const plans = fc
      .array(fc.array(fc.nat(20), { maxLength: 3 }), { maxLength: 12 })
      .map((requires) =>
        requires.map((of, i) =>
          item(`s${i}`, i === 0 ? [] : [...new Set(of.map((n) => `s${n % i}`))]),
        ),
      );
    fc.assert(
      fc.property(plans, (plan) => {
        const up = new Set(ids(plan));
        const stateOf = (id: string): ServiceState => (up.has(id) ? running : IDLE);
        while (up.size > 0) {
          const ready = readyToStop(plan, stateOf);
          expect(ready.length).toBeGreaterThan(0);
          for (const { id } of ready) {
            expect(plan.filter((other) => up.has(other.id) && other.requires.includes(id))).toEqual(
              [],
            );
          }
          for (const { id } of ready) up.delete(id);
        }
      }),
    );
  });

  it('takes the last started first', () => {
    expect(ids(readyToStop([item('a'), item('b'), item('c')], () => running))).toEqual([
      'c',
      'b',
      'a',
    ]);
  });
});

describe('stopWithinMs', () => {
  it('is the timeout of the service, or what is left of the whole, and never negative', () => {
    expect(stopWithinMs(10_000, Number.POSITIVE_INFINITY)).toBe(10_000);
    expect(stopWithinMs(10_000, 300)).toBe(300);
    expect(stopWithinMs(10_000, -5)).toBe(0);
  });
});
