import { describe, expect, it } from '@jest/globals';
import { handedOn, type ResetPoint } from '../../src/temporal-server/history/reset-points.js';

const DAY = 86_400_000;

const point = (buildId: string, runId: string, expiresAtMs?: number): ResetPoint => ({
  buildId,
  runId,
  completedEventId: 4,
  atMs: 0,
  resettable: true,
  expiresAtMs,
});

describe('the reset points of a chain of runs', () => {
  it('expire with the run that they are of, and are handed on until then', () => {
    const second = handedOn([point('a', 'one')], 'one', DAY, 3 * DAY);
    expect(second).toEqual([point('a', 'one', 4 * DAY)]);
    const third = handedOn([...second, point('b', 'two')], 'two', 4 * DAY, 3 * DAY);
    expect(third).toEqual([point('a', 'one', 4 * DAY), point('b', 'two', 7 * DAY)]);
    expect(handedOn(third, 'three', 4 * DAY + 1, 3 * DAY)).toEqual([point('b', 'two', 7 * DAY)]);
  });
});
