import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  activityDue,
  completeActivity,
  failActivity,
  startActivity,
} from '../../src/temporal-server/history/activities.js';
import { completeTask } from '../../src/temporal-server/history/commands.js';
import { cronDelayMs, cronProblem } from '../../src/temporal-server/history/cron.js';
import type { Draft } from '../../src/temporal-server/history/draft.js';
import { Overlay } from '../../src/temporal-server/history/overlay.js';
import { backoffMs, decideRetry } from '../../src/temporal-server/history/retry.js';
import { signalRun, terminate } from '../../src/temporal-server/history/signals.js';
import { fireTimer } from '../../src/temporal-server/history/timers.js';
import { startWorkflowTask } from '../../src/temporal-server/history/workflow-task.js';
import { duration, durationMs, enums, toNumber } from '../../src/temporal-server/proto.js';
import { type Bench, startedRun } from './support/runs.js';

const { CommandType } = enums;

const context = {
  isBackground: () => false,
  searchAttributesProblem: () => undefined,
  withTypes: <T>(attributes: T) => attributes,
};

const timer = (timerId: string) => ({
  commandType: CommandType.COMMAND_TYPE_START_TIMER,
  startTimerCommandAttributes: { timerId, startToFireTimeout: duration(1000) },
});
const cancelTimer = (timerId: string) => ({
  commandType: CommandType.COMMAND_TYPE_CANCEL_TIMER,
  cancelTimerCommandAttributes: { timerId },
});
const activity = (activityId: string, more: object = {}) => ({
  commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
  scheduleActivityTaskCommandAttributes: {
    activityId,
    activityType: { name: 'a' },
    taskQueue: { name: 'q' },
    startToCloseTimeout: duration(5000),
    ...more,
  },
});

const worker = { requestId: 'poll', identity: 'worker', buildId: 'b' };

function takeTask(run: Bench): void {
  const task = run.state.info.workflowTask;
  if (task.kind !== 'scheduled') throw new Error(`the task is ${task.kind}`);
  run.step((d) => startWorkflowTask(d, task.stamp, worker));
}

function answer(run: Bench, ...commands: object[]): string[] {
  const task = run.state.info.workflowTask;
  if (task.kind !== 'started') throw new Error(`the task is ${task.kind}`);
  return run.step((d) => void completeTask(d, task, { commands }, context));
}

const signal = (name: string) => ({
  name,
  input: undefined,
  header: undefined,
  identity: '',
  requestId: '',
});

describe('the rules of a run', () => {
  it('write nothing when they throw', () => {
    const run = startedRun();
    takeTask(run);
    const before = { ...run.state.info };
    expect(() => answer(run, timer('1'), timer('1'))).toThrow();
    expect(run.state.info).toEqual(before);
    expect(run.state.timers.size).toBe(0);
  });

  it('keep a fired timer from a workflow that cancels it in the same moment', () => {
    const run = startedRun();
    takeTask(run);
    answer(run, timer('1'));
    run.step((d) => signalRun(d, signal('s')));
    takeTask(run);
    expect(run.step((d) => fireTimer(d, '1'))).toEqual([]);
    expect(answer(run, cancelTimer('1'))).toEqual(['WORKFLOW_TASK_COMPLETED', 'TIMER_CANCELED']);
    expect(run.state.info.workflowTask.kind).toBe('none');
  });

  it('wire the start of an activity that ended while a task was started', () => {
    const run = startedRun();
    takeTask(run);
    answer(run, activity('1'));
    run.step((d) => signalRun(d, signal('s')));
    takeTask(run);
    const [pending] = run.state.activities.values();
    const { scheduledEventId } = pending ?? { scheduledEventId: 0 };
    const stamp = pending?.phase.kind === 'scheduled' ? pending.phase.stamp : 0;
    run.step((d) => void startActivity(d, { scheduledEventId, stamp }, worker));
    run.step((d) => completeActivity(d, { scheduledEventId }, { result: undefined, identity: '' }));
    run.step((d) => signalRun(d, signal('late')));
    expect(answer(run)).toEqual([
      'WORKFLOW_TASK_COMPLETED',
      'ACTIVITY_TASK_STARTED',
      'WORKFLOW_EXECUTION_SIGNALED',
      'ACTIVITY_TASK_COMPLETED',
      'WORKFLOW_TASK_SCHEDULED',
    ]);
    const started = run.events.find((event) => event.activityTaskStartedEventAttributes);
    const completed = run.events.find((event) => event.activityTaskCompletedEventAttributes);
    expect(toNumber(completed?.activityTaskCompletedEventAttributes?.startedEventId)).toBe(
      toNumber(started?.eventId),
    );
  });

  it('suggest to continue as new from the 4,096th event on, where that is the start of a task', () => {
    for (const [signals, suggested] of [
      [4092, false],
      [4093, true],
    ] as const) {
      const run = startedRun();
      for (let i = 0; i < signals; i++) run.step((d) => signalRun(d, signal(`s${i}`)));
      takeTask(run);
      const started = run.events.at(-1);
      expect(toNumber(started?.eventId)).toBe(signals + 3);
      const { suggestContinueAsNew, historySizeBytes } =
        started?.workflowTaskStartedEventAttributes ?? {};
      expect(suggestContinueAsNew).toBe(suggested);
      expect(toNumber(historySizeBytes)).toBeGreaterThan(20 * signals);
    }
  });

  it('let a run that goes on at once begin a second after the one before it', () => {
    const goOn = {
      commandType: CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
      continueAsNewWorkflowExecutionCommandAttributes: { workflowType: { name: 't' } },
    };
    for (const [lifetimeMs, backoffMs] of [
      [300, 700],
      [1000, 0],
    ] as const) {
      const run = startedRun({ memo: { kept: {} }, retryPolicy: { maximumAttempts: 3 } });
      takeTask(run);
      const task = run.state.info.workflowTask;
      if (task.kind !== 'started') throw new Error('no task');
      const rule = (d: Draft) => void completeTask(d, task, { commands: [goOn] }, context);
      run.step(rule, lifetimeMs);
      const { started, memo } = run.last().successor?.info ?? {};
      expect(durationMs(started?.firstWorkflowTaskBackoff)).toBe(backoffMs);
      // What the command does not say is not kept.
      expect([memo, started?.retryPolicy]).toEqual([{}, null]);
    }
  });

  it('give no activity of a closed run to a worker', () => {
    const run = startedRun();
    takeTask(run);
    answer(run, activity('1'));
    const [pending] = run.state.activities.values();
    const { scheduledEventId } = pending ?? { scheduledEventId: 0 };
    const stamp = pending?.phase.kind === 'scheduled' ? pending.phase.stamp : 0;
    run.step((d) => terminate(d, { reason: '', identity: '' }));
    let given: unknown;
    run.step((d) => {
      given = startActivity(d, { scheduledEventId, stamp }, worker);
    });
    expect(given).toBeUndefined();
  });

  it('put an activity into backoff, and give up when its policy does', () => {
    const run = startedRun();
    takeTask(run);
    answer(
      run,
      activity('1', { retryPolicy: { initialInterval: duration(100), maximumAttempts: 2 } }),
    );
    const take = () => {
      const [pending] = run.state.activities.values();
      if (pending?.phase.kind !== 'scheduled') throw new Error('nothing to take');
      const task = { scheduledEventId: pending.scheduledEventId, stamp: pending.phase.stamp };
      run.step((d) => void startActivity(d, task, worker));
      return task;
    };
    const failure = { message: 'no', applicationFailureInfo: { type: 'T' } };
    const task = take();
    expect(run.step((d) => failActivity(d, task, { failure, identity: '' }), 50)).toEqual([]);
    expect(run.last().effects).toContainEqual(
      expect.objectContaining({ kind: 'arm', atMs: 150, skippable: true }),
    );
    expect(run.state.info.runnableActivities).toBe(0);
    run.step((d) => activityDue(d, task.scheduledEventId, 'retry'), 150);
    take();
    expect(run.step((d) => failActivity(d, task, { failure, identity: '' }), 200)).toEqual([
      'ACTIVITY_TASK_STARTED',
      'ACTIVITY_TASK_FAILED',
      'WORKFLOW_TASK_SCHEDULED',
    ]);
    expect(run.state.activities.size).toBe(0);
  });

  it('end a started task before they terminate the run', () => {
    const run = startedRun();
    takeTask(run);
    run.step((d) => signalRun(d, signal('s')));
    expect(run.step((d) => terminate(d, { reason: '', identity: '' }))).toEqual([
      'WORKFLOW_TASK_FAILED',
      'WORKFLOW_EXECUTION_SIGNALED',
      'WORKFLOW_EXECUTION_TERMINATED',
    ]);
  });

  it('give events consecutive ids whatever comes in whichever order', () => {
    const steps = fc.array(fc.constantFrom('signal', 'take', 'answer', 'fire'), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (names) => {
        const run = startedRun();
        let timers = 0;
        for (const name of names) {
          const { kind } = run.state.info.workflowTask;
          if (name === 'signal') run.step((d) => signalRun(d, signal('s')));
          else if (name === 'take' && kind === 'scheduled') takeTask(run);
          else if (name === 'answer' && kind === 'started') answer(run, timer(`${timers++}`));
          else if (name === 'fire') {
            const [next] = run.state.timers.keys();
            if (next !== undefined) run.step((d) => fireTimer(d, next));
          }
        }
        expect(run.events.map((event) => toNumber(event.eventId))).toEqual(
          run.events.map((_, i) => i + 1),
        );
        expect(run.state.info.nextEventId).toBe(run.events.length + 1);
      }),
    );
  });
});

describe('a draft of a map', () => {
  it('shows its changes, and leaves the map alone until they are kept', () => {
    const base = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    const draft = new Overlay(base);
    draft.set('c', 3);
    draft.delete('a');
    expect([...draft.values()]).toEqual([2, 3]);
    expect(draft.size).toBe(2);
    expect([...base.keys()]).toEqual(['a', 'b']);
    draft.keep();
    expect([...base]).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });
});

describe('retries', () => {
  const policy = {
    initialInterval: duration(100),
    backoffCoefficient: 2,
    maximumInterval: duration(300),
  };

  it('double the pause up to the longest', () => {
    expect([1, 2, 3, 4].map((attempt) => backoffMs(policy, attempt))).toEqual([100, 200, 300, 300]);
  });

  it('stop for what cannot be retried, and before they would be too late', () => {
    const ask = (failure: object, expiresAtMs?: number) =>
      decideRetry({
        policy: { ...policy, nonRetryableErrorTypes: ['Fatal'] },
        attempt: 1,
        failure,
        nowMs: 0,
        expiresAtMs,
      });
    expect(ask({ applicationFailureInfo: { type: 'Fatal' } }).kind).toBe('stop');
    expect(ask({ applicationFailureInfo: { nonRetryable: true } }).kind).toBe('stop');
    expect(ask({ canceledFailureInfo: {} }).kind).toBe('stop');
    expect(ask({ applicationFailureInfo: {} }, 100).kind).toBe('stop');
    expect(ask({ applicationFailureInfo: { nextRetryDelay: duration(7) } })).toEqual({
      kind: 'retry',
      delayMs: 7,
    });
  });
});

describe('cron schedules', () => {
  const at = (text: string) => Date.parse(text);
  it.each([
    ['* * * * *', '2026-01-01T00:00:30Z', '2026-01-01T00:01:00Z'],
    ['0 12 * * MON-FRI', '2026-01-03T00:00:00Z', '2026-01-05T12:00:00Z'],
    ['*/15 9-17 1,15 * *', '2026-01-01T17:45:00Z', '2026-01-15T09:00:00Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['@daily', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['@every 90s', '2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z'],
  ])('%s after %s is %s', (schedule, now, next) => {
    expect(at(now) + (cronDelayMs(schedule, at(now), at(now)) ?? Number.NaN)).toBe(at(next));
  });

  it.each(['nope', '* * * *', '60 * * * *', '* * 0 * *', '@every x', '5-1 * * * *'])(
    'refuses %s',
    (schedule) => {
      expect(cronProblem(schedule)).toBe('invalid CronSchedule.');
    },
  );
});
