/** Which way a query takes that no workflow task takes along. Its life is told in queries.ts. */
import type { Clock, TimerHandle } from '../clock.js';
import { isOpen } from '../history/state.js';
import type { Matching, QueueName } from '../matching.js';
import type { PendingQuery } from './queries.js';
import type { Run } from './run.js';
import type { Task } from './task.js';

/** How long after its last poll a sticky queue still gets queries. */
const STICKY_ALIVE_MS = 2000;

interface DirectQuery {
  readonly run: Run;
  readonly query: PendingQuery;
  /** When it goes to the normal queue, where the sticky one does not take it. */
  readonly fallBack: TimerHandle | undefined;
}

export class QueryRoutes {
  readonly #clock: Clock;
  readonly #matching: Matching<Task>;
  /** Queries that are out by themselves, by id. */
  readonly #direct = new Map<string, DirectQuery>();

  constructor(clock: Clock, matching: Matching<Task>) {
    this.#clock = clock;
    this.#matching = matching;
  }

  /** A query that is out by itself. */
  direct(id: string): { readonly run: Run; readonly query: PendingQuery } | undefined {
    return this.#direct.get(id);
  }

  /** Sends what waited for a workflow task which has ended with none to follow. */
  sendWaiting(run: Run): void {
    if (run.queries.size === 0) return;
    const task = isOpen(run.info) ? run.info.workflowTask.kind : 'none';
    for (const query of run.queries.values()) {
      if (query.state === 'attached' && task !== 'started') query.state = 'waiting';
      if (query.state === 'waiting' && task === 'none') this.send(run, query);
    }
  }

  /** Sends a query out by itself: to the sticky queue while it is served, else to the normal one. */
  send(run: Run, query: PendingQuery): void {
    query.state = 'direct';
    const base = { namespace: run.key.namespace, kind: 'workflow' } as const;
    const normal = { ...base, name: run.info.taskQueue };
    const { sticky } = run.info;
    const stickyQueue = sticky && { ...base, name: sticky.name };
    const isServed = stickyQueue && this.#matching.isAlive(stickyQueue, STICKY_ALIVE_MS);
    const fallBack = isServed
      ? this.#after(sticky.scheduleToStartMs, () => {
          if (query.state === 'direct') this.#offer(run, query, normal);
        })
      : undefined;
    this.#direct.set(query.id, { run, query, fallBack });
    this.#offer(run, query, isServed ? stickyQueue : normal);
  }

  #after(delayMs: number, work: () => void): TimerHandle {
    return this.#clock.setTimer(this.#clock.now() + delayMs, work, { skippable: false });
  }

  #offer(run: Run, query: PendingQuery, queue: QueueName): void {
    query.route += 1;
    this.#matching.add(queue, { kind: 'query', run, query, route: query.route, queue });
  }

  forget(run: Run, query: PendingQuery): void {
    run.queries.delete(query.id);
    const { fallBack } = this.#direct.get(query.id) ?? {};
    if (fallBack) this.#clock.clearTimer(fallBack);
    this.#direct.delete(query.id);
  }

  close(): void {
    for (const { fallBack } of this.#direct.values())
      if (fallBack) this.#clock.clearTimer(fallBack);
  }
}
