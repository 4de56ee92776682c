import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { skippingClock, startTemporalServer } from '../../src/temporal-server/index.js';
import { MemoryStore } from '../../src/temporal-server/memory-store.js';
import {
  enums,
  type HistoryEvent,
  timestampMs,
  toNumber,
} from '../../src/temporal-server/proto.js';
import { startOnStore } from '../../src/temporal-server/server.js';
import type { Store } from '../../src/temporal-server/store.js';
import { storeRefuses } from '../../src/temporal-server/store-errors.js';
import { ByHand, commands } from './support/by-hand.js';
import {
  bundle,
  type Harness,
  installRuntime,
  startHarness,
  TASK_QUEUE,
} from './support/harness.js';
import { OnFile } from './support/on-file.js';
import { rawClient } from './support/raw.js';

const HOUR_MS = 3_600_000;

function timer(timerId: string, seconds: number): object {
  return {
    commandType: enums.CommandType.COMMAND_TYPE_START_TIMER,
    startTimerCommandAttributes: { timerId, startToFireTimeout: { seconds } },
  };
}

function hoursBetween(events: readonly HistoryEvent[], from: number, to: number): number {
  const at = (id: number) => timestampMs(events[id - 1]?.eventTime) ?? Number.NaN;
  return Math.round((at(to) - at(from)) / 3600) / 1000;
}

describe('the clock of a tree of executions', () => {
  let harness: Harness;

  beforeAll(async () => {
    installRuntime();
    harness = await startHarness();
    await harness.startWorker(await bundle('tree.ts'));
  });

  afterAll(() => harness.close());

  function start(type: string, workflowId: string, ...args: unknown[]) {
    return harness.client.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId, args });
  }

  function exists(workflowId: string): Promise<boolean> {
    const described = harness.client.workflow.getHandle(workflowId).describe();
    return described.then(
      () => true,
      () => false,
    );
  }

  async function hours(workflowId: string): Promise<number> {
    const { startTime, closeTime } = await harness.client.workflow.getHandle(workflowId).describe();
    return Math.round(((closeTime?.getTime() ?? Number.NaN) - startTime.getTime()) / HOUR_MS);
  }

  it('goes ahead through timers, activities, children and new runs, each at its own time', async () => {
    const handle = await start('day', 'day');
    await harness.server.moveAhead({ workflowId: 'day' }, 24 * HOUR_MS);
    const seen = (await handle.result()) as { [what: string]: number };
    expect(seen).toEqual({ timer: 1, activity: 2, child: 5, continued: 6, grandchild: 9 });
    expect(await hours('day-child')).toBe(3);
  });

  it('leaves all other workflows where they are', async () => {
    const one = await start('sleeper', 'one', HOUR_MS);
    const other = await start('sleeper', 'other', HOUR_MS);
    await harness.server.moveAhead({ workflowId: 'one' }, 2 * HOUR_MS);
    expect(await one.result()).toBe('rested');
    expect((await other.describe()).status.name).toBe('RUNNING');
    await other.terminate();
  });

  it('of a descendant goes ahead without the workflow that it came from', async () => {
    const parent = await start('waiting', 'parent');
    while (!(await exists('parent-child'))); // its parent starts it
    await harness.server.moveAhead({ workflowId: 'parent-child' }, HOUR_MS);
    expect(await parent.result()).toEqual({ hours: 0, child: 'rested' });
    expect(await hours('parent-child')).toBe(1);
  });

  it('stops between two things that are due, and goes on from there', async () => {
    const handle = await start('sleeper', 'thrice', 3 * HOUR_MS);
    await harness.server.moveAhead({ workflowId: 'thrice' }, 2 * HOUR_MS);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await harness.server.moveAhead({ workflowId: 'thrice' }, HOUR_MS);
    expect(await handle.result()).toBe('rested');
  });

  it('fires what is due in its order, and shows each its time', async () => {
    const client = rawClient(harness.server.address);
    const byHand = new ByHand(client, 'order');
    const id = await byHand.startWith(timer('b', 2 * 3600), timer('a', 3600), timer('c', 2 * 3600));
    const moved = harness.server.moveAhead({ workflowId: id }, 3 * HOUR_MS);
    await byHand.complete(await byHand.poll(id));
    await byHand.complete(await byHand.poll(id));
    await moved;
    const events = await byHand.history(id);
    const fired = events.filter((event) => event.timerFiredEventAttributes);
    expect(fired.map((event) => event.timerFiredEventAttributes?.timerId)).toEqual(['a', 'b', 'c']);
    const ids = fired.map((event) => Number(event.eventId));
    expect(ids.map((each) => Math.floor(hoursBetween(events, 1, each)))).toEqual([1, 2, 2]);
    client.close();
  });

  it('says what is at work when the tree does not come to rest', async () => {
    const client = rawClient(harness.server.address, 'perdure.server.v1.ClockService');
    const byHand = new ByHand(rawClient(harness.server.address), 'nobody');
    const id = await byHand.start();
    const request = { namespace: 'default', execution: { workflowId: id }, by: { seconds: 60 } };
    await expect(client.call('MoveAhead', request, 1500)).rejects.toMatchObject({
      code: 9,
      details: expect.stringMatching(/^moved ahead by 0 ms and no further: nobody-1 still at work/),
    });
    const none = { ...request, execution: { workflowId: 'no-such' } };
    await expect(client.call('MoveAhead', none)).rejects.toMatchObject({ code: 5 });
    const back = { ...request, by: { seconds: -1 } };
    await expect(client.call('MoveAhead', back)).rejects.toMatchObject({ code: 3 });
    client.close();
    byHand.client.close();
  });

  it('is where it was after a restart on the same file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-clock-'));
    const options = { port: 0, dbFilename: join(folder, 'db') };
    const first = await startTemporalServer(options);
    const client = rawClient(first.address);
    const id = await new ByHand(client, 'kept').startWith(timer('far', 5 * 3600));
    await first.moveAhead({ workflowId: id }, 4 * HOUR_MS);
    client.close();
    await first.close();

    const second = await startTemporalServer(options);
    const again = rawClient(second.address);
    const byHand = new ByHand(again, 'kept');
    const moved = second.moveAhead({ workflowId: id }, HOUR_MS);
    await byHand.complete(await byHand.poll(id));
    await moved;
    const events = await byHand.history(id);
    expect(Math.floor(hoursBetween(events, 1, events.length))).toBe(5);
    again.close();
    await second.close();
    rmSync(folder, { recursive: true });
  });
});

describe('the clock of a tree on its way ahead, when the server crashes', () => {
  const startChild = (workflowId: string) => ({
    commandType: enums.CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
    startChildWorkflowExecutionCommandAttributes: {
      workflowId,
      workflowType: { name: 't' },
      taskQueue: { name: workflowId },
      parentClosePolicy: enums.ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON,
    },
  });
  const continueAsNew = {
    commandType: enums.CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
    continueAsNewWorkflowExecutionCommandAttributes: { workflowType: { name: 't' } },
  };

  /** How far the clock of a workflow is ahead, by what happens in it now. */
  async function hoursAhead(hand: ByHand, workflowId: string): Promise<number> {
    await hand.client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 's',
    });
    const events = await hand.history(workflowId);
    const signal = events.findLast((event) => event.workflowExecutionSignaledEventAttributes);
    return Math.floor(((timestampMs(signal?.eventTime) ?? Number.NaN) - Date.now()) / 360_000) / 10;
  }

  it('goes on at the next start, and no run of it is left behind', async () => {
    const file = new OnFile();
    await file.open();
    let hand = file.byHand();
    // A chain of two runs; the first has a child that waits for three hours, and one that is ahead by itself.
    const root = await hand.start();
    await hand.complete(await hand.poll(root), startChild('kid'), startChild('early'));
    await hand.complete(await hand.poll('kid'), timer('3', 3 * 3600));
    await hand.complete(await hand.poll('early'), timer('far', 99 * 3600));
    // It hears of both children, one after the other or at once.
    for (let started = 0; started < 2; ) {
      const task = await hand.poll(root);
      const events = await hand.history(root);
      started = events.filter((e) => e.childWorkflowExecutionStartedEventAttributes).length;
      await hand.complete(task, ...(started === 2 ? [continueAsNew] : []));
    }
    await hand.complete(await hand.poll(root), timer('1', 3600));
    const clock = rawClient(file.address, 'perdure.server.v1.ClockService');
    const move = (workflowId: string, hours: number) =>
      clock.call(
        'MoveAhead',
        { namespace: 'default', execution: { workflowId }, by: { seconds: hours * 3600 } },
        60_000,
      );
    await move('early', 2);
    const cut = move(root, 5).catch(() => {});
    // The root's timer fires after an hour, and its task waits while the others lag behind.
    const task = await hand.poll(root);
    expect(task.taskToken.length).toBeGreaterThan(0);
    await file.reopenAsAfterCrash();
    clock.close();
    await cut;

    hand = file.byHand();
    await hand.complete(task, timer('far', 99 * 3600));
    await hand.complete(await hand.poll('kid'), timer('far', 99 * 3600));
    while ((await hoursAhead(hand, root)) < 4.9) await hand.complete(await hand.poll(root));
    expect(await hoursAhead(hand, 'kid')).toBe(4.9);
    expect(await hoursAhead(hand, 'early')).toBe(6.9);
    const fired = (await hand.history('kid')).findIndex((event) => event.timerFiredEventAttributes);
    expect(Math.floor(hoursBetween(await hand.history('kid'), 1, fired + 1))).toBe(3);
    // It is over: another start moves nothing.
    await file.reopen();
    expect(await hoursAhead(file.byHand(), 'kid')).toBe(4.9);
    await file.end();
  });
});

describe('the clock of a tree on its way ahead, when the store refuses to write', () => {
  it('lets the time of all others be skipped again', async () => {
    let isFull = false;
    const store = new Proxy<Store>(new MemoryStore(), {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name === 'commit' && isFull)
          return () => Promise.reject(storeRefuses(new Error('No space left on device')));
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const clock = skippingClock();
    const release = clock.hold('the spec');
    const server = await startOnStore({ port: 0, clock }, async () => store);
    const client = rawClient(server.address);
    const workflowId = await new ByHand(client, 'refused').startWith(timer('1', 3600));
    isFull = true;
    await expect(server.moveAhead({ workflowId }, 2 * HOUR_MS)).rejects.toThrow('No space left');
    expect(clock.holds()).toEqual(['the spec']);
    isFull = false;
    release();
    client.close();
    await server.close();
  });
});

describe('the clock of a large tree', () => {
  const KIDS = 40;
  const queue = 'large';

  /** Counts what is written while it looks on. */
  function counting(store: Store): { readonly store: Store; readonly commits: () => number } {
    let commits = 0;
    const counted = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'commit') commits += 1;
          return value.apply(target, args);
        };
      },
    });
    return { store: counted, commits: () => commits };
  }

  it('costs what happens in a step, and does not write to all the others', async () => {
    const { store, commits } = counting(new MemoryStore());
    const server = await startOnStore({ port: 0 }, async () => store);
    const client = rawClient(server.address);
    const runs = new ByHand(client, 'large');
    const seen = new Set<string>();
    let waiting = 0;
    let answered = () => {};

    /** The parent starts all children; each sets a timer of its own, and ends with it. */
    const answer = (workflowId: string): object[] => {
      if (workflowId === 'large-1') {
        if (seen.has(workflowId)) return [];
        seen.add(workflowId);
        return Array.from({ length: KIDS }, (_, kid) => startKid(`kid-${kid}`));
      }
      if (seen.has(workflowId)) return [commands.complete];
      seen.add(workflowId);
      waiting += 1;
      answered();
      return [timer('1', 1000 + Number(workflowId.slice('kid-'.length)))];
    };
    const worker = (async () => {
      for (;;) {
        const task = await runs.poll(queue);
        await runs.complete(task, ...answer(task.workflowExecution.workflowId));
      }
    })().catch(() => {}); // its server ends

    const allWait = new Promise<void>((resolve) => {
      answered = () => void (waiting === KIDS && resolve());
    });
    await runs.start({ taskQueue: { name: queue } });
    await allWait;
    const before = commits();
    await server.moveAhead({ workflowId: 'large-1' }, 1000 * 1000 + KIDS * 2000);
    // For each child: its clock, the timer, two for its last task, its parent's, and a task there.
    expect(commits() - before).toBeLessThan(KIDS * 12);
    const { count } = await client.call('CountWorkflowExecutions', {
      namespace: 'default',
      query: 'ExecutionStatus = "Completed"',
    });
    expect(toNumber(count as number)).toBe(KIDS);
    client.close();
    await server.close();
    await worker;
  });

  function startKid(workflowId: string): object {
    return {
      commandType: enums.CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
      startChildWorkflowExecutionCommandAttributes: {
        workflowId,
        workflowType: { name: 't' },
        taskQueue: { name: queue },
      },
    };
  }
});
