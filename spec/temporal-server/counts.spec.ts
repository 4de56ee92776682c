import { describe, expect, it } from '@jest/globals';
import { enforceHistoryLimits } from '../../src/temporal-server/history/close.js';
import { completeTask } from '../../src/temporal-server/history/commands.js';
import { signalRun } from '../../src/temporal-server/history/signals.js';
import { startWorkflowTask } from '../../src/temporal-server/history/workflow-task.js';
import { enums } from '../../src/temporal-server/proto.js';
import { type Bench, startedRun } from './support/runs.js';

const { CommandType, WorkflowExecutionStatus: Status } = enums;

const context = {
  isBackground: () => false,
  searchAttributesProblem: () => undefined,
  withTypes: <T>(attributes: T) => attributes,
};

const signal = {
  name: 's',
  input: undefined,
  header: undefined,
  identity: '',
  requestId: '',
};

const execution = { workflowId: 'other' };
const COMMANDS = {
  activity: (id: string) => ({
    commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
    scheduleActivityTaskCommandAttributes: {
      activityId: id,
      activityType: { name: 'a' },
      taskQueue: { name: 'q' },
      startToCloseTimeout: { seconds: 60 as never },
    },
  }),
  child: (id: string) => ({
    commandType: CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
    startChildWorkflowExecutionCommandAttributes: { workflowId: id, workflowType: { name: 'k' } },
  }),
  signal: () => ({
    commandType: CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
    signalExternalWorkflowExecutionCommandAttributes: { execution, signalName: 's' },
  }),
  cancel: () => ({
    commandType: CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
    requestCancelExternalWorkflowExecutionCommandAttributes: { workflowId: 'other' },
  }),
} as const;

/** Answers the run's workflow task with commands. */
function answer(run: Bench, commands: readonly object[]): void {
  const task = run.state.info.workflowTask;
  if (task.kind !== 'scheduled') throw new Error('no workflow task waits');
  const { stamp } = task;
  run.step((d) => {
    startWorkflowTask(d, stamp, { requestId: 'r', identity: 'spec', buildId: '' });
    const started = d.info.workflowTask;
    const startedEventId = started.kind === 'started' ? started.startedEventId : 0;
    completeTask(d, { stamp, startedEventId }, { commands: [...commands] }, context);
  });
}

describe('limits of counts', () => {
  it.each<[keyof typeof COMMANDS, string]>([
    ['activity', 'PendingActivitiesLimitExceeded: the number of pending activities, 2000,'],
    [
      'child',
      'PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 2000,',
    ],
    [
      'signal',
      'PendingSignalsLimitExceeded: the number of pending signals to external workflows, 2000,',
    ],
    [
      'cancel',
      'PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 2000,',
    ],
  ])('2,000 of a kind may be pending, and not one more: %s', (kind, message) => {
    const run = startedRun();
    const commands = Array.from({ length: 1999 }, (_, i) => COMMANDS[kind](`${i}`));
    answer(run, commands);
    run.step((d) => signalRun(d, signal));
    answer(run, [COMMANDS[kind]('the last')]);
    run.step((d) => signalRun(d, signal));
    let refused: unknown;
    try {
      answer(run, [COMMANDS[kind]('one more')]);
    } catch (error) {
      refused = (error as { fullMessage: string }).fullMessage;
    }
    expect(refused).toContain(message);
  });

  it('a run takes 10,000 signals, and not one more', () => {
    const run = startedRun();
    run.step((d) => {
      for (let i = 0; i < 9999; i++) signalRun(d, signal);
    });
    run.step((d) => signalRun(d, signal));
    expect(() => run.step((d) => signalRun(d, signal))).toThrow(
      'exceeded workflow execution limit for signal events',
    );
  });

  it('a history may have 51,200 events, and ends with one more', () => {
    const run = startedRun();
    run.step((d) => {
      while (d.info.nextEventId <= 51_200) d.append('markerRecorded', { markerName: 'm' });
      enforceHistoryLimits(d);
    });
    expect(run.state.info.status).toBe(Status.WORKFLOW_EXECUTION_STATUS_RUNNING);
    const types = run.step((d) => {
      d.append('markerRecorded', { markerName: 'm' });
      enforceHistoryLimits(d);
    });
    expect(types).toEqual(['MARKER_RECORDED', 'WORKFLOW_EXECUTION_TERMINATED']);
  });
});
