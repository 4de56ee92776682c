/**
 * Task queues: tasks that wait for a worker, and workers that wait for a task.
 *
 * 1. Of the two lists of a queue one is always empty: a task that meets a waiting poll goes to it
 *    at once, the longest waiting first.
 * 2. A task handed to a poll that turns out to be gone is given back, to the front.
 * 3. The queue knows nothing of what a task is; whether one is still wanted is found out when it is
 *    started.
 */

import { Deque } from './deque.js';
import { pairKey } from './pair-key.js';

export type QueueKind = 'workflow' | 'activity';

export interface QueueName {
  readonly namespace: string;
  readonly kind: QueueKind;
  readonly name: string;
}

/** Who polls, as DescribeTaskQueue tells. */
export interface PollerInfo {
  readonly identity: string;
  readonly lastPollAtMs: number;
}

interface Poll<T> {
  readonly take: (task: T) => void;
  readonly workerInstanceKey: string;
  waiting: boolean;
}

class TaskQueue<T> {
  constructor(readonly name: QueueName) {}

  readonly tasks = new Deque<T>();
  readonly polls = new Set<Poll<T>>();
  readonly pollers = new Map<string, number>();
  lastPollAtMs = Number.NEGATIVE_INFINITY;
  /** The worker of a sticky queue has said that it is going. */
  shut = false;
}

/** How long after its last poll the worker of a sticky queue is still believed to be there. */
const STICKY_ALIVE_MS = 10_000;

/** How long a poller stays in a queue's description. */
const POLLER_LISTED_MS = 5 * 60_000;

export class Matching<T> {
  readonly #queues = new Map<string, TaskQueue<T>>();
  readonly #realNow: () => number;

  /** @param realNow - real time in milliseconds: whether workers are alive is no matter of skipped time */
  constructor(realNow: () => number = Date.now) {
    this.#realNow = realNow;
  }

  #queue(name: QueueName): TaskQueue<T> {
    const key = pairKey(name.namespace, `${name.kind}\n${name.name}`);
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = new TaskQueue(name);
      this.#queues.set(key, queue);
    }
    return queue;
  }

  /** Hands a task to a waiting poll, or keeps it. */
  add(name: QueueName, task: T): void {
    const queue = this.#queue(name);
    if (!this.#handOver(queue, task)) queue.tasks.push(task);
  }

  /** Takes a task back that could not be delivered: it is the next to go. */
  giveBack(name: QueueName, task: T): void {
    const queue = this.#queue(name);
    if (!this.#handOver(queue, task)) queue.tasks.unshift(task);
  }

  #handOver(queue: TaskQueue<T>, task: T): boolean {
    const [poll] = queue.polls;
    if (!poll) return false;
    queue.polls.delete(poll);
    poll.waiting = false;
    poll.take(task);
    return true;
  }

  /** A task that is there already; undefined when the poll has to wait. */
  takeNow(name: QueueName, identity: string): T | undefined {
    const queue = this.#queue(name);
    queue.lastPollAtMs = this.#realNow();
    queue.shut = false;
    queue.pollers.set(identity, queue.lastPollAtMs);
    return queue.tasks.shift();
  }

  /** Waits for a task; the returned function ends the wait. */
  wait(name: QueueName, workerInstanceKey: string, take: (task: T) => void): () => void {
    const queue = this.#queue(name);
    const poll: Poll<T> = { take, workerInstanceKey, waiting: true };
    queue.polls.add(poll);
    return () => {
      poll.waiting = false;
      queue.polls.delete(poll);
      queue.lastPollAtMs = this.#realNow();
    };
  }

  /** Whether somebody polls the queue, or did a moment ago. */
  isAlive(name: QueueName, withinMs = STICKY_ALIVE_MS): boolean {
    const queue = this.#queue(name);
    if (queue.shut) return false;
    return queue.polls.size > 0 || this.#realNow() - queue.lastPollAtMs < withinMs;
  }

  /** The worker of a sticky queue is going. Gives the tasks that wait there. */
  shut(name: QueueName): T[] {
    const queue = this.#queue(name);
    queue.shut = true;
    const tasks = [...queue.tasks];
    while (queue.tasks.shift() !== undefined);
    return tasks;
  }

  backlog(name: QueueName): number {
    return this.#queue(name).tasks.size;
  }

  /** Queues in which a task or a worker waits, with the number of each. */
  *waiting(): Iterable<{
    readonly queue: QueueName;
    readonly tasks: number;
    readonly polls: number;
  }> {
    for (const { name, tasks, polls } of this.#queues.values())
      if (tasks.size > 0 || polls.size > 0)
        yield { queue: name, tasks: tasks.size, polls: polls.size };
  }

  pollers(name: QueueName): PollerInfo[] {
    const now = this.#realNow();
    return [...this.#queue(name).pollers]
      .filter(([, lastPollAtMs]) => now - lastPollAtMs < POLLER_LISTED_MS)
      .map(([identity, lastPollAtMs]) => ({ identity, lastPollAtMs }));
  }
}
