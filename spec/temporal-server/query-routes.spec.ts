import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../src/temporal-server/clock.js';
import type { PendingQuery } from '../../src/temporal-server/engine/queries.js';
import { QueryRoutes } from '../../src/temporal-server/engine/query-routes.js';
import type { Run } from '../../src/temporal-server/engine/run.js';
import type { Task } from '../../src/temporal-server/engine/task.js';
import type { Matching } from '../../src/temporal-server/matching.js';

/** A clock that is turned by hand. */
class Turned {
  readonly timers = new Map<object, { readonly atMs: number; readonly fire: () => void }>();
  nowMs = 1_000_000;

  now = () => this.nowMs;
  setTimer = (atMs: number, fire: () => void) => {
    const handle = {};
    this.timers.set(handle, { atMs, fire });
    return handle;
  };
  clearTimer = (handle: object) => void this.timers.delete(handle);
  hold = () => () => {};

  turn(byMs: number): void {
    this.nowMs += byMs;
    for (const [handle, { atMs, fire }] of this.timers) {
      if (atMs > this.nowMs) continue;
      this.timers.delete(handle);
      fire();
    }
  }
}

describe('a query that is out by itself', () => {
  let clock: Turned;
  let offered: string[];
  let isServed: boolean;
  let routes: QueryRoutes;
  let run: Run;
  let query: PendingQuery;

  beforeEach(() => {
    clock = new Turned();
    offered = [];
    isServed = true;
    const matching = {
      isAlive: () => isServed,
      add: ({ name }: { readonly name: string }) => void offered.push(name),
    };
    routes = new QueryRoutes(clock as Clock, matching as unknown as Matching<Task>);
    run = {
      key: { namespace: 'default', workflowId: 'w', runId: 'r' },
      info: { taskQueue: 'normal', sticky: { name: 'sticky', scheduleToStartMs: 5000 } },
      queries: new Map(),
    } as unknown as Run;
    query = { id: 'q', query: {}, state: 'waiting', route: 0, answer: () => {} };
    run.queries.set(query.id, query);
  });

  it('goes to the normal queue when the sticky one has not taken it in its time', () => {
    routes.send(run, query);
    clock.turn(4999);
    expect(offered).toEqual(['sticky']);
    clock.turn(1);
    expect(offered).toEqual(['sticky', 'normal']);
    expect(query.route).toBe(2); // only the last place counts
  });

  it('goes there at once where nobody serves the sticky one', () => {
    isServed = false;
    routes.send(run, query);
    expect(offered).toEqual(['normal']);
    expect(clock.timers.size).toBe(0);
  });

  it('stays where a worker has it', () => {
    routes.send(run, query);
    query.state = 'taken';
    clock.turn(5000);
    expect(offered).toEqual(['sticky']);
  });

  it.each([
    ['is forgotten', () => routes.forget(run, query)],
    ['ends with the server', () => routes.close()],
  ])('sets no timer any more when it %s', (_, end) => {
    routes.send(run, query);
    expect(routes.direct('q')).toMatchObject({ run, query });
    end();
    expect(clock.timers.size).toBe(0);
  });
});
