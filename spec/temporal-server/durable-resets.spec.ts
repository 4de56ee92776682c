import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { enums, toNumber } from '../../src/temporal-server/proto.js';
import { type ByHand, commands } from './support/by-hand.js';
import { OnFile } from './support/on-file.js';

describe('resets and the file', () => {
  let file: OnFile;
  let hand: ByHand;

  beforeEach(async () => {
    file = new OnFile();
    await file.open();
    hand = file.byHand();
  });

  afterEach(() => file.end());

  async function described(workflowId: string, runId: string) {
    const answer = await file.client.call('DescribeWorkflowExecution', {
      namespace: 'default',
      execution: { workflowId, runId },
    });
    return answer as {
      workflowExtendedInfo: { resetRunId: string };
      workflowExecutionInfo: {
        versioningInfo: object | null;
        autoResetPoints: { points: object[] };
        stateTransitionCount: unknown;
      };
    };
  }

  const reset = async (workflowId: string, runId: string) => {
    const answer = await file.client.call('ResetWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: 4,
      reason: 'because',
      requestId: randomUUID(),
    });
    return String(answer.runId);
  };

  async function closed(): Promise<{ workflowId: string; runId: string }> {
    const workflowId = await hand.start();
    const task = await hand.poll(workflowId);
    await hand.complete(task, commands.complete);
    return task.workflowExecution;
  }

  it.each(['reopen', 'reopenAsAfterCrash'] as const)(
    'know which run a closed one was reset to, after a %s',
    async (how) => {
      const { workflowId, runId } = await closed();
      await file.reopen(); // the run is not in memory any more
      const first = await reset(workflowId, runId);
      await file[how]();
      const base = await described(workflowId, runId);
      expect(base.workflowExtendedInfo.resetRunId).toBe(first);
      const second = await reset(workflowId, runId);
      await file[how]();
      expect((await described(workflowId, runId)).workflowExtendedInfo.resetRunId).toBe(second);
      expect((await described(workflowId, first)).workflowExtendedInfo.resetRunId).toBe('');
      expect(
        toNumber(
          (await described(workflowId, '')).workflowExecutionInfo.stateTransitionCount as number,
        ),
      ).toBe(1);
    },
  );

  it.each([
    ['before the task that is reset', 'first'],
    ['after it', 'second'],
  ])('keep the requests that used a run, after a restart too: attached %s', async (_, when) => {
    const workflowId = await hand.start();
    const use = async () => {
      const answer = await file.client.call('StartWorkflowExecution', {
        namespace: 'default',
        workflowId,
        workflowType: { name: 't' },
        taskQueue: { name: workflowId },
        requestId: 'another',
        workflowIdConflictPolicy:
          enums.WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        onConflictOptions: { attachRequestId: true },
      });
      return String(answer.runId);
    };
    const attached = async (runId: string) => {
      const events = await hand.history(workflowId, runId);
      return events.filter((event) => event.workflowExecutionOptionsUpdatedEventAttributes).length;
    };
    if (when === 'first') await use();
    const task = await hand.poll(workflowId);
    const base = task.workflowExecution.runId;
    await hand.complete(task);
    if (when === 'second') await use();
    await file.reopen();
    hand = file.byHand();
    expect(await use()).toBe(base);
    expect(await attached(base)).toBe(1);
    const answer = await file.client.call('ResetWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId, runId: base },
      workflowTaskFinishEventId: when === 'first' ? 5 : 4,
      reason: 'because',
      requestId: randomUUID(),
    });
    expect(await use()).toBe(answer.runId);
    expect(await attached(String(answer.runId))).toBe(1);
  });

  it('keep where to reset to, and the options of a run', async () => {
    const workflowId = await hand.startWith();
    await file.client.call('UpdateWorkflowExecutionOptions', {
      namespace: 'default',
      workflowExecution: { workflowId },
      workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
      updateMask: { paths: ['versioning_override'] },
    });
    const before = (await described(workflowId, '')).workflowExecutionInfo;
    expect(before.versioningInfo).toMatchObject({ versioningOverride: { autoUpgrade: true } });
    expect(before.autoResetPoints.points).toHaveLength(1);
    await file.reopen();
    expect((await described(workflowId, '')).workflowExecutionInfo).toEqual(before);
  });
});
